"""Which plans ask for something: a model that lost its place writes conditions that no row can meet, or views that it has no use for."""

from nl2sql.plan import Exists, Plan, Query
from nl2sql.plan_parts import items_of, tokens_of_item, views_of, views_of_edge


def is_sensible(plan: Plan) -> bool:
    """No condition of the plan rules out another one outright, nothing stands in it twice, and every view of it is used."""
    return not isinstance(plan, Query) or not (_repeats_itself(plan) or _contradicts_itself(plan) or _has_idle_view(plan))


def _repeats_itself(query: Query) -> bool:
    """The same condition or result column twice."""
    return len(set(query.where)) < len(query.where) or len(set(query.select)) < len(query.select)


def _contradicts_itself(query: Query) -> bool:
    """Related rows of one kind must be there, and no rows of that kind may be there."""
    related = [p for p in query.where if isinstance(p, Exists)]
    wanted, unwanted = [p for p in related if not p.negated], [p for p in related if p.negated]
    return any(one.join == none.join and set(none.conditions) <= set(one.conditions) for one in wanted for none in unwanted)


def _has_idle_view(query: Query) -> bool:
    """A joined view of which nothing is asked, tested or joined further, so that it says no more than that it is there; its rows may be what is counted."""
    named = {token.split(".")[0].split("#")[0].split(":")[0] for item in items_of(query) for token in tokens_of_item(item)}
    named |= {view for p in query.where for view in views_of(p)} | {query.per.split(".")[0]}
    named |= {view for join in query.joins for view in views_of_edge(join.edge) - {join.view}}
    return any(join.view not in named and (join.adds_one_row or not query.is_grouped) for join in query.joins)
