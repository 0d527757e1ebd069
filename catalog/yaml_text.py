"""YAML that somebody else wrote, as plain values: every text ends in a value or in a ``yaml.YAMLError`` that says where.

PyYAML's safe loader alone lets a bad ``!!int`` end in an IndexError, a page of merge keys in gigabytes, and a number in hexadecimal be so long
that Python refuses to write it.
"""

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pydantic import ValidationError

MERGE = "tag:yaml.org,2002:merge"
INT = "tag:yaml.org,2002:int"
MOST_DIGITS = 1000


class _Guarded:
    """What both loaders add to PyYAML's."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if node.tag == INT and len(node.value) > MOST_DIGITS:
            raise yaml.constructor.ConstructorError(None, None, f"a number has at most {MOST_DIGITS} digits", node.start_mark)
        try:
            return super().construct_object(node, deep)  # type: ignore[misc]
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            raise yaml.constructor.ConstructorError(None, None, f"this is no {node.tag.rpartition(':')[2]}", node.start_mark) from None

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """No merge keys (``<<``): each may double all that it merges, and no format here needs them."""
        for key, _ in node.value:
            if key.tag == MERGE:
                raise yaml.constructor.ConstructorError(None, None, "merge keys are not read", key.start_mark)


class Loader(_Guarded, yaml.SafeLoader):
    """For small files: deep nesting ends in a RecursionError."""


class FastLoader(_Guarded, yaml.CSafeLoader):
    """Ten times faster; deep nesting must be kept from it, because libyaml's composer is recursive C."""


def composed(text: str) -> tuple[yaml.Node | None, Any]:
    """The nodes of a small file, whose keys are checked, and its plain value; the text is read once for both.

    Raises `yaml.YAMLError` and, for deep nesting, `RecursionError`.
    """
    loader = Loader(text)
    try:
        root = loader.get_single_node()
        check_keys(root)
        return root, None if root is None else loader.construct_document(root)
    finally:
        loader.dispose()


def check_keys(root: yaml.Node | None) -> None:
    """Raise `yaml.MarkedYAMLError` for a key that stands twice, of which YAML would take the last, or is no plain text."""
    waiting, met = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in met:  # an alias
            continue
        met.add(id(node))
        if isinstance(node, yaml.MappingNode):
            seen = set[str]()
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    raise yaml.constructor.ConstructorError(None, None, "a key is no text", key.start_mark)
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"the key {key.value!r} stands twice", key.start_mark)
                seen.add(key.value)
                waiting.append(value)
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def find(node: yaml.Node | None, mark: tuple[str | int, ...]) -> tuple[int, tuple[str | int, ...]]:
    """Line, from 1, of the deepest node that keys and positions lead to, and the steps that were found."""
    line, known = 1, list[str | int]()
    for step in mark:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == str(step)), None)
            if pair is None:
                continue
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            continue
        known.append(step)
    return line, tuple(known)


def first_fault(error: "ValidationError") -> tuple[tuple[str | int, ...], str]:
    """Where the first fault is that pydantic finds, for `find`, and what it is; of a key that is missing, which one."""
    first = error.errors(include_url=False)[0]
    return first["loc"], f"{first['loc'][-1]} is missing" if first["type"] == "missing" else first["msg"]
