"""What a long check has done so far, kept in a JSON file after every unit of its work, so that a run that ends goes on where it was.

A unit is done whole or not at all: what a run had of one when it ended is done again, and counted once.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
SOURCES = ("catalog/access", "catalog/audit", "catalog/engine", "catalog/storage", "catalog/views", "nl2sql/guard", "eval/security")
"""Folders whose change makes another run of it."""


@cache
def sources() -> str:
    """A hash over the text of what is checked and of the checks."""
    found = hashlib.sha256()
    for folder in SOURCES:
        for path in sorted([*(ROOT / folder).rglob("*.py"), *(ROOT / folder).rglob("*.toml")]):
            found.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return found.hexdigest()[:16]


class Kept:
    """The file of one run; without a path nothing is kept, and every run begins anew."""

    def __init__(self, path: Path | None = None, **run: object) -> None:
        self.path = path
        self.run = json.loads(json.dumps({**run, "sources": sources()} if path else run))

    def load(self) -> dict[str, Any] | None:
        """What the run had, None at its beginning. Raises ValueError when the file is of another run: other seed, other sources."""
        if self.path is None or not self.path.exists():
            return None
        content = json.loads(self.path.read_text(encoding="utf-8"))
        if content["run"] != self.run:
            raise ValueError(f"{self.path} is of another run, {content['run']}, and this one is {self.run}: remove it, or name another file.")
        done: dict[str, Any] = content["done"]
        return done

    def save(self, done: Mapping[str, object]) -> None:
        """Put it in place of what was there; a kill leaves one or the other."""
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps({"run": self.run, "done": done}, indent=1, ensure_ascii=False, default=_plain) + "\n", encoding="utf-8")
        Path(draft).replace(self.path)


def _plain(value: object) -> object:
    """A dataclass or a set as JSON has it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is not kept")


def restored(type_: type[T], content: Mapping[str, Any], **parts: type[Any]) -> T:
    """A tally from what was kept of it; ``parts`` are the dataclasses in its lists, and what counts is a Counter again."""
    made: dict[str, Any] = {}
    for field in fields(type_):  # type: ignore[arg-type]
        value = content[field.name]
        if field.default_factory is Counter:
            value = Counter(value)
        elif field.name in parts:
            value = [parts[field.name](**entry) for entry in value]
        made[field.name] = value
    return type_(**made)
