"""What was measured, by the name that the asker's catalog has for it."""

from dataclasses import replace

from nl2sql.linking.mentions import Linked
from nl2sql.plan.language import Condition, Item, Or, Predicate, Query
from nl2sql.plan.parts import each_item
from nl2sql.said.parts import mapped, tests_of
from nl2sql.said.words import said_names, said_values

DIMENSION, METRIC = "quality_metrics.dimension", "quality_metrics.metric"


def of_its_metric(query: Query, linked: Linked) -> Query:
    """How complete a dataset is, its metric of that name tells, where the catalog has one: others may be of the same dimension."""
    tests = {t for t in tests_of(query) if isinstance(t, Condition) and t.column == DIMENSION}
    names = {t.value: name for t in tests if (name := _metric(t.value, linked))}
    if not tests or len(names) < len(tests):
        return query

    def named(predicate: Predicate) -> Predicate:
        match predicate:
            case Condition(column, _, value) if column == DIMENSION:
                return replace(predicate, column=METRIC, value=names[value])
            case Or(left, right):
                return Or(named(left), named(right))
        return predicate

    def item(one: Item) -> Item:
        return replace(one, args=tuple(METRIC if a == DIMENSION else a for a in one.args), conditions=tuple(map(named, one.conditions)))

    return each_item(mapped(query, named), item)


def _metric(dimension: str, linked: Linked) -> str:
    """The metric that a dimension is asked by: the one of its own name, or else the one that the question says in its place; empty where there is none."""
    if dimension.strip("'") in linked.metrics:
        return dimension
    said = {s.value for s in said_names(linked.metrics, linked.text)}
    is_said = any(s.value == dimension for s in said_values(DIMENSION, linked.text))
    return f"'{said.pop()}'" if len(said) == 1 and not is_said else ""
