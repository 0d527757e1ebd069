"""Values of JSON-LD documents, which write one thing in several ways: a text, a list of one, an object that names it.

Knows no vocabulary.
"""

import re

from catalog.ingest.languages import NAMES
from catalog.ingest.parts import Part


def texts(value: object) -> list[str]:
    """Texts of a value or list, a reference being the text it refers to."""
    values = value if isinstance(value, list) else [value]
    return [v for v in values if isinstance(v, str)] + [
        v["@id"] for v in values if isinstance(v, dict) and isinstance(v.get("@id"), str)
    ]


def local_name(term: str) -> str:
    """The local name of a term: ``sc:Dataset`` and ``https://schema.org/Dataset`` → ``Dataset``."""
    return re.split(r"[/#:]", term)[-1]


def text_of(part: Part) -> str | None:
    """Text that may be said in several languages, English first: ``{"@value": "…"}``, ``{"en": "…"}`` or a list of either."""
    if isinstance(part.value, dict):
        if "@value" in part.value:
            return part["@value"].text()
        if "name" in part.value:
            return text_of(part["name"])
        return next((said for key in _languages(part.value) if (said := text_of(part[key]))), None)
    every = [each for each in part.each() if not isinstance(each.value, list)]
    every.sort(key=lambda each: not (isinstance(each.value, dict) and str(each.value.get("@language")).lower().startswith("en")))
    return next((said for each in every if (said := text_of(each) if isinstance(each.value, dict) else each.text())), None)


def _languages(said: dict[object, object]) -> list[str]:
    """Keys of a language map, English first; none of any other object."""
    keys = [key for key in said if isinstance(key, str)]
    if len(keys) < len(said) or keys == ["id"] or any(re.split("[-_]", key)[0].lower() not in NAMES for key in keys):
        return []
    return sorted(keys, key=lambda key: not key.lower().startswith("en"))


def bare(part: Part) -> Part:
    """A value without the object that JSON-LD may put around it: ``{"@value": "1.2", "@type": "xsd:string"}``."""
    return part["@value"] if isinstance(part.value, dict) and "@value" in part.value else part


def name_of(part: Part) -> str | None:
    """A text on one line, as names are."""
    said = text_of(part)
    return " ".join(said.split())[:500] or None if said else None


def names_of(part: Part) -> list[str]:
    """Names of the things in a list, written as text or as objects that have a name, or a given and a family name."""
    return [name for each in part.each() if (name := _called(each))]


def _called(part: Part) -> str | None:
    if not isinstance(part.value, dict):
        return name_of(part)
    if "name" in part.value:
        return name_of(part["name"])
    return name_of(part) or " ".join(said for key in ("givenName", "familyName") if (said := name_of(part[key]))) or None
