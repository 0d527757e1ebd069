"""Which rows a plan is about, beyond what its conditions say: what has no name, no value or no such amount is none of what people ask for."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from nl2sql.plan.language import (
    DATE_PARTS,
    GROUP_SHARES,
    Condition,
    Either,
    Item,
    Not,
    Or,
    Predicate,
    Query,
    Segment,
    column_of,
)
from nl2sql.plan.parts import arms_of, own_key, plain_groups, view_tokens
from nl2sql.values import Bindings, Period

DOERS = ("person", "job")
"""Kinds of which a row without one is no answer to who or what did it."""
POLICY_NAMES = ("policies.policy_id", "policies.name")
"""A policy is called by either."""
COMPARED = ("DURING", "NOT_DURING", "LT", "GT", "LE", "GE", "PAST", "FUTURE")
"""Tests of which one sees in the value by how much it is met."""
BOUNDS = ("LT", "GT", "LE", "GE")


def must_be_set(query: Query, items: Sequence[Item]) -> Iterator[Item]:
    """The one first thing is none without a name and a value, groups of none are no groups, and times that are not known make no day or month of their own.

    Where no row goes without, null names what a publisher left out: an order by nobody knows whom is an order.
    """
    for item in _not_null(query, items):
        if item.fn or "#" in item.args[0] or not column_of(item.args[0]).always:
            yield item


def _not_null(query: Query, items: Sequence[Item]) -> Iterator[Item]:
    is_first = bool(query.order) and query.limit == "1" and not query.per
    if query.is_grouped:
        yield from dict.fromkeys(Item("", item.args) for item in items if item.fn in DATE_PARTS)
        if not has_shares(items, query):
            named = [column for column in plain_groups(query) if not _is_attribute(column, query)]
            yield from (Item("", (column,)) for column in named if is_first or _is_none(column, query) or _is_cut(column, query, items))
        return
    if query.order and is_first:
        yield query.order[0]
    if first := _named_first(query):
        yield first


def _is_attribute(column: str, query: Query) -> bool:
    """It is told of what another group names: the steward beside the dataset."""
    view = column.split(".")[0]
    others = [other for other in plain_groups(query) if other != column]
    if any(join.view == view and join.adds_one_row for join in query.joins):
        return any(other.split(".")[0] != view for other in others) or set(own_key(view)) <= set(others)
    return set(own_key(view)) <= set(others)


def _is_none(column: str, query: Query) -> bool:
    """Null in it stands for nothing that one would group by: nobody, no job, not at all."""
    spec = column_of(column)
    is_nobody = spec.slot in DOERS or (spec.slot == "node" and spec.name != "node") or spec.null_tells
    return is_nobody and not spec.is_list and not any(column in view_tokens(p) for p in query.where)


def _is_cut(column: str, query: Query, items: Iterable[Item]) -> bool:
    """What is asked for by its amount alone has a name: formats of more than five datasets."""
    amounts = {item for item in items if item.is_aggregate}
    is_free = column not in own_key(query.view) and not any(column in view_tokens(p) for p in query.where)
    return query.having is not None and amounts <= {query.having[0]} and is_free


def _named_first(query: Query) -> Item | None:
    """Who or which job a list is of, where that is all it shows or is not what its rows are told apart by: "which stewards" does not mean whatever has none."""
    first = query.select[0]
    if first.fn or "#" in first.args[0] or query.joins:
        return None
    kind = column_of(first.args[0]).slot
    if kind != "job" and (kind != "person" or len(query.select) > 1):
        return None
    keys = {own_key(query.view)[0], *POLICY_NAMES}
    pinned = any(all(isinstance(arm, Condition) and arm.op == "EQ" and arm.column in keys for arm in arms_of(p)) for p in query.where)
    return None if pinned or any(first.args[0] in view_tokens(p) for p in query.where) else first


def counted(query: Query, items: Sequence[Item]) -> list[tuple[Predicate, ...]]:
    """The conditions of amounts that stand side by side per group, where every amount has some: a group without any such row is none.

    Where few are asked for, or amounts are compared, none is an amount too.
    """
    amounts = [item for item in items if item.is_aggregate]
    if query.having or (query.order and query.order[1] == "ASC") or not any(item.is_group for item in items):
        return []
    if not all(item.fn in ("COUNT_IF", "SUM_IF", "AVG_IF") for item in amounts):
        return []
    return list(dict.fromkeys(item.conditions for item in amounts))


def compared(query: Query) -> Iterator[Item]:
    """Columns by whose values a list is cut, so that one sees why each row is there.

    Of things that several rows name, such as who asked, one row each is enough.
    """
    first = query.select[0]
    if query.is_grouped or query.limit or (len(query.select) == 1 and first.fn == "" and own_key(query.view) != first.args):
        return
    for predicate in query.where:
        for test in arms_of(predicate):
            if isinstance(test, Condition) and test.op in COMPARED and test.column.split(".")[0] == query.view and not column_of(test.column).is_list:
                yield Item("", (test.column,))


def at_once(query: Query, bindings: Bindings) -> tuple[str, list[list[Predicate]]]:
    """Several values of one column, which no row has at once, are asked of what is listed: sources of one thing that are sources of the other.

    Times that do not overlap are such values: what failed in both weeks.

    What is listed, and for each value the conditions of the rows that have it; empty where a plan asks for no such thing.
    """
    first = query.select[0]
    tests = [p for p in query.where if isinstance(p, Condition) and p.op == "EQ" and p.value[:1] in "@'" and not column_of(p.column).is_list]
    tests += _times_apart(query.where, bindings)
    columns = [p.column for p in tests]
    twice = next((c for c in columns if columns.count(c) > 1), "")
    if not twice or query.joins or query.latest or first.fn not in ("", "COUNT_DISTINCT") or "#" in first.args[0] or first.args[0] == twice:
        return "", []
    values: list[Predicate] = [p for p in tests if p.column == twice]
    rest = [p for p in query.where if p not in values]
    return first.args[0], [[*rest, value] for value in values]


def _times_apart(conditions: Iterable[Predicate], bindings: Bindings) -> list[Condition]:
    """The periods of one time column, where none of them overlaps another."""
    during = [p for p in conditions if isinstance(p, Condition) and p.op == "DURING"]
    periods = [period for p in during if isinstance(period := bindings.get(p.value), Period)]
    is_apart = len({p.column for p in during}) == 1 and len(periods) == len(during)
    return during if is_apart and not any(_overlap(one, other) for one, other in combinations(periods, 2)) else []


def _overlap(one: Period, other: Period) -> bool:
    return not ((one.end and other.start and one.end <= other.start) or (other.end and one.start and other.end <= one.start))


def listed(query: Query) -> str:
    """The list column of the view that a query groups by, or counts the entries of, so that rows count for each entry of it; empty where there is none."""
    amounts = [item for item in (*query.select, *(query.order or ())[:1], *(query.having or ())) if isinstance(item, Item) and item.is_aggregate]
    entries = {item.args[0] if item.fn == "COUNT_DISTINCT" else "" for item in amounts}
    keys = [*plain_groups(query), *(entries if len(entries) == 1 else ())]
    return next((key for key in keys if key.startswith(f"{query.view}.") and column_of(key).is_list), "")


def has_shares(items: Iterable[Item], query: Query) -> bool:
    """A result, or what it is cut by, is a group's share of the whole."""
    compared_items = (query.having[0], query.having[2]) if query.having else ()
    return any(isinstance(item, Item) and item.fn in GROUP_SHARES for item in (*items, *compared_items))


def averaged(conditions: Iterable[Predicate], view: str) -> list[Predicate]:
    """The conditions on a view that say of which rows an average is: their kind and time, but no bounds of other numbers."""
    return [p for p in conditions if _is_kind(p, view)]


def _is_kind(predicate: Predicate, view: str) -> bool:
    match predicate:
        case Condition(column, op, _):
            return column.split(".")[0] == view and not (op in BOUNDS and column_of(column).is_number)
        case Not(inner):
            return _is_kind(inner, view)
        case Or(left, right):
            return _is_kind(left, view) and _is_kind(right, view)
        case Either(arms):
            return all(_is_kind(p, view) for arm in arms for p in arm)
        case Segment(token):
            return token.split(":")[0] == view
    return False
