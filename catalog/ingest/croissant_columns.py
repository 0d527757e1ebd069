"""Columns of a Croissant dataset: fields of its record sets, and what they refer to in others.

https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html
"""

from collections import Counter
from collections.abc import Iterator

from catalog.ingest.jsonld import local_name, name_of, text_of, texts
from catalog.ingest.parts import Part
from catalog.storage.records import DatasetColumn, QualityCheck


def fields_of(root: Part) -> Iterator[Part]:
    """Every field of every record set, those inside others too."""
    for record_set in root["recordSet"].each():
        yield from (field for _, field in _nested(record_set["field"], ""))


def _nested(fields: Part, above: str) -> Iterator[tuple[str, Part]]:
    """Fields with their names, those inside others by their path ``box.x``."""
    for field in fields.each():
        name = _named(field)
        yield f"{above}{name}" if name else "", field
        for inside in ("subField", "annotation"):
            yield from _nested(field[inside], f"{above}{name}." if name else above)


def columns(root: Part, dataset: str, node: str) -> Iterator[DatasetColumn | QualityCheck]:
    """Fields of the record sets that hold data, and what they refer to; a name that several sets have is ``record set/field``."""
    sets = [
        (record_set, [(name, field) for name, field in _nested(record_set["field"], "") if name and not field["value"].present])
        for record_set in root["recordSet"].each()
        if not ({local_name(t) for t in texts(record_set["dataType"].value)} & {"Enumeration", "Split"} or record_set["isEnumeration"].value in (True, "true"))
    ]
    bearers = Counter(name for _, fields in sets for name in {name for name, _ in fields})
    for record_set, fields in sets:
        keys = texts(record_set["key"].value)
        named = {local_name(key) for key in keys}
        for name, field in fields:
            types = [local_name(t) for t in texts(field["dataType"].value)]
            column = name if bearers[name] == 1 else f"{_short(record_set)}/{name}"
            yield DatasetColumn(
                node=node,
                dataset=dataset,
                column_name=column,
                type=", ".join(types) or None,
                definition=text_of(field["description"]),
                glossary_term=next((local_name(t) for t in texts(field["equivalentProperty"].value)), None),
                is_key=name in named or field["@id"].value in keys if keys else None,
            )
            for target in _references(field["references"]):
                yield QualityCheck(
                    node=node,
                    check_id=f"{dataset}/{column}/references/{target}",
                    dataset=dataset,
                    column_name=column,
                    check_name="foreign_key",
                    expected=f"in {target}",
                )


def _references(part: Part) -> list[str]:
    """The fields that a field refers to, ``films/id``: by identifier, inside ``field`` too, and in 0.8 as ``#{films/id}``."""
    found = [line for each in part.each() for line in texts(each["field"].value if isinstance(each.value, dict) and "field" in each.value else each.value)]
    return [line.strip("#{}") for line in found if line.strip("#{}")]


def _named(field: Part) -> str | None:
    """The field's name, which is whole where the column in the file is called so: ``kg/m³``."""
    called = name_of(field["name"])
    return called if called and called == field["source"]["extract"]["column"].value else _short(field)


def _short(part: Part) -> str | None:
    name = name_of(part["name"]) or name_of(part["@id"])
    return name.rstrip("/").rsplit("/", 1)[-1] if name else None
