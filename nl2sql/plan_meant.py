"""What a plan leaves unsaid and people mean by it. Both what is compiled and what is explained are what is meant here; the plan itself stays as it was read."""

from collections.abc import Iterator
from dataclasses import replace

from catalog.semantic import views
from nl2sql.plan import Condition, Exists, Join, Predicate, Query, column_of, literal
from nl2sql.plan_named import named_conditions
from nl2sql.plan_parts import ENTITIES, items_of, own_key, plain_groups, tokens_of_item, view_tokens

METRIC_COLUMN = "quality_metrics.column_name"


def meant(query: Query) -> Query:
    """The query with what goes without saying."""
    for rule in RULES:
        query = rule(query)
    return query


def _of_its_own_event(query: Query) -> Query:
    """Tests of what only one kind of event has are asked of that kind: the offers with two stars are those rated with two."""
    where = tuple(_own_event(query.where, query))
    where = tuple(replace(p, conditions=tuple(_own_event(p.conditions, None))) if isinstance(p, Exists) else p for p in where)
    return replace(query, where=where)


def _own_event(conditions: tuple[Predicate, ...], query: Query | None) -> Iterator[Predicate]:
    """Conditions with the kind of event that they test put in the place of another; what lacks a value that another kind has lacks all such events.

    ``query`` is the one whose rows they are about; none where they are about related rows.
    """
    own = {given for p in conditions if isinstance(p, Condition) and p.op != "IS_NULL" and (given := _given(p.column))}
    event, value = own.pop() if len(own) == 1 else ("", "")
    for p in conditions:
        given = _given(p.column) if query and isinstance(p, Condition) and p.op == "IS_NULL" and p.column.split(".")[0] == query.view else None
        if event and _asked(p, event) not in ("", value):
            yield Condition(event, "EQ", literal(value))
        elif query and given and not any(_asked(other, given[0]) == given[1] for other in conditions):
            yield _has_none(query, *given)
        else:
            yield p


def _given(token: str) -> tuple[str, str] | None:
    """The kind of event that alone has a value in the column: the column that tells it, and the kind."""
    given = column_of(token).given
    return (f"{token.split('.')[0]}.{given[0]}", given[1]) if given else None


def _asked(predicate: Predicate, column: str) -> str:
    """The value of a column that a condition asks for, by name or as it is; empty where it asks for none."""
    test = next((t for t, s in named_conditions().items() if s == predicate), predicate)
    return test.value.strip("'") if isinstance(test, Condition) and test.op == "EQ" and test.column == column else ""


def _has_none(query: Query, event: str, value: str) -> Predicate:
    """No event of the kind that has such a value: of the thing that a row is of, or of who it was where that alone is asked for."""
    asked = {item.args[0] for item in query.select if item.args}
    thing = next((c for c in (f"{query.view}.dataset", f"{query.view}.buyer") if c in asked), f"{query.view}.dataset")
    return Exists(Join(f"{thing}={thing}", query.view), (Condition(event, "EQ", literal(value)),), True)


def _of_whole_dataset(query: Query) -> Query:
    """How complete a dataset is means the dataset, not each of its columns, unless columns come up."""
    pinned = {(p.column, p.value if p.value.startswith("'") else "") for p in query.where if isinstance(p, Condition) and p.op == "EQ"}
    about = {("quality_metrics.dataset", ""), ("quality_metrics.dimension", "'completeness'")}
    if query.view != "quality_metrics" or query.is_grouped or query.joins or not about <= pinned:
        return query
    used = {token for item in items_of(query) for token in tokens_of_item(item)} | {token for p in query.where for token in view_tokens(p)}
    if METRIC_COLUMN in used or any(item.fn == "SHOW" for item in query.select):
        return query
    return replace(query, where=(*query.where, Condition(METRIC_COLUMN, "IS_NULL")))


def _of_a_named_round(query: Query) -> Query:
    """Who was last in round 8 is asked of that round, not of the latest one."""
    view = views()[query.view]
    counted = {f"{query.view}.{c}" for c in view.key if c not in view.latest_by and view.columns[c].is_number}
    is_named = any(isinstance(p, Condition) and p.op == "EQ" and p.column in counted for p in query.where)
    return replace(query, latest=False) if query.latest and is_named else query


def _of_what_it_has(query: Query) -> Query:
    """Counted per thing, where each is there once, are the related rows that it must have: the grants of each dataset that has a grant."""
    related = [p for p in query.where if isinstance(p, Exists) and not p.negated]
    amounts = [item for item in items_of(query) if item.is_aggregate]
    if query.view not in ENTITIES or query.joins or len(related) != 1 or not amounts or any(item.fn != "COUNT" for item in amounts):
        return query
    (one,) = related
    if own_key(query.view)[0] not in plain_groups(query) or one.join.adds_one_row or any(isinstance(c, Exists) for c in one.conditions):
        return query
    rest = tuple(p for p in query.where if p is not one)
    return replace(query, joins=(one.join,), where=(*rest, *one.conditions))


RULES = (_of_its_own_event, _of_whole_dataset, _of_a_named_round, _of_what_it_has)
