"""Conditions of a plan with those of related rows: finds them, changes them, and tells which columns a plan is about. Knows no words."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import reduce

from catalog.semantic import views
from nl2sql.plan.language import Condition, Either, Exists, Item, Not, Or, Predicate, Query, Segment
from nl2sql.plan.named import named_measures
from nl2sql.plan.parts import each_item, items_of


def mapped(query: Query, change: Callable[[Predicate], Predicate | None]) -> Query:
    """The query with its conditions, those of related rows too, changed or left out."""

    def one(predicate: Predicate) -> Predicate | None:
        if isinstance(predicate, Exists):
            predicate = replace(predicate, conditions=tuple(c for p in predicate.conditions if (c := one(p)) is not None))
        return change(predicate)

    return replace(query, where=tuple(dict.fromkeys(c for p in query.where if (c := one(p)) is not None)))


def plain(predicate: Predicate) -> Iterator[Condition | Segment]:
    """The tests that a condition is made of, those of related rows too."""
    match predicate:
        case Not(inner):
            yield from plain(inner)
        case Or(left, right):
            yield from plain(left)
            yield from plain(right)
        case Either(arms):
            yield from (test for arm in arms for p in arm for test in plain(p))
        case Exists(_, conditions, _):
            yield from (test for p in conditions for test in plain(p))
        case Condition() | Segment():
            yield predicate


def tests_of(query: Query) -> Iterator[Condition | Segment]:
    """The tests of a query's rows, of related rows and of those that its amounts are of."""
    for predicate in (*query.where, *(p for item in items_of(query) for p in item.conditions)):
        yield from plain(predicate)


def columns_of(query: Query) -> set[str]:
    """The columns that any part of a query is about; of named conditions and measures those that their SQL names."""
    found: set[str] = set()
    for token in (*(t.token if isinstance(t, Segment) else t.column for t in tests_of(query)), *(a for item in items_of(query) for a in item.args)):
        found |= columns_of_token(token)
    return found


def columns_in(predicate: Predicate) -> set[str]:
    """The columns that a condition tests, those of related rows too; of a named one those of its SQL."""
    return {column for test in plain(predicate) for column in columns_of_token(test.token if isinstance(test, Segment) else test.column)}


def columns_of_token(token: str) -> set[str]:
    """A column itself; of a named condition or measure the columns that its SQL names."""
    if "." in token:
        return {token}
    view = views()[token.split(":")[0].split("#")[0]]
    formula = view.segments[token.split(":")[1]] if ":" in token else view.measures[token.split("#")[1]]
    return {f"{view.name}.{column}" for column in view.columns if formula.names((column,))}


def renamed(query: Query, old: str, new: str) -> Query:
    """The query with one column in the place of another, wherever it is."""

    def item(one: Item) -> Item:
        return Item(one.fn, tuple(new if a == old else a for a in one.args), tuple(map(test, one.conditions)))

    def test(predicate: Predicate) -> Predicate:
        match predicate:
            case Condition():
                return replace(predicate, column=new) if predicate.column == old else predicate
            case Not(inner):
                return Not(test(inner))
            case Or(left, right):
                return Or(test(left), test(right))
            case Either(arms):
                return Either(tuple(tuple(map(test, arm)) for arm in arms))
        return predicate

    return replace(each_item(query, item), where=tuple(map(test, query.where)))


def is_literal(predicate: Predicate) -> bool:
    """It asks for one value of a closed vocabulary."""
    return isinstance(predicate, Condition) and predicate.op == "EQ" and predicate.value.startswith("'")


def any_of(tests: Iterable[Predicate]) -> Predicate:
    """One of several tests holds."""
    return reduce(Or, tests)


def as_measure(amount: Item) -> Item:
    """The measure that an aggregate is, or the aggregate itself."""
    return Item("", (named_measures()[amount],)) if amount in named_measures() else amount


def as_aggregate(item: Item) -> Item:
    """The aggregate that a measure stands for, or the item itself."""
    return next((plain for plain, name in named_measures().items() if item == Item("", (name,))), item)
