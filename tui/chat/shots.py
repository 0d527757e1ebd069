"""Pictures of every screen over the demo catalog: ``python -m tui.chat.shots docs/shots``. The same every time, on any machine.

Answers are drafted by a script and stages take the time that is written here; everything else is real.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from textual.pilot import Pilot
from textual.widgets import Input, TabbedContent
from textual.worker import WorkerCancelled

from catalog.demo.build import build
from catalog.engine.engine import Limits
from catalog.storage.state import State
from nl2sql.backends.base import Backend, Clarify, Draft, SqlDraft
from nl2sql.backends.scripted import ScriptedBackend
from nl2sql.turn import Event, Stage
from tui.chat.app import Chat
from tui.chat.ask import AskScreen
from tui.chat.desk import Desk, Pending
from tui.chat.health_table import HealthTable
from tui.chat.history import History
from tui.chat.lineage import LineageScreen
from tui.chat.prompt import Prompt
from tui.chat.themes import CONTRAST, LIGHT

SIZE = (120, 36)
SETTLES_S = 0.5
"""How long the colours and the layout of another theme may take."""
TOOK_MS = {"context": 4.0, "draft": 61.0, "guard": 3.0, "run": 12.0}
ABROAD = "which datasets contain personal data stored outside the EU?"
COUNTRIES = "how many datasets are there per country"
UNCLEAR = "how good are the sensors"
WRONG = "average altitude by node"
GRANTS = "who may read customers"
SCRIPT: dict[str, list[Draft]] = {
    ABROAD: [
        SqlDraft(
            "SELECT DISTINCT datasets.name, datasets.country, datasets.owner, datasets.licence, datasets.quality_score FROM datasets "
            "WHERE datasets.pii AND datasets.country IN ('US', 'CA', 'GB', 'JP', 'SG', 'IN', 'BR', 'KE') ORDER BY datasets.name",
            "datasets: PII, country outside the EU",
            0.94,
        )
    ],
    COUNTRIES: [SqlDraft("SELECT datasets.country, COUNT(*) AS datasets FROM datasets GROUP BY datasets.country ORDER BY datasets DESC, datasets.country", "number of datasets by country", 0.97)],
    UNCLEAR: [Clarify("What is meant by “good”?", ("quality score (mean of completeness, uniqueness, validity)", "share of checks that passed", "how lately it was updated"), 0.41)],
    WRONG: [SqlDraft("SELECT nodes.node, AVG(nodes.altitude) AS altitude FROM nodes GROUP BY nodes.node", "", 0.5)],
    GRANTS: [SqlDraft("SELECT grants.principal FROM grants WHERE grants.dataset = 'customers'", "", 0.9)],
}


Scene = Callable[[Pilot[None]], Awaitable[object]]
"""Brings a screen about."""


class StillDesk(Desk):
    """A desk where every stage takes as long as it is said to."""

    def answer(self, pending: Pending) -> Generator[Event, None, None]:
        """The events, with other times."""
        for event in super().answer(pending):
            yield replace(event, elapsed_ms=TOOK_MS.get(event.name, 1.0)) if isinstance(event, Stage) else event


async def settle(pilot: Pilot[None]) -> None:
    """Until no worker is at work and what they sent is shown."""
    await pilot.pause()
    while pilot.app.workers:
        with suppress(WorkerCancelled):  # by a newer one of its kind, which is waited for next
            await pilot.app.workers.wait_for_complete()
        await pilot.pause()
    await pilot.pause()


def still(home: Path, backend: Backend, principal: str | None) -> StillDesk:
    """The desk of somebody of the demo; None is anonymous."""
    desk = StillDesk(home, backend, Limits(rows=500))
    desk.open(State(home).issue_token(principal, 1) if principal else None)
    return desk


async def scenes(home: Path, size: tuple[int, int], wanted: Callable[[str], bool] = lambda name: True) -> AsyncIterator[tuple[str, Chat]]:
    """Every screen, by name, while it is shown, as far as it is wanted; the catalog has been asked nothing before."""
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    desk = still(home, ScriptedBackend(SCRIPT), "ada")
    try:
        app = Chat(desk)
        app.history = History()
        async with app.run_test(size=size) as pilot:
            for name, show in STEWARD.items():
                if wanted(name):
                    await pilot.press("f2")
                    await show(pilot)
                    await settle(pilot)
                    for line in app.screen.query(Input):
                        line.cursor_blink = False
                    for transcript in app.screen.query("#transcript"):
                        transcript.scroll_home(animate=False)
                    await pilot.pause(SETTLES_S)
                    yield name, app
                    app.clear_notifications()
                    while len(app.screen_stack) > 1:
                        await pilot.press("escape")
                        await pilot.pause()
    finally:
        desk.close()
    if wanted("denied"):
        desk = still(home, ScriptedBackend(SCRIPT), None)
        try:
            app = Chat(desk)
            async with app.run_test(size=size) as pilot:
                await say(pilot, GRANTS)
                yield "denied", app
        finally:
            desk.close()


async def say(pilot: Pilot[None], question: str) -> None:
    """Ask on the first screen, with nothing above it."""
    screen = pilot.app.screen
    assert isinstance(screen, AskScreen)
    screen.renew()
    await pilot.pause()
    screen.query_one(Prompt).value = question
    await pilot.press("enter")
    await settle(pilot)


async def _answer(pilot: Pilot[None]) -> None:
    await say(pilot, ABROAD)
    await pilot.press("tab")


async def _chart(pilot: Pilot[None]) -> None:
    await say(pilot, COUNTRIES)
    pilot.app.screen.query_one(TabbedContent).active = "chart"


async def _commands(pilot: Pilot[None]) -> None:
    prompt = pilot.app.screen.query_one(Prompt)
    prompt.focus()
    prompt.value, prompt.cursor_position = "/", 1


async def _feedback(pilot: Pilot[None]) -> None:
    await say(pilot, ABROAD)
    await pilot.press("ctrl+g", "b", *"Adult")


async def _catalog(pilot: Pilot[None]) -> None:
    await pilot.press("f3")
    await settle(pilot)
    pilot.app.screen.query_one("#filter", Input).value = "common"
    await settle(pilot)
    await pilot.press("down", "down")


async def _lineage(pilot: Pilot[None]) -> None:
    await pilot.press("f4")
    screen = pilot.app.screen
    assert isinstance(screen, LineageScreen)
    screen.follow("C4")


async def _quality(pilot: Pilot[None]) -> None:
    await pilot.press("f7")
    await settle(pilot)
    await pilot.press("down")
    pilot.app.screen.query_one(HealthTable).go(2, 0)


async def _history(pilot: Pilot[None]) -> None:
    app = pilot.app
    assert isinstance(app, Chat)
    app.history = History()
    for question, status in ((UNCLEAR, "asked_back"), (GRANTS, "denied"), (WRONG, "failed"), (COUNTRIES, "answered"), (ABROAD, "answered")):
        app.history.add("2026-10-16T12:00:00", question, status)
    app.history.star(COUNTRIES)
    await pilot.press("f5")


def _pressed(key: str) -> Scene:
    return lambda pilot: pilot.press(key)


def _asked(question: str) -> Scene:
    return lambda pilot: say(pilot, question)


STEWARD: dict[str, Scene] = {
    "ask": _pressed("f2"),
    "answer": _answer,
    "feedback": _feedback,
    "commands": _commands,
    "chart": _chart,
    "clarify": _asked(UNCLEAR),
    "error": _asked(WRONG),
    "catalog": _catalog,
    "lineage": _lineage,
    "quality": _quality,
    "history": _history,
    "access": _pressed("f6"),
    "help": _pressed("f1"),
    "palette": _pressed("ctrl+p"),
}
"""What the steward of the demo looks at, in this order."""


async def draw(folder: Path, size: tuple[int, int] = SIZE) -> list[Path]:
    """Write a picture of every screen, the answer in the other themes too; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with TemporaryDirectory(prefix="steward-shots-") as scratch:
        build(Path(scratch))
        async for name, app in scenes(Path(scratch), size):
            written.append(_write(folder / f"{name}.svg", app))
            if name == "answer":
                usual = app.theme
                for theme, ending in ((LIGHT, "light"), (CONTRAST, "high-contrast")):
                    app.theme = theme.name
                    await Pilot(app).pause(SETTLES_S)
                    written.append(_write(folder / f"{name}-{ending}.svg", app))
                app.theme = usual
                await Pilot(app).pause(SETTLES_S)
    return written


def _write(path: Path, app: Chat) -> Path:
    path.write_text(app.export_screenshot(title="steward chat", simplify=True), encoding="utf-8")
    return path


def main() -> None:
    """Draw into the folder that is named, or ``docs/shots``; two more words are columns and lines of the terminal."""
    folder, *size = sys.argv[1:] or ["docs/shots"]
    files = asyncio.run(draw(Path(folder), (int(size[0]), int(size[1])) if size else SIZE))
    print(f"{len(files)} pictures, {sum(file.stat().st_size for file in files) / 1000:,.0f} kB, in {folder}")


if __name__ == "__main__":
    main()
