"""The fields of an OpenLineage schema facet all at once, where they are plain: text for name, type and description and nothing below them.

Reading them one by one with `Part` says the same and what is wrong besides, in ten times the time.
"""

from typing import Any

from catalog.ingest.parts import LONGEST_LINE, LONGEST_TEXT, one_line


def plain_lines(fields: Any) -> tuple[str, str, str] | None:
    """Lines of names, types and definitions; None where a field is nested, nameless, said twice or odd, or there is none."""
    if type(fields) is not list or set(map(type, fields)) != {dict} or "fields" in keys_of(fields):
        return None
    told = [["" if (value := field.get(key)) is None else value for field in fields] for key in ("name", "type", "description")]
    if any(set(map(type, column)) != {str} for column in told):
        return None
    names, types = _one_lines(told[0]), _one_lines(told[1])
    definitions = "\n".join([text.strip()[:LONGEST_TEXT] for text in told[2]])
    if "" in names or len(set(names)) < len(names) or definitions.count("\n") >= len(names):
        return None
    return "\n".join(names), "\n".join(types), definitions


def keys_of(fields: Any) -> set[str]:
    """Every key of the objects in a list, or of one that stands alone."""
    held = fields if isinstance(fields, list) else [fields]
    return set().union(*[field for field in held if isinstance(field, dict)])


def _one_lines(texts: list[str]) -> list[str]:
    """Each text as `one_line` has it, '' for nothing; all at once where there is no white space in any."""
    if "\n".join(texts).split() == texts and max(map(len, texts)) <= LONGEST_LINE:
        return texts
    return [one_line(text) or "" for text in texts]
