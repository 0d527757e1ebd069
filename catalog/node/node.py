"""A node's folder: ``node.toml`` says who the node is and what may leave it; documents and history lie beside it.

    node.toml    who, where the data is, which columns' values may be told
    documents/   metadata documents, all that is ever published
    history/     every profile with the shape of each column; stays on the node

Knows nothing about profiling, keys or publishing.
"""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from catalog.errors import UsageError

FILE = "node.toml"
FACTS = ("operator", "network", "country", "jurisdiction", "kind")
LISTS = ("sources", "share", "withhold")
LONGEST = 200


@dataclass(frozen=True, slots=True)
class About:
    """What the node says of one dataset; nothing of it is measured."""

    description: str | None = None
    domain: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFolder:
    """A node as its folder describes it."""

    path: Path
    name: str
    operator: str | None = None
    network: str | None = None
    country: str | None = None
    """ISO 3166-1 alpha-2; phone numbers without a country are read as of here."""
    jurisdiction: str | None = None
    kind: str | None = None
    sources: tuple[str, ...] = ()
    """Files and folders that are profiled when none are named."""
    share: frozenset[str] = frozenset()
    """``dataset.column``: least and greatest value may be told, of personal data and texts too."""
    withhold: frozenset[str] = frozenset()
    """``dataset.column``: no value may be told, of numbers and times neither."""
    datasets: Mapping[str, About] = field(default_factory=dict)

    @property
    def documents(self) -> Path:
        """Where metadata documents are written."""
        return self.path / "documents"

    @property
    def history(self) -> Path:
        """Where profiles are kept."""
        return self.path / "history"


def init(folder: Path, name: str, facts: Mapping[str, str | None], sources: tuple[str, ...] = ()) -> NodeFolder:
    """Make a node's folder. Raises UsageError where one is, and for a name or fact that cannot be one."""
    if (folder / FILE).exists():
        raise UsageError(f"{folder / FILE} is there already.", "Edit it, or choose another folder.")
    lines = ["# Who this node is; published with every document.", f"name = {_toml(name)}"]
    lines += [f"{fact} = {_toml(facts[fact] or '')}" if facts.get(fact) else f'# {fact} = ""' for fact in FACTS]
    lines += [
        "",
        "# Files and folders that 'steward node profile' reads when none are named.",
        f"sources = [{', '.join(map(_toml, sources))}]",
        "",
        "# Values that may leave the node, as dataset.column: least and greatest, of texts and personal data too.",
        "share = []",
        "# Values that may not, though they are numbers or times and not personal by their looks.",
        "withhold = []",
        "",
        "# What cannot be measured, per dataset:",
        '# [datasets."sales/orders"]',
        '# description = ""',
        '# domain = ""',
        '# owner = ""',
    ]
    text = "\n".join(lines) + "\n"
    made = _parsed(folder, text)
    folder.mkdir(parents=True, exist_ok=True)
    made.documents.mkdir(exist_ok=True)
    made.history.mkdir(mode=0o700, exist_ok=True)
    write(folder / FILE, text)
    return made


def load(folder: Path) -> NodeFolder:
    """Read a node's folder. Raises UsageError where it is none or ``node.toml`` is not what it should be."""
    try:
        text = (folder / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"{folder} is no node folder.", f"Make one: steward node init {folder} --name NAME") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{folder / FILE} cannot be read: {error}.") from error
    return _parsed(folder, text)


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Put a file in place whole, or leave what is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(draft, "w", encoding="utf-8", newline="\n", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _parsed(folder: Path, text: str) -> NodeFolder:
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{folder / FILE} is no TOML: {error}.") from error
    unknown = set(said) - {"name", *FACTS, *LISTS, "datasets"}
    if unknown:
        raise _wrong(folder, sorted(unknown)[0], "no key of a node")
    facts = {fact: _line(folder, fact, said[fact]) for fact in ("name", *FACTS) if said.get(fact) not in (None, "")}
    if "name" not in facts:
        raise _wrong(folder, "name", "the name of the node")
    if "country" in facts and not re.fullmatch("[A-Z]{2}", facts["country"]):
        raise _wrong(folder, "country", "two capital letters as of ISO 3166-1, such as DE")
    lists = {key: _list(folder, key, said.get(key, [])) for key in LISTS}
    return NodeFolder(
        path=folder,
        **facts,
        sources=lists["sources"],
        share=frozenset(lists["share"]),
        withhold=frozenset(lists["withhold"]),
        datasets=_datasets(folder, said.get("datasets", {})),
    )


def _datasets(folder: Path, said: object) -> dict[str, About]:
    if not isinstance(said, dict):
        raise _wrong(folder, "datasets", "tables by the names of datasets")
    found = {}
    for name, about in said.items():
        if not isinstance(about, dict) or set(about) - {"description", "domain", "owner"}:
            raise _wrong(folder, f"datasets.{name}", "description, domain and owner")
        found[name] = About(**{key: _line(folder, f"datasets.{name}.{key}", value) for key, value in about.items() if value != ""})
    return found


def _line(folder: Path, key: str, value: object) -> str:
    longest = 2000 if key.endswith("description") else LONGEST
    if not isinstance(value, str) or not value.strip() or len(value) > longest or not value.isprintable():
        raise _wrong(folder, key, f"a line of at most {longest} characters")
    return value.strip()


def _list(folder: Path, key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise _wrong(folder, key, "a list of texts")
    return tuple(value)


def _wrong(folder: Path, key: str, expected: str) -> UsageError:
    return UsageError(f"{folder / FILE}: {key!r} should be {expected}." if expected[:2] != "no" else f"{folder / FILE}: {key!r} is {expected}.")


def _toml(text: str) -> str:
    """A text as a TOML basic string, which JSON's are too."""
    return json.dumps(text, ensure_ascii=False)
