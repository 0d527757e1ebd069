"""What the catalog browser lists: views with their columns, and the names of datasets and models. Knows no widgets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nl2sql.turn import Answered
from tui.chat.about import quoted
from tui.chat.desk import Desk

Kind = Literal["view", "column", "dataset", "model"]
NAMED: Mapping[Kind, str] = {"dataset": "datasets", "model": "models"}
"""Kinds whose names are listed, and the view that has them."""
SHOWN = 300
"""Names listed at once; typing narrows them."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Something to look at; ``note`` is what is said beside it."""

    kind: Kind
    name: str
    view: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Things under one heading, the heading itself a thing where it is a view; ``more`` would be too many."""

    title: str
    things: tuple[Thing, ...]
    head: Thing | None = None
    more: int = 0


@dataclass(slots=True)
class Shelf:
    """Everything that may be listed for one asker."""

    views: dict[str, dict[str, Any]]
    names: dict[Kind, list[str]] = field(default_factory=dict)

    def groups(self, words: str) -> Iterator[Group]:
        """What fits every word typed; all of it where none is. A view that fits keeps all its columns."""
        wanted = words.lower().split()

        def fits(text: str) -> bool:
            return all(word in text for word in wanted)

        for kind, names in self.names.items():
            found = [name for name in names if fits(name.lower())]
            if found:
                yield Group(f"{NAMED[kind]} by name", tuple(Thing(kind, name) for name in found[:SHOWN]), more=max(0, len(found) - SHOWN))
        for view, about in self.views.items():
            is_whole = fits(f"{view} {about['meaning']}".replace("_", " ").lower()) or fits(view)
            columns = [
                Thing("column", column["name"], view, column["type"])
                for column in about["columns"]
                if is_whole or fits(f"{view} {column['name']} {column['meaning']}".replace("_", " ").lower()) or fits(column["name"].lower())
            ]
            if columns:
                yield Group(view, tuple(columns), head=Thing("view", view))


def fill(desk: Desk) -> Shelf:
    """The shelf of the asker: names as the guard lets them be read. Raises `GovernanceError`."""
    shelf = Shelf(desk.views())
    for kind, view in NAMED.items():
        if any(column["name"] == "name" for column in shelf.views.get(view, {}).get("columns", ())):
            outcome = desk.outcome(f"SELECT DISTINCT name FROM {view} WHERE name IS NOT NULL ORDER BY name")
            if isinstance(outcome, Answered):
                shelf.names[kind] = [str(row[0]) for row in outcome.result.rows]
    return shelf


def facts(desk: Desk, thing: Thing) -> list[tuple[str, Any]]:
    """What is known of a dataset or model, by column; of several rows the newest, and how many there are. Raises `GovernanceError`."""
    view = NAMED[thing.kind]
    columns = [column["name"] for column in desk.views()[view]["columns"]]
    order = " ORDER BY as_of DESC" if "as_of" in columns else ""
    outcome = desk.outcome(f"SELECT {', '.join(f'{view}.{name}' for name in columns)} FROM {view} WHERE {view}.name = {quoted(thing.name)}{order}")
    if not isinstance(outcome, Answered) or not outcome.result.rows:
        return [("nothing", outcome.message)]
    rows = outcome.result.rows
    found = [(name, value) for name, value in zip(outcome.result.columns, rows[0], strict=True) if value not in (None, [], "")]
    return [*found, *([("rows", f"{len(rows)}, one for each node that holds it")] if len(rows) > 1 else [])]
