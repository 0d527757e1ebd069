"""The app over a copy of the demo catalog, with a scripted model; everything but the model and the terminal is real."""

import gc
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from time import monotonic

import pytest
from textual.pilot import Pilot

from catalog.engine.engine import Limits
from catalog.engine.folders import directory
from catalog.storage.state import State
from nl2sql.backends.base import Clarify, Decline, Draft, SqlDraft
from nl2sql.backends.scripted import ScriptedBackend
from tui.chat.app import Chat
from tui.chat.collector import rest
from tui.chat.desk import Desk
from tui.chat.history import FILE
from tui.chat.shots import settle

__all__ = ["HOSTILE", "SCRIPT", "SHOWN", "Open", "seen", "settle", "told", "until"]

HOSTILE = "evil\x1b[31m\x1b]0;title\x07\u202egnp\u200b.[bold]x[/bold]\x9b2J"
"""ANSI, a title, a bidirectional override, a zero-width space, markup, a C1 control."""
SHOWN = "evilgnp.[bold]x[/bold]"
"""All of it that may be seen."""
PATIENCE_S = 240.0
"""A limit for what hangs, below that of a test."""

SCRIPT: dict[str, list[Draft]] = {
    "personal data": [SqlDraft("SELECT name, owner FROM datasets WHERE pii ORDER BY name", "datasets with personal data", 0.93)],
    "per country": [SqlDraft("SELECT country, count(*) AS n FROM datasets GROUP BY country ORDER BY n DESC", "datasets per country", 0.9)],
    "about C4": [SqlDraft("SELECT name, licence FROM datasets WHERE name = 'C4'", "licence of C4", 0.99)],
    "nothing": [SqlDraft("SELECT name, languages FROM datasets WHERE FALSE", "", 1.0)],
    "grants": [SqlDraft("SELECT principal FROM grants", "", 1.0)],
    "wrong": [SqlDraft("SELECT nope FROM datasets", "", 1.0)],
    "which": [Clarify("Which one?", ("quality score", f"pass {HOSTILE} rate"), 0.4)],
    "which (quality score)": [SqlDraft("SELECT avg(quality_score) AS score FROM datasets", "", 0.9)],
    "readings": [Clarify("Which?", ("names", "owners"), 0.3, (SqlDraft("SELECT name FROM datasets", "names", 0.3), SqlDraft("SELECT owner FROM datasets", "owners", 0.2)))],
    "drop it": [Decline("change_request", 1.0)],
    "hostile": [SqlDraft(f"SELECT '{HOSTILE}' AS a, NULL AS b", HOSTILE, 0.9)],
    "slow": [SqlDraft("SELECT count(*) AS n FROM quality_metrics a, quality_metrics b, quality_metrics c, quality_metrics d", "", 1.0)],
}


@pytest.fixture(scope="session", autouse=True)
def collector() -> Iterator[None]:
    """As the app has it; with the usual one these tests take twice as long."""
    usual = gc.get_threshold()
    rest()
    yield
    gc.set_threshold(*usual)
    gc.unfreeze()


@pytest.fixture(scope="session")
def chat_home(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(demo_home, tmp_path_factory.mktemp("chat") / "catalog"))


@pytest.fixture(scope="session")
def ada(chat_home: Path) -> str:
    """A token of the steward of the demo."""
    return State(chat_home).issue_token("ada", 1)


@pytest.fixture(scope="session")
def shared_desk(chat_home: Path) -> Iterator[Desk]:
    """One engine for all tests: starting it takes longer than most of them."""
    opened = Desk(chat_home, ScriptedBackend(SCRIPT), Limits(rows=500, deadline_s=280))
    yield opened
    opened.close()


@pytest.fixture
def desk(shared_desk: Desk, ada: str) -> Desk:
    """The desk of ada, with nothing asked yet."""
    if shared_desk.is_closed or shared_desk.who.name != "ada":
        shared_desk.open(ada)
    (directory(shared_desk.home, shared_desk.session.principal) / FILE).unlink(missing_ok=True)
    return shared_desk


def seen(pilot: Pilot[None]) -> str:
    """Everything on the screen, as text."""
    return "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())


async def until(pilot: Pilot[None], words: str) -> None:
    """Wait until these words stand on the screen; if they never do, what does is told."""
    end = monotonic() + PATIENCE_S
    while words not in seen(pilot):
        assert monotonic() < end, f"{words!r} did not appear:\n{seen(pilot)}"
        await pilot.pause(0.02)


def told(pilot: Pilot[None]) -> str:
    """What toasts say."""
    return " ".join(note.message for note in pilot.app._notifications)


Open = Callable[..., AbstractAsyncContextManager[Pilot[None]]]


@pytest.fixture
def chat(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Runs the app in a terminal of a size that may be given, while a block lasts."""
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")

    @asynccontextmanager
    async def run(size: tuple[int, int] = (96, 33)) -> AsyncIterator[Pilot[None]]:
        app = Chat(desk)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            yield pilot

    return run


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
