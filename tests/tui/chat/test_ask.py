"""The first screen: every way that a turn ends, stopping one, following up, choosing, editing."""

import asyncio
import unicodedata
from pathlib import Path
from typing import Any, cast

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, TabbedContent, TextArea

from catalog.audit.receipt import verify
from catalog.errors import UsageError
from nl2sql.turn import Answered, AskedBack
from tests.tui.chat.conftest import HOSTILE, SHOWN, Open, seen, settle
from tui.chat.app import Chat
from tui.chat.ask import AskScreen
from tui.chat.desk import Desk
from tui.chat.facts import Facts
from tui.chat.prompt import Prompt
from tui.chat.rows import RowsTable
from tui.chat.save import write_answer
from tui.chat.turn import TurnBlock

pytestmark = pytest.mark.anyio


def screen_of(pilot: Pilot[None]) -> AskScreen:
    assert isinstance(pilot.app.screen, AskScreen)
    return pilot.app.screen


async def say(pilot: Pilot[None], question: str) -> TurnBlock:
    prompt = screen_of(pilot).query_one(Prompt)
    prompt.focus()
    prompt.value = question
    await pilot.press("enter")
    await settle(pilot)
    return screen_of(pilot).query(TurnBlock).last()


ENDS = [
    ("personal data", "answered", "datasets with personal data"),
    ("nothing", "answered", "No rows. Columns: name, languages"),
    ("wrong", "failed", "! Could not approve the query"),
    ("which", "asked_back", "? Which one?"),
    ("drop it", "refused", "This asks for a change"),
]


async def test_every_end_of_a_turn_is_shown(chat: Open) -> None:
    async with chat() as pilot:
        for question, status, words in ENDS:
            block = await say(pilot, question)
            assert block.outcome and block.outcome.status == status
            assert words in seen(pilot), question
            assert not block.is_running
            assert screen_of(pilot).query_one(Prompt).value == ""


async def test_an_answer_has_stages_badges_rows_and_receipt(chat: Open) -> None:
    async with chat() as pilot:
        block = await say(pilot, "personal data")
        shown = seen(pilot)
        for words in ("names ✓", "guard ✓", "run ✓", "✓ allowed", "93% sure", "days old", "receipt: action"):
            assert words in shown
        assert isinstance(block.outcome, Answered)
        assert block.query_one(RowsTable).result is block.outcome.result


async def test_a_denial_cites_its_rule_and_says_what_to_try(desk: Desk, chat: Open) -> None:
    desk.open(None)
    async with chat() as pilot:
        block = await say(pilot, "grants")
        assert block.outcome and block.outcome.status == "denied"
        assert f"rule: {block.outcome.decision.rules[0]}" in seen(pilot)
        assert "✗ The view grants is not open to you" in seen(pilot)


async def test_escape_stops_the_engine_and_the_next_question_is_answered(chat: Open, desk: Desk) -> None:
    async with chat() as pilot:
        screen = screen_of(pilot)
        child = desk.session.engine._child.process
        screen.query_one(Prompt).value = "slow"
        await pilot.press("enter")
        await pilot.press("escape")
        await settle(pilot)
        assert child.poll() is not None
        stopped = screen.query(TurnBlock).last()
        assert stopped.outcome is None and "Stopped" in seen(pilot)
        assert (await say(pilot, "personal data")).outcome is not None


async def test_one_question_runs_at_a_time_and_leaving_stops_it(chat: Open, desk: Desk) -> None:
    async with chat() as pilot:
        screen = screen_of(pilot)
        screen.query_one(Prompt).value = "slow"
        await pilot.press("enter")
        screen.query_one(Prompt).value = "personal data"
        await pilot.press("enter")
        assert len(screen.query(TurnBlock)) == 1
        assert screen.query_one(Prompt).value == "personal data"
        child = desk.session.engine._child.process
        await pilot.press("ctrl+q")
    assert child.poll() is not None


async def test_a_question_follows_those_before_it_until_a_new_conversation(chat: Open, desk: Desk) -> None:
    async with chat() as pilot:
        await say(pilot, "personal data")
        await say(pilot, "per country")
        contexts = cast(Any, desk.backend).contexts
        assert contexts[-1].linked.text.startswith("personal data >>")
        assert "follows: per country" in seen(pilot)
        await pilot.press("ctrl+n")
        await say(pilot, "personal data")
        assert ">>" not in contexts[-1].linked.text


async def test_a_choice_is_asked_again_with_the_question(chat: Open) -> None:
    async with chat() as pilot:
        await say(pilot, "which")
        assert isinstance(pilot.app.focused, OptionList)
        await pilot.press("x")
        assert screen_of(pilot).query_one(Prompt).value == "x" and pilot.app.focused is screen_of(pilot).query_one(Prompt)
        await pilot.press("tab", "1")
        await settle(pilot)
        block = screen_of(pilot).query(TurnBlock).last()
        assert (block.asked, block.outcome and block.outcome.status) == ("which (quality score)", "answered")


async def test_a_reading_that_is_chosen_runs_as_it_was_read(chat: Open) -> None:
    async with chat() as pilot:
        block = await say(pilot, "readings")
        assert isinstance(block.outcome, AskedBack) and len(block.outcome.statements) == 2
        await pilot.press("down", "enter")
        await settle(pilot)
        last = screen_of(pilot).query(TurnBlock).last()
        assert last.outcome and last.outcome.status == "answered" and "owner" in last.outcome.sql


async def test_edited_sql_passes_the_guard(chat: Open) -> None:
    async with chat() as pilot:
        await say(pilot, "about C4")
        await pilot.press("ctrl+e")
        area = pilot.app.screen.query_one(TextArea)
        assert "WHERE" in area.text
        area.text = "SELECT count(*) AS n FROM datasets"
        await pilot.press("ctrl+r")
        await settle(pilot)
        block = screen_of(pilot).query(TurnBlock).last()
        assert block.outcome and block.outcome.status == "answered" and block.is_sql
        await pilot.press("ctrl+e")
        pilot.app.screen.query_one(TextArea).text = "SELECT * FROM read_csv('/etc/passwd')"
        await pilot.press("ctrl+r")
        await settle(pilot)
        refused = screen_of(pilot).query(TurnBlock).last()
        assert refused.outcome and refused.outcome.status in ("failed", "denied")


async def test_tabs_are_those_that_the_answer_has(chat: Open) -> None:
    async with chat() as pilot:
        def tabs(block: TurnBlock) -> list[str | None]:
            return [pane.id for pane in block.query("TabPane")]

        assert tabs(await say(pilot, "per country")) == ["rows", "sql", "chart", "why"]
        block = await say(pilot, "about C4")
        assert tabs(block) == ["rows", "sql", "lineage", "why"]
        await pilot.press("tab")
        assert isinstance(pilot.app.focused, RowsTable)
        await pilot.press("3")
        await settle(pilot)
        assert "C4 (dataset)" in seen(pilot) and "flows into" in seen(pilot)
        await pilot.press("4")
        await settle(pilot)
        assert block.query_one(TabbedContent).active == "why"
        assert "✓ datasets" in block.query_one("#explained", Facts).text


async def test_hostile_text_is_inert_everywhere(chat: Open) -> None:
    async with chat() as pilot:
        for question in ("hostile", "which", f"{HOSTILE} asked"):
            await say(pilot, question)
            shown = seen(pilot)
            assert SHOWN in shown
            assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Co") and c != "\n"]
        prompt = screen_of(pilot).query_one(Prompt)
        prompt.value = HOSTILE
        assert prompt.value == SHOWN


async def test_rows_and_receipts_are_saved_and_nothing_is_overwritten(chat: Open, tmp_path: Path) -> None:
    async with chat() as pilot:
        block = await say(pilot, "per country")
        for name in ("rows.csv", "proof.receipt.json"):
            await pilot.press("ctrl+s")
            pilot.app.screen.query_one(Input).value = str(tmp_path / name)
            await pilot.press("enter")
            await settle(pilot)
        assert (tmp_path / "rows.csv").read_bytes().startswith(b"country,n\r\n")
        assert verify((tmp_path / "proof.receipt.json").read_bytes())
        assert block.outcome
        assert write_answer(tmp_path / "rows.parquet", block.outcome, "").endswith("rows")
        for name in ("rows.csv", "rows.exe"):
            with pytest.raises(UsageError):
                write_answer(tmp_path / name, block.outcome, "")
        assert not (tmp_path / "rows.exe").exists()


async def test_somebody_else_sees_nothing_of_what_was_shown(chat: Open, desk: Desk) -> None:
    async with chat() as pilot:
        await say(pilot, "personal data")
        app = pilot.app
        assert isinstance(app, Chat)
        app.action_token()
        await pilot.pause()
        field = app.screen.query_one(Input)
        field.value = "steward_wrong"
        assert "steward_wrong" not in seen(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert desk.who.name == "ada" and len(screen_of(pilot).query(TurnBlock)) == 1
        app.action_token()
        await pilot.pause()
        await pilot.press("enter")
        await settle(pilot)
        assert desk.who.name == "anonymous"
        assert "personal data" not in seen(pilot).replace("contain personal data", "").replace("hold personal data", "")
        assert app.history.entries == []


async def test_what_an_earlier_principal_looked_up_is_not_delivered(chat: Open, desk: Desk) -> None:
    async with chat() as pilot:
        app, shown = pilot.app, list[str]()
        assert isinstance(app, Chat)
        sitting = desk.sitting
        await asyncio.to_thread(app.deliver, sitting, shown.append, "ada's")
        desk.open(None)
        await asyncio.to_thread(app.deliver, sitting, shown.append, "ada's too")
        assert shown == ["ada's"]


async def test_sql_cells_and_rows_are_copied(chat: Open) -> None:
    async with chat() as pilot:
        screen, app = screen_of(pilot), pilot.app
        block = await say(pilot, "about C4")
        screen.action_copy_sql()
        assert block.outcome and app.clipboard == block.outcome.sql
        screen.action_copy_rows()
        assert app.clipboard.startswith("name,licence\r\nC4,")
        await pilot.press("tab", "y")
        await pilot.pause()
        assert app.clipboard == "C4"


async def test_up_recalls_earlier_questions(chat: Open) -> None:
    async with chat() as pilot:
        app = pilot.app
        assert isinstance(app, Chat)
        for question in ("personal data", "nothing"):
            app.history.add("2026-01-01", question, "answered")
        prompt = screen_of(pilot).query_one(Prompt)
        await pilot.press("up", "up")
        assert prompt.value == "personal data"
        await pilot.press("down", "down")
        assert prompt.value == ""
