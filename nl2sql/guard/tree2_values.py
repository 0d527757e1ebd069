"""Literals and types of a DuckDB 2.0 tree as DuckDB 1.5 has them: ``1.50`` is a DECIMAL(3, 2), ``int4`` an INTEGER."""

import math
import re
from typing import Any

from nl2sql.guard.identifiers import fold
from nl2sql.guard.tree import Node, refusal

LOCATIONS = frozenset({"query_location", "query_location_length"})
"""Places in the text, which mean nothing."""
TYPE_FIELDS = frozenset({"class", "type", "alias", "catalog", "schema", "type_name", "children", "qualified_name"})
TYPE_NAMES = {
    name: identifier
    for identifier, names in {
        "VARCHAR": "varchar text string char bpchar nvarchar",
        "BOOLEAN": "boolean bool logical",
        "TINYINT": "tinyint int1",
        "SMALLINT": "smallint int2 int16 short",
        "INTEGER": "integer int int4 int32 integral signed",
        "BIGINT": "bigint int8 int64 long oid",
        "HUGEINT": "hugeint int128",
        "FLOAT": "float float4 real",
        "DOUBLE": "double float8",
        "DECIMAL": "decimal dec numeric",
        "DATE": "date",
        "TIMESTAMP": "timestamp datetime timestamp_us",
        "INTERVAL": "interval",
    }.items()
    for name in names.split()
}
"""What DuckDB 1.5 makes of a type's name; 2.0 leaves that to its binder."""
CONSTANT_FIELDS = frozenset({"class", "type", "alias", "literal"})
OTHER_TYPE = "a type other than text, numbers, booleans, dates, timestamps and lists of them"
OTHER_LITERAL = "a literal other than text, numbers, booleans and NULL"
_WHOLE = re.compile(r"-?[0-9]+(_[0-9]+)*", re.ASCII)
_NUMERIC = re.compile(r"-?([0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)([eE][+-]?[0-9]+)?", re.ASCII)


def expect(holds: bool, what: str) -> None:
    """Raise `NotAllowed` unless it holds."""
    if not holds:
        raise refusal(f"an unknown form of {what}")


def plain(identifier: str, value: Any, alias: str, info: Node | None = None) -> Node:
    """A literal in the tree of 1.5."""
    value = {"type": {"id": identifier, "type_info": info}, "is_null": False, "value": value}
    return {"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": alias, "value": value}


def constant(literal: Any, alias: str) -> Node:
    """A literal with the type that the parser of 1.5 gives it. TRUE is a cast of a text there."""
    expect(isinstance(literal, dict) and literal.keys() == {"kind", "text"}, "a literal")
    kind, text = literal["kind"], literal["text"]
    expect(isinstance(text, str), "a literal")
    match kind:
        case "STRING":
            return plain("VARCHAR", text, alias)
        case "NULL_LITERAL" if text == "":
            value = {"type": {"id": "NULL", "type_info": None}, "is_null": True}
            return {"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": alias, "value": value}
        case "BOOLEAN" if text in ("true", "false"):
            child = plain("VARCHAR", text[0], "")
            cast = {"class": "CAST", "type": "OPERATOR_CAST", "alias": alias, "child": child}
            return {**cast, "cast_type": {"id": "BOOLEAN", "type_info": None}, "try_cast": False}
        case "INTEGER" if _WHOLE.fullmatch(text):
            return _whole(text.replace("_", ""), alias)
        case "NUMERIC" if _NUMERIC.fullmatch(text):
            return _numeric(text.replace("_", ""), alias)
    raise refusal(OTHER_LITERAL)


def _whole(text: str, alias: str) -> Node:
    value = int(text) if len(text) <= 40 else 2**128
    if -(2**31) < value < 2**31:
        return plain("INTEGER", value, alias)
    if -(2**63) <= value < 2**63:
        return plain("BIGINT", value, alias)
    if abs(value) < 2**128:
        return plain("HUGEINT" if value < 2**127 else "UHUGEINT", _wide(value), alias)
    return _double(text, alias)


def _numeric(text: str, alias: str) -> Node:
    whole, _, fraction = text.partition(".")
    digits = whole.removeprefix("-") + fraction
    if "e" in text.lower() or len(digits) > 38:
        return _double(text, alias)
    info = {"type": "DECIMAL_TYPE_INFO", "alias": "", "extension_info": None, "width": len(digits), "scale": len(fraction)}
    value = int(f"-{digits}" if text.startswith("-") else digits)
    return plain("DECIMAL", value if len(digits) <= 18 else _wide(value), alias, info)


def _wide(value: int) -> Node:
    """A number of 128 bits, which stands in two halves."""
    return {"upper": value >> 64, "lower": value & (2**64 - 1)}


def _double(text: str, alias: str) -> Node:
    value = float(text)
    expect(math.isfinite(value), "a literal")
    return plain("DOUBLE", value, alias)


def type_of(node: Any) -> Node:
    """A type by its name and modifiers: ``DECIMAL(10, 2)``, ``INTEGER[]``."""
    if not isinstance(node, dict) or node.keys() - LOCATIONS != TYPE_FIELDS or not isinstance(node["type_name"], str):
        raise refusal(OTHER_TYPE)
    plain = (node["class"], node["type"], node["alias"], node["catalog"], node["schema"]) == ("TYPE", "TYPE", "", "", "")
    if not plain or node["qualified_name"] != {"path": [node["type_name"]]} or not isinstance(node["children"], list):
        raise refusal(OTHER_TYPE)
    name, children = fold(node["type_name"]), node["children"]
    if name == "list" and len(children) == 1:
        inner = type_of(children[0])
        return {"id": "LIST", "type_info": {"type": "LIST_TYPE_INFO", "alias": "", "extension_info": None, "child_type": inner}}
    identifier = TYPE_NAMES.get(name)
    sizes = [_size(child) for child in children]
    if identifier is None or len(sizes) > {"DECIMAL": 2, "VARCHAR": 1}.get(identifier, 0):
        raise refusal(OTHER_TYPE)
    if identifier != "DECIMAL":
        return {"id": identifier, "type_info": None}
    width, scale = (*sizes, 0)[:2] if sizes else (18, 3)
    if not 1 <= width <= 38 or not 0 <= scale <= width:
        raise refusal(OTHER_TYPE)
    info = {"type": "DECIMAL_TYPE_INFO", "alias": "", "extension_info": None, "width": width, "scale": scale}
    return {"id": "DECIMAL", "type_info": info}


def _size(node: Any) -> int:
    """A type's modifier, which is a plain whole number."""
    plain = isinstance(node, dict) and node.keys() - LOCATIONS == CONSTANT_FIELDS
    if not plain or (node["class"], node["type"], node["alias"]) != ("CONSTANT", "VALUE_CONSTANT", ""):
        raise refusal(OTHER_TYPE)
    value = constant(node["literal"], node["alias"])
    if value["class"] != "CONSTANT" or value["value"]["type"]["id"] != "INTEGER":
        raise refusal(OTHER_TYPE)
    size: int = value["value"]["value"]
    return size
