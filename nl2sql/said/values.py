"""Values of closed vocabularies: those that a plan tests, and those that the question says."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from catalog.semantic import views
from nl2sql.linking.mentions import Linked
from nl2sql.linking.vocabulary import words
from nl2sql.plan.language import Condition, Exists, Not, Or, Predicate, Query, column_of, literal
from nl2sql.plan.named import named_conditions
from nl2sql.said.parts import columns_of, is_literal, mapped, plain, tests_of
from nl2sql.said.words import Said, is_left_out, said_values

_joint = r"(?: \w+)?(?:,|/| ?&| or| and|, or|, and)\s*"
LISTED = re.compile(rf"{_joint}(?:\w+ ){{0,2}}")
"""Between two values of a list: failed or errored, online, degraded."""
NEXT_IN_LIST = re.compile(rf"{_joint}(?:(?:an?|any|the|their|its) )?")
"""The same without words between that may say something else: phone numbers, sorted by name."""
COMPARED = re.compile(r"\b(?:vs|versus|against|compared? (?:to|with)|than|or)\b")
"""Between two values that are compared."""
BETWEEN = re.compile(r"\b(?:between|compar\w+|differences?|versus|vs)(?:\W+\w+){0,4}\W+$")
"""Before two values that are compared and joined by ``and``."""
LEAVES_OUT = re.compile(
    r"(?:\b(?:(?:do not|don'?t|not|never|without) (?:count|includ|consider)\w*|leav(?:e|ing) (?:out|aside)|exclud(?:e|ing)|ignor(?:e|ing)|skip(?:ping)?|apart from|other than)\b)"
    r"(?: (?:the|those|all|any|ones?|that|which|who|are|is|were|was|\w+s))*\W+$"
)
"""Before a value that rows are not to have: don't count machines that are offline."""
STATE = frozenset(("state", "status", "result", "outcome"))
"""What the semantic layer calls columns that hold a state."""
RESTRICTED = re.compile(
    r"(?<!if )\b(?:(?<!not )(?:only|just)(?:\W+\w+){0,3}"
    r"|(?P<less>not(?! only\b| just\b)|except(?: for)?|excluding|without|ignor(?:e|ing)|leav(?:e|ing) out|other than)(?: (?:the|those|that|which|ones?|are|is|were|was)){0,3})\W+$"
)
"""Before a state that rows are meant to be in, or not to be in."""
NONE = re.compile(
    r"\b(?:not?|never|without|none|nothing|nobody|neither|nor|lack\w*|miss\w*|absent|un\w+|zero|0|cannot|free|fail\w*"
    r"|hardly|except|exclud\w*|but|yet|still|await\w*|skip\w*|avoid\w*|other|rather|\w+nt)\b|n't\b"
)
"""Words by which things that have no such rows may be meant."""
UNKNOWN = re.compile(r"\b(?:(?:nobody|no one|none of us) (?:\w+ )?(?:knows?|(?:can |could )?(?:tell|say))|(?:not|n't|never|un)(?: (?:yet|been|really))* ?(?:known|clear|recorded|determined|decided|established|stated|assessed)) (?:whether|if)\b")
"""Says that something may be so or not."""
EVERY = re.compile(r"\b(?:every|each|(?<!at )all|only|always|entirely|fully)\b")


def is_state(column: str) -> bool:
    """It holds how something is or turned out."""
    return bool(STATE & {column.split(".")[1], *column_of(column).synonyms})


def as_listed(query: Query, linked: Linked) -> Query:
    """Of the values that a plan lists, the one that the question does not say gives way to the one that it does: failed or errored; one that it leaves out is added."""
    return mapped(query, lambda p: _listed(p, linked.text))


def _listed(predicate: Predicate, text: str) -> Predicate:
    tests = [t for t in plain(predicate) if isinstance(t, Condition) and is_literal(t)] if isinstance(predicate, Or) else []
    columns = {t.column for t in tests}
    if len(columns) != 1 or not all(map(is_literal, plain(predicate))):
        return predicate
    said = said_values(columns.pop(), text)
    asked = {t.value for t in tests}
    unsaid, unasked = asked - {s.value for s in said}, {s.value for s in said} - asked
    if len(unasked) != 1 or any(is_left_out(s, text) for s in said):
        return predicate
    if not unsaid:
        return Or(predicate, replace(tests[0], value=unasked.pop())) if asked | unasked <= _side_by_side(said, NEXT_IN_LIST, text) else predicate
    return _with(predicate, unsaid.pop(), unasked.pop()) if len(unsaid) == 1 and unasked <= _side_by_side(said, LISTED, text) else predicate


def _side_by_side(said: Sequence[Said], joint: re.Pattern[str], text: str) -> set[str]:
    """The values that stand beside another one of them."""
    return {v for one, other in pairwise(said) if joint.fullmatch(text[one.end : other.start]) for v in (one.value, other.value)}


def _with(predicate: Predicate, old: str, new: str) -> Predicate:
    """A list of values with one in the place of another."""
    match predicate:
        case Or(left, right):
            return Or(_with(left, old, new), _with(right, old, new))
        case Condition(_, _, value) if value == old:
            return replace(predicate, value=new)
    return predicate


def in_its_state(query: Query, linked: Linked) -> Query:
    """A state that the question restricts its rows to, or leaves out, and no part of the plan tests is asked of them: "only what was allowed"."""
    columns = views()[query.view].columns.values()
    used = columns_of(query)
    for column in columns:
        token = f"{query.view}.{column.name}"
        said = said_values(token, linked.text) if STATE & set(column.synonyms) and token not in used and not query.joins else []
        if len(said) != 1:
            continue
        surface, how = linked.text[said[0].start : said[0].end], RESTRICTED.search(linked.text[: said[0].start])
        means_other = any(surface in (other.name, *other.synonyms) for other in columns)
        if how and not means_other:
            test = Condition(token, "NE" if how["less"] else "EQ", said[0].value)
            return replace(query, where=(*query.where, named_conditions().get(test, test)))
    return query


def without_what_is_left_out(query: Query, linked: Linked) -> Query:
    """A value that the question leaves out is none that rows have."""

    def left_out(predicate: Predicate) -> Predicate:
        if not isinstance(predicate, Condition) or predicate.op != "EQ" or not is_literal(predicate):
            return predicate
        said = [s for s in said_values(predicate.column, linked.text) if s.value == predicate.value]
        return replace(predicate, op="NE") if len(said) == 1 and LEAVES_OUT.search(linked.text[: said[0].start]) else predicate

    return replace(query, where=tuple(map(left_out, query.where)))


def unlike_its_state(query: Query, linked: Linked) -> Query:
    """What is un-something has a state, but not that one: unresolved alerts."""
    denied = {word.removeprefix("un") for word in words(linked.text) if word.startswith("un")}
    if any(isinstance(p, Condition) and p.op == "IS_NULL" for p in query.where):
        return query

    def unlike(predicate: Predicate) -> Predicate:
        values = [v for v in column_of(predicate.column).values if v in denied] if isinstance(predicate, Condition) and predicate.op == "NOT_NULL" else []
        return Condition(predicate.column, "NE", literal(values[0])) if isinstance(predicate, Condition) and len(values) == 1 else predicate

    return mapped(query, unlike)


def nobody_knows(query: Query, linked: Linked) -> Query:
    """What nobody knows is neither so nor not so: it is unknown whether they hold personal data."""
    tests = [p for p in query.where if isinstance(p, Condition) and p.op in ("IS_TRUE", "IS_FALSE")]
    if len(tests) != 1 or not UNKNOWN.search(linked.text):
        return query
    neither = (Not(Condition(tests[0].column, "IS_TRUE")), Not(Condition(tests[0].column, "IS_FALSE")))
    return replace(query, where=(*(p for p in query.where if p is not tests[0]), *neither))


def of_every(query: Query, linked: Linked) -> Query:
    """All of whose checks passed: some did, and none did anything else. Without a word of negation nobody means those that have no such check."""
    if NONE.search(linked.text) or not EVERY.search(linked.text):
        return query
    where: list[Predicate] = []
    for p in query.where:
        tests = [c for c in p.conditions if isinstance(c, Condition) and is_literal(c)] if isinstance(p, Exists) and p.negated else []
        if isinstance(p, Exists) and len(tests) == 1 and tests[0].value in {s.value for s in said_values(tests[0].column, linked.text)}:
            rest = tuple(c for c in p.conditions if c is not tests[0])
            where += [Exists(p.join, rest, False), Exists(p.join, (*rest, replace(tests[0], op="NE")), True)]
        else:
            where.append(p)
    return replace(query, where=tuple(where))


def of_compared_groups(query: Query, linked: Linked) -> Query:
    """Groups by a column of which the question compares two values are those two: critical alerts against low ones."""
    groups = [item.args[0] for item in query.select if item.is_group and not item.fn and column_of(item.args[0]).values] if query.is_grouped else []
    used = {t.column for t in tests_of(query) if isinstance(t, Condition)}
    for column in groups:
        said = said_values(column, linked.text)
        values = sorted({s.value for s in said})
        if len(said) == len(values) == 2 < len(column_of(column).values) and column not in used and _are_compared(said[0].start, linked.text[said[0].end : said[1].start], linked.text):
            return replace(query, where=(*query.where, Or(Condition(column, "EQ", values[0]), Condition(column, "EQ", values[1]))))
    return query


def _are_compared(start: int, between: str, text: str) -> bool:
    """Low against high, between low and high."""
    return bool(COMPARED.search(between)) or (bool(re.search(r"\b(?:and|with|to)\b", between)) and bool(BETWEEN.search(text[:start])))
