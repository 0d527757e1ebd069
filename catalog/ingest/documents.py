"""Files as parsed documents: finds them under the given paths and reads JSON, newline-delimited JSON and YAML, and tells RDF text.

Whatever a file holds, reading it ends in a value or in a reason; knows no format.
"""

import json
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from catalog.errors import BadDocument, UsageError
from catalog.opening import regular

LARGEST_BYTES = 100_000_000
DEEPEST = 200
"""Levels of nesting; libyaml's composer is recursive C and would take the process down with it."""
STRUCTURED = frozenset({".json", ".jsonl", ".ndjson", ".jsonld", ".yaml", ".yml"})
RDF_SUFFIXES = {".ttl": "turtle", ".nt": "nt", ".rdf": "xml"}
SIGNATURES = (
    (b"\x1f\x8b", "compressed (gzip): unpack it first"),
    (b"PK\x03\x04", "a ZIP archive: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed (Zstandard): unpack it first"),
    (b"\xff\xfe", "UTF-16: save it as UTF-8"),
    (b"\xfe\xff", "UTF-16: save it as UTF-8"),
)
"""How files begin that hold no text to read as it is."""
TURTLE = re.compile(r"(?:\s|#[^\n]*\n)*(?:@prefix|@base|PREFIX)\s")

DECODER = json.JSONDecoder(parse_constant=lambda _: None)
"""One for all: to make it takes as long as to read a short line."""


@dataclass(frozen=True, slots=True)
class RdfText:
    """Text that is RDF rather than JSON or YAML, not parsed yet; ``syntax`` is turtle, nt or xml."""

    text: str
    syntax: str


def find(paths: list[Path]) -> Iterator[tuple[Path, str]]:
    """Files under the paths in order, with what is wrong with them ('' when nothing); hidden ones are left out.

    Raises UsageError for a path that does not exist.
    """
    for path in paths:
        if not os.path.lexists(path):
            raise UsageError(f"There is no file or folder {path}.", "Check the path.")
    seen: set[str] = set()
    for path in paths:
        yield from _walk(path, seen, ())


def _walk(path: Path, seen: set[str], above: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    try:
        mode = path.stat().st_mode
        real = os.path.realpath(path)
    except OSError as error:
        yield path, _reason(error)
        return
    if stat.S_ISDIR(mode):
        if real in above:
            yield path, "a link into a folder above it"
        elif real not in seen:
            seen.add(real)
            try:
                inside = sorted(path.iterdir())
            except OSError as error:
                yield path, _reason(error)
                return
            for child in inside:
                if not child.name.startswith("."):
                    yield from _walk(child, seen, (*above, real))
    elif real not in seen:
        seen.add(real)
        yield path, "" if stat.S_ISREG(mode) else "not a regular file"


def _reason(error: OSError) -> str:
    return (error.strerror or "cannot be read").lower()


def content(path: Path) -> tuple[bytes, str]:
    """A file's bytes and their SHA-256 in hex; raises BadDocument when it is too large or cannot be read."""
    try:
        # Not by its size: a file may grow, and one of the kernel's has none. Nor may the wait for one never end.
        with open(path, "rb", opener=regular) as file:
            data = file.read(LARGEST_BYTES + 1) or b""
    except OSError as error:
        raise BadDocument("$", f"a file that can be read, but the system says: {_reason(error)}") from error
    if len(data) > LARGEST_BYTES:
        raise BadDocument("$", f"at most {LARGEST_BYTES // 1_000_000} MB")
    return data, sha256(data).hexdigest()


def parsed(data: bytes, suffix: str) -> Any:
    """The value that a file's bytes hold, or None when they are prose rather than JSON, YAML or RDF.

    Newline-delimited JSON is a list; RDF text is told by its suffix or by how it begins. Raises BadDocument.
    """
    if unreadable := next((what for start, what in SIGNATURES if data.startswith(start)), None):
        raise BadDocument("$", f"UTF-8 text, but the file is {unreadable}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadDocument("$", f"UTF-8 text, but byte {error.start} is not") from None
    if not text.strip():
        raise BadDocument("$", "a document, but the file is empty")
    if "\0" in text:
        raise BadDocument("$", "text, but the file is binary")
    if syntax := _rdf_syntax(text, suffix):
        return RdfText(text, syntax)
    looks_like_json = text.lstrip()[0] in "{["
    if looks_like_json or suffix not in (".yaml", ".yml"):
        try:
            return _json(text)
        except (ValueError, RecursionError) as error:
            if suffix not in (".yaml", ".yml") and (looks_like_json or suffix in STRUCTURED):
                raise BadDocument("$", f"JSON, but {_json_reason(error)}") from None
    try:
        return _yaml(text)
    except BadDocument:
        if suffix in STRUCTURED:
            raise
        return None


def _rdf_syntax(text: str, suffix: str) -> str | None:
    if suffix in STRUCTURED or suffix in RDF_SUFFIXES:
        return RDF_SUFFIXES.get(suffix)
    if text.lstrip()[:1] == "<" and "<rdf:RDF" in text[:4000]:
        return "xml"
    return "turtle" if TURTLE.match(text) else None


def _json(text: str) -> Any:
    try:
        return DECODER.decode(text)
    except json.JSONDecodeError as whole:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2 or whole.msg != "Extra data":
            raise
        return [DECODER.decode(line) for line in lines]


def _json_reason(error: ValueError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _yaml(text: str) -> Any:
    import yaml

    from catalog.yaml_text import FastLoader

    try:
        if _may_be_deep(text) and _depth(yaml.parse(text, FastLoader)) > DEEPEST:
            raise BadDocument("$", f"at most {DEEPEST} levels of nesting")
        documents = list(yaml.load_all(text, FastLoader))
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise BadDocument("$", f"YAML, but {getattr(error, 'problem', None) or error}{where}") from None
    return documents[0] if len(documents) == 1 else documents


def _may_be_deep(text: str) -> bool:
    """Whether a YAML text has so many brackets, dashes on one line or spaces before one that it could be deep."""
    if text.count("[") + text.count("{") > DEEPEST:
        return True
    return any(len(prefix[0]) > DEEPEST for prefix in re.finditer(r"(?m)^[ ?:-]+", text))


def _depth(events: Iterator[Any]) -> int:
    """Levels of nesting that a stream of YAML events reaches, counted without recursion."""
    from yaml.events import CollectionEndEvent, CollectionStartEvent

    depth = deepest = 0
    for event in events:
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        deepest = max(deepest, depth)
        if deepest > DEEPEST:
            break
    return deepest
