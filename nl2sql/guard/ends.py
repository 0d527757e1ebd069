"""Which ends of lineage a vetted statement fixes: names that ``upstream`` or ``downstream`` must equal, or a greatest ``depth``.

``WHERE l.upstream = 'orders'`` is such a condition, ``lower(l.upstream) = 'orders'`` is none. Knows vetted trees only; a condition that
it does not know fixes nothing, which costs a caveat and never a row.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

from catalog.storage.closure import Fixed
from nl2sql.guard.identifiers import fold
from nl2sql.guard.tree import Node, walk

VIEW = "lineage"
Column = tuple[str, ...]
MIRRORED = {"COMPARE_GREATERTHAN": "COMPARE_LESSTHAN", "COMPARE_GREATERTHANOREQUALTO": "COMPARE_LESSTHANOREQUALTO", "COMPARE_LESSTHAN": "COMPARE_GREATERTHAN", "COMPARE_LESSTHANOREQUALTO": "COMPARE_GREATERTHANOREQUALTO"}
KEPT_SIDES = {"INNER": ("left", "right"), "LEFT": ("right",), "RIGHT": ("left",), "SEMI": ("left", "right"), "ANTI": ("right",)}
"""Sides of a join of which a row counts only where the join's condition holds."""


def fixed_ends(statement: Node) -> Fixed | None:
    """What holds of every row of lineage that the statement reads; None where nothing is known of some."""
    found = [_of_source(alias, conditions) for node in walk(statement) if node.get("type") == "SELECT_NODE" for alias, conditions in _sources(node)]
    if not found or any(known is None for known in found):
        return None
    whole = reduce(_either, (known for known in found if known is not None))
    return whole if not whole.names or whole.hops <= 1 else None


def _sources(select: Node) -> Iterator[tuple[str, list[Node]]]:
    """Each lineage in the FROM clause of one SELECT: its alias, and the conditions that hold of all its rows that count."""

    def below(relation: Node, conditions: list[Node]) -> Iterator[tuple[str, list[Node]]]:
        if relation["type"] == "BASE_TABLE" and fold(relation["table_name"]) == VIEW:
            yield fold(relation["alias"] or relation["table_name"]), conditions
        elif relation["type"] == "JOIN":
            sides = KEPT_SIDES.get(relation["join_type"], ())
            stated = _all_of(relation["condition"])
            for side in ("left", "right"):
                yield from below(relation[side], [*conditions, *stated] if side in sides else conditions)

    yield from below(select["from_table"], _all_of(select["where_clause"]))


def _all_of(condition: Node | None) -> list[Node]:
    """The conditions that AND joins."""
    if condition is None:
        return []
    if condition["type"] == "CONJUNCTION_AND":
        return [one for child in condition["children"] for one in _all_of(child)]
    return [condition]


def _of_source(alias: str, conditions: Sequence[Node]) -> Fixed | None:
    """The narrowest of what the conditions say, equalities between columns included: ``l.upstream = d.name AND d.name = 'orders'``."""
    same = _equal_columns(conditions)
    return _narrowest([known for condition in conditions if (known := _implied(condition, alias, same))])


def _narrowest(known: Sequence[Fixed]) -> Fixed | None:
    """Direct flows need no walk; else few names, rather downstream: what feeds a thing is mostly less than what it feeds."""
    return min(known, key=lambda one: (bool(one.names) or one.hops > 1, not one.names, len(one.names), len(one.upstream), one.hops), default=None)


def _either(one: Fixed, other: Fixed) -> Fixed:
    return Fixed(one.upstream | other.upstream, one.downstream | other.downstream, max(one.hops, other.hops))


def _implied(condition: Node, alias: str, same: Mapping[Column, frozenset[Column]]) -> Fixed | None:
    match condition["type"]:
        case "CONJUNCTION_AND":
            return _narrowest([known for child in condition["children"] if (known := _implied(child, alias, same))])
        case "CONJUNCTION_OR":
            each = [_implied(child, alias, same) for child in condition["children"]]
            return None if any(known is None for known in each) else reduce(_either, (known for known in each if known is not None))
        case "COMPARE_BETWEEN":
            return _shallow(condition["input"], "COMPARE_LESSTHANOREQUALTO", condition["upper"], alias)
        case "COMPARE_IN":
            column, *values = condition["children"]
            return _named(column, values, alias, same)
        case "COMPARE_EQUAL":
            left, right = condition["left"], condition["right"]
            return (
                _named(left, [right], alias, same)
                or _named(right, [left], alias, same)
                or _shallow(left, "COMPARE_EQUAL", right, alias)
                or _shallow(right, "COMPARE_EQUAL", left, alias)
            )
        case kind if kind in MIRRORED:
            return _shallow(condition["left"], kind, condition["right"], alias) or _shallow(condition["right"], MIRRORED[kind], condition["left"], alias)
    return None


def _named(column: Node, values: Sequence[Node], alias: str, same: Mapping[Column, frozenset[Column]]) -> Fixed | None:
    """``column`` is an end of the alias, or equals one, and every value a text."""
    texts = [_constant(value) for value in values]
    if not all(isinstance(text, str) for text in texts):
        return None
    names = frozenset(str(text) for text in texts)
    meant = same.get(_column(column), frozenset({_column(column)}))
    if (alias, "downstream") in meant:
        return Fixed(downstream=names)
    return Fixed(upstream=names) if (alias, "upstream") in meant else None


def _shallow(column: Node, compared: str, value: Node, alias: str) -> Fixed | None:
    most = _constant(value)
    if _column(column) != (alias, "depth") or isinstance(most, bool) or not isinstance(most, int):
        return None
    match compared:
        case "COMPARE_EQUAL" | "COMPARE_LESSTHANOREQUALTO":
            return Fixed(hops=max(most, 1))
        case "COMPARE_LESSTHAN":
            return Fixed(hops=max(most - 1, 1))
    return None


def _column(node: Node) -> Column:
    """Alias and name, folded; nothing of what is no column."""
    return tuple(map(fold, node["column_names"])) if node["class"] == "COLUMN_REF" else ()


def _constant(node: Node) -> Any:
    return node["value"].get("value") if node["class"] == "CONSTANT" and not node["value"]["is_null"] else None


def _equal_columns(conditions: Sequence[Node]) -> dict[Column, frozenset[Column]]:
    """Every column that must equal another one, with all that must."""
    groups: dict[Column, frozenset[Column]] = {}
    for condition in conditions:
        if condition["type"] == "COMPARE_EQUAL":
            left, right = _column(condition["left"]), _column(condition["right"])
            if left and right:
                whole = groups.get(left, frozenset({left})) | groups.get(right, frozenset({right}))
                groups |= dict.fromkeys(whole, whole)
    return groups
