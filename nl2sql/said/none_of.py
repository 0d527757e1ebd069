"""Things none of whose rows is of a kind, or none of another: that never were so, only ever were so, of which not one was, and groups that have none of it."""

import re
from dataclasses import replace

from catalog.semantic import views
from nl2sql.linking.mentions import Linked
from nl2sql.linking.vocabulary import singular
from nl2sql.plan.language import Condition, Exists, Item, Join, Predicate, Query, column_of
from nl2sql.plan.named import named_conditions
from nl2sql.plan.parts import ENTITIES, own_key, view_tokens
from nl2sql.readings.conversation import NEXT
from nl2sql.said.parts import is_literal

NEVER = re.compile(r"(?:\b(?P<what>\w+) (?:that|which) )?\b(?:(?:has|have|had|who|did) never(?: yet| ever| once)? \w+|(?:have|has|had|did)(?:n't| not) ever \w+|never once)\b")
"""Whoever has never done a thing has no row of it, which is more than to have one without it."""
ONLY = re.compile(r"\b(?:only ever|always|every (?:single )?time|each time|without exception|exclusively|nothing but|no one but|never anything but|nothing else than)\b")
"""What tells that no row says anything else."""
NO_ROWS = re.compile(
    r"\b(?:(?P<verb>have|has|having|contains?|holds?|owns?|includes?|publish(?:es)?|offers?|keeps?|sells?|looks? after|use|uses|got|with)"
    r" (?:absolutely )?(?:no|zero|not (?:a single|any|one))|(?P<without>without) (?:any|a single|a)) (?=\w)"
)
"""Where a question wants groups that have none of what it goes on to describe."""
NOT_ONE = r"\b(?:not (?:a single|one)|none)(?: of (?:the|its|their|whose))?(?: [\w-]+){0,2}? "
"""Before the rows of which none is so: not one failed round, none of the rounds."""
FLIPPED = {"NE": "EQ", "IS_FALSE": "IS_TRUE"}


def never(query: Query, linked: Linked) -> Query:
    """Groups that have never withdrawn anything are those without a withdrawal, not those with a consent that stands."""
    thing = shared_thing(query)
    absent = [p for p in query.where if isinstance(p, Condition) and p.column != thing and _is_absence(p)]
    said = NEVER.search(linked.text)
    if not thing or len(absent) != 1 or said is None or (said["what"] and _names_of(thing).isdisjoint((said["what"], singular(said["what"])))):
        return query
    (one,) = absent
    was = Condition(one.column, "NOT_NULL") if one.op == "IS_NULL" else replace(one, op="EQ")
    rest = tuple(p for p in query.where if p is not one)
    return replace(query, select=query.select[:1], where=(*rest, Exists(Join(f"{thing}={thing}", query.view), (*rest, was), True)))


def _is_absence(test: Condition) -> bool:
    """It tests that something has not been, or has been another thing."""
    return (test.op == "IS_NULL" and column_of(test.column).is_time) or (test.op == "NE" and test.value.startswith("'"))


def shared_thing(query: Query) -> str:
    """The column of its own view that a plain list is of, by what comes first in it, where several rows share a value of it; empty where there is none."""
    first = query.select[0]
    if query.is_grouped or query.joins or query.latest or query.limit or query.order or first.fn or "." not in first.args[0]:
        return ""
    is_row = first.args == own_key(query.view)[:1] and (len(own_key(query.view)) == 1 or query.view in ENTITIES)
    return "" if is_row or first.args[0].split(".")[0] != query.view or column_of(first.args[0]).is_list else first.args[0]


def only_ever(query: Query, linked: Linked) -> Query:
    """People who only ever got refused have no row with another decision."""
    thing = shared_thing(query)
    tests = [p for p in query.where if isinstance(p, Condition) and is_literal(p)]
    if not thing or len(tests) != 1 or any(isinstance(p, Exists) and p.negated for p in query.where) or not ONLY.search(linked.text):
        return query
    rest = tuple(p for p in query.where if p is not tests[0])
    return replace(query, select=query.select[:1], where=(*query.where, Exists(Join(f"{thing}={thing}", query.view), (*rest, replace(tests[0], op="NE")), True)))


def without_group(query: Query, linked: Linked) -> Query:
    """Groups of which some row lacks something are those that have none of it, where the question says so of them: owners with no personal data."""
    negative = [p for p in query.where if (isinstance(p, Condition) and p.op in FLIPPED) or (isinstance(p, Exists) and p.negated)]
    if len(negative) != 1 or NEXT in linked.text or not is_of_group(query, linked.text):
        return query
    (one,) = negative
    some = replace(one, negated=False) if isinstance(one, Exists) else _flipped(one)
    return none_of_them(replace(query, where=tuple(some if p is one else p for p in query.where))) or query


def not_one(query: Query, linked: Linked) -> Query:
    """Runs in which not a single round failed have none that did, where the plan lists those that have one."""
    tests = [p for p in query.where if isinstance(p, Condition) and is_literal(p)]
    nouns = "|".join({re.escape(singular(name.split()[-1])) for name in (query.view.replace("_", " "), *views()[query.view].synonyms)})
    if not shared_thing(query) or len(tests) != 1 or tests[0].op != "EQ" or NEXT in linked.text or not re.search(rf"{NOT_ONE}(?:{nouns})s?\b", linked.text):
        return query
    rest = tuple(p for p in query.where if p is not tests[0])
    return replace(query, where=rest, select=query.select[:1], having=(Item("COUNT_IF", (), tuple(tests)), "EQ", "0"))


def of_some(query: Query, _: Linked) -> Query:
    """Groups by what is not there are none: alerts for each assignee are of those that have one."""
    absent = [Condition(item.args[0], "IS_NULL") for item in query.select if query.is_grouped and item.is_group and not item.fn]
    given: dict[Predicate, Predicate] = {lack: replace(test, op="NOT_NULL") for test in absent for lack in (test, named_conditions().get(test, test))}
    return replace(query, where=tuple(dict.fromkeys(given.get(p, p) for p in query.where)))


def _flipped(test: Predicate) -> Predicate:
    return replace(test, op=FLIPPED[test.op]) if isinstance(test, Condition) else test


def is_of_group(query: Query, text: str) -> bool:
    """Whether the groups that a query lists are what the question says to have none: owners with no, and not datasets without."""
    found = list(NO_ROWS.finditer(text))
    if len(found) != 1 or len(query.select) != 1 or query.select[0].fn or "." not in query.select[0].args[0]:
        return False
    before = re.sub(r" (?:that|which|who|do|does)$", "", text[: found[0].start()].strip()).split()
    return bool(before) and not _names_of(query.select[0].args[0]).isdisjoint((before[-1], singular(before[-1])))


def _names_of(token: str) -> set[str]:
    """What the values of a column are called, by the last word."""
    column = column_of(token)
    return {name.lower().replace("_", " ").split()[-1] for name in (column.name, *column.synonyms)}


def none_of_them(query: Query) -> Query | None:
    """Groups none of whose rows meets the conditions, of a query for those of which some do; None where there are no groups."""
    thing = shared_thing(query)
    if not thing or len(query.select) > 1 or not query.where or thing in own_key(query.view) or thing == f"{query.view}.dataset" or any(thing in view_tokens(p) for p in query.where):
        return None
    return replace(query, where=(), having=(Item("COUNT_IF", (), query.where), "EQ", "0"))
