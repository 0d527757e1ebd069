"""RDF documents as graphs, and one resource of a graph with what is said of it.

Nothing is ever fetched: a JSON-LD context that lies elsewhere is one of a few known ones, else the document is refused.
https://www.w3.org/TR/json-ld11/ and https://www.w3.org/TR/turtle/, both read by rdflib.
"""

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax import SAXException

from catalog.errors import BadDocument
from catalog.ingest.dcat_terms import BASE, LABELS, NAMESPACES, SPOKEN, remote_context
from catalog.ingest.documents import RdfText
from catalog.ingest.languages import NAMES
from catalog.ingest.parts import Complain, Part

if TYPE_CHECKING:
    from rdflib import Graph
    from rdflib.term import Node

MOST_CHARACTERS = 20_000_000
"""Of RDF text; rdflib reads about a megabyte a second."""
DEEPEST = 100
"""Levels of nesting of JSON-LD."""
BROKEN = (ValueError, TypeError, LookupError, AttributeError, AssertionError, SyntaxError, SAXException)
"""What rdflib's parsers raise for text that is none of theirs, besides errors of its own."""


def graph_of(value: Any) -> "Graph":
    """The graph that RDF text or a JSON-LD value states; raises BadDocument."""
    from rdflib import Graph  # 0.2 s that only RDF documents pay
    from rdflib.exceptions import Error
    from rdflib.plugins.parsers.jsonld import to_rdf
    from rdflib.plugins.shared.jsonld.errors import JSONLDException

    logging.getLogger("rdflib").setLevel(logging.CRITICAL)  # it logs what readers complain about with a path
    graph = Graph(store="SimpleMemory", bind_namespaces="none")
    try:
        if isinstance(value, RdfText):
            _refuse(value)
            graph.parse(data=value.text, format=value.syntax, publicID=BASE)
        else:
            to_rdf(_without_remote(value, "$", 0), graph, base=BASE, version=1.1)
    except BadDocument:
        raise
    except (*BROKEN, Error, JSONLDException) as error:
        syntax = {"turtle": "Turtle", "nt": "N-Triples", "xml": "RDF/XML"}[value.syntax] if isinstance(value, RdfText) else "JSON-LD"
        raise BadDocument("$", f"{syntax}, but {_reason(error)}") from None
    return graph


def _refuse(text: RdfText) -> None:
    if len(text.text) > MOST_CHARACTERS:
        raise BadDocument("$", f"at most {MOST_CHARACTERS:,} characters of RDF")
    if text.syntax == "xml" and re.search(r"<!(DOCTYPE|ENTITY)", text.text):
        raise BadDocument("$", "RDF/XML without a document type declaration")


def _reason(error: Exception) -> str:
    line = getattr(error, "lines", None)  # of a Turtle syntax error, from 0
    if isinstance(line, int):
        return f"there is a syntax error at line {line + 1}"
    return " ".join(str(error).split())[:200] or "it cannot be parsed"


def _without_remote(value: Any, path: str, depth: int) -> Any:
    """The value with every context that lies elsewhere replaced by what is known of it."""
    if depth > DEEPEST:
        raise BadDocument(path, f"at most {DEEPEST} levels of nesting")
    if isinstance(value, list):
        return [_without_remote(each, f"{path}[{i}]", depth + 1) for i, each in enumerate(value)]
    if not isinstance(value, dict):
        return value
    found = {}
    for key, each in value.items():
        here = f"{path}.{key}"
        if key == "@context":
            each = [_context(one, here) for one in each] if isinstance(each, list) else _context(each, here)
        elif isinstance(each, dict) and re.split(r"[.:/#]", str(key))[-1] in SPOKEN and _is_spoken(each):
            each = [{"@value": text, "@language": language} for language, said in each.items() for text in (said if isinstance(said, list) else [said])]
        elif key == "@import":
            raise BadDocument(here, "a context that imports no other: Steward fetches nothing")
        found[key] = _without_remote(each, here, depth + 1)
    return found


def _is_spoken(value: dict[Any, Any]) -> bool:
    """Whether a value says one text in several languages."""
    texts = [text for said in value.values() for text in (said if isinstance(said, list) else [said])]
    return bool(value) and all(re.split("[-_]", str(key))[0].lower() in NAMES for key in value) and all(isinstance(text, str) for text in texts)


def _context(context: Any, path: str) -> Any:
    if not isinstance(context, str):
        return context
    known = remote_context(context)
    if known is None:
        raise BadDocument(path, f"the context itself or one that Steward knows, and it fetches none: {context[:200]}")
    return known


def contexts_of(value: Any) -> str:
    """The contexts and types at the top of a JSON-LD value, as text to look for a vocabulary in."""
    tops = value if isinstance(value, list) else [value]
    said: list[Any] = []
    for top in tops[:20]:
        if isinstance(top, dict):
            inside = top.get("@graph")
            nodes = inside if isinstance(inside, list) else [inside]
            said += [top.get("@context"), *(each.get("@type") for each in [top, *nodes[:50]] if isinstance(each, dict))]
    return json.dumps([each for each in said if each], default=str)


@dataclass(frozen=True, slots=True)
class Thing:
    """A resource or literal of a graph; ``thing.all("dct:title")`` are the things that it has as titles.

    Terms are ``prefix:name`` of ``dcat_terms.NAMESPACES``. Things come in the document's order.
    """

    graph: "Graph"
    node: "Node"
    path: str
    complain: Complain

    def all(self, *terms: str) -> list["Thing"]:
        """What the thing has under any of the terms; the members of a list instead of the list."""
        from rdflib import URIRef

        found: dict[Node, Thing] = {}
        for term in terms:
            for iri in spellings(term):
                for node in self.graph.objects(self.node, URIRef(iri)):
                    for each in self._members(node):
                        found.setdefault(each, Thing(self.graph, each, f"{self.path} {term}", self.complain))
        return list(found.values())

    def _members(self, node: "Node") -> Iterator["Node"]:
        from rdflib import RDF

        seen = set()
        if (node, RDF.first, None) not in self.graph:
            yield node
            return
        while node is not None and node not in seen and node != RDF.nil:
            seen.add(node)
            yield from self.graph.objects(node, RDF.first)
            node = next(self.graph.objects(node, RDF.rest), RDF.nil)

    def inverse(self, *terms: str) -> list["Thing"]:
        """Things that have this one under any of the terms."""
        from rdflib import URIRef

        nodes = [node for term in terms for iri in spellings(term) for node in self.graph.subjects(URIRef(iri), self.node)]
        return [Thing(self.graph, node, _path(node), self.complain) for node in dict.fromkeys(nodes)]

    def one(self, *terms: str) -> "Part":
        """The first text or address under the terms, the terms' order deciding, to be read as a value."""
        for term in terms:
            if found := self.all(term):
                return Part(found[0].said, found[0].path, self.complain)
        return Part(None, f"{self.path} {terms[0]}", self.complain)

    @property
    def is_literal(self) -> bool:
        """Whether it is a value and not a thing with statements of its own."""
        from rdflib import Literal

        return isinstance(self.node, Literal)

    @property
    def said(self) -> str:
        """The literal's text, or the resource's address; empty for one that has none."""
        from rdflib import BNode

        return "" if isinstance(self.node, BNode) else str(self.node).removeprefix(BASE)

    @property
    def iri(self) -> str | None:
        """The resource's own address; None for a literal, for one without and for one relative to the document."""
        from rdflib import URIRef

        return self.said if isinstance(self.node, URIRef) and not str(self.node).startswith(BASE) else None

    @property
    def code(self) -> str:
        """The last part of the resource's address, or the literal: ``…/frequency/DAILY`` → ``DAILY``."""
        return self.said if self.is_literal else re.split(r"[/#:]", self.said.rstrip("/#"))[-1]

    @property
    def label(self) -> str | None:
        """The literal on one line, or the name that the resource is given."""
        if self.is_literal:
            return Part(self.said, self.path, self.complain).line()
        return next((line for text in self.texts(*LABELS) if (line := Part(text, self.path, self.complain).line())), None)

    @property
    def types(self) -> set[str]:
        """Local names of the resource's types."""
        return {each.code for each in self.all("rdf:type")}

    def texts(self, *terms: str) -> list[str]:
        """Texts under the terms, English before those of no language before others."""
        found = [each for each in self.all(*terms) if each.is_literal and each.said.strip()]
        return [each.said.strip() for each in sorted(found, key=lambda each: _language_rank(each.node))]

    def labels(self, *terms: str) -> list[str]:
        """Names or last parts of addresses of the things under the terms."""
        return [name for each in self.all(*terms) if (name := each.label or each.code)]


def spellings(term: str) -> list[str]:
    """Addresses of a term, in every spelling of its namespace that documents have."""
    prefix, _, name = term.partition(":")
    return [f"{namespace}{name}" for namespace in NAMESPACES[prefix]]


def of_type(graph: "Graph", complain: Complain, *terms: str) -> list[Thing]:
    """Things of any of these types, in the document's order."""
    from rdflib import RDF, URIRef

    nodes = [node for term in terms for iri in spellings(term) for node in graph.subjects(RDF.type, URIRef(iri))]
    return [Thing(graph, node, _path(node), complain) for node in dict.fromkeys(nodes)]


def _path(node: "Node") -> str:
    from rdflib import BNode

    return "[]" if isinstance(node, BNode) else f"<{str(node).removeprefix(BASE)}>"


def _language_rank(node: Any) -> int:
    language = (node.language or "").lower()
    return 0 if language.split("-")[0] == "en" else 1 if not language else 2
