"""Values that a question lists or tells the first of: each of them apart, any of them, or all from one on."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from nl2sql.linking.mentions import Linked
from nl2sql.linking.rewrites import COMPARATIVES
from nl2sql.linking.vocabulary import stems
from nl2sql.plan.canonical import WHOLE
from nl2sql.plan.language import Condition, Item, Or, Predicate, Query, column_of, literal
from nl2sql.said.parts import any_of, as_measure, columns_of, is_literal, mapped, plain, tests_of
from nl2sql.said.values import is_state
from nl2sql.said.words import LEFT_OUT, Said, is_left_out, said_values

ORDERED = frozenset(("severity", "sensitivity", "classification"))
"""Columns whose values stand in an order, the mildest first."""
OR_BEYOND = re.compile(
    r"(?P<up>(?: \w+)?,? (?:or|and) (?:worse|higher|above|more|up|greater|upwards?|severer|stricter|over|beyond)\b|\+)"
    r"|(?P<down>(?: \w+)?,? (?:or|and) (?:lower|below|less|down|under|beneath|milder)\b)"
)
"""Behind a value: those beyond it too."""
FROM_ON = re.compile(r"\b(?:(?P<up>at least|(?:no|not) (?:less|lower) than|minimum)|(?P<down>at most|(?:no|not) (?:more|worse|higher) than|up to))(?: an?| of)? $")
"""Before a value: those beyond it too."""
ALL_OF_THEM = re.compile(
    r"\b(?P<state>\w+) (?:everything|(?:every|each)(?: single)?(?: one)?(?: of (?:its|their|the))? \w+"
    r"|all(?: of)? (?:its|their|the|of them)|all (?:checks|tests|of them))\b"
    r"|\b(?:that|which|who|have|has|had|with|did) (?:only|nothing but|always|exclusively)(?: ever)? (?:have |has |had )?(?P<alone>\w+)\b"
)
"""What something did every time."""
SIDE_BY_SIDE = re.compile(r"(?:,|/| ?&| or| and|, or|, and|,? (?:vs\.?|versus))\s*(?:the )?")
"""Between two values of a list."""
THREE = re.compile(rf"(?<!\w)(?P<kind>[a-z]+)1(?:{SIDE_BY_SIDE.pattern})(?P=kind)2(?:{SIDE_BY_SIDE.pattern})(?P=kind)3(?!\w)")
"""Three names of one kind in a list."""
OR = re.compile(r",? or (?:(?:an?|the|those|more) )*(?:\w+ (?:with|by|of|on|in|from) )?(?:the )?")
"""Between two values of which one is more so."""
MORE_SO = re.compile(rf"\b(?:{'|'.join(COMPARATIVES)}|slower|faster|quicker|cheaper|dearer|stricter|safer|sooner|shorter|stronger|weaker|busier|oftener)\b")
"""Asks which of two is more so."""
EACH_FOR_ITSELF = re.compile(r"\bhow (?:many|much)\b.*\bhow (?:many|much)\b|\bdifference\b|\b(?:columns?|side by side|next to each other)\b")
"""Asks for two amounts in one row."""


def worse_than_that(query: Query, linked: Linked) -> Query:
    """High or worse is high and all that is worse."""
    return mapped(query, lambda p: _from_there_on(p, linked.text))


def _from_there_on(predicate: Predicate, text: str) -> Predicate:
    column = _column_of_values(predicate)
    said = said_values(column, text) if column.rpartition(".")[2] in ORDERED else []
    if len(said) != 1:
        return predicate
    beyond = OR_BEYOND.match(text, said[0].end) or FROM_ON.search(text[: said[0].start])
    if beyond is None:
        return predicate
    scale = [literal(value) for value in column_of(column).values]
    at = scale.index(said[0].value)
    return any_of(Condition(column, "EQ", value) for value in sorted(scale[at:] if beyond["up"] else scale[: at + 1]))


def _column_of_values(predicate: Predicate) -> str:
    """The one column of whose vocabulary a condition names values, any of which are meant; empty for other conditions."""
    tests = list(plain(predicate)) if isinstance(predicate, Condition | Or) else []
    columns = {t.column for t in tests if isinstance(t, Condition)}
    return columns.pop() if len(columns) == 1 and all(map(is_literal, tests)) else ""


def passed_everything(query: Query, linked: Linked) -> Query:
    """What passed everything has no rows but those that passed."""
    said = ALL_OF_THEM.search(linked.text)
    tests = [p for p in query.where if isinstance(p, Condition) and is_literal(p) and is_state(p.column)]
    things = (Item("", (f"{query.view}.dataset",)), Item("", (f"{query.view}.node",)))
    is_list = not (query.is_grouped or query.limit or query.joins) and len(query.select) == 1 and query.select[0] in things
    if said is None or len(tests) != 1 or not is_list or LEFT_OUT.search(linked.text[: said.start()]):
        return query
    word = said["state"] or said["alone"]
    if tests[0].value.strip("'") not in {word, *stems(word), *(f"{stem}ed" for stem in (word, *stems(word)))}:
        return query
    rest = tuple(p for p in query.where if p is not tests[0])
    return replace(query, where=rest, order=None, having=(as_measure(Item("SHARE_IF", (), (tests[0],))), "EQ", "1"))


def of_each_compared(query: Query, linked: Linked) -> Query:
    """The same amount for several values of one column is that amount for each value: the average price of compute against access."""
    is_plain = not (query.order or query.having or query.limit or any(item.is_group for item in query.select))
    tests, shared = _apart(query) if is_plain and not EACH_FOR_ITSELF.search(linked.text) else ([], [])
    if not tests:
        return query
    first, column = query.select[0], tests[0].column
    values = {t.value for t in tests} | _beside(tests, linked)
    amount = as_measure(Item(WHOLE[first.fn], first.args))
    among = () if values == set(map(literal, column_of(column).values)) else (any_of(Condition(column, "EQ", value) for value in sorted(values)),)
    return replace(query, where=tuple(dict.fromkeys((*query.where, *shared, *among))), select=(Item("", (column,)), amount))


def _beside(tests: Sequence[Condition], linked: Linked) -> set[str]:
    """Further names of the same kind, where the values compared are names: A against B against C."""
    kinds = {t.value.rstrip("0123456789") for t in tests}
    return {slot for slot in linked.mentions if slot.rstrip("0123456789") in kinds} if len(kinds) == 1 else set()


def of_either(query: Query, linked: Linked) -> Query:
    """One amount of the rows with either of two values is that amount for each, where the question is which of them has more: an outage or a partition."""
    if query.order or query.having or query.limit or query.joins or not all(item.is_aggregate for item in query.select) or not MORE_SO.search(linked.text):
        return query
    for p in query.where:
        tests = [t for t in plain(p) if isinstance(t, Condition) and t.op == "EQ"] if isinstance(p, Or) else []
        column = tests[0].column if len({t.column for t in tests}) == 1 else ""
        if len(tests) == 2 and not column_of(column).is_list and column not in {t.column for other in query.where if other is not p for t in plain(other) if isinstance(t, Condition)}:
            spans = sorted(span for t in tests for span in _spans(t, linked.text))
            if len(spans) == 2 and OR.fullmatch(linked.text[spans[0][1] : spans[1][0]]):
                return replace(query, select=(Item("", (column,)), *query.select))
    return query


def _spans(test: Condition, text: str) -> list[tuple[int, int]]:
    """Where a text says the value of a test."""
    if test.value.startswith("@"):
        return [m.span() for m in re.finditer(rf"\b{test.value[1:]}\b", text)]
    return [(s.start, s.end) for s in said_values(test.column, text) if s.value == test.value]


def _apart(query: Query) -> tuple[list[Condition], list[Predicate]]:
    """Tests of one column in which alone the amounts of a plan differ, and what else they are all of; nothing where they differ otherwise."""
    items = query.select
    if len(items) < 2 or items[0].fn not in WHOLE or any((item.fn, item.args) != (items[0].fn, items[0].args) for item in items):
        return [], []
    shared = [c for c in items[0].conditions if all(c in item.conditions for item in items)]
    own = [[c for c in item.conditions if c not in shared] for item in items]
    tests = [cs[0] for cs in own if len(cs) == 1 and isinstance(cs[0], Condition) and cs[0].op == "EQ" and cs[0].value[:1] in "@'"]
    columns = {t.column for t in tests}
    is_tested = any(isinstance(t, Condition) and t.column in columns for p in query.where for t in plain(p))
    is_apart = len(tests) == len(items) and len(columns) == 1 and not column_of(tests[0].column).is_list and not is_tested
    return (tests, shared) if is_apart else ([], [])


def of_listed_values(query: Query, linked: Linked) -> Query:
    """Of values that the question lists, a plan that tests some tests for any of them, and for none that it does not list."""
    where = list(query.where)
    for at, p in enumerate(query.where):
        column = _column_of_values(p)
        values = {said.value for said in _listed(column, linked.text)} if column and _is_tested_once(column, query) else set()
        asked, shown = {t.value for t in plain(p) if isinstance(t, Condition)}, Item("", (column,))
        if asked & values and not values <= asked and not (query.is_grouped and shown in query.select):
            where[at] = any_of(Condition(column, "EQ", value) for value in sorted(values))
            query = query if query.is_grouped else replace(query, select=tuple(dict.fromkeys((*query.select, shown))))
    return replace(query, where=tuple(where))


def of_each_listed(query: Query, linked: Linked) -> Query:
    """Of three names that the question lists, a plan that tests two tests for the third too, in the same way."""
    for said in THREE.finditer(linked.text):
        slots = [f"@{said['kind']}{number}" for number in (1, 2, 3)]
        tests = [t for p in query.where for t in plain(p) if isinstance(t, Condition) and t.value in slots]
        missing = {*slots} - {t.value for t in tests_of(query) if isinstance(t, Condition)}
        if len(tests) != 2 or len(missing) != 1 or tests[0] != replace(tests[1], value=tests[0].value):
            continue
        three = [*tests, replace(tests[0], value=missing.pop())]
        if tests[0] in query.where and tests[1] in query.where:
            query = replace(query, where=tuple(dict.fromkeys((*query.where, *three))))
        else:
            query = replace(query, where=tuple(any_of(three) if isinstance(p, Or) and [*plain(p)] == tests else p for p in query.where))
    return query


def with_what_is_listed(query: Query, linked: Linked) -> Query:
    """What is told of each thing that a question lists is told with its name."""
    several = {slot for slot, mention in linked.mentions.items() if mention.several}
    tested = [Item("", (p.column,)) for p in query.where if isinstance(p, Condition) and p.op in ("EQ", "HAS") and p.value in several]
    if not tested or query.is_grouped or query.limit or any(item.is_aggregate or item.fn == "SHOW" for item in query.select):
        return query
    return replace(query, select=tuple(dict.fromkeys((*tested, *query.select))))


def _listed(column: str, text: str) -> list[Said]:
    """The values of a column that a text lists side by side, if it lists but once and leaves none of them out."""
    said = said_values(column, text)
    joined = [bool(SIDE_BY_SIDE.fullmatch(text[one.end : other.start])) for one, other in pairwise(said)]
    return [] if not joined or not all(joined) or any(is_left_out(s, text) for s in said) else said


def _is_tested_once(column: str, query: Query) -> bool:
    return sum(column in columns_of(replace(query, where=(p,), select=(), order=None, having=None)) for p in query.where) == 1
