"""Walks DuckDB's own parse tree by the positive list in ``shapes``: every node, type and field must be on it.

Knows shapes only; names, columns and functions are decided by the binder.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from nl2sql.errors import NotAllowed
from nl2sql.guard.identifiers import fold
from nl2sql.guard.shapes import (
    ABSENT,
    CAST_TYPES,
    CONSTANT_TYPES,
    CTE,
    EXPRESSIONS,
    MODIFIERS,
    ORDERING,
    QUERIES,
    RELATIONS,
    Rule,
)

Node = dict[str, Any]

PLAIN_WORDS = {
    "schema_name": "a qualified view name",
    "catalog_name": "a qualified view name",
    "schema": "a qualified function name",
    "catalog": "a qualified function name",
    "sample": "a sample",
    "at_clause": "time travel",
    "export_state": "exported aggregate states",
    "ref_type": "a NATURAL, ASOF or POSITIONAL join",
    "with_ordinality": "WITH ORDINALITY",
}


def check(statement: Node) -> None:
    """Walk the whole tree of a statement. Raises `NotAllowed` at the first node, type or field that is not listed."""
    _value("query", statement)


def walk(node: Any) -> Iterator[Node]:
    """Every object below ``node`` and itself, without recursion."""
    stack = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            yield item
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)


def relation_names(statement: Node) -> Counter[str]:
    """How often each relation is named in FROM, folded, CTEs included."""
    return Counter(fold(n["table_name"]) for n in walk(statement) if n.get("type") == "BASE_TABLE")


def refusal(what: str) -> NotAllowed:
    """The refusal of something that is not listed."""
    return NotAllowed(f"This SQL uses {what}, which is outside what Steward runs.", HINT)


HINT = "Use SELECT over the documented views with joins, CTEs, subqueries, aggregates and windows."


def _fields(node: Any, shape: dict[str, Rule], common: dict[str, Rule], name: str) -> None:
    if not isinstance(node, dict) or node.keys() != shape.keys() | common.keys():
        raise refusal(f"an unknown form of {name}")
    for field, rule in (*common.items(), *shape.items()):
        value = node[field]
        if isinstance(rule, str):
            _value(rule, value)
        elif isinstance(value, dict | list) or value not in rule:
            raise refusal(PLAIN_WORDS.get(field, f"a form of {name} with {words(field)}"))


def words(constant: str) -> str:
    """A constant of the tree as people read it: ``SELECT_NODE`` → ``select node``."""
    return constant.lower().replace("_", " ")


def _value(rule: str, value: Any) -> None:
    match rule:
        case "expression":
            kind = value.get("class") if isinstance(value, dict) else None
            if kind not in EXPRESSIONS:
                raise refusal(f"the expression {words(str(kind))}")
            _fields(value, EXPRESSIONS[kind], {"class": frozenset({kind}), "alias": "text"}, words(kind))
        case "relation" | "query node" | "modifier":
            shapes = {"relation": RELATIONS, "query node": QUERIES, "modifier": MODIFIERS}[rule]
            kind = value.get("type") if isinstance(value, dict) else None
            if kind not in shapes:
                raise refusal(f"the clause {words(str(kind))}")
            common: dict[str, Rule] = {"type": frozenset({kind})}
            if rule == "relation":
                common |= {"alias": "text", "sample": ABSENT}
            elif rule == "query node":
                common |= {"modifiers": "modifiers", "cte_map": "ctes"}
            _fields(value, shapes[kind], common, words(kind))
        case "query":
            _fields(value, {"node": "query node", "named_param_map": "empty"}, {}, "subquery")
        case "text":
            _expect(isinstance(value, str), "a name")
        case "names":
            _expect(isinstance(value, list) and all(isinstance(name, str) for name in value), "a list of names")
        case "empty":
            _expect(value == [], "EXCLUDE of a qualified name, REPLACE, RENAME or a parameter")
        case "expressions" | "orders" | "modifiers" | "rows" | "cases":
            _expect(isinstance(value, list), "a list")
            for item in value:
                _item(rule, item)
        case "expression?":
            if value is not None:
                _value("expression", value)
        case "ctes":
            _fields(value, {"map": "cte entries"}, {}, "WITH")
        case "cte entries":
            for entry in value:
                _fields(entry, {"key": "text", "value": "cte"}, {}, "WITH")
        case "cte":
            _fields(value, CTE, {}, "WITH")
        case "sets":
            _expect(all(isinstance(i, int) for group in value for i in group), "a grouping set")
        case "type":
            _type(value)
        case "value":
            _constant(value)
        case _:
            raise AssertionError(rule)


def _item(rule: str, item: Any) -> None:
    match rule:
        case "expressions":
            _value("expression", item)
        case "modifiers":
            _value("modifier", item)
        case "orders":
            _fields(item, ORDERING, {}, "ORDER BY")
        case "rows":
            _value("expressions", item)
        case "cases":
            _fields(item, {"when_expr": "expression", "then_expr": "expression"}, {}, "CASE")


def _expect(holds: bool, what: str) -> None:
    if not holds:
        raise refusal(f"an unknown form of {what}")


def _type(value: Node) -> None:
    identifier = value.get("id")
    if identifier not in CAST_TYPES or value.keys() != {"id", "type_info"}:
        raise refusal("a type other than text, numbers, booleans, dates, timestamps and lists of them")
    info = value["type_info"]
    if identifier == "LIST":
        _expect(info is not None and info["type"] == "LIST_TYPE_INFO" and info["child_type"]["id"] != "LIST", "a list type")
        _type(info["child_type"])
    elif identifier == "DECIMAL":
        _expect(info is not None and info["type"] == "DECIMAL_TYPE_INFO", "DECIMAL")
    else:
        _expect(info is None, "a type")


def _constant(value: Node) -> None:
    kind = value["type"]["id"]
    if kind not in CONSTANT_TYPES:
        raise refusal("a literal other than text, numbers, booleans and NULL")
    expected = {"type", "is_null"} if value["is_null"] else {"type", "is_null", "value"}
    _expect(value.keys() == expected and not isinstance(value.get("value"), dict | list), "a literal")
