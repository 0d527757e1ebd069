"""Questions that follow others: what the plan of the last keeps of the plan before it. Knows plans and linked words; asks no model.

Whoever has the model reads the turns before again where the last one `looks_back` at them. Then `in_its_place` may give a plan that the words
alone make of the one before; else `followed` mends the plan of the last.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nl2sql.linking.mentions import Linked
from nl2sql.plan.language import Condition, Exists, Item, Join, Or, Predicate, Query, column_of
from nl2sql.plan.parts import own_key, plain_groups
from nl2sql.plan.sense import is_sensible
from nl2sql.readings.conditions import SLOT, is_said, tested
from nl2sql.readings.conversation import FILLING, NEXT, POLITE
from nl2sql.readings.edited import ONES, edited, edits
from nl2sql.readings.freed import freed, freed_alone
from nl2sql.readings.replaced import is_tested_twice
from nl2sql.readings.reshaped import RAISES, bounded_by, by_number, counted, raised, without
from nl2sql.readings.unsaid import left_behind, no_other_flow, not_reversed, same_asked, still_so
from nl2sql.readings.widened import widened, widens

UNCLEAR = 0.8
"""Probability of the reading of a last turn below which it is compared with that of the turn before."""
UNSURE = 0.5
"""Probability below which the plan before with another value is rather taken."""
HAZY = 0.65
"""Probability below which what it has otherwise than the one before, and does not say, is as it was."""
_less = (
    r"only|just|not (?:the|those|these|any|in|from|of|by)\b(?! same\b)|without|w/o|leave out|leaving out|exclud\w+|not counting|not including|except|minus"
    r"|remove|drop|skip|ignor\w+|limit|restrict|filter|narrow|keep"
)
_part = r"(?:(?:which|how many|any|all|most|some) )?of (?:those|these|them|which)|the ones|among (?:those|these|them)"
NARROWS = re.compile(rf"^\W*{POLITE}(?:{_less}|{_part})\b|\b(?:of them|of those|of these|among them)\b")
"""How a question says that it is about part of what was found before."""
OTHERS = re.compile(r"\b(?:what|which|who|anything|where|how many)\b(?=.* (?:else|others?)\b)(?=.*\b(?:she|he|they|it|her|him|them|that \w+|this \w+|same \w+)\b)")
"""How a question says that it is about what else they have, whom the question before asked for."""
ENDS = ((r"\b(?:into|to)\b", "lineage.downstream"), (r"\bfrom\b", "lineage.upstream"))
"""Which end of a flow stands behind a word."""
ASKS_FLOW = re.compile(rf"^\W*{POLITE}(?:what|who|which (?:data ?sets?|models?|reports?|tables?))(?: else)? (?:\w+ )?(?:feeds?|depends?|relies|rely|is|are|was|were|comes?|goes|flows?|uses?|builds?|hangs?)\b(?!.*\b(?:of|among) (?:them|these|those)\b)")
"""Asks where something comes from or goes."""
WHO = ("person", "org", "principal", "actor")
"""Kinds of those who have things."""


@dataclass(frozen=True, slots=True)
class Before:
    """The answer to the turns before: its plan with what that kept itself, what they were ``read`` as, and whether that was likelier than not."""

    plan: Query
    read: Query
    is_sure: bool


def is_another(alone: Query | None, found: Query | None, linked: Linked) -> bool:
    """Whether the last turn asks for the flow of a thing that it names, which is read as a condition on what was found before: what feeds dataset1."""
    said = linked.text.rpartition(NEXT)[2].strip()
    if alone is None or found is None or alone.view != "lineage" or found.view == "lineage" or not ASKS_FLOW.match(said):
        return False
    return any(not is_said(p, said) and not isinstance(p, Exists) for p in found.where)


def looks_back(query: Query, earlier: Sequence[str], said: str, probability: float) -> bool:
    """Whether the last of several turns is to be compared with those before: its reading is unclear, or its words lean on them."""
    return probability < UNCLEAR or leans(earlier, said) or edits(said) or widens(query, said) or is_tested_twice(query) or (query.is_grouped and bool(ONES.search(said)))


def leans(earlier: Sequence[str], said: str) -> bool:
    """Whether the last turn, or one between it and the first, says that it is about part of what was found before it, about others of the same, or changes its number."""
    return any(NARROWS.search(turn) or OTHERS.search(turn) or RAISES.match(turn) for turn in (*earlier[1:], said))


def in_its_place(before: Before, said: str, probability: float) -> Query | None:
    """The plan before with the one thing changed that the last turn says, where that says nothing else."""
    if not before.is_sure:
        return None
    return raised(before.plan, said) or (in_place_of(before.plan, said) if probability < UNSURE else None)


def followed(query: Query, earlier: Sequence[str], said: str, before: Before | None, probability: float) -> Query:
    """The plan of the last turn with what it keeps of the one ``before``; none where that was not read again."""
    query = freed(query, (*earlier, said))
    if before is None:
        return others_of(query, said)
    shown = before.plan
    if alone := freed_alone(shown, said):
        return alone
    kept = no_other_flow(not_reversed(left_behind(query, shown, said), shown, before.read), shown, said)
    if probability < HAZY:
        kept = still_so(same_asked(kept, shown, said), shown, said)
    kept = counted(by_number(kept, shown, said), shown, said)
    if before.is_sure:
        kept = narrowed(kept, shown, before.read, said)
    kept = edited(bounded_by(without(kept, shown, said), shown, said), shown, said)
    kept = widened(kept, shown, said, earlier)
    return others_of(query, said) if kept == query else kept


def narrowed(query: Query, before: Query, read: Query, said: str) -> Query:
    """The query with the conditions of the one before, where the question says that it narrows that and tests none of their columns otherwise.

    Of any other, with those that were added to what the one before was ``read`` as, if it has all of that itself.
    """
    if query.view != before.view or query.joins != before.joins:
        return query
    narrows = bool(NARROWS.search(said)) and (not set(query.where) <= set(before.where) or query.having is not None or bool(query.limit))
    added = [p for p in before.where if p not in read.where]
    where, select = query.where, query.select
    if narrows or (added and read.where and set(read.where) <= set(where)):
        replaced = {c for p in added if isinstance(p, Exists) and _is_of_the_same(p) for c in p.conditions}
        where = tuple(p for p in where if p not in replaced)
        columns = {token for p in where for token in tested(p)}
        where = (*where, *(p for p in (before.where if narrows else added) if p not in where and not columns & tested(p)))
    if narrows and plain_groups(query) and (plain_groups(query) == plain_groups(before) or not (query.is_grouped or before.is_grouped)):
        select = tuple(dict.fromkeys([*before.select, *query.select]))
    found = replace(query, where=where, select=select)
    return found if is_sensible(found) else query


def in_place_of(before: Query, said: str) -> Query | None:
    """The query before with the one value that the question says in place of its value of that kind: ``and into dataset3``."""
    slots = SLOT.findall(said)
    if len(slots) != 1 or not set(re.findall(r"[\w']+", said)) - {slots[0][0]} <= FILLING:
        return None
    slot, kind = slots[0]
    held = [p for p in before.where if isinstance(p, Condition) and re.fullmatch(rf"@{kind}\d", p.value)]
    end = next((column for word, column in ENDS if re.search(word, said)), "")
    held = [p for p in held if p.column == end] if end in {p.column for p in held} else held
    if len(held) != 1:
        return None
    return replace(before, where=tuple(replace(held[0], value=f"@{slot}") if p == held[0] else p for p in before.where))


def others_of(query: Query, said: str) -> Query:
    """What else they have, whom the question before asked for: the rows of the same one, where the plan has that one's row itself once more."""
    who = next((i.args[0] for i in query.select if not i.fn and "." in i.args[0] and column_of(i.args[0]).slot in WHO), "")
    if not OTHERS.search(said) or not who or query.joins or query.is_grouped or not query.where or not all(_pins(p, query.view) for p in query.where):
        return query
    same = Exists(Join(f"{who}={who}", query.view), query.where, False)
    return Query(view=query.view, where=(same,), select=(Item("", own_key(query.view)[:1]), Item("", (who,))))


def _is_of_the_same(related: Exists) -> bool:
    """Whether the related rows are those of the same one, as in what else they have."""
    one, other = related.join.edge.split("=")
    return one == other


def _pins(predicate: Predicate, view: str) -> bool:
    """Whether it says which one row of the view is meant."""
    match predicate:
        case Condition(column, "EQ", value):
            return value.startswith("@") and column in (own_key(view)[0], f"{view}.name")
        case Or(left, right):
            return _pins(left, view) and _pins(right, view)
    return False
