"""Questions in other words for the same, where those are read better: fragments in full, types of columns left out and put back, owners with none by those with some, who has seen what by the log. Asks no model."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from catalog.semantic import views
from nl2sql.linking.mentions import Linked
from nl2sql.plan.language import Condition, Exists, Item, Or, Predicate, Query
from nl2sql.plan.parts import ENTITIES, view_tokens
from nl2sql.readings.conversation import NEXT
from nl2sql.said.none_of import NO_ROWS, is_of_group, none_of_them

Restored = Callable[[Query], Query | None]
"""Puts back into a query what a question in other words leaves out; None where it has no place for it."""
NO_NOUN = re.compile(r"(?:ed|key|\buse|name|\bfrom|\bit|\bor)$|\b(?:by|on|in|often|has|is|how|what|where)\b")
"""What a column may be called that is no noun for what one thing has."""
TYPE = "columns.type"
TYPES = r"(?:varchar|bigint|integer|smallint|double|float|decimal|boolean|timestamp|datetime|blob)"
"""Types of columns that are no other word."""
_ANY_TYPE = rf"(?:{TYPES}|date|text|string|int|numeric|time)s?"
TYPED = re.compile(
    rf" typed (?:as )?(?:an? )?(?P<as>{_ANY_TYPE})(?!\w)|(?: (?:that (?:are|have)|which (?:are|have)|with|of|whose|is|are))?(?: the| a)?(?: data)? types? (?:is |are |of )?(?:an? )?(?P<told>{_ANY_TYPE}(?:(?:,| or| and|, or|/) ?{_ANY_TYPE})*)(?!\w)"
    rf"|(?<!\w)(?P<own>{TYPES})(?:[ -]typed?)? (?=(?:columns?|fields?)(?!\w))"
)
"""Where a question tells the type of columns, which the plan language has no values of."""
WIDER = frozenset(("decimal", "string", "numeric"))
"""Types that are part of what others are called."""
COLUMNS = re.compile(r"(?<!\w)(?:columns?|fields?)(?!\w)")
LOOKED_AT = re.compile(
    r"\W*(?:did|has|have) (?P<who>person\d)(?: (?:ever|also|already|actually))? (?:see|seen|read|query|queried|open|opened|access|accessed|touch|touched|look at|looked at|looked into) (?P<what>dataset\d)(?P<when> period\d)?\W*"
)
"""Asks whether somebody has seen a dataset."""
SHARE = re.compile(r"\b(?:share|percent|percentage|proportion|fraction|ratio)\b|%")


def in_full(linked: Linked) -> Linked:
    """What one thing has, said as two words: ``licence dataset1`` is no request to license it."""
    found = _fragment().fullmatch(linked.text)
    if found is None:
        return linked
    at = found.start(found.lastgroup or 0)
    return replace(linked, text=f"{linked.text[:at]}of {linked.text[at:]}")


@cache
def _fragment() -> re.Pattern[str]:
    """What columns of entities are called, one or several, and the thing that has them."""
    arms = []
    for view in ENTITIES:
        nouns = {name.lower().replace("_", " ") for column in views()[view].columns.values() for name in (column.name, *column.synonyms)}
        one = "|".join(sorted((re.escape(noun) for noun in nouns if not NO_NOUN.search(noun)), key=len, reverse=True))
        arms.append(rf"(?:the )?(?:{one})(?:(?:,|,? and| &| \+|/) ?(?:{one}))* (?P<{view}>{view.removesuffix('s')}1)")
    return re.compile(rf"(?:{'|'.join(arms)})\W*")


def reworded(linked: Linked, is_sure: bool) -> tuple[Linked, Restored] | None:
    """The question without what the reader has no word for, and, where its reading is not sure, of groups that have some of what it wants none of; None else."""
    if NEXT in linked.text:
        return None
    return _untyped(linked) or _logged(linked) or (None if is_sure else _affirmed(linked))


def _logged(linked: Linked) -> tuple[Linked, Restored] | None:
    """Whether somebody has seen a dataset is in the log of what was asked."""
    found = LOOKED_AT.fullmatch(linked.text)
    return (replace(linked, text=f"audit log of {found['who']} on {found['what']}{found['when'] or ''}"), lambda query: query) if found else None


def _affirmed(linked: Linked) -> tuple[Linked, Restored] | None:
    """The question of groups that have some, for those that have none: owners with personal data."""
    found = list(NO_ROWS.finditer(linked.text))
    if len(found) != 1:
        return None
    some = f"{linked.text[: found[0].start()]}{found[0]['verb'] or 'with'} {linked.text[found[0].end() :]}"
    return replace(linked, text=some), lambda query: none_of_them(query) if is_of_group(query, linked.text) else None


def _untyped(linked: Linked) -> tuple[Linked, Restored] | None:
    """The question of columns of any type, for those of one."""
    spoken = {slot: mention.surface.lower() for slot, mention in linked.mentions.items() if not mention.known and re.fullmatch(TYPES, mention.surface.lower())}
    text = linked.text
    for slot, surface in spoken.items():
        text = re.sub(rf"\b{slot[1:]}\b", surface, text)
    found = list(TYPED.finditer(text))
    if len(found) != 1 or not COLUMNS.search(text) or SHARE.search(text):
        return None
    (match,) = found
    said = match["as"] or match["told"] or match["own"]
    kinds = [word.removesuffix("s") for word in re.findall(r"\w+", said) if word not in ("or", "and")]
    without = re.sub(r"\s+", " ", f"{text[: match.start()]} {text[match.end() :]}").strip()
    kept = {slot: mention for slot, mention in linked.mentions.items() if slot not in spoken}
    bindings = {slot: value for slot, value in linked.bindings.items() if slot in kept}
    return replace(linked, text=without, mentions=kept, bindings=bindings), lambda query: _typed(query, kinds)


def _typed(query: Query, kinds: list[str]) -> Query | None:
    """The query of columns of one of the types; None where it is about no columns."""
    arms = [Condition(TYPE, "CONTAINS" if kind in WIDER else "EQ", f"'{kind.upper()}'") for kind in kinds]
    test: Predicate = arms[0]
    for arm in arms[1:]:
        test = Or(test, arm)
    if query.view == "columns":
        where = tuple(p for p in query.where if TYPE not in view_tokens(p))
        select = tuple(item for item in query.select if item != Item("", (TYPE,)))
        return replace(query, where=(*where, test), select=select or query.select)
    within = tuple(replace(p, conditions=(*p.conditions, test)) if isinstance(p, Exists) and p.join.view == "columns" else p for p in query.where)
    return replace(query, where=within) if within != query.where else None
