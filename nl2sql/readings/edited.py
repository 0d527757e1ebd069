"""Turns of a dialogue that edit what was found before: one more value, another in its place, another order, more columns of the same rows.

Each rule takes the plan of the last turn and that of the answer before. Knows plans and linked words; asks no model.
"""

import re
from dataclasses import replace

from nl2sql.linking.vocabulary import stems
from nl2sql.plan.language import Condition, Exists, Item, Or, Predicate, Query, column_of
from nl2sql.plan.parts import plain_groups
from nl2sql.readings.conditions import SLOT, is_said, slots_of, with_where
from nl2sql.readings.conversation import POLITE
from nl2sql.readings.replaced import ADDS, INSTEAD, at_another_time, in_stead, put_in_place, still_any_of
from nl2sql.said.others import named_columns
from nl2sql.said.parts import any_of, columns_in, is_literal
from nl2sql.said.words import said_values

BY = re.compile(r"\bby (?:the |its |their )?(?P<what>[a-z]+(?: [a-z]+)?)\W*(?:(?:instead|rather|now|please|then)\W*)?$")
"""How a turn says what rows are ordered by."""
THEIRS = re.compile(rf"^\W*{POLITE}(?:(?:n|plus|with|add|show(?: me)?|give me|also) )?(?:their|its)\b")
"""How a turn asks for more columns of what was shown."""
SUCH = re.compile(r"\bsuch\b(?! as\b)")
"""Says that things are like those found before."""
WHOLE = re.compile(
    r"\b(?:over|across|among|of|in|for) (?:all|every|any|the whole|the entire)(?: of)?(?: the| our)? (?:data|datasets?|data sets?|tables?|nodes?|machines|models?|runs?|catalog(?:ue)?|network)\b"
)
"""Says that all things are meant, whichever were asked about before."""
PER = re.compile(rf"\W*{POLITE}(?:and )?(?:(?:the same|broken down|split|grouped) )?(?:by|per|for each) (?P<what>[a-z]+)\W*(?:(?:instead|please|now)\W*)?")
"""Says what groups are by, and nothing else."""
OF_SOME = re.compile(r"\b(?:of|among|between) (?:(?:the|these|those) (?:two|three|number[1-3])|both|them|these|those)\b")
"""Means those that were named."""
RANKS = re.compile(rf"^\W*{POLITE}(?:(?:just|only) )?(?:the )?(?:first|top|bottom|last) (?:number[1-3]|\d|two|three|four|five|ten)(?=\W*$| (?:are|is|only|of|please|pls|will|would)\b)")
"""Asks for the first ones of what was shown, and for nothing else."""
ONES = re.compile(r"\b(?:ones|those)\b")
"""Means rows."""
MORE = re.compile(r"\b(?:all|rest|others?|every|each|more|next|both|another|how many|count|only|just|not|without)\b")
"""Asks for other rows, or for part of them."""
FEW = 4
"""Words of a turn at most that asks for something else of what was shown."""
ONE_THING = ("dataset", "node", "model", "run", "org", "person")


def edits(said: str) -> bool:
    """Whether a turn says that it edits what was found before."""
    return any(pattern.search(said) for pattern in (ADDS, BY, THEIRS, SUCH, WHOLE, INSTEAD, RANKS)) or bool(PER.fullmatch(said))


def edited(query: Query, before: Query, said: str) -> Query:
    """The query with what the turn edits of the one before."""
    for rule in RULES:
        query = rule(query, before, said)
    return query


def added(query: Query, before: Query, said: str) -> Query:
    """One more value beside those of before: add the degraded ones too."""
    if not ADDS.search(said):
        return query
    slots = SLOT.findall(said)
    for old in (p for p in before.where if isinstance(p, Condition) and p.op in ("EQ", "HAS")):
        if is_literal(old):
            new = [replace(old, value=one.value) for one in said_values(old.column, said)]
        else:
            new = [replace(old, value=f"@{slot}") for slot, kind in slots if len(slots) == 1 and old.value[:-1] == f"@{kind}"]
        if new and old not in new:
            where = [any_of((old, *new)) if p == old else p for p in before.where]
            shown = () if column_of(old.column).is_list or (plain_groups(before) and before.is_grouped) else (Item("", (old.column,)),)
            return replace(before, where=tuple(where), select=tuple(dict.fromkeys((*shown, *before.select) if before.is_grouped else (*before.select, *shown))))
    return query


def where_it_was(query: Query, before: Query, said: str) -> Query:
    """A condition of before stays with the things that it was of, where others are asked for now: the models trained on those."""
    related = [p for p in query.where if isinstance(p, Exists) and not p.negated]
    strayed = [p for p in query.where if isinstance(p, Condition) and is_literal(p) and p not in before.where and not is_said(p, said)]
    for p in strayed:
        own = Condition(f"{before.view}.{p.column.split('.')[1]}", p.op, p.value)
        if own in before.where and query.view != before.view and related:
            rest = tuple(q for q in query.where if q is not p)
            found = tuple(_held(q, before, own) for q in rest)
            query = replace(query, where=found) if found != rest else query
    return query


def _held(predicate: Predicate, before: Query, own: Condition) -> Predicate:
    """Related rows of the view of before, which must meet its own condition too."""
    if not isinstance(predicate, Exists):
        return predicate
    if predicate.join.view == before.view:
        return replace(predicate, conditions=tuple(dict.fromkeys((*predicate.conditions, own))))
    return replace(predicate, conditions=tuple(_held(c, before, own) for c in predicate.conditions))


def in_its_order(query: Query, before: Query, said: str) -> Query:
    """Ordered by the column that the turn says: and the lowest three by trust?"""
    match = BY.search(said)
    if match is None or not query.order or query.view != before.view or query.order[0].is_aggregate or query.order[0] != (before.order or (None,))[0]:
        return query
    named = [c for c in named_columns(query.view, match["what"]) if column_of(c).is_number or column_of(c).is_time]
    if len(named) != 1 or query.order[0] == Item("", (named[0],)):
        return query
    item = Item("", (named[0],))
    return replace(query, order=(item, query.order[1]), select=tuple(dict.fromkeys((*(i for i in query.select if i != query.order[0]), item))))


def with_theirs(query: Query, before: Query, said: str) -> Query:
    """More columns of the first rows that were shown, in the same order: and their stake."""
    if not THEIRS.match(said) or not before.limit or query.view != before.view or before.is_grouped or query.is_grouped or query.joins != before.joins:
        return query
    return replace(before, select=tuple(dict.fromkeys((*before.select, *query.select))))


def of_such(query: Query, before: Query, said: str) -> Query:
    """Things such as those found before, whichever they were of where all are meant: how many such grants are there over all datasets?"""
    if not SUCH.search(said) or query.where or query.view != before.view or query.joins:
        return query
    kept = [p for p in before.where if not (WHOLE.search(said) and _pins_thing(p))]
    return with_where(query, kept)


def _pins_thing(predicate: Predicate) -> bool:
    """It names the thing, or the things, that rows are of."""
    match predicate:
        case Condition(column, "EQ"):
            return column_of(column).slot in ONE_THING and bool(slots_of(predicate))
        case Or(left, right):
            return _pins_thing(left) and _pins_thing(right)
    return False


def of_all_things(query: Query, before: Query, said: str) -> Query:
    """First ones of all things are not of the one asked about before: top 5 datasets overall."""
    groups = {item.args[0] for item in query.select if item.is_group and not item.fn}
    is_ranking = query.is_grouped and query.order is not None and query.limit not in ("", "1")
    gone = [p for p in query.where if _pins_thing(p) and not is_said(p, said) and not OF_SOME.search(said) and (WHOLE.search(said) or (is_ranking and columns_in(p) <= groups))]
    return with_where(query, [p for p in query.where if p not in gone]) if gone else query


def by_that_alone(query: Query, before: Query, said: str) -> Query:
    """Groups by what the turn says, and no longer by what they were by: and by dataset?"""
    old, new = plain_groups(before), [c for c in plain_groups(query) if c not in plain_groups(before)]
    if not PER.fullmatch(said) or len(old) != 1 or len(new) != 1 or not query.is_grouped or not before.is_grouped or old[0] not in plain_groups(query):
        return query
    return replace(query, select=tuple(item for item in query.select if item != Item("", (old[0],))))


def split(query: Query, before: Query, said: str) -> Query:
    """The amount that was shown, for each of what the turn says: split by dataset."""
    match = PER.fullmatch(said)
    amounts = [item for item in before.select if item.is_aggregate]
    if match is None or query.is_grouped or query.view != before.view or len(amounts) != len(before.select) or not amounts or before.having:
        return query
    named = [c for c in named_columns(before.view, match["what"]) if not column_of(c).is_list]
    return replace(before, select=(Item("", (named[0],)), *amounts)) if len(named) == 1 else query


def still_grouped(query: Query, before: Query, said: str) -> Query:
    """The first of the groups that were shown: of no others, where the turn says none."""
    old, new = plain_groups(before), plain_groups(query)
    is_alike = (query.view, query.joins) == (before.view, before.joins) and query.is_grouped and before.is_grouped and len(old) == len(new) == 1
    if not is_alike or old == new or not query.order or not RANKS.search(said) or _is_called(new[0], said):
        return query
    return replace(query, select=tuple(Item("", (old[0],)) if item == Item("", (new[0],)) else item for item in query.select))


def _is_called(token: str, said: str) -> bool:
    """Whether a turn has a word for a column."""
    column = column_of(token)
    said_words = {form for word in re.findall(r"\w+", said.lower()) for form in (word, *stems(word))}
    return any(set(re.findall(r"[a-z]+", name.lower())) & said_words for name in (column.name, *column.synonyms))


def those_ones(query: Query, before: Query, said: str) -> Query:
    """The rows of one of the groups that were counted: the ones in Germany."""
    groups = plain_groups(before)
    pinned = [p for p in query.where if is_said(p, said) and columns_in(p) <= set(groups)]
    if not ONES.search(said) or not before.is_grouped or plain_groups(query) != groups or not pinned or query.having or query.order or query.joins:
        return query
    return replace(query, select=(Item("SHOW"),))


def of_the_same_first(query: Query, before: Query, said: str) -> Query:
    """Something else of the first one that was shown: trained on?"""
    is_alike = query.view == before.view and query.joins == before.joins and not before.is_grouped and not query.is_grouped
    if not before.limit or query.limit or query.order or not is_alike or len(said.split()) > FEW or MORE.search(said) or not set(query.where) <= set(before.where):
        return query
    return replace(before, select=tuple(dict.fromkeys((*before.select, *query.select))))


RULES = (by_that_alone, split, still_grouped, those_ones, in_stead, of_the_same_first, added, put_in_place, at_another_time, still_any_of, where_it_was, in_its_order, with_theirs, of_such, of_all_things)
