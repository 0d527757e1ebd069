"""Storms: keys in any order, terminals of any size, rows by the hundred thousand, cells of a megabyte, text that means harm."""

import asyncio
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from catalog.engine.engine import ResultSet
from tests.tui.chat.conftest import HOSTILE, SCRIPT, Open, seen, settle
from tests.tui.chat.test_rows import Holder
from tui.chat.app import Chat
from tui.chat.desk import Desk

KEYS = (
    *("f1", "f2", "f3", "f4", "f5", "f6", "f7", "question_mark", "escape", "enter", "tab", "shift+tab", "up", "down", "left", "right", "home", "end"),
    *("pageup", "pagedown", "space", "backspace", "delete", "ctrl+e", "ctrl+r", "ctrl+s", "ctrl+n", "ctrl+b", "ctrl+k", "ctrl+o", "ctrl+p", "ctrl+t"),
    *("ctrl+up", "ctrl+down", "1", "2", "3", "4", "5", "c", "C", "y", "Y", "o", "f", "d", "m", "l", "a", "k", "r", "slash", "plus", "minus", "at", "x"),
)
SIZES = ((1, 1), (3, 2), (20, 5), (40, 12), (60, 24), (96, 33), (250, 70))
HARM = (HOSTILE, "[a](javascript:alert(1)) ![i](http://e.x/i.png) <b>&amp;", "\x1b]8;;http://evil\x07link\x1b]8;;\x07", "\u2066\u200f\ufeff\U000e0041", "日本語" * 40, "a\u0301" * 80, "\r\n\x00\x08" * 9)
QUESTIONS = (*SCRIPT, *HARM)


def is_clean(shown: str) -> bool:
    return not [c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs") and c != "\n"]


steps = st.one_of(
    st.sampled_from(KEYS).map(lambda key: ("key", key)),
    st.sampled_from(KEYS).map(lambda key: ("key", key)),
    st.sampled_from(SIZES).map(lambda size: ("size", size)),
    st.sampled_from([question for question in QUESTIONS if question != "slow"]).map(lambda question: ("ask", question)),
    st.sampled_from(HARM).map(lambda text: ("paste", text)),
)


async def storm(desk: Desk, sequence: list[tuple[str, object]]) -> None:
    app = Chat(desk)
    async with app.run_test(size=(96, 33)) as pilot:
        for what, how in sequence:
            await step(pilot, app, what, how)
            assert is_clean(seen(pilot)), (what, how, app.screen)
        await settle(pilot)
        assert is_clean(seen(pilot))


async def step(pilot: Pilot[None], app: Chat, what: str, how: object) -> None:
    match what, how:
        case "key", str(key):
            await pilot.press(key)
        case "size", (int(width), int(height)):
            await pilot.resize_terminal(width, height)
        case "ask", str(question):
            while len(app.screen_stack) > 1:
                await pilot.press("escape")  # as people leave a window; what it still looks for ends with it
            app.ask(question)
            await pilot.pause()
        case "paste", str(text):
            if isinstance(app.focused, Input | TextArea):
                app.focused.post_message(Paste(text))
            await pilot.pause()


def run(desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch, examples: int, longest: int) -> None:
    monkeypatch.chdir(folder)  # what is saved is saved here
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")

    @settings(max_examples=examples, derandomize=True, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.lists(steps, min_size=longest // 2, max_size=longest))
    def holds(sequence: list[tuple[str, object]]) -> None:
        asyncio.run(storm(desk, sequence))

    holds()


def test_no_sequence_of_keys_sizes_and_harm_breaks_it(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(desk, tmp_path, monkeypatch, 3, 24)


@pytest.mark.anyio
async def test_sql_that_means_harm_is_edited_as_text(chat: Open) -> None:
    async with chat() as pilot:
        app = pilot.app
        assert isinstance(app, Chat)
        app.ask("hostile")
        await settle(pilot)
        await pilot.press("ctrl+e")
        area = app.screen.query_one(TextArea)
        assert is_clean(area.text) and is_clean(seen(pilot)) and "evilgnp" in area.text
        for text in HARM:
            area.post_message(Paste(f"{text}\nx"))
            await pilot.pause()
            assert is_clean(area.text) and is_clean(seen(pilot))
        assert area.text.count("\n") > len(HARM)


@pytest.mark.slow
def test_no_long_sequence_breaks_it(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(desk, tmp_path, monkeypatch, 12, 60)


@pytest.mark.anyio
async def test_a_hundred_thousand_rows_huge_cells_and_harm_in_all_sizes() -> None:
    rows = [(at, HARM[at % len(HARM)], "x" * 1_000_000 if at == 5 else None) for at in range(100_000)]
    app = Holder(ResultSet(("n", HOSTILE, "huge"), ("BIGINT", "VARCHAR", "VARCHAR"), rows, False, 1.0))
    async with app.run_test(size=(80, 24)) as pilot:
        app.table.focus()
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            for key in ("end", "home", "pagedown", "right", "o", "o", "o", "f", "space", "y", "Y"):
                await pilot.press(key)
            await pilot.pause()
            assert is_clean("\n".join(app.table.render_line(y).text for y in range(app.table.size.height)))
        assert all("\x1b" not in copied for _, copied in app.got)
