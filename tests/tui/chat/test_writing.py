"""A served model in the app: its draft as it grows, and esc, which ends the request at its server."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.containers import VerticalScroll
from textual.pilot import Pilot
from textual.widgets import Static

from nl2sql.backends.server import Address, Server
from nl2sql.backends.vllm import VllmBackend
from nl2sql.turn import Answered
from tests.nl2sql.model_server import Manner, Reply, Served, delta, serving, streamed
from tests.tui.chat.conftest import HOSTILE, SHOWN, seen, settle, until
from tui.chat.app import Chat
from tui.chat.desk import Desk
from tui.chat.turn import TurnBlock
from tui.chat.words import DRAFT_SHOWN

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("own_machine")]
COUNT = "SELECT count(*) AS n FROM datasets"
SEEN_S = 60.0
"""A limit for what hangs; a busy machine may take long until a server's thread has its turn."""


@contextmanager
def served(home: Path, token: str, manner: Manner) -> Iterator[tuple[Desk, Served]]:
    """A desk whose model is behind a server of this manner; only a stop ends a question of it early."""
    with serving(manner) as server:
        desk = Desk(home, VllmBackend(Server(Address(url=f"{server.url}/v1", total_s=600.0))))
        desk.open(token)
        try:
            yield desk, server
        finally:
            desk.close()


def held(text: str) -> Manner:
    """A server that falls silent in the middle of its first reply, and answers the next question at once."""

    def manner(body: dict[str, Any], before: int) -> Reply:
        return streamed(COUNT, 0.9) if before else Reply(b"", kind="text/event-stream", pieces=(delta(text),), holds="amid")

    return manner


async def ask(pilot: Pilot[None], question: str) -> None:
    app = pilot.app
    assert isinstance(app, Chat)
    app.ask(question)
    await pilot.pause()


async def test_a_draft_is_shown_as_text_and_marked_and_gives_way_to_the_answer(chat_home: Path, ada: str) -> None:
    with served(chat_home, ada, held(f"[b]SELECT[/b] '{HOSTILE}'")) as (desk, _):
        async with Chat(desk).run_test(size=(96, 33)) as pilot:
            await ask(pilot, "how many datasets")
            await until(pilot, "draft, not checked: ")
            assert f"draft, not checked: [b]SELECT[/b] '{SHOWN}'" in seen(pilot)
            assert "esc stops" in seen(pilot)
            await pilot.press("escape")
            await settle(pilot)
            assert "draft, not checked" not in seen(pilot)
            await ask(pilot, "how many datasets")
            await settle(pilot)
            block = pilot.app.screen.query(TurnBlock).last()
            assert isinstance(block.outcome, Answered) and block.outcome.sql.startswith("SELECT")
            assert not block.query(".draft") and "draft, not checked" not in seen(pilot)


async def test_of_a_long_draft_the_end_is_shown_and_the_conversation_follows_it(chat_home: Path, ada: str) -> None:
    with served(chat_home, ada, held("SELECT " + "x " * 2500)) as (desk, _):
        async with Chat(desk).run_test(size=(60, 24)) as pilot:
            await ask(pilot, "how many datasets " * 30)
            await until(pilot, "draft, not checked: …")
            await pilot.pause()
            drafts = pilot.app.screen.query(".draft").results(Static)
            assert len(str(next(drafts).render())) <= DRAFT_SHOWN + len("draft, not checked: …")
            while not pilot.app.screen.query_one("#transcript", VerticalScroll).is_vertical_scroll_end:
                await pilot.pause(0.02)
            await pilot.press("escape")


@pytest.mark.parametrize("how", ["escape", "ctrl+q", "a signal"])
@pytest.mark.parametrize("silent", [True, False], ids=["silent", "in the middle"])
async def test_esc_and_leaving_end_the_request(chat_home: Path, ada: str, how: str, silent: bool) -> None:
    def manner(body: dict[str, Any], before: int) -> Reply:
        return Reply(b"", kind="text/event-stream", pieces=() if silent else (delta("SELECT "),), holds="before" if silent else "amid")

    with served(chat_home, ada, manner) as (desk, server):
        size = desk.session.audit.size
        async with Chat(desk).run_test(size=(96, 33)) as pilot:
            app = pilot.app
            assert isinstance(app, Chat)
            await ask(pilot, "how many datasets")
            while not server.bodies:
                await pilot.pause(0.02)
            if how == "a signal":
                app._ended(143)
            else:
                await pilot.press(how)
            assert await asyncio.to_thread(server.gone.wait, SEEN_S)
            if how == "escape":
                await settle(pilot)
                assert "Stopped. Nothing is shown of it." in seen(pilot)
        desk.close()
        desk.open(ada)
        entries = desk.session.audit.entries()[size // 2 :]
        assert [(entry.action, entry.decision) for entry in entries] == [("query", "declined")]


async def test_after_esc_the_next_question_is_answered(chat_home: Path, ada: str) -> None:
    def manner(body: dict[str, Any], before: int) -> Reply:
        return streamed(COUNT, 0.9) if before else Reply(b" " * 100_000, drip=True)

    with served(chat_home, ada, manner) as (desk, server):
        async with Chat(desk).run_test(size=(96, 33)) as pilot:
            await ask(pilot, "how many datasets")
            while not server.bodies:
                await pilot.pause(0.02)
            await pilot.press("escape")
            await ask(pilot, "how many datasets")
            await settle(pilot)
            assert "✓ allowed" in seen(pilot)
            first, last = pilot.app.screen.query(TurnBlock)
            assert first.outcome is None and isinstance(last.outcome, Answered)
        assert server.gone.wait(SEEN_S)
