"""What a statement or a question names that its asker may not use, though the semantic layer has it.

The guard knows no such column, and a model that is told an asker's scope no such view; what is said of one here is public
documentation, and no data is near.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache

from catalog.access.policy import Authorisation, Permit
from catalog.errors import AccessDenied
from catalog.semantic import views
from nl2sql.errors import Repairable
from nl2sql.guard import approve, schema_of
from nl2sql.linking.mentions import Linked
from nl2sql.linking.vocabulary import singular, words

ASKING = frozenset(["how", "time", "what", "when", "where", "which", "who", "why"])
"""Synonyms of columns that any question may hold."""
NAMED = 2
"""What a name, or another word for a view, weighs; another word for a column, many of which are everyday words, weighs half of it."""


def closed_columns(sql: str, authorisation: Authorisation, now: datetime) -> Mapping[str, tuple[str, ...]]:
    """``view.column`` that only policy keeps from this statement, each with the rules that decide about its view.

    Empty where the statement would not be approved with every column of the open views either.
    """
    try:
        approved = approve(sql, schema_of(_with_every_column(authorisation)), now)
    except (Repairable, AccessDenied):
        return {}
    named = columns_named(approved.sql)
    permits = [authorisation.permits[view] for view in sorted(approved.views - authorisation.cubes.keys())]
    return {f"{p.view}.{c}": p.rules for p in permits for c in views()[p.view].columns if c in named and c not in p.columns}


def closed_named(linked: Linked, authorisation: Authorisation) -> AccessDenied | None:
    """The denial of what a question names by words that stand for nothing open to its asker; None where it names no such thing.

    Of several views the one that most of these words stand for. The names of the catalog's own things say nothing here.
    """
    said = [singular(word) for word in words(_without_names(linked))]
    longest = max(map(len, _phrases()))
    weights, columns = Counter[str](), dict[str, set[str]]()
    at = 0
    while at < len(said):
        phrase = next((p for size in range(longest, 0, -1) if (p := tuple(said[at : at + size])) in _phrases()), ())
        meant = _phrases().get(phrase, {})
        if all(_is_closed(view, column, authorisation) for view, column in meant):
            for (view, column), weight in meant.items():
                weights[view] += weight
                columns.setdefault(view, set()).add(column)
        at += max(1, len(phrase))
    view = min(weights, key=lambda name: (-weights[name], name), default="")
    if weights[view] < NAMED:
        return None
    if denial := authorisation.denials.get(view):
        return AccessDenied(f"The view {view} is not open to you.", denial.rule)
    return columns_denied({f"{view}.{column}": authorisation.permits[view].rules for column in sorted(columns[view])})


def columns_denied(columns: Mapping[str, tuple[str, ...]]) -> AccessDenied:
    """The denial of columns, each with the rules that decide about its view."""
    named = " and ".join(columns)
    what = f"The column{'s' if len(columns) > 1 else ''} {named} {'are' if len(columns) > 1 else 'is'} not open to you."
    rules = sorted({rule for cited in columns.values() for rule in cited})
    return AccessDenied(what, ", ".join(rules), f"Ask without {named}, or ask a data steward for a role that covers it.")


def columns_named(approved_sql: str) -> frozenset[str]:
    """Names after a dot or in a USING in SQL that the guard wrote: every column that it reads, and maybe some word of a text in it."""
    using = " ".join(re.findall(r"USING \(([^)]*)\)", approved_sql))
    return frozenset(re.findall(r'\."?(\w+)', approved_sql)) | frozenset(re.findall(r"\w+", using))


def _with_every_column(authorisation: Authorisation) -> Authorisation:
    def widened(permit: Permit) -> Permit:
        return replace(permit, columns=dict.fromkeys(views()[permit.view].columns, "show"))

    return replace(authorisation, permits={name: widened(permit) for name, permit in authorisation.permits.items()})


@cache
def _phrases() -> Mapping[tuple[str, ...], Mapping[tuple[str, str], int]]:
    """Names and synonyms of the semantic layer, as stems, with the views and columns that they stand for and how surely.

    A view itself is one whose column is empty.
    """
    found: dict[tuple[str, ...], dict[tuple[str, str], int]] = {}
    for view in views().values():
        named = [("", text, NAMED) for text in (view.name, *view.synonyms)]
        for column in view.columns.values():
            named += [(column.name, column.name, NAMED), *((column.name, synonym, 1) for synonym in column.synonyms)]
        for column_name, text, weight in named:
            phrase = tuple(singular(word) for word in words(text.replace("_", " ")))
            if not ASKING.issuperset(phrase):
                meant = found.setdefault(phrase, {})
                meant[view.name, column_name] = max(weight, meant.get((view.name, column_name), 0))
    return found


def _is_closed(view: str, column: str, authorisation: Authorisation) -> bool:
    permit = authorisation.permits.get(view)
    return permit is None or bool(column and column not in permit.columns)


def _without_names(linked: Linked) -> str:
    """The question with slots in place of what the asker's catalog holds, and in words what only looks like a name of it."""
    typed = {slot[1:]: m.surface for slot, m in linked.mentions.items() if not m.known or m.kind in ("column", "term")}
    return re.sub(r"(?<!\w)[a-z]+\d(?!\w)", lambda m: typed.get(m[0], "·"), linked.text)
