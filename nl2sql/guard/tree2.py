"""Puts a parse tree of DuckDB 2.0 into the form of DuckDB 1.5, which ``shapes`` lists and the guard reads.

A class has exactly the fields that ``shapes`` has for it, less what 2.0 dropped and with what it added (`CHANGES`); a field
that says the same twice must say the same. Anything else is refused, so nothing is approved that the guard did not see.
Written after trees of DuckDB 2.0.0; ``tests/nl2sql/guard/golden_trees.py`` keeps some.
"""

from collections.abc import Callable, Sequence
from typing import Any

from nl2sql.errors import NotAllowed
from nl2sql.guard.expressions import KEYWORDS
from nl2sql.guard.identifiers import fold
from nl2sql.guard.shapes import CTE, EXPRESSIONS, MODIFIERS, ORDERING, QUERIES, RELATIONS, Rule
from nl2sql.guard.tree import Node, refusal, words
from nl2sql.guard.tree2_values import LOCATIONS, constant, expect, plain, type_of

# By class: fields of 1.5 that 2.0 lacks, and fields of 2.0 that 1.5 lacks.
CHANGES: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "CAST": (frozenset({"cast_type"}), frozenset({"type_expr"})),
    "CONSTANT": (frozenset({"value"}), frozenset({"literal"})),
    "FUNCTION": (frozenset({"children"}), frozenset({"arguments", "qualified_name"})),
    "WINDOW": (frozenset({"children"}), frozenset({"arguments", "qualified_name", "has_ignore_nulls"})),
    "BASE_TABLE": (frozenset(), frozenset({"qualified_name"})),
    "JOIN": (frozenset(), frozenset({"is_implicit", "ranking_expression", "nearest_count", "nearest_order_type", "nearest_approx"})),
    "LIMIT_MODIFIER": (frozenset(), frozenset({"limit_type"})),
    "SET_OPERATION_NODE": (frozenset(), frozenset({"children"})),
    "CTE": (frozenset({"query"}), frozenset({"query_node", "payload_aggregates"})),
}
ESCAPES = frozenset({"like_escape", "not_like_escape", "ilike_escape", "not_ilike_escape"})
PLAIN_CALL: Node = {
    **{"type": "FUNCTION", "schema": "", "catalog": "", "filter": None, "order_bys": {"type": "ORDER_MODIFIER", "orders": []}},
    **{"distinct": False, "is_operator": False, "export_state": False},
}
_PAIRS = {
    "COMPARE_EQUAL": "COMPARE_NOTEQUAL",
    "COMPARE_LESSTHAN": "COMPARE_GREATERTHANOREQUALTO",
    "COMPARE_GREATERTHAN": "COMPARE_LESSTHANOREQUALTO",
    "COMPARE_DISTINCT_FROM": "COMPARE_NOT_DISTINCT_FROM",
    "COMPARE_IN": "COMPARE_NOT_IN",
}
OPPOSITES = _PAIRS | {opposite: kind for kind, opposite in _PAIRS.items()}
_MATERIALIZED = CTE["materialized"]


def translated(statement: Any) -> Node:
    """A statement's tree as DuckDB 1.5 has it. Raises `NotAllowed` at the first thing that is not known.

    Enumerations and names are the walk's business, which comes after (`tree.check`).
    """
    try:
        return _query(statement)
    except RecursionError as error:
        raise NotAllowed("The SQL is nested too deeply or holds unreadable text.") from error


def _fields(node: Any, shape: dict[str, Rule], common: dict[str, Rule], kind: str) -> Node:
    """The fields that both versions have, translated. Raises `NotAllowed` unless the node has those of 2.0 and no other."""
    gone, new = CHANGES.get(kind, (frozenset(), frozenset()))
    expect(isinstance(node, dict) and node.keys() - LOCATIONS == (shape.keys() | common.keys()) - gone | new, words(kind))
    return {field: _value(rule, node[field]) for field, rule in (*common.items(), *shape.items()) if field not in gone}


def _value(rule: Rule, value: Any) -> Any:
    if isinstance(rule, str) and rule in _RULES:
        return _RULES[rule](value)
    return value  # plain values, which the walk looks at


def _kind(node: Any, field: str, known: dict[str, Any], what: str) -> str:
    kind = node.get(field) if isinstance(node, dict) else None
    if not isinstance(kind, str) or kind not in known:
        raise refusal(f"the {what} {words(str(kind))}")
    return kind


def _list(value: Any, of: Callable[[Any], Any]) -> list[Any]:
    expect(isinstance(value, list), "a list")
    return [of(item) for item in value]


def _sets(value: Any) -> list[list[Any]]:
    return _list(value, lambda group: _list(group, lambda index: index))


def _query(query: Any) -> Node:
    expect(isinstance(query, dict) and query.keys() == {"node", "named_param_map"}, "subquery")
    return {**query, "node": _query_node(query["node"])}


def _query_node(node: Any) -> Node:
    kind = _kind(node, "type", QUERIES, "clause")
    made = _fields(node, QUERIES[kind], {"type": "text", "modifiers": "modifiers", "cte_map": "ctes"}, kind)
    return made if kind == "SELECT_NODE" else _set_operation(made, _list(node["children"], _query_node))


def _set_operation(made: Node, children: Sequence[Node]) -> Node:
    """``a UNION b UNION c`` is one node of three in 2.0 and ``a UNION (b UNION c)`` in 1.5."""
    chain = isinstance(made["setop_type"], str) and made["setop_type"].startswith("UNION")
    expect(made["left"] is made["right"] is None and (len(children) == 2 or (len(children) > 2 and chain)), "a set operation")
    *first, right = children
    for left in reversed(first[1:]):
        right = {**made, "modifiers": [], "cte_map": {"map": []}, "left": left, "right": right}
    return {**made, "left": first[0], "right": right}


def _ctes(value: Any) -> Node:
    expect(isinstance(value, dict) and value.keys() == {"map"}, "WITH")
    return {"map": _list(value["map"], _cte)}


def _cte(entry: Any) -> Node:
    expect(isinstance(entry, dict) and entry.keys() == {"key", "value"}, "WITH")
    node = entry["value"]
    made = _fields(node, CTE, {}, "CTE")
    expect(node["payload_aggregates"] == [] and isinstance(made["materialized"], str) and made["materialized"] in _MATERIALIZED, "WITH")
    # Trees of 1.5 say nothing of [NOT] MATERIALIZED, which changes no result.
    made |= {"query": {"node": _query_node(node["query_node"]), "named_param_map": []}, "materialized": "CTE_MATERIALIZE_DEFAULT"}
    return {"key": entry["key"], "value": made}


def _modifier(node: Any) -> Node:
    kind = _kind(node, "type", MODIFIERS, "clause")
    made = _fields(node, MODIFIERS[kind], {"type": "text"}, kind)
    if kind == "LIMIT_MODIFIER" and node["limit_type"] != "ROW_COUNT":
        raise refusal("the clause limit percent modifier")
    return made


def _order(node: Any) -> Node:
    return _fields(node, ORDERING, {}, "ORDER BY")


def _relation(node: Any) -> Node:
    kind = _kind(node, "type", RELATIONS, "clause")
    made = _fields(node, RELATIONS[kind], {"type": "text", "alias": "text", "sample": "absent"}, kind)
    if kind == "BASE_TABLE":
        _agree(node, "catalog_name", "schema_name", "table_name")
    elif kind == "JOIN":
        plain = (node["ranking_expression"], node["nearest_count"], node["nearest_order_type"], node["nearest_approx"])
        expect(isinstance(node["is_implicit"], bool) and plain == (None, 1, "ASCENDING", False), "join")
    return made


def _agree(node: Node, *parts: str) -> None:
    """A qualified name says the same as the fields beside it."""
    path = [node[part] for part in parts if node[part] != ""]
    expect(isinstance(node["qualified_name"], dict) and node["qualified_name"] == {"path": path}, "a name")


def _expression(node: Any) -> Node:
    kind = _kind(node, "class", EXPRESSIONS, "expression")
    made = _fields(node, EXPRESSIONS[kind], {"class": "text", "alias": "text"}, kind)
    match kind:
        case "CONSTANT":
            expect(made["type"] == "VALUE_CONSTANT", "a literal")
            return constant(node["literal"], made["alias"])
        case "CAST":
            made["cast_type"] = type_of(node["type_expr"])
        case "FUNCTION" | "WINDOW":
            _agree(node, "catalog", "schema", "function_name")
            made["children"] = _list(node["arguments"], _argument)
            expect(isinstance(made["function_name"], str), "a name")
            if kind == "FUNCTION":
                return _function(made)
            _window(node, made)
        case "OPERATOR" if made["type"] == "OPERATOR_NOT":
            return _negation(made)
        case "COMPARISON" if made["type"] in ("COMPARE_DISTINCT_FROM", "COMPARE_NOT_DISTINCT_FROM") and _is_truth(made["left"]):
            if node["left"]["class"] == "CAST" and node["right"]["class"] == "CONSTANT" and made["right"]["class"] == "CAST":
                # IS TRUE has a plain boolean in 1.5, beside the cast that the parser adds.
                made["right"] = plain("BOOLEAN", made["right"]["child"]["value"]["value"] == "t", made["right"]["alias"])
    return made


def _argument(argument: Any) -> Node:
    expect(isinstance(argument, dict) and argument.keys() == {"name", "expression"}, "an argument")
    if argument["name"] != "":
        raise NotAllowed("Named arguments are not part of what Steward runs.")
    return _expression(argument["expression"])


def _function(made: Node) -> Node:
    """What the parser of 1.5 makes of calls that have a grammar of their own, and 2.0 leaves as they are."""
    name = fold(made["function_name"])
    if made["schema"] == "" and name in KEYWORDS:
        made["schema"] = "main"
    if name in ESCAPES and made["is_operator"] is True:
        made["is_operator"] = False
    if name == "if" and len(made["children"]) == 3 and all(made[field] == plain for field, plain in PLAIN_CALL.items()):
        when, then, other = made["children"]
        check = {"when_expr": when, "then_expr": then}
        return {"class": "CASE", "type": "CASE_EXPR", "alias": made["alias"], "case_checks": [check], "else_expr": other}
    return made


def _negation(made: Node) -> Node:
    """``NOT a = b`` is ``a <> b`` in trees of 1.5, NULL being NULL in both."""
    inner = made["children"][0] if len(made["children"]) == 1 else made
    opposite = OPPOSITES.get(inner["type"]) if isinstance(inner["type"], str) else None
    if inner["class"] not in ("COMPARISON", "OPERATOR") or opposite is None or inner["alias"] != "":
        return made
    return {**inner, "type": opposite, "alias": made["alias"]}


def _window(node: Node, made: Node) -> None:
    """Offset and default of ``lag`` and ``lead`` are arguments in 2.0 and have fields of their own in 1.5."""
    nulls = (node["has_ignore_nulls"], node["ignore_nulls"])
    expect(nulls in ((False, False), (True, False), (True, True)) and all(isinstance(n, bool) for n in nulls), "window")
    expect(made["offset_expr"] is made["default_expr"] is None, "window")
    if made["type"] in ("WINDOW_LAG", "WINDOW_LEAD"):
        value, *rest = made["children"] or [None]
        expect(value is not None and len(rest) <= 2, "window")
        made |= {"children": [value], **dict(zip(("offset_expr", "default_expr"), rest, strict=False))}


def _is_truth(node: Node) -> bool:
    """A cast to BOOLEAN, which the parser adds on the left of IS TRUE."""
    return bool(node["class"] == "CAST" and node["cast_type"]["id"] == "BOOLEAN" and node["try_cast"] is False)


def _optional(node: Any) -> Node | None:
    return None if node is None else _expression(node)


def _expressions(value: Any) -> list[Node]:
    return _list(value, _expression)


def _check(value: Any) -> Node:
    return _fields(value, {"when_expr": "expression", "then_expr": "expression"}, {}, "CASE check")


_RULES: dict[str, Callable[[Any], Any]] = {
    "query": _query,
    "query node": lambda value: value,  # both sides of a set operation, which 2.0 leaves empty
    "relation": _relation,
    "modifier": _modifier,
    "expression": _expression,
    "expression?": _optional,
    "expressions": _expressions,
    "modifiers": lambda value: _list(value, _modifier),
    "orders": lambda value: _list(value, _order),
    "rows": lambda value: _list(value, _expressions),
    "cases": lambda value: _list(value, _check),
    "ctes": _ctes,
    "sets": _sets,
}
