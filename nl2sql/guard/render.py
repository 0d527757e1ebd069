"""Writes a vetted tree as SQL text. Knows only what ``tree`` lists, so nothing else can be written.

The guard reads the text back with DuckDB and compares trees, so a mistake here refuses a query and never changes one.
"""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache

from nl2sql.guard.identifiers import quoted
from nl2sql.guard.literals import interval_of
from nl2sql.guard.tree import Node

COMPARISON_SIGNS = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOTEQUAL": "<>",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
    "COMPARE_DISTINCT_FROM": "IS DISTINCT FROM",
    "COMPARE_NOT_DISTINCT_FROM": "IS NOT DISTINCT FROM",
}
LIKE_SIGNS = {"~~": "LIKE", "!~~": "NOT LIKE", "~~*": "ILIKE", "!~~*": "NOT ILIKE", "~~~": "GLOB"}
# How tightly an expression holds together, loosest first; a looser part inside a tighter one gets parentheses.
OR, AND, NOT, COMPARED, OTHER, SUM, PRODUCT, UNIT = range(8)
LEVELS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "//": PRODUCT, "%": PRODUCT}
SIMPLE_NAME = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)


@cache
def _reserved() -> frozenset[str]:
    """Words that DuckDB reads as something else where a name stands; ``columns`` is a function there."""
    from nl2sql.guard.parse import engine

    rows = engine().execute("SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'").fetchall()
    return frozenset(row[0] for row in rows) | {"columns"}


def name(identifier: str) -> str:
    """An identifier, quoted where it has to be."""
    if SIMPLE_NAME.fullmatch(identifier) and identifier not in _reserved():
        return identifier
    return quoted(identifier)


def names(identifiers: Sequence[str]) -> str:
    return ", ".join(map(name, identifiers))


def text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def query(node: Node) -> str:
    """A query with its CTEs, ORDER BY and LIMIT."""
    ctes = [_cte(entry["key"], entry["value"]) for entry in node["cte_map"]["map"]]
    parts = [f"WITH {', '.join(ctes)}"] if ctes else []
    parts.append(_select(node) if node["type"] == "SELECT_NODE" else _set_operation(node))
    for modifier in node["modifiers"]:
        if modifier["type"] == "ORDER_MODIFIER":
            parts.append(f"ORDER BY {_orders(modifier['orders'])}")
        elif modifier["type"] == "LIMIT_MODIFIER":
            parts += [f"{word.upper()} {expression(modifier[word])}" for word in ("limit", "offset") if modifier[word]]
    return " ".join(parts)


def _cte(key: str, value: Node) -> str:
    columns = f"({names(value['aliases'])})" if value["aliases"] else ""
    how = {"CTE_MATERIALIZE_ALWAYS": "MATERIALIZED ", "CTE_MATERIALIZE_NEVER": "NOT MATERIALIZED "}.get(value["materialized"], "")
    return f"{name(key)}{columns} AS {how}({query(value['query']['node'])})"


def _set_operation(node: Node) -> str:
    word = node["setop_type"].replace("_BY_NAME", "") + (" ALL" if node["setop_all"] else "")
    word += " BY NAME" if node["setop_type"] == "UNION_BY_NAME" else ""
    right = node["right"]
    chained = right["type"] == "SET_OPERATION_NODE" and node["setop_type"] == right["setop_type"] == "UNION"
    chained = chained and node["setop_all"] == right["setop_all"] and not right["modifiers"] and not right["cte_map"]["map"]
    return f"{_operand(node['left'])} {word} {_set_operation(right) if chained else _operand(right)}"


def _operand(node: Node) -> str:
    bare = node["type"] == "SELECT_NODE" and not node["cte_map"]["map"]
    bare = bare and all(m["type"] == "DISTINCT_MODIFIER" for m in node["modifiers"])
    return query(node) if bare else f"({query(node)})"


def _select(node: Node) -> str:
    if node["from_table"]["type"] == "EXPRESSION_LIST":
        rows = (", ".join(map(expression, row)) for row in node["from_table"]["values"])
        return "VALUES " + ", ".join(f"({row})" for row in rows)
    distinct = next((m["distinct_on_targets"] for m in node["modifiers"] if m["type"] == "DISTINCT_MODIFIER"), None)
    word = "" if distinct is None else f"DISTINCT ON ({_list(distinct)}) " if distinct else "DISTINCT "
    items = (expression(i) + (f" AS {name(i['alias'])}" if i["alias"] else "") for i in node["select_list"])
    parts = [f"SELECT {word}{', '.join(items)}"]
    if node["from_table"]["type"] != "EMPTY":
        parts.append(f"FROM {_relation(node['from_table'])}")
    if node["where_clause"]:
        parts.append(f"WHERE {expression(node['where_clause'])}")
    if node["aggregate_handling"] == "FORCE_AGGREGATES":
        parts.append("GROUP BY ALL")
    elif node["group_sets"]:
        parts.append(f"GROUP BY {_groups(node['group_expressions'], node['group_sets'])}")
    parts += [f"{word.upper()} {expression(node[word])}" for word in ("having", "qualify") if node[word]]
    return " ".join(parts)


def _groups(expressions: Sequence[Node], sets: Sequence[Sequence[int]]) -> str:
    if len(sets) == 1:
        return _list([expressions[i] for i in sets[0]])
    return f"GROUPING SETS ({', '.join('(' + _list([expressions[i] for i in group]) + ')' for group in sets)})"


def _relation(node: Node) -> str:
    alias = f" AS {name(node['alias'])}" if node["alias"] else ""
    columns = f"({names(node['column_name_alias'])})" if node.get("column_name_alias") else ""
    match node["type"]:
        case "BASE_TABLE":
            return name(node["table_name"]) + alias + columns
        case "SUBQUERY":
            return f"({query(node['subquery']['node'])}){alias}{columns}"
        case "TABLE_FUNCTION":
            return expression(node["function"]) + alias + columns
    left, right = _relation(node["left"]), _relation(node["right"])
    if node["right"]["type"] == "JOIN":
        right = f"({right})"
    if node["ref_type"] == "CROSS":
        return f"{left} CROSS JOIN {right}"
    word = "" if node["join_type"] == "INNER" else f"{node['join_type']} "
    on = f"USING ({names(node['using_columns'])})" if node["using_columns"] else f"ON {expression(node['condition'])}"
    return f"{left} {word}JOIN {right} {on}"


def _list(nodes: Sequence[Node]) -> str:
    return ", ".join(map(expression, nodes))


def _orders(orders: Sequence[Node]) -> str:
    return ", ".join(
        ("ALL" if o["expression"]["class"] == "STAR" else expression(o["expression"]))
        + {"ASCENDING": " ASC", "DESCENDING": " DESC"}.get(o["type"], "")
        + ("" if o["null_order"] == "ORDER_DEFAULT" else f" {o['null_order']}")
        for o in orders
    )


def expression(node: Node) -> str:
    """An expression without its alias."""
    return _WRITERS[node["class"]](node)


def _inside(node: Node, level: int) -> str:
    """A part of a larger expression that holds together at ``level``."""
    written = expression(node)
    return written if _level(node) > level else f"({written})"


def _level(node: Node) -> int:
    match node["class"]:
        case "CONJUNCTION":
            return AND if node["type"] == "CONJUNCTION_AND" else OR
        case "COMPARISON" | "BETWEEN":
            return COMPARED
        case "OPERATOR":
            if node["type"] == "OPERATOR_NOT":
                return NOT
            return COMPARED if node["type"].startswith(("OPERATOR_IS", "COMPARE")) else UNIT
        case "SUBQUERY":
            return COMPARED if node["subquery_type"] == "ANY" else UNIT
        case "FUNCTION" if node["is_operator"]:
            if node["function_name"] in LIKE_SIGNS:
                return COMPARED
            return LEVELS.get(node["function_name"], OTHER) if len(node["children"]) == 2 else OTHER
        case "CONSTANT" if str(node["value"].get("value", "")).startswith("-"):
            return OTHER
    return UNIT


def _conjunction(node: Node) -> str:
    word, level = (" AND ", AND) if node["type"] == "CONJUNCTION_AND" else (" OR ", OR)
    return word.join(_inside(child, level) for child in node["children"])


def _comparison(node: Node) -> str:
    right = node["right"]
    if right["class"] == "CONSTANT" and right["value"]["type"]["id"] == "BOOLEAN" and node["left"]["class"] == "CAST":
        # IS TRUE is the one place where the tree holds a boolean constant, beside a cast that the parser adds.
        word = "IS" if node["type"] == "COMPARE_NOT_DISTINCT_FROM" else "IS NOT"
        return f"{_inside(node['left']['child'], COMPARED)} {word} {str(right['value']['value']).upper()}"
    return f"{_inside(node['left'], COMPARED)} {COMPARISON_SIGNS[node['type']]} {_inside(right, COMPARED)}"


def _between(node: Node) -> str:
    return f"{_inside(node['input'], COMPARED)} BETWEEN {_inside(node['lower'], COMPARED)} AND {_inside(node['upper'], COMPARED)}"


def _operator(node: Node) -> str:
    if node["type"] == "ARRAY_CONSTRUCTOR":
        return f"ARRAY[{_list(node['children'])}]"
    first, *rest = node["children"]
    match node["type"]:
        case "OPERATOR_NOT":
            if first["class"] == "SUBQUERY" and first["subquery_type"] == "ANY" and first["comparison_type"] == "COMPARE_EQUAL":
                return f"{_inside(first['child'], COMPARED)} NOT IN ({query(first['subquery']['node'])})"
            return f"NOT {_inside(first, NOT)}"
        case "OPERATOR_IS_NULL":
            return f"{_inside(first, COMPARED)} IS NULL"
        case "OPERATOR_IS_NOT_NULL":
            return f"{_inside(first, COMPARED)} IS NOT NULL"
        case "OPERATOR_COALESCE":
            return f"COALESCE({_list(node['children'])})"
        case "COMPARE_IN" | "COMPARE_NOT_IN" as kind:
            return f"{_inside(first, COMPARED)} {'IN' if kind == 'COMPARE_IN' else 'NOT IN'} ({_list(rest)})"
    return f"{_inside(first, OTHER)}[{':'.join(map(expression, rest))}]"


def _constant(node: Node) -> str:
    value = node["value"]
    if value["is_null"]:
        return "NULL"
    match value["type"]["id"]:
        case "VARCHAR":
            return text(value["value"])
        case "BOOLEAN":
            return "TRUE" if value["value"] else "FALSE"
        case "DOUBLE":
            return f"{Decimal(repr(value['value'])).normalize():e}"
        case "DECIMAL":
            return _decimal(value["value"], value["type"]["type_info"])
    return str(value["value"])


def _decimal(digits: int, info: Node) -> str:
    """A decimal literal with exactly the digits that its type states: 5 with scale 2 and width 3 → ``0.05``."""
    padded = str(abs(digits)).rjust(max(info["width"], info["scale"]), "0")
    whole, fraction = padded[: len(padded) - info["scale"]], padded[len(padded) - info["scale"] :]
    return f"{'-' if digits < 0 else ''}{whole}.{fraction}"


def _cast(node: Node) -> str:
    child, target = node["child"], node["cast_type"]
    literal = child["value"].get("value") if child["class"] == "CONSTANT" else None
    if isinstance(literal, str) and not node["try_cast"]:
        if target["id"] == "BOOLEAN" and literal in ("t", "f"):
            return "TRUE" if literal == "t" else "FALSE"
        if target["id"] in ("DATE", "TIMESTAMP", "INTERVAL"):
            return f"{target['id']} {text(literal)}"
    return f"{'TRY_CAST' if node['try_cast'] else 'CAST'}({expression(child)} AS {_type(target)})"


def _type(target: Node) -> str:
    if target["id"] == "LIST":
        return f"{_type(target['type_info']['child_type'])}[]"
    if target["id"] == "DECIMAL":
        return f"DECIMAL({target['type_info']['width']}, {target['type_info']['scale']})"
    return str(target["id"])


def _case(node: Node) -> str:
    checks = " ".join(f"WHEN {expression(c['when_expr'])} THEN {expression(c['then_expr'])}" for c in node["case_checks"])
    other = node["else_expr"]
    is_null = other["class"] == "CONSTANT" and other["value"]["is_null"]
    return f"CASE {checks} END" if is_null else f"CASE {checks} ELSE {expression(other)} END"


def _function(node: Node) -> str:
    called, children = node["function_name"], node["children"]
    if (interval := interval_of(node)) is not None and not _is_plain_interval(node):
        amount, unit = interval
        return f"INTERVAL {amount} {unit.removesuffix('s').upper()}" if not amount.startswith("-") else f"INTERVAL ({amount}) {unit[:-1].upper()}"
    if node["is_operator"]:
        return _operation(called, children)
    distinct = "DISTINCT " if node["distinct"] else ""
    orders = f" ORDER BY {_orders(node['order_bys']['orders'])}" if node["order_bys"]["orders"] else ""
    where = f" FILTER (WHERE {expression(node['filter'])})" if node["filter"] else ""
    return f"{_callable(called)}({distinct}{_arguments(called, children)}{orders}){where}"


def _is_plain_interval(node: Node) -> bool:
    """``to_days(7)`` as its author wrote it, not the keyword form."""
    return bool(node["children"][0]["class"] == "CONSTANT")


def _operation(sign: str, children: Sequence[Node]) -> str:
    if len(children) == 1:
        return f"{sign}{_inside(children[0], PRODUCT)}"
    level = COMPARED if sign in LIKE_SIGNS else LEVELS.get(sign, OTHER)
    left_level = level - 1 if sign in LEVELS else level
    return f"{_inside(children[0], left_level)} {LIKE_SIGNS.get(sign, sign)} {_inside(children[1], level)}"


def _callable(called: str) -> str:
    if called == "count_star":
        return "count"
    return called if SIMPLE_NAME.fullmatch(called) else name(called)


def _arguments(called: str, children: Sequence[Node]) -> str:
    if not children and called in ("count", "count_star"):
        return "*"
    return _list(children)


def _subquery(node: Node) -> str:
    inner = query(node["subquery"]["node"])
    match node["subquery_type"]:
        case "EXISTS":
            return f"EXISTS ({inner})"
        case "SCALAR":
            return f"({inner})"
    if node["comparison_type"] == "COMPARE_EQUAL":
        return f"{_inside(node['child'], COMPARED)} IN ({inner})"
    return f"{_inside(node['child'], COMPARED)} {COMPARISON_SIGNS[node['comparison_type']]} ANY ({inner})"


def _window(node: Node) -> str:
    called = node["function_name"]
    arguments = [_arguments(called, node["children"])] if node["children"] or called == "count" else []
    arguments += [expression(node[field]) for field in ("offset_expr", "default_expr") if node[field]]
    distinct = "DISTINCT " if node["distinct"] else ""
    nulls = " IGNORE NULLS" if node["ignore_nulls"] else ""
    where = f" FILTER (WHERE {expression(node['filter_expr'])})" if node["filter_expr"] else ""
    over = [f"PARTITION BY {_list(node['partitions'])}"] if node["partitions"] else []
    over += [f"ORDER BY {_orders(node['orders'])}"] if node["orders"] else []
    over += _frame(node)
    return f"{_callable(called)}({distinct}{', '.join(arguments)}{nulls}){where} OVER ({' '.join(over)})"


def _frame(node: Node) -> list[str]:
    default = node["start"] == "UNBOUNDED_PRECEDING" and node["end"] == "CURRENT_ROW_RANGE"
    exclude = "" if node["exclude_clause"] == "NO_OTHER" else f" EXCLUDE {node['exclude_clause'].replace('_', ' ')}"
    if default and not exclude:
        return []
    unit = "ROWS" if "ROWS" in node["start"] + node["end"] else "RANGE"
    return [f"{unit} BETWEEN {_bound(node, 'start')} AND {_bound(node, 'end')}{exclude}"]


def _bound(node: Node, side: str) -> str:
    bound = node[side]
    if bound.startswith("EXPR"):
        return f"{expression(node[f'{side}_expr'])} {bound.split('_')[1]}"
    return "CURRENT ROW" if bound.startswith("CURRENT") else str(bound.replace("_", " "))


_WRITERS: dict[str, Callable[[Node], str]] = {
    "BETWEEN": _between,
    "CASE": _case,
    "CAST": _cast,
    "COLUMN_REF": lambda node: ".".join(map(name, node["column_names"])),
    "COMPARISON": _comparison,
    "CONJUNCTION": _conjunction,
    "CONSTANT": _constant,
    "FUNCTION": _function,
    "OPERATOR": _operator,
    "SUBQUERY": _subquery,
    "WINDOW": _window,
}
