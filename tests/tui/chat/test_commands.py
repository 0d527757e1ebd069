"""What is typed after a slash, what is said of an answer, and the colours that are kept."""

from pathlib import Path

import pytest
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static, TextArea

from catalog.review.feedback import FeedbackQueue
from tests.tui.chat.conftest import HOSTILE, Open, seen, settle, told, until
from tui.chat import commands
from tui.chat.access import AccessScreen
from tui.chat.app import Chat
from tui.chat.ask import AskScreen
from tui.chat.browse import BrowseScreen
from tui.chat.commands import ALIASES, BY_NAME, COMMANDS, nearest, parsed
from tui.chat.desk import Desk
from tui.chat.help import HelpScreen
from tui.chat.judge import Judge
from tui.chat.lineage import LineageScreen
from tui.chat.offers import Offers, Part, part_of
from tui.chat.page import PLACES, who_in
from tui.chat.prompt import Prompt
from tui.chat.quality import QualityScreen
from tui.chat.themes import THEMES, remember, remembered
from tui.chat.turn import TurnBlock
from tui.last import last
from tui.settings import THEMES as NAMED

pytestmark = pytest.mark.anyio


def ask_screen(pilot: Pilot[None]) -> AskScreen:
    assert isinstance(pilot.app.screen, AskScreen)
    return pilot.app.screen


async def enter(pilot: Pilot[None], line: str) -> None:
    """Type a line on the first screen and press Enter."""
    if not isinstance(pilot.app.screen, AskScreen):
        await pilot.press("f2")
        await pilot.pause()
    prompt = ask_screen(pilot).query_one(Prompt)
    prompt.focus()
    prompt.value = line
    prompt.cursor_position = len(line)
    await settle(pilot)
    await pilot.press("enter")
    await settle(pilot)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("", None),
        ("who owns C4", None),
        ("/", Part("command", 0, "")),
        ("/lin", Part("command", 0, "lin")),
        ("/lineage ", None),
        ("/lineage C4", Part("names", 9, "C4")),
        ("/quality c", Part("names", 9, "c", is_free=True)),
        ("/access ", Part("views", 8, "")),
        ("/theme l", Part("choice", 7, "l", ("light",))),
        ("/nothing x", None),
        (" /lin", None),
        ("who owns @Com", Part("names", 9, "Com")),
        ("a@b", None),
        ("/sql SELECT @", None),
    ],
)
def test_what_can_be_completed(before: str, expected: Part | None) -> None:
    assert part_of(before) == expected


def test_commands_have_one_name_each_and_every_screen_has_one() -> None:
    assert len(BY_NAME) == len(COMMANDS) and not set(ALIASES) & set(BY_NAME)
    assert set(ALIASES.values()) <= set(BY_NAME)
    assert {"catalog", *PLACES} - {"ask", "browse"} <= set(BY_NAME)
    assert parsed("/LINEAGE  C4 ") == (BY_NAME["lineage"], "LINEAGE", "C4")
    assert parsed("/exit")[0] is BY_NAME["quit"] and parsed("/ x")[0] is None
    assert nearest("lineag") == "Did you mean /lineage?" and "begin with a space" in nearest("zzz")


async def test_commands_go_where_the_keys_go(chat: Open) -> None:
    async with chat() as pilot:
        await enter(pilot, "/lineage C4")
        assert isinstance(pilot.app.screen, LineageScreen) and "C4 (dataset)" in seen(pilot)
        await enter(pilot, "/catalog common")
        assert isinstance(pilot.app.screen, BrowseScreen) and "Common Crawl" in seen(pilot)
        await enter(pilot, "/similar rain in Kenya")
        assert "near in meaning to “rain in Kenya”" in seen(pilot)
        await enter(pilot, "/quality C4")
        assert isinstance(pilot.app.screen, QualityScreen) and pilot.app.screen.query_one("#filter", Input).value == "C4"
        await enter(pilot, "/policy grants")
        assert isinstance(pilot.app.screen, AccessScreen) and "✓ grants  open to you" in seen(pilot)
        await enter(pilot, "/history")
        assert "questions" in seen(pilot) or "Nothing asked yet" in seen(pilot)
        await enter(pilot, "/help")
        assert isinstance(pilot.app.screen, HelpScreen)
        await pilot.press("escape")
        assert ask_screen(pilot).query_one(Prompt).value == "" and not pilot.app.screen.query(TurnBlock)


async def test_a_beginning_is_enough_and_arrows_and_tab_complete(chat: Open) -> None:
    async with chat() as pilot:
        screen = ask_screen(pilot)
        prompt, offers = screen.query_one(Prompt), screen.query_one(Offers)
        await pilot.press("slash")
        assert offers.is_open and [option.id for option in offers.options] == [command.name for command in COMMANDS]
        assert "/lineage NAME" in seen(pilot) and "what it comes from" in seen(pilot)
        await pilot.press("l", "enter")
        assert prompt.value == "/lineage " and not offers.is_open
        await pilot.press("enter")
        assert "/lineage NAME" in told(pilot) and prompt.value == "/lineage "
        await pilot.press("c", "o", "m", "m", "o", "n")
        await settle(pilot)
        await pilot.press("down", "tab")
        assert prompt.value == "/lineage Common Voice "
        await enter(pilot, "/quality comm")
        assert pilot.app.screen.query_one("#filter", Input).value == "comm", "words are taken as they are"
        await pilot.press("f2")
        for keys, value in (("slash", "/"), ("escape", "/")):
            await pilot.press(keys)
            assert prompt.value == value
        assert not offers.is_open


async def test_an_unknown_command_stays_and_a_space_asks(chat: Open) -> None:
    async with chat() as pilot:
        await enter(pilot, "/lineag3 C4")
        assert "There is no command /lineag3. Did you mean /lineage?" in told(pilot)
        assert ask_screen(pilot).query_one(Prompt).value == "/lineag3 C4"
        await enter(pilot, f"/{HOSTILE}")
        assert "\x1b" not in told(pilot) and "\u202e" not in told(pilot)
        await enter(pilot, " /etc is what")
        assert ask_screen(pilot).query(TurnBlock).last().asked == "/etc is what"


async def test_sql_copy_save_and_clear_are_typed(chat: Open, tmp_path: Path) -> None:
    async with chat() as pilot:
        screen = ask_screen(pilot)
        await enter(pilot, "/copy")
        await enter(pilot, "/save")
        await enter(pilot, "/good")
        assert "no answer to copy" in told(pilot) and "no answer to save" in told(pilot) and "no answer to speak of" in told(pilot)
        await enter(pilot, "/sql SELECT count(*) AS n FROM datasets")
        block = screen.query(TurnBlock).last()
        assert block.is_sql and block.outcome and block.outcome.status == "answered"
        await enter(pilot, "/copy sql")
        assert pilot.app.clipboard == block.outcome.sql
        await enter(pilot, "/copy rows")
        assert pilot.app.clipboard.startswith("n\r\n")
        await enter(pilot, f"/save {tmp_path / 'n.csv'}")
        assert (tmp_path / "n.csv").read_bytes().startswith(b"n\r\n") and isinstance(pilot.app.screen, AskScreen)
        await enter(pilot, "/sql")
        assert "SELECT" in pilot.app.screen.query_one(TextArea).text
        await pilot.press("escape")
        await enter(pilot, "/clear")
        assert not screen.query(TurnBlock) and "Try one of these" in seen(pilot)


async def test_what_is_said_of_an_answer_waits_for_a_reviewer(chat: Open, desk: Desk) -> None:
    async with chat(size=(96, 40)) as pilot:
        queue = FeedbackQueue(desk.home)
        await enter(pilot, "about C4")
        block = ask_screen(pilot).query(TurnBlock).last()
        assert block.outcome and block.outcome.statement
        assert last(desk.home, desk.session.principal).sql == block.outcome.sql, "steward feedback on the command line means it too"
        await pilot.press("tab", "b")
        assert isinstance(pilot.app.screen, Judge) and "Was this answer right?" in seen(pilot)
        assert pilot.app.screen.query_one(OptionList).highlighted == 1
        await pilot.press(*"old", "enter")
        await settle(pilot)
        entry = queue.all()[-1]
        assert (entry.verdict, entry.author, entry.status, entry.said.note) == ("bad", "ada", "open", "old")
        assert (entry.said.question, entry.said.sql, entry.said.seq) == ("about C4", block.outcome.sql, block.outcome.statement.seq)
        assert f"Feedback {entry.number} waits" in told(pilot)
        assert str(block.query_one(".receipt", Static).render()).endswith("you said: bad")
        await enter(pilot, "/good as in the yearly report")
        entry = queue.all()[-1]
        assert (entry.verdict, entry.said.note) == ("good", "as in the yearly report")
        count = len(queue.all())
        await pilot.press("ctrl+g", "escape")
        await settle(pilot)
        await pilot.press("ctrl+g", "g", "enter")
        await settle(pilot)
        assert len(queue.all()) == count + 1 and queue.all()[-1].verdict == "good"


async def test_the_colours_chosen_are_there_at_the_next_start(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    file = tmp_path / "state" / "chat-theme"
    assert remembered(file) == "dark"
    app = Chat(desk, look=remembered(file), chose=lambda name: remember(file, name))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+t")
        assert remembered(file) == "light"
        await enter(pilot, "/theme contrast")
        await enter(pilot, "/theme nonsense")
        assert "There is no theme nonsense" in told(pilot)
    assert remembered(file) == "contrast"
    again = Chat(desk, look=remembered(file))
    assert again.theme == THEMES["contrast"].name
    file.write_bytes(b"\xff nonsense")
    assert remembered(file) == "dark"
    remember(Path("/dev/null/nowhere"), "light")  # nothing to keep it in is no error
    assert tuple(THEMES) == NAMED and commands.BY_NAME["theme"].choices == NAMED


async def test_a_paste_is_one_line_or_nothing_and_ctrl_c_stops(chat: Open) -> None:
    async with chat() as pilot:
        prompt = ask_screen(pilot).query_one(Prompt)
        prompt.post_message(Paste("which datasets\n  contain\x1b[31m\npersonal data"))
        await pilot.pause()
        assert prompt.value == "which datasets contain personal data"
        prompt.value = ""
        prompt.post_message(Paste("word " * 20_000))
        await pilot.pause()
        assert prompt.value == "" and "Not pasted: 99,999 characters" in told(pilot)
        await enter(pilot, "")
        await enter(pilot, "   ")
        assert not ask_screen(pilot).query(TurnBlock)
        await pilot.press("ctrl+c")
        assert "ctrl+q leaves" in told(pilot)
        prompt.value = "slow"
        await pilot.press("enter")
        await until(pilot, "esc stops")
        await pilot.press("ctrl+c")
        await settle(pilot)
        assert "Stopped. Nothing is shown of it." in seen(pilot)


async def test_help_has_the_keys_of_the_other_parts_of_a_screen(desk: Desk) -> None:
    app = Chat(desk, keys={"quality.ack": "f9"})
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f7")
        await settle(pilot)
        await pilot.press("f1")
        assert isinstance(app.screen, HelpScreen)
        lines = app.screen.lines.plain
        assert "F9" in lines and "Acknowledge" in lines and "Resolve" in lines and "Copy cell" in lines


@pytest.mark.parametrize(("room", "expected"), [(99, "ada · steward, member · generation 1 · scripted"), (30, "ada · steward, member"), (5, "ada"), (0, "ada")])
def test_the_asker_is_named_as_far_as_there_is_room(desk: Desk, room: int, expected: str) -> None:
    assert who_in(desk.who, room) == expected
