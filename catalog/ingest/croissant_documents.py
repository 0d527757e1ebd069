"""Croissant documents in one spelling: every way that JSON-LD has to write a term, and datasets found in lists and in ``@graph``.

Nothing is fetched. Terms of schema.org, Croissant and its RAI extension lose their prefix; those of PROV and ODRL keep ``prov:`` and ``odrl:``.
"""

from collections.abc import Callable, Iterator
from typing import Any

from catalog.errors import BadDocument
from catalog.ingest.jsonld import local_name, texts

SPELLED = (
    ("http://www.w3.org/ns/prov#", "prov:"),
    ("http://www.w3.org/ns/odrl/2/", "odrl:"),
    ("http://mlcommons.org/croissant/RAI/", ""),
    ("http://mlcommons.org/croissant/", ""),
    ("http://mlcommons.org/schema/", ""),
    ("http://schema.org/", ""),
    ("http://purl.org/dc/terms/", ""),
)
"""Namespaces and the prefix that their terms have here."""
PREFIXES = {
    "sc": "http://schema.org/", "schema": "http://schema.org/", "cr": "http://mlcommons.org/croissant/", "ml": "http://mlcommons.org/schema/",
    "rai": "http://mlcommons.org/croissant/RAI/", "dct": "http://purl.org/dc/terms/", "dcterms": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#", "odrl": "http://www.w3.org/ns/odrl/2/",
}  # fmt: skip
"""What the usual prefixes stand for where no context says so."""
POINTERS = frozenset({"references", "source", "key", "containedIn", "fileObject", "fileSet", "parentField", "hasPart", "isPartOf", "about"})
"""Terms whose value only points at something: it is not put in the place of the reference."""
MOST_INLINED = 100_000
DEEPEST = 30


def croissants(value: Any) -> list[tuple[str, Any]]:
    """The datasets of a document, each with its path; none when it is not a Croissant document."""
    if isinstance(value, list):
        found = [(f"$[{place}]{path[1:]}", each) for place, entry in enumerate(value) if isinstance(entry, dict) for path, each in croissants(entry)]
        return found
    if not isinstance(value, dict):
        return []
    terms = _context(value.get("@context"))
    known = _is_known(value)
    if "@graph" in value and not _is_dataset(value):
        return _of_graph(value["@graph"], terms, known)
    if not _is_dataset(value) and not _is_dataset({"@type": value.get("type")}):
        return []
    spelled = _spelled(value, terms)
    return [("$", spelled)] if _is_dataset(spelled) and (known or _has_parts(spelled)) else []


def _context(context: Any) -> dict[str, str]:
    """Terms and prefixes that a context declares, to their addresses."""
    terms: dict[str, str] = {}
    for entry in context if isinstance(context, list) else [context]:
        for term, meant in entry.items() if isinstance(entry, dict) else ():
            meant = meant.get("@id") if isinstance(meant, dict) else meant
            if isinstance(term, str) and isinstance(meant, str) and not term.startswith("@"):
                terms[term] = meant
    return terms


def _is_known(value: dict[str, Any]) -> bool:
    """Whether the document as a whole says that it is Croissant: by its context or by what it conforms to."""
    context = value.get("@context")
    contexts = context if isinstance(context, list) else [context]
    said = texts([term for entry in contexts for term in (entry.values() if isinstance(entry, dict) else [entry])])
    said += [*texts(value.get("conformsTo")), *texts(value.get("dct:conformsTo"))]
    return any("croissant" in text or "mlcommons.org" in text for text in said)


def _is_dataset(value: Any) -> bool:
    return isinstance(value, dict) and "Dataset" in [local_name(t) for t in texts(value.get("@type"))]


def _has_parts(spelled: dict[str, Any]) -> bool:
    return "recordSet" in spelled or any("croissant" in text for text in texts(spelled.get("conformsTo")))


def _of_graph(graph: Any, terms: dict[str, str], known: bool) -> list[tuple[str, Any]]:
    """Datasets of a flattened document, what they refer to put in its place.

    A dataset that another one refers to, as its source or its folder, is no dataset of the document unless it conforms to Croissant itself.
    """
    nodes = [_spelled(node, terms) for node in (graph if isinstance(graph, list) else [graph])]
    by_id = {node["@id"]: node for node in nodes if isinstance(node, dict) and isinstance(node.get("@id"), str)}
    datasets = [(f"$.@graph[{place}]", node) for place, node in enumerate(nodes) if _is_dataset(node)]
    own = [(path, node) for path, node in datasets if _has_parts(node)]
    if not own and known:
        named = {each for node in nodes if isinstance(node, dict) for each in _references(node)}
        own = [(path, node) for path, node in datasets if node.get("@id") not in named] or datasets[:1]
    inlined = _Inlined(by_id)
    return [(path, inlined.whole(node, (node.get("@id"),))) for path, node in own]


def _references(value: Any) -> Iterator[str]:
    for key, each in value.items() if isinstance(value, dict) else ():
        for inner in each if isinstance(each, list) else [each]:
            if isinstance(inner, dict):
                if key not in ("about", "isPartOf") and isinstance(inner.get("@id"), str):
                    yield inner["@id"]
                yield from _references(inner)


class _Inlined:
    """Puts the nodes of a graph where they are referred to; a node inside itself stays a reference."""

    def __init__(self, by_id: dict[str, Any]) -> None:
        self.by_id = by_id
        self.left = MOST_INLINED

    def whole(self, value: Any, above: tuple[Any, ...]) -> Any:
        if isinstance(value, list):
            return [self.whole(each, above) for each in value]
        if not isinstance(value, dict):
            return value
        identifier = value.get("@id")
        if len(value) == 1 and identifier in self.by_id and identifier not in above and len(above) < DEEPEST:
            self.left -= 1
            if self.left < 0:
                raise BadDocument("$.@graph", f"at most {MOST_INLINED:,} references")
            value, above = self.by_id[identifier], (*above, identifier)
        return {key: each if key in POINTERS or key.startswith("@") else self.whole(each, above) for key, each in value.items()}


def _spelled(value: Any, terms: dict[str, str]) -> Any:
    """The same value with every term spelled in one way, and plain values without the object or list of one around them."""
    if isinstance(value, list):
        found = [_spelled(each, terms) for each in value]
        return found[0] if len(found) == 1 and not isinstance(found[0], (dict, list)) else found
    if not isinstance(value, dict):
        return value
    if "@value" in value and "@language" not in value:
        return value["@value"]
    if set(value) == {"@list"} or set(value) == {"@set"}:
        return _spelled(next(iter(value.values())), terms)
    spelled: dict[Any, Any] = {}
    for key, each in value.items():
        if key == "@context":
            continue
        name = _name(key, terms)
        # Examples and inline records are data of any shape, not statements.
        said = each if name in ("data", "examples", "@value") else _spelled(each, terms)
        if name not in spelled or name == key:
            spelled[name] = said
    return spelled


def _name(key: Any, terms: dict[str, str]) -> Any:
    if not isinstance(key, str) or key.startswith("@"):
        return key
    address = _expanded(key, terms, lambda prefix: terms.get(prefix) or PREFIXES.get(prefix))
    if address.startswith("@"):
        return address
    address = address.replace("https://", "http://", 1) if address.startswith(("https://schema.org/", "https://mlcommons.org/")) else address
    for namespace, prefix in SPELLED:
        if address.startswith(namespace) and (local := local_name(address)):
            return prefix + local
    return key


def _expanded(key: str, terms: dict[str, str], prefixes: Callable[[str], str | None]) -> str:
    """The address of a term: its own in the context, else its prefix's and its name."""
    meant = terms.get(key, key)
    if meant.startswith("@"):
        return meant
    prefix, colon, rest = meant.partition(":")
    if colon and not rest.startswith("//") and (start := prefixes(prefix)):
        return start + rest
    return meant
