"""Parts of the app: the line of keys, names offered while typing, jumping, frozen columns, a column described, answers copied."""

import pytest
from textual.geometry import Offset
from textual.widgets import OptionList

from catalog.engine.engine import ResultSet
from nl2sql.turn import Stage
from tests.tui.chat.conftest import HOSTILE, Open, seen, settle, told, until
from tests.tui.chat.test_rows import Holder, lines
from tui.chat.app import Chat
from tui.chat.ask import AskScreen
from tui.chat.desk import Desk
from tui.chat.help import HelpScreen
from tui.chat.jump import Jump
from tui.chat.keyline import KeyLine
from tui.chat.outcome import pointed
from tui.chat.prompt import Prompt
from tui.chat.rows import RowsTable
from tui.chat.summary import describe
from tui.chat.turn import TurnBlock
from tui.chat.words import stages

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("took_ms", [0.4, 12.0, 999.0, 61_000.0])
@pytest.mark.parametrize("width", [28, 65, 80, 120])
def test_what_stops_a_question_is_never_broken_by_the_end_of_a_line(took_ms: float, width: int) -> None:
    found = [Stage(name, took_ms) for name in ("context", "draft", "guard")]
    assert "esc stops" in stages(found, 299.9).wrap(width)[0].plain
    assert stages(found, None).plain.startswith("names ✓ ") and "esc" not in stages(found, None).plain


async def test_the_line_of_keys_has_few_follows_the_focus_and_can_be_clicked(chat: Open) -> None:
    async with chat(size=(120, 33)) as pilot:
        last = seen(pilot).split("\n")[-1]
        assert "ctrl+e Edit SQL" in last and "F1 Help" in last and "ctrl+p Palette" in last
        assert "Save" not in last and "Stop" not in last, "there is nothing to save or stop"
        assert isinstance(pilot.app, Chat)
        pilot.app.ask("slow")
        await until(pilot, "esc Stop")
        assert "esc Stop" in seen(pilot).split("\n")[-1]
        await pilot.press("escape")
        await settle(pilot)
        pilot.app.ask("personal data")
        await settle(pilot)
        last = seen(pilot).split("\n")[-1]
        assert "ctrl+s Save" in last and "ctrl+g Feedback" in last and "Stop" not in last
        await pilot.press("f3")
        await settle(pilot)
        pilot.app.screen.query_one("#things").focus()
        await pilot.pause()
        assert "l Lineage" in seen(pilot).split("\n")[-1]
        await pilot.click(KeyLine, offset=Offset(seen(pilot).split("\n")[-1].index("F1") + 1, 0))
        await pilot.pause()
        assert isinstance(pilot.app.screen, HelpScreen)
        await pilot.press("escape")
        await pilot.resize_terminal(40, 20)
        await pilot.pause()
        assert "F1 Help" in seen(pilot).split("\n")[-1]


async def test_names_are_offered_after_an_at_sign_and_only_those_one_may_see(chat: Open, desk: Desk) -> None:
    hidden = sorted(set(desk.names_like("", 10_000)))
    async with chat() as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, AskScreen)
        prompt, offered = screen.query_one(Prompt), screen.query_one("#names", OptionList)
        await pilot.press(*({" ": "space", "@": "at"}.get(c, c) for c in "who owns @common"))
        await settle(pilot)
        assert offered.display and [option.id for option in offered.options][:2] == ["Common Crawl", "Common Voice"]
        await pilot.press("down", "enter")
        assert prompt.value == "who owns Common Voice " and not offered.display and not screen.query(TurnBlock)
        prompt.value = ""
        await pilot.press(*({" ": "space", "@": "at"}.get(c, c) for c in "about @C4"))
        await settle(pilot)
        assert offered.display
        await pilot.press("escape")
        assert not offered.display
        await pilot.press("enter")
        await settle(pilot)
        assert screen.query(TurnBlock).last().asked == "about C4"
    desk.open(None)
    public = set(desk.names_like("", 10_000))
    assert public < set(hidden)


async def test_a_letter_jumps_to_a_part_of_the_screen(chat: Open) -> None:
    async with chat() as pilot:
        await pilot.press("ctrl+o")
        jump = pilot.app.screen
        assert isinstance(jump, Jump)
        letter, target = next((letter, widget) for letter, widget in jump.targets.items() if widget.id == "views")
        await pilot.press(letter)
        await pilot.pause()
        assert pilot.app.focused is target
        await pilot.press("ctrl+o", "escape")
        assert isinstance(pilot.app.screen, AskScreen) and pilot.app.focused is target


async def test_somebody_else_may_sit_down_before_anything_is_asked(chat: Open, desk: Desk) -> None:
    async with chat() as pilot:
        app = pilot.app
        assert isinstance(app, Chat)
        app.action_token()
        await pilot.pause()
        await pilot.press("enter")
        await settle(pilot)
        assert desk.who.name == "anonymous" and "Try one of these" in seen(pilot)


async def test_an_answer_is_copied_whole(chat: Open) -> None:
    async with chat() as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, AskScreen)
        screen.query_one(Prompt).value = "about C4"
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("tab", "C")
        await pilot.pause()
        copied = pilot.app.clipboard
        assert copied.startswith("**about C4**") and "| C4 |" in copied and "```sql" in copied and "receipt: action" in copied
        assert "Copied the answer." in told(pilot)
        await pilot.press("m")
        assert screen.maximized is screen.query_one(RowsTable)
        await pilot.press("escape")
        assert screen.maximized is None
        screen.query_one(RowsTable).focus()
        await pilot.press("d")
        await pilot.pause()
        assert "most often" in seen(pilot)


async def test_frozen_columns_stay_while_the_others_scroll() -> None:
    app = Holder(ResultSet(tuple(f"column_{i}" for i in range(20)), ("BIGINT",) * 20, [tuple(range(20))] * 3, False, 1.0))
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        app.table.focus()
        await pilot.press("f", *["right"] * 19)
        assert lines(app.table)[0].split()[0] == "column_0" and lines(app.table)[0].endswith("column_19")
        await pilot.click(RowsTable, offset=(1, 2))
        assert (app.table.row, app.table.column) == (1, 0)
        await pilot.press("f")
        assert app.table.frozen == 0
        await pilot.press(*["right"] * 3, "f")
        assert app.table.frozen == 0, "no room would be left"


def test_a_column_is_described_by_its_rows() -> None:
    told = describe([1, 2, 2, None, 3])
    for words in ("rows      5", "NULL      1", "distinct  3", "median    2", "2   40%  2"):
        assert words in told
    assert describe([]) == "rows      0\nNULL      0" and describe([None]) == "rows      1\nNULL      1"
    assert "\x1b" not in describe([HOSTILE, "b"]) and "first     b" in describe([HOSTILE, "b"])
    assert "mean" not in describe([float("nan"), 1.0]) and "mean" not in describe([True, False])
    assert "most often" in describe([["a"], ["a", "b"]])


def test_what_a_message_speaks_of_is_underlined() -> None:
    shown = pointed("SELECT nodes.altitude, altitudes FROM nodes", "'nodes' has no column 'altitude'.")
    assert [shown.plain[span.start : span.end] for span in sorted(shown.spans)] == ["nodes", "altitude", "nodes"]
