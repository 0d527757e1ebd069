"""The positive list of DuckDB's own parse tree (``json_serialize_sql`` of DuckDB 1.5): classes, types and fields.

What is not named here is refused, so a construct that a later engine adds is refused until somebody reads about it.
Knows shapes only; names, columns and functions are decided by the binder.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from nl2sql.errors import NotAllowed

Node = dict[str, Any]

# A field's rule: a frozenset lists every value it may hold, a string names what stands in it.
Rule = frozenset[Any] | str
EMPTY_TEXT: Rule = frozenset({""})
ABSENT: Rule = frozenset({None})
FALSE: Rule = frozenset({False})
FLAG: Rule = frozenset({True, False})

COMPARISONS = frozenset(
    {
        "COMPARE_EQUAL",
        "COMPARE_NOTEQUAL",
        "COMPARE_LESSTHAN",
        "COMPARE_GREATERTHAN",
        "COMPARE_LESSTHANOREQUALTO",
        "COMPARE_GREATERTHANOREQUALTO",
        "COMPARE_DISTINCT_FROM",
        "COMPARE_NOT_DISTINCT_FROM",
    }
)
OPERATORS = frozenset(
    {
        "OPERATOR_NOT",
        "OPERATOR_IS_NULL",
        "OPERATOR_IS_NOT_NULL",
        "OPERATOR_COALESCE",
        "COMPARE_IN",
        "COMPARE_NOT_IN",
        "ARRAY_EXTRACT",
        "ARRAY_SLICE",
        "ARRAY_CONSTRUCTOR",
    }
)
WINDOWS = frozenset(
    f"WINDOW_{name}"
    for name in (
        *("AGGREGATE", "ROW_NUMBER", "RANK", "RANK_DENSE", "PERCENT_RANK", "CUME_DIST", "NTILE", "LAG", "LEAD"),
        *("FIRST_VALUE", "LAST_VALUE", "NTH_VALUE"),
    )
)
FRAME_BOUNDS = frozenset(
    {"UNBOUNDED_PRECEDING", "UNBOUNDED_FOLLOWING", "CURRENT_ROW_RANGE", "CURRENT_ROW_ROWS"}
    | {f"EXPR_{side}_{unit}" for side in ("PRECEDING", "FOLLOWING") for unit in ("ROWS", "RANGE")}
)
CONSTANT_TYPES = frozenset({"VARCHAR", "INTEGER", "BIGINT", "DECIMAL", "DOUBLE", "BOOLEAN", "NULL"})
CAST_TYPES = frozenset(
    {
        *("VARCHAR", "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL"),
        *("DATE", "TIMESTAMP", "INTERVAL", "LIST"),
    }
)

EXPRESSIONS: dict[str, dict[str, Rule]] = {
    "BETWEEN": {"type": frozenset({"COMPARE_BETWEEN"}), "input": "expression", "lower": "expression", "upper": "expression"},
    "CASE": {"type": frozenset({"CASE_EXPR"}), "case_checks": "cases", "else_expr": "expression"},
    "CAST": {"type": frozenset({"OPERATOR_CAST"}), "child": "expression", "cast_type": "type", "try_cast": FLAG},
    "COLUMN_REF": {"type": frozenset({"COLUMN_REF"}), "column_names": "names"},
    "COMPARISON": {"type": COMPARISONS, "left": "expression", "right": "expression"},
    "CONJUNCTION": {"type": frozenset({"CONJUNCTION_AND", "CONJUNCTION_OR"}), "children": "expressions"},
    "CONSTANT": {"type": frozenset({"VALUE_CONSTANT"}), "value": "value"},
    "FUNCTION": {
        "type": frozenset({"FUNCTION"}),
        "function_name": "text",
        "schema": frozenset({"", "main"}),
        "catalog": EMPTY_TEXT,
        "children": "expressions",
        "filter": "expression?",
        "order_bys": "modifier",
        "distinct": FLAG,
        "is_operator": FLAG,
        "export_state": FALSE,
    },
    "OPERATOR": {"type": OPERATORS, "children": "expressions"},
    "STAR": {
        "type": frozenset({"STAR"}),
        "relation_name": "text",
        "exclude_list": "names",
        "qualified_exclude_list": "empty",
        "replace_list": "empty",
        "rename_list": "empty",
        "columns": FLAG,
        "expr": ABSENT,
    },
    "SUBQUERY": {
        "type": frozenset({"SUBQUERY"}),
        "subquery_type": frozenset({"SCALAR", "EXISTS", "ANY"}),
        "subquery": "query",
        "child": "expression?",
        "comparison_type": COMPARISONS | {"INVALID"},
    },
    "WINDOW": {
        "type": WINDOWS,
        "function_name": "text",
        "schema": frozenset({"", "main"}),
        "catalog": EMPTY_TEXT,
        "children": "expressions",
        "partitions": "expressions",
        "orders": "orders",
        "start": FRAME_BOUNDS,
        "end": FRAME_BOUNDS,
        "start_expr": "expression?",
        "end_expr": "expression?",
        "offset_expr": "expression?",
        "default_expr": "expression?",
        "ignore_nulls": FLAG,
        "filter_expr": "expression?",
        "exclude_clause": frozenset({"NO_OTHER", "CURRENT_ROW", "GROUP", "TIES"}),
        "distinct": FLAG,
        "arg_orders": "empty",
    },
}
RELATIONS: dict[str, dict[str, Rule]] = {
    "BASE_TABLE": {
        "schema_name": EMPTY_TEXT,
        "catalog_name": EMPTY_TEXT,
        "table_name": "text",
        "column_name_alias": "names",
        "at_clause": ABSENT,
    },
    "EMPTY": {},
    "EXPRESSION_LIST": {"expected_names": "empty", "expected_types": "empty", "values": "rows"},
    "JOIN": {
        "left": "relation",
        "right": "relation",
        "condition": "expression?",
        "join_type": frozenset({"INNER", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI"}),
        "ref_type": frozenset({"REGULAR", "CROSS"}),
        "using_columns": "names",
        "delim_flipped": FALSE,
        "duplicate_eliminated_columns": "empty",
    },
    "SUBQUERY": {"subquery": "query", "column_name_alias": "names"},
    "TABLE_FUNCTION": {
        "function": "expression",
        "column_name_alias": "names",
        "with_ordinality": frozenset({"WITHOUT_ORDINALITY"}),
    },
}
QUERIES: dict[str, dict[str, Rule]] = {
    "SELECT_NODE": {
        "select_list": "expressions",
        "from_table": "relation",
        "where_clause": "expression?",
        "group_expressions": "expressions",
        "group_sets": "sets",
        "aggregate_handling": frozenset({"STANDARD_HANDLING", "FORCE_AGGREGATES"}),
        "having": "expression?",
        "sample": ABSENT,
        "qualify": "expression?",
    },
    "SET_OPERATION_NODE": {
        "setop_type": frozenset({"UNION", "UNION_BY_NAME", "EXCEPT", "INTERSECT"}),
        "setop_all": FLAG,
        "left": "query node",
        "right": "query node",
    },
}
MODIFIERS: dict[str, dict[str, Rule]] = {
    "ORDER_MODIFIER": {"orders": "orders"},
    "DISTINCT_MODIFIER": {"distinct_on_targets": "expressions"},
    "LIMIT_MODIFIER": {"limit": "expression?", "offset": "expression?"},
}
ORDERING: dict[str, Rule] = {
    "type": frozenset({"ORDER_DEFAULT", "ASCENDING", "DESCENDING"}),
    "null_order": frozenset({"ORDER_DEFAULT", "NULLS FIRST", "NULLS LAST"}),
    "expression": "expression",
}
CTE: dict[str, Rule] = {
    "aliases": "names",
    "query": "query",
    "materialized": frozenset({"CTE_MATERIALIZE_DEFAULT", "CTE_MATERIALIZE_ALWAYS", "CTE_MATERIALIZE_NEVER"}),
    "key_targets": "empty",
}


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
    """How often each relation is named in FROM, in lower case, CTEs included."""
    return Counter(n["table_name"].lower() for n in walk(statement) if n.get("type") == "BASE_TABLE")


def _refuse(what: str) -> NotAllowed:
    return NotAllowed(f"This SQL uses {what}, which is outside what Steward runs.", HINT)


HINT = "Use SELECT over the documented views with joins, CTEs, subqueries, aggregates and windows."


def _fields(node: Any, shape: dict[str, Rule], common: dict[str, Rule], name: str) -> None:
    if not isinstance(node, dict) or node.keys() != shape.keys() | common.keys():
        raise _refuse(f"an unknown form of {name}")
    for field, rule in (*common.items(), *shape.items()):
        value = node[field]
        if isinstance(rule, str):
            _value(rule, value)
        elif isinstance(value, dict | list) or value not in rule:
            raise _refuse(PLAIN_WORDS.get(field, f"a form of {name} with {_words(field)}"))


def _words(constant: str) -> str:
    return constant.lower().replace("_", " ")


def _value(rule: str, value: Any) -> None:
    match rule:
        case "expression":
            kind = value.get("class") if isinstance(value, dict) else None
            if kind not in EXPRESSIONS:
                raise _refuse(f"the expression {_words(str(kind))}")
            _fields(value, EXPRESSIONS[kind], {"class": frozenset({kind}), "alias": "text"}, _words(kind))
        case "relation" | "query node" | "modifier":
            shapes = {"relation": RELATIONS, "query node": QUERIES, "modifier": MODIFIERS}[rule]
            kind = value.get("type") if isinstance(value, dict) else None
            if kind not in shapes:
                raise _refuse(f"the clause {_words(str(kind))}")
            common: dict[str, Rule] = {"type": frozenset({kind})}
            if rule == "relation":
                common |= {"alias": "text", "sample": ABSENT}
            elif rule == "query node":
                common |= {"modifiers": "modifiers", "cte_map": "ctes"}
            _fields(value, shapes[kind], common, _words(kind))
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
        raise _refuse(f"an unknown form of {what}")


def _type(value: Node) -> None:
    identifier = value.get("id")
    if identifier not in CAST_TYPES or value.keys() != {"id", "type_info"}:
        raise _refuse("a type other than text, numbers, booleans, dates, timestamps and lists of them")
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
        raise _refuse("a literal other than text, numbers, booleans and NULL")
    expected = {"type", "is_null"} if value["is_null"] else {"type", "is_null", "value"}
    _expect(value.keys() == expected and not isinstance(value.get("value"), dict | list), "a literal")
