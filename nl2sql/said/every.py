"""All of whose rows meet a condition, and things that have rows of two kinds: words that a condition on single rows leaves out."""

import re
from dataclasses import replace

from catalog.semantic import views
from nl2sql.linking.mentions import Linked
from nl2sql.plan.language import Condition, Exists, Item, Join, Not, Or, Predicate, Query, Segment, column_of
from nl2sql.plan.named import named_measures
from nl2sql.said.copies import of_copies
from nl2sql.said.none_of import shared_thing
from nl2sql.said.parts import plain
from nl2sql.said.values import EVERY, NONE
from nl2sql.said.words import is_called, said_values

OPPOSITE = {"IS_TRUE": "IS_FALSE", "IS_FALSE": "IS_TRUE", "EQ": "NE", "NE": "EQ"}
NOT_ALL = re.compile(r"\bnot (?:all|every|each|only|exclusively|solely|entirely)\b|n't\b")
NON = re.compile(r"\bnon\b")
SOLELY = r"\b(?:only|exclusively|solely|entirely)(?: \w+)? (?:in|on|at|within|inside|by)(?: the)? "
_joint = r"(?: \w+){0,2}? (?:and|as well as)(?: also)?(?: (?:the|an?|in|on|at|by|from|of))*"
BOTH = re.compile(
    r"\b(?:with|on|in|at|by|from|under|for|to|ha[sd]|have|having|held|holds?|holding|hosts?|hosting|stores?|stored|keeps?|kept|contains?|runs?|uses?|used|read|bought|sold|sells?|offers?|granted|saw|seen|suffered|got|(?:copies|copy|replicas?|backups?|mirrors?) of)"
    r" both(?: (?:the|an?|of|in|on|at|by|from))* $"
)
"""Before the first of two values that one thing has both of: hosted on both, that had both an outage and an intrusion."""
AMOUNT = re.compile(r"\b(?:how (?:many|often)|numbers?|counts?)\b")
ALSO = re.compile(r" (?:and also|as well as|and at the same time)\b")


def of_every_such(query: Query, linked: Linked) -> Query:
    """All of whose columns are encrypted: there are some, and none that is not. Without a word of negation nobody means those that have no such column."""
    if NONE.search(linked.text) or not EVERY.search(linked.text):
        return query
    return replace(query, where=tuple(c for p in query.where for c in _of_every(p, linked.text)))


def _of_every(predicate: Predicate, text: str) -> tuple[Predicate, ...]:
    match predicate:
        case Exists(join, (test,), True) if unlike := _unlike(test, text):
            return (replace(predicate, negated=False),) if join.adds_one_row else (Exists(join, (), False), Exists(join, (unlike,), True))
    return (predicate,)


def _unlike(test: Predicate, text: str) -> Predicate | None:
    """What does not meet a test that holds, or a named condition that the question says."""
    match test:
        case Condition(column, "IS_TRUE"):
            return Condition(column, "IS_FALSE")
        case Segment(token) if is_called(token, text):
            return Not(test)
    return None


def of_all(query: Query, linked: Linked) -> Query:
    """Groups without a row that does not meet the condition, where a plan asks for those without one that meets it: every test worked."""
    if query.having is None or query.having[1:] != ("EQ", "0") or NONE.search(linked.text) or not EVERY.search(linked.text):
        return query
    item = query.having[0]
    if item.fn != "COUNT_IF" or len(item.conditions) != 1:
        return query
    other = replace(item, conditions=(_not(item.conditions[0]),))
    return replace(query, select=tuple(other if i == item else i for i in query.select), having=(other, "EQ", "0"))


def of_all_its_rows(query: Query, linked: Linked) -> Query:
    """A thing all of whose rows meet a condition has no row that does not: datasets all of whose copies are in the EU, that are kept in the EU only."""
    if re.search(SOLELY, linked.text):
        query = of_copies(query)
    thing = shared_thing(query)
    tests = [(p, test) for p in query.where if (test := _test(p)) and test.op in OPPOSITE and test.column != thing]
    if NOT_ALL.search(linked.text):
        return query
    if not thing or len(tests) != 1:
        return replace(query, where=tuple(c for p in query.where for c in _of_all_related(p, linked.text)))
    ((whole, test),) = tests
    if test.value.startswith("'") and test.value not in {s.value for s in said_values(test.column, linked.text)}:
        return query
    is_sole = test.value.startswith("@") and re.search(rf"{SOLELY}{test.value[1:]}\b", linked.text)
    if not is_sole and not _says_all(query.view, linked.text):
        return query
    rest = tuple(p for p in query.where if p is not whole)
    wanted = _as_said(test, linked.text) if whole is test else whole
    none = Exists(Join(f"{thing}={thing}", query.view), (*rest, _not(wanted)), True)
    return replace(query, select=query.select[:1], where=(*rest, wanted, none))


def _as_said(test: Condition, text: str) -> Condition:
    """A test that holds, where the question has no word by which it might not."""
    return replace(test, op="IS_TRUE") if test.op == "IS_FALSE" and not NONE.search(text) and not NON.search(text) else test


def _of_all_related(predicate: Predicate, text: str) -> tuple[Predicate, ...]:
    """Related rows that are there, and none of another kind, where all of them are said to be so: tables whose columns are all encrypted."""
    match predicate:
        case Exists(join, (Condition(_, op) as test,), False) if op in OPPOSITE and not join.adds_one_row and not NONE.search(text) and _says_all(join.view, text):
            wanted = _as_said(test, text)
            return Exists(join, (wanted,), False), Exists(join, (_not(wanted),), True)
    return (predicate,)


def _test(predicate: Predicate) -> Condition | None:
    """A test of a row, or the one test of what it belongs to: the country of the node that holds it."""
    if isinstance(predicate, Exists) and not predicate.negated and predicate.join.adds_one_row and len(predicate.conditions) == 1:
        (predicate,) = predicate.conditions
    return predicate if isinstance(predicate, Condition) else None


def _not(predicate: Predicate) -> Predicate:
    match predicate:
        case Condition(column, op, value) if op in OPPOSITE:
            return Condition(column, OPPOSITE[op], value)
        case Exists(_, (only,), False):
            return replace(predicate, conditions=(_not(only),))
    return Not(predicate)


def _says_all(view: str, text: str) -> bool:
    """All of whose nodes, every copy, whose copies are all: not the nodes of all copies, nor all nodes that are listed."""
    stems = (re.escape(n.replace("_", " ").removesuffix("ies").removesuffix("y").removesuffix("s")) for n in (view, *views()[view].synonyms))
    names = rf"(?:{'|'.join(stems)})(?:ies|y|s|es)?"
    whose = rf"\b(?:whose|their|its|where|of which|have|has)\b(?: [\w-]+){{0,2}}? {names}(?: [\w-]+){{0,4}}? ?(?<!at )\ball\b"
    every = r"(?:all of whose|all(?: of)? (?:its|their)|whose every|(?:where|with|ha(?:s|ve|ving)|(?<=s )are) (?:all(?: of)?(?: the| its| their)?|every(?: single)?|each))"
    return bool(re.search(rf"\b{every}(?: [\w-]+){{0,2}}? {names}\b(?! (?:that|which))|{whose}", text))


def of_both_values(query: Query, linked: Linked) -> Query:
    """What two values of one column are both said of has rows with each: datasets kept on both nodes, nodes that had both an outage and an intrusion."""
    query = _of_counts(query, linked.text)
    if query.is_grouped or query.select[0].fn:
        return query
    for p in query.where:
        tests = _values(p, linked.text)
        if _says_both(tests, linked.text) and not any(isinstance(o, Condition) and o.column == tests[0].column for o in query.where if o is not p):
            things = tuple(item for item in query.select if item.args != (tests[0].column,))
            both = of_copies(_with_both(replace(query, select=things), p, tests)) if things and not things[0].fn else query
            return both if shared_thing(both) else query
    return query


def _of_counts(query: Query, text: str) -> Query:
    """The things themselves of which rows with each value are counted side by side, or that are counted for each value, where the question says no amount."""
    groups, amounts = [i for i in query.select if i.is_group], [i for i in query.select if i.is_aggregate]
    if query.having or query.order or query.joins or len(groups) != 1 or AMOUNT.search(text):
        return query
    tests = [c for i in amounts if i.fn == "COUNT_IF" and len(i.conditions) == 1 for c in i.conditions if isinstance(c, Condition) and c.op == "EQ"]
    if len(tests) == len(amounts) == 2 and tests[0].column == tests[1].column:
        either = Or(tests[0], tests[1])
        return replace(query, select=(groups[0],), where=(*query.where, either)) if _says_both(_values(either, text), text) else query
    counted = [item for i in amounts for item, name in named_measures().items() if item.fn == "COUNT_DISTINCT" and (i == item or i.args == (name,))]
    if len(counted) == len(amounts) == 1 and any(_says_both(tests, text) and groups[0].args == (tests[0].column,) for tests in (_values(p, text) for p in query.where)):
        return replace(query, select=(Item("", counted[0].args),))
    return query


def _values(predicate: Predicate, text: str) -> list[Condition]:
    """The two values of one column that rows are tested for, or that the question says where the plan tests but one, in their order in the question."""
    inner = predicate.conditions[0] if isinstance(predicate, Exists) and not predicate.negated and predicate.join.adds_one_row and len(predicate.conditions) == 1 else predicate
    tests = [t for t in plain(inner) if isinstance(t, Condition) and t.op == "EQ"] if isinstance(inner, Or | Condition) else []
    if not tests or len({t.column for t in tests}) != 1 or column_of(tests[0].column).is_list or {t.value[:1] for t in tests} not in ({"@"}, {"'"}):
        return []
    if tests[0].value.startswith("@"):
        return sorted(tests, key=lambda t: text.find(t.value[1:]))
    said = [s.value for s in said_values(tests[0].column, text)]
    return [replace(tests[0], value=v) for v in said] if {t.value for t in tests} <= set(said) and len(said) == 2 else []


def _says_both(tests: list[Condition], text: str) -> bool:
    """The two values are said as what one thing has both of."""
    if len(tests) != 2:
        return False
    spans = [(s.start, s.end) for s in said_values(tests[0].column, text)]
    if tests[0].value.startswith("@"):
        spans = [m.span() for t in tests for m in re.finditer(rf"\b{t.value[1:]}\b", text)]
    if len(spans) != 2:
        return False
    (start, end), (other, _) = spans
    return bool(re.fullmatch(rf"s?{_joint} ", text[end:other]) and (BOTH.search(text[:start]) or ALSO.match(text[end:other])))


def _with_both(query: Query, old: Predicate, tests: list[Condition]) -> Query:
    """Rows with each of two values in the place of rows with either."""
    rest, first = tuple(p for p in query.where if p is not old), query.select[:1]
    if not isinstance(old, Exists):
        return replace(query, where=(*rest, *tests), select=first)
    one, other = (replace(old, conditions=(t,)) for t in tests)
    thing = first[0].args[0]
    return replace(query, where=(*rest, one, Exists(Join(f"{thing}={thing}", query.view), (*rest, other), False)), select=first)
