"""What a plan leaves unsaid and people mean by it. Both what is compiled and what is explained are what is meant here; the plan itself stays as it was read."""

from collections.abc import Iterator
from dataclasses import replace

from catalog.semantic import views
from nl2sql.plan.language import Condition, Exists, Join, Predicate, Query, column_of, literal
from nl2sql.plan.named import named_conditions
from nl2sql.plan.parts import ENTITIES, items_of, own_key, plain_groups, tokens_of_item, view_tokens

METRIC_COLUMN = "quality_metrics.column_name"
PLACES = ("@jurisdiction", "@country")
RUNS = Condition("training_rounds.status", "EQ", literal("running"))


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


def _of_its_name(query: Query) -> Query:
    """A dataset told by another name is found by its own, which stands in the slot: no list of other names holds it."""
    return replace(query, where=tuple(dict.fromkeys(map(_by_name, query.where))))


def _by_name(predicate: Predicate) -> Predicate:
    match predicate:
        case Condition("datasets.aliases", "HAS" | "HAS_NOT" as op, value) if value.startswith("@dataset"):
            return Condition("datasets.name", "EQ" if op == "HAS" else "NE", value)
    return predicate


def _of_what_is_published(query: Query) -> Query:
    """Every row says when it was published."""
    says_nothing = Condition(f"{query.view}.as_of", "NOT_NULL")
    return replace(query, where=tuple(p for p in query.where if p != says_nothing))


def _of_one_place(query: Query) -> Query:
    """A place that is told of a row and of what the row is about is told of the row alone: reports of the EU are not those on datasets of the EU."""
    own = {(p.column.split(".")[1], p.op, p.value) for p in query.where if isinstance(p, Condition) and p.column.split(".")[0] == query.view and p.value.startswith(PLACES)}
    return replace(query, where=tuple(p for p in query.where if not (isinstance(p, Exists) and not p.negated and p.join.adds_one_row and _only_test(p) in own)))


def _only_test(exists: Exists) -> tuple[str, str, str]:
    """The name of the column, the test and the value of the one condition on related rows; empty where there are others."""
    tests = [(p.column.split(".")[1], p.op, p.value) for p in exists.conditions if isinstance(p, Condition)]
    return tests[0] if len(tests) == len(exists.conditions) == 1 else ("", "", "")


def _of_what_runs(query: Query) -> Query:
    """What runs is not only what is newest: rounds without an end are all as new."""
    return replace(query, latest=False) if query.latest and RUNS in query.where else query


RULES = (
    _of_its_name,
    _of_what_is_published,
    _of_one_place,
    _of_its_own_event,
    _of_whole_dataset,
    _of_a_named_round,
    _of_what_runs,
    _of_what_it_has,
)
