"""Which plans ask for something: a model that lost its place writes conditions that no row can meet, or views that it has no use for."""

from functools import cache

from nl2sql.plan.language import Condition, Exists, Not, Plan, Predicate, Query, Segment
from nl2sql.plan.meant import meant
from nl2sql.plan.named import implied_conditions, named_conditions
from nl2sql.plan.parts import ENTITIES, items_of, own_key, tokens_of_item, views_of, views_of_edge

APART = (frozenset({"grants:live", "grants:expired"}), frozenset({"lineage:table_level", "lineage:column_level"}))
"""Named conditions of which a row meets one at most."""
OPPOSITES = (frozenset({"IS_TRUE", "IS_FALSE"}), frozenset({"PAST", "FUTURE"}))
"""Tests of which a value passes one at most."""
WITHOUT_VALUE = frozenset({"IS_NULL", "HAS_NOT", "NOT_DURING"})
"""Tests that a column without a value may pass."""


def is_sensible(plan: Plan) -> bool:
    """No condition of the plan rules out another one outright, nothing stands in it twice, and every view of it is used."""
    return not isinstance(plan, Query) or not (_repeats_itself(plan) or _contradicts_itself(plan) or _has_idle_view(plan) or _ranks_nothing(plan) or _counts_nothing(plan))


def _ranks_nothing(query: Query) -> bool:
    """The first of each thing by what the thing itself is ordered by: the largest dataset of each dataset."""
    return not query.is_grouped and query.view in ENTITIES and query.per == own_key(query.view)[0]


def _counts_nothing(query: Query) -> bool:
    """Groups are cut by how many values they have of a column that is null in all of their rows."""
    if query.having is None:
        return False
    item, op, than = query.having
    return op in ("GT", "GE", "EQ") and than != "0" and any(Condition(column, "IS_NULL") in query.where for column in item.args)


def _repeats_itself(query: Query) -> bool:
    """The same condition or result column twice."""
    return len(set(query.where)) < len(query.where) or len(set(query.select)) < len(query.select)


def _contradicts_itself(query: Query) -> bool:
    """Related rows of one kind must be there, and no rows of that kind may be there; or no row meets what is meant to be tested of it."""
    related = [p for p in query.where if isinstance(p, Exists)]
    wanted, unwanted = [p for p in related if not p.negated], [p for p in related if p.negated]
    if any(one.join == none.join and set(none.conditions) <= set(one.conditions) for one in wanted for none in unwanted):
        return True
    where = meant(query).where
    return any(_rules_itself_out(conditions) for conditions in (where, *(p.conditions for p in where if isinstance(p, Exists))))


def _rules_itself_out(conditions: tuple[Predicate, ...]) -> bool:
    """No row meets all conditions: two values of one column, a value and none, a condition and its opposite, a flow of a thing into itself."""
    named = {c.token for c in conditions if isinstance(c, Segment)}
    if any(named >= apart for apart in APART) or any(c.condition in conditions for c in conditions if isinstance(c, Not)):
        return True
    tests: dict[str, set[tuple[str, str]]] = {}
    for test in (*conditions, *(test for token in named for test in _held(token))):
        if isinstance(test, Condition):
            tests.setdefault(test.column, set()).add((test.op, test.value))
    ends = [{test for test in tests.get(end, ()) if test[0] == "EQ"} for end in ("lineage.upstream", "lineage.downstream")]
    return bool(set.intersection(*ends)) or any(map(_excludes, tests.values()))


def _excludes(tests: set[tuple[str, str]]) -> bool:
    """Tests of one column, each an operator and a value, that no value passes together."""
    ops = {op for op, _ in tests}
    values = {value for op, value in tests if op == "EQ" and value.startswith("'")}
    is_itself_and_other = any(op == "EQ" and value[0] in "'@" and ("NE", value) in tests for op, value in tests)
    is_both = is_itself_and_other or any(ops >= both for both in OPPOSITES)
    return len(values) > 1 or is_both or ("IS_NULL" in ops and not ops <= WITHOUT_VALUE)


@cache
def _held(token: str) -> tuple[Predicate, ...]:
    """What a row holds that meets a named condition, as plain conditions."""
    return (*implied_conditions()[token], *(test for test, segment in named_conditions().items() if segment.token == token))


def _has_idle_view(query: Query) -> bool:
    """A joined view of which nothing is asked, tested or joined further, so that it says no more than that it is there; its rows may be what is counted."""
    named = {token.split(".")[0].split("#")[0].split(":")[0] for item in items_of(query) for token in tokens_of_item(item)}
    named |= {view for p in query.where for view in views_of(p)} | {query.per.split(".")[0]}
    named |= {view for join in query.joins for view in views_of_edge(join.edge) - {join.view}}
    return any(join.view not in named and (join.adds_one_row or not query.is_grouped) for join in query.joins)
