"""The positive list of DuckDB's own parse tree (``json_serialize_sql`` of DuckDB 1.5): classes, types and their fields.

What is not named here is refused, so a construct that a later engine adds is refused until somebody reads about it.
Data only; ``tree`` walks by it.
"""

from typing import Any

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
