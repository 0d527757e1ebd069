"""How fast the app is on this machine: ``python -m tui.chat.speed`` prints milliseconds by name as one JSON object.

Measured in a terminal without a screen, from a key to the end of the paint that shows what it did. No test depends on these figures.
"""

import asyncio
import json
import os
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from textual.app import App, ComposeResult

from catalog.demo.build import build
from catalog.engine.engine import ResultSet
from nl2sql.backends.base import SqlDraft
from nl2sql.backends.scripted import ScriptedBackend
from tui.chat.app import Chat
from tui.chat.ask import AskScreen
from tui.chat.collector import rest
from tui.chat.prompt import Prompt
from tui.chat.rows import RowsTable
from tui.chat.shots import settle, still

SLOW = "a query of minutes"
LONG = "SELECT COUNT(*) AS n FROM quality_metrics a, quality_metrics b, quality_metrics c"
KEYS = 60
PATIENCE_S = 30.0
SIZES = (1_000, 100_000)


class Painted:
    """Part of an app that says when it has painted."""

    def post_display_hook(self) -> None:
        """Called by Textual after each paint."""
        self.painted_at = perf_counter()

    painted_at = 0.0


class TimedChat(Painted, Chat):
    """The app, timed."""


class TimedRows(Painted, App[None]):
    """A table and nothing else, timed."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.rows = rows

    def compose(self) -> ComposeResult:
        """The table."""
        cells = [(at, f"row {at % 1000}", None if at % 7 else "x" * 80, at / 7) for at in range(self.rows)]
        yield RowsTable(ResultSet(("n", "name", "note", "share"), ("BIGINT", "VARCHAR", "VARCHAR", "DOUBLE"), cells, False, 1.0))


async def _until(app: Any, done: Any) -> float:
    """The moment of the first paint after ``done``."""
    start = perf_counter()
    while not done() and perf_counter() - start < PATIENCE_S:
        await asyncio.sleep(0)
    reached = perf_counter()
    while app.painted_at < reached and perf_counter() - start < PATIENCE_S:
        await asyncio.sleep(0)
    return float(app.painted_at)


async def keys_while_a_query_runs(home: Path) -> dict[str, float]:
    """Milliseconds from a key typed into the prompt to its paint, while the engine is busy."""
    desk = still(home, ScriptedBackend({SLOW: [SqlDraft(LONG, "", 1.0)]}), "ada")
    took = []
    try:
        app = TimedChat(desk)
        async with app.run_test(size=(120, 40)) as pilot:
            screen = app.screen
            assert isinstance(screen, AskScreen)
            screen.ask(SLOW)
            await pilot.pause(0.5)
            prompt = screen.query_one(Prompt)
            for typed in range(1, KEYS + 1):
                started = perf_counter()
                app.simulate_key("x")
                took.append((await _until(app, lambda typed=typed: len(prompt.value) == typed) - started) * 1000)
            assert screen.running is not None, "the query was to take longer than the keys"
            await pilot.press("escape")
            await settle(pilot)
    finally:
        desk.close()
    return _spread("key to paint while a query runs", took)


async def rows(count: int) -> dict[str, float]:
    """Milliseconds to open a table of so many rows, and from a key that turns its page to the paint."""
    started = perf_counter()
    app, took = TimedRows(count), []
    async with app.run_test(size=(120, 40)) as pilot:
        table = app.query_one(RowsTable)
        opened = (await _until(app, lambda: table.is_attached and table.size.height > 0) - started) * 1000
        table.focus()
        await pilot.pause()
        for _ in range(20):
            was, started = table.row, perf_counter()
            app.simulate_key("pagedown")
            took.append((await _until(app, lambda was=was: table.row != was) - started) * 1000)
    return {f"open {count:,} rows": opened, **_spread(f"turn a page of {count:,} rows", took)}


def _spread(name: str, took: list[float]) -> dict[str, float]:
    return {f"{name}, p50": statistics.median(took), f"{name}, p95": sorted(took)[int(len(took) * 0.95)]}


async def measure() -> dict[str, float]:
    """Everything, by name."""
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    rest()
    with TemporaryDirectory(prefix="steward-speed-") as home:
        build(Path(home))
        found = await keys_while_a_query_runs(Path(home))
    for count in SIZES:
        found |= await rows(count)
    return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure())))
