"""What a plan is made of: its results, and the columns and views that they and its conditions name."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from catalog.semantic import views
from nl2sql.plan.language import Condition, Either, Exists, Item, Not, Or, Predicate, Query, Segment

ENTITIES = ("datasets", "models", "nodes")
"""Views that list what rows of others name."""


def arms_of(predicate: Predicate) -> Iterator[Predicate]:
    """The conditions of which one must hold."""
    if isinstance(predicate, Or):
        yield from arms_of(predicate.left)
        yield from arms_of(predicate.right)
    else:
        yield predicate


def items_of(query: Query) -> Iterator[Item]:
    """What is asked for, ordered by and compared."""
    yield from query.select
    if query.order:
        yield query.order[0]
    if query.having:
        yield query.having[0]
        if isinstance(query.having[2], Item):
            yield query.having[2]


def each_item(query: Query, change: Callable[[Item], Item]) -> Query:
    """The query with each of its `items_of` changed, what becomes the same result once."""
    order = (change(query.order[0]), query.order[1]) if query.order else None
    having = query.having
    if having:
        having = (change(having[0]), having[1], change(having[2]) if isinstance(having[2], Item) else having[2])
    return replace(query, select=tuple(dict.fromkeys(map(change, query.select))), order=order, having=having)


def tokens_of_item(item: Item) -> Iterator[str]:
    """Columns, segments and measures that a result is made of."""
    yield from item.args
    for condition in item.conditions:
        yield from view_tokens(condition)


def view_tokens(predicate: Predicate) -> Iterator[str]:
    """Column and segment tokens that the predicate tests on its own rows, as ``view.name``."""
    match predicate:
        case Segment(token):
            yield token.replace(":", ".")
        case Condition(column, _, value):
            yield column
            if "." in value and value.split(".")[0] in views():
                yield value
        case Not(inner):
            yield from view_tokens(inner)
        case Or(left, right):
            yield from view_tokens(left)
            yield from view_tokens(right)
        case Either(arms):
            for arm in arms:
                for condition in arm:
                    yield from view_tokens(condition)
        case Exists(join, _, _):
            one, other = join.edge.split("=")
            yield other if one.split(".")[0] == join.view else one


def views_of(predicate: Predicate) -> set[str]:
    return {token.split(".")[0] for token in view_tokens(predicate)}


def views_of_edge(edge: str) -> set[str]:
    return {end.split(".")[0] for end in edge.split("=")}


def compares_mean(predicate: Predicate) -> bool:
    """Averages are over the rows that meet the plan's other conditions, so they stay where those are."""
    match predicate:
        case Condition(_, _, value):
            return value == "MEAN"
        case Not(inner):
            return compares_mean(inner)
        case Or(left, right):
            return compares_mean(left) or compares_mean(right)
    return False


def own_key(view: str) -> tuple[str, ...]:
    """The columns that tell the things of a view apart: an entity has one name, whichever nodes tell of it."""
    return tuple(f"{view}.{name}" for name in (views()[view].key[:1] if view in ENTITIES else views()[view].key))


def plain_groups(query: Query) -> list[str]:
    """The columns that rows are grouped by as they are."""
    return [item.args[0] for item in query.select if item.fn == "" and "." in item.args[0]] if query.is_grouped else []
