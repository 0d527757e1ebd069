"""The other screens, and what may be done from anywhere."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.widgets import Input, OptionList, Static, TabbedContent, Tree

from catalog.errors import UsageError
from tests.tui.chat.conftest import HOSTILE, SHOWN, Open, seen, settle
from tui.chat.app import Chat
from tui.chat.ask import AskScreen
from tui.chat.asked import HistoryScreen
from tui.chat.browse import BrowseScreen
from tui.chat.desk import Desk
from tui.chat.edit import EditSql
from tui.chat.facts import Facts
from tui.chat.help import HelpScreen
from tui.chat.history import FILE, History
from tui.chat.keymap import read_keys
from tui.chat.lineage import LineageScreen
from tui.chat.prompt import Prompt
from tui.chat.quality import QualityScreen
from tui.chat.rows import RowsTable
from tui.chat.themes import THEMES
from tui.chat.tour import STEPS, Tour, is_first_run
from tui.chat.turn import TurnBlock
from tui.main import cli

pytestmark = pytest.mark.anyio


async def test_the_catalog_narrows_as_one_types_and_shows_what_is_chosen(chat: Open) -> None:
    async with chat() as pilot:
        await pilot.press("f3")
        await settle(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, BrowseScreen)
        tree = screen.query_one("#things", Tree)
        assert "datasets by name" in seen(pilot) and "quality_checks" in seen(pilot)
        screen.query_one("#filter", Input).value = "rating"
        await pilot.pause()
        assert "market" in seen(pilot) and "quality_checks" not in seen(pilot)
        screen.query_one("#filter", Input).value = "common crawl"
        await pilot.pause()
        await pilot.press("down", "down")
        await settle(pilot)
        assert screen.chosen and screen.chosen.name == "Common Crawl"
        assert "licence" in screen.query_one("#detail", Facts).text
        await pilot.press("l")
        await settle(pilot)
        assert isinstance(pilot.app.screen, LineageScreen) and "Common Crawl (dataset)" in seen(pilot)
        await pilot.press("f3")
        tree.focus()
        await pilot.press("a")
        await settle(pilot)
        assert pilot.app.screen.query_one(Prompt).value == "Common Crawl "


async def test_enter_searches_by_meaning_and_nothing_hides_in_a_filter(chat: Open) -> None:
    async with chat() as pilot:
        await pilot.press("f3")
        await settle(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, BrowseScreen)
        field = screen.query_one("#filter", Input)
        field.value = HOSTILE
        await pilot.pause()
        assert field.value == SHOWN and "Nothing has these words" in seen(pilot)
        field.value = "rain in Kenya"
        await pilot.press("enter")
        await settle(pilot)
        assert "near in meaning to “rain in Kenya”" in seen(pilot)
        assert screen.chosen and "Kenya" in screen.chosen.name


async def test_names_that_are_not_open_are_not_listed(chat: Open, desk: Desk) -> None:
    hidden = {row[0] for row in desk.outcome("SELECT DISTINCT name FROM datasets WHERE sensitivity <> 'public'").result.rows}  # type: ignore[attr-defined]
    desk.open(None)
    async with chat() as pilot:
        await pilot.press("f3")
        await settle(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, BrowseScreen)
        public = {row[0] for row in desk.outcome("SELECT name FROM datasets").result.rows}  # type: ignore[attr-defined]
        assert hidden - public and not set(screen.shelf.names["dataset"]) & (hidden - public)
        assert set(screen.shelf.views) == set(desk.who.open_views)


async def test_lineage_goes_on_deeper_and_back(chat: Open) -> None:
    async with chat(size=(80, 24)) as pilot:
        await pilot.press("f4")
        screen = pilot.app.screen
        assert isinstance(screen, LineageScreen)
        assert "Nothing is shown yet" in seen(pilot)
        screen.query_one("#place", Input).value = "C4"
        await pilot.press("enter")
        await settle(pilot)
        assert "comes from 1 dataset" in seen(pilot) and "flows into" in seen(pilot)
        await pilot.press("plus", "minus", "minus")
        await settle(pilot)
        assert screen.depth == 2 and "more places lie farther" in str(screen.query_one("#remarks", Static).render())
        await pilot.press("down", "enter")
        await settle(pilot)
        assert screen.trail == ["C4", "Common Crawl"]
        await pilot.press("backspace")
        await settle(pilot)
        assert screen.trail == ["C4"]
        screen.query_one("#place", Input).value = "no such thing"
        screen.query_one("#place").focus()
        await pilot.press("enter")
        await settle(pilot)
        assert "There is no dataset, model or report named 'no such thing' that you may see." in seen(pilot)


async def test_history_is_searched_starred_and_asked_again(chat: Open, desk: Desk) -> None:
    async with chat() as pilot:
        assert isinstance(pilot.app, Chat)
        for question in ("personal data", f"{HOSTILE} asked"):
            pilot.app.history.add("2026-01-01", question, "answered")
        await pilot.press("f5")
        await settle(pilot)
        assert "2 of 2 questions" in seen(pilot) and f"{SHOWN} asked" in seen(pilot)
        pilot.app.screen.query_one("#search", Input).value = "person"
        await pilot.pause()
        assert "1 of 2 questions" in seen(pilot)
        await pilot.press("ctrl+k")
        assert "★" in seen(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(pilot.app.screen, AskScreen)
        assert pilot.app.screen.query(TurnBlock).last().asked == "personal data"
        kept = History.of(desk.home, desk.session.principal)
        assert [(entry.question, entry.starred) for entry in kept.search("")] == [("personal data", True), (f"{HOSTILE} asked", False)]


def test_history_goes_with_what_is_kept_of_a_person_and_damage_is_no_history(desk: Desk) -> None:
    from catalog.engine.folders import directory, forget

    history = History.of(desk.home, desk.session.principal)
    history.add("2026-01-01", "who", "answered")
    path = directory(desk.home, desk.session.principal) / FILE
    assert path.stat().st_mode & 0o077 == 0
    forget(desk.home, "ada")
    assert History.of(desk.home, desk.session.principal).entries == []
    path.write_text('{"no": "history"}\n', encoding="utf-8")
    assert History(path).entries == []


async def test_access_says_what_is_open_and_why(chat: Open, desk: Desk) -> None:
    desk.open(None)
    async with chat() as pilot:
        await pilot.press("f6")
        await settle(pilot)
        shown = seen(pilot)
        assert "you are    anonymous" in shown and "public-metadata (allow)" in shown
        targets = pilot.app.screen.query_one("#targets", OptionList)
        targets.highlighted = targets.get_option_index("audit_log")
        await settle(pilot)
        assert "✗ audit_log  closed to you" in seen(pilot)


async def test_help_lists_the_bindings_in_force_and_the_palette_every_screen(chat: Open) -> None:
    async with chat() as pilot:
        await pilot.press("f1")
        assert isinstance(pilot.app.screen, HelpScreen)
        lines = pilot.app.screen.lines.plain
        for binding in (*AskScreen.BINDINGS, *Chat.BINDINGS):
            assert getattr(binding, "description", "") in lines
        await pilot.press("escape")
        offered = {command.title for command in pilot.app.get_system_commands(pilot.app.screen)}
        assert offered >= {"Ask", "Catalog", "Lineage", "History", "Access", "Quality", "Jump", "Ask as somebody else", "Edit SQL", "Save", "Tour", "Help", "Quit"}
        await pilot.press("ctrl+p")
        await pilot.pause()
        assert "Search for commands" in seen(pilot)


async def test_every_screen_fits_every_size(chat: Open) -> None:
    async with chat(size=(160, 50)) as pilot:
        for width, height in ((160, 50), (60, 20)):
            await pilot.resize_terminal(width, height)
            for key in ("f3", "f4", "f5", "f6", "f7", "f2"):
                await pilot.press(key)
                await settle(pilot)
                rows = seen(pilot).split("\n")
                assert len(rows) == height and "Ask" in rows[0] and "Quality" in rows[0] and "Help" in rows[-1]
            assert pilot.app.screen.query_one("#sidebar").display is (width >= 90)
        await pilot.press("ctrl+b")
        assert pilot.app.screen.query_one("#sidebar").display is True


async def test_themes_turn_and_no_color_has_none(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = Chat(desk, keys={"app.theme": "f9"})
    async with app.run_test(size=(80, 24)) as pilot:
        for theme in (*list(THEMES.values())[1:], THEMES["dark"]):
            await pilot.press("f9")
            assert app.theme == theme.name
        colors = {
            color.get_truecolor()
            for strip in app.screen._compositor.render_strips()
            for segment in strip.apply_filter(app._filters[-1], app.screen.background_colors[1])
            if segment.style
            for color in (segment.style.color, segment.style.bgcolor)
            if color
        }
        assert all(len(set(color)) == 1 for color in colors), "grey only"


async def test_a_key_bound_anew_works_is_shown_and_the_old_one_is_free(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_text('[keys]\n"app.browse" = "f8"\n"ask.edit" = "f10"\n', encoding="utf-8")
    app = Chat(desk, keys=read_keys(file))
    async with app.run_test(size=(100, 30)) as pilot:
        assert "F10 Edit SQL" in seen(pilot).split("\n")[-1]
        await pilot.press("f3")
        assert isinstance(app.screen, AskScreen)
        await pilot.press("f10")
        assert isinstance(app.screen, EditSql)
        await pilot.press("escape", "f8")
        assert isinstance(app.screen, BrowseScreen)


async def test_what_is_typed_ahead_goes_where_the_focus_goes(chat: Open) -> None:
    async with chat() as pilot:
        screen = pilot.app.screen
        prompt = screen.query_one(Prompt)
        prompt.value = "personal data"
        await pilot.press("ctrl+j")  # what some terminals send for Enter
        await settle(pilot)
        pilot.app.simulate_key("tab")
        pilot.app.simulate_key("2")
        await settle(pilot)
        assert prompt.value == "" and screen.query_one(TabbedContent).active == "sql"


async def test_a_tour_goes_on_and_ends(desk: Desk, tmp_path: Path) -> None:
    app = Chat(desk, tour=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        for title, _ in STEPS:
            assert isinstance(app.screen, Tour) and title in seen(pilot)
            await pilot.press("enter")
        assert isinstance(app.screen, AskScreen)
    assert is_first_run(tmp_path / "state" / "marker") and not is_first_run(tmp_path / "state" / "marker")


def test_the_page_names_every_binding_that_has_an_id() -> None:
    page = (Path(__file__).parents[3] / "docs" / "chat.md").read_text(encoding="utf-8")
    classes = (Chat, AskScreen, BrowseScreen, LineageScreen, HistoryScreen, QualityScreen, EditSql, RowsTable, TurnBlock)
    ids = {binding.id for kind in classes for binding in kind.BINDINGS if isinstance(binding, Binding) and binding.id}
    assert {name for name in ids if f"`{name}`" not in page} == set()


def test_keys_are_bound_anew_by_a_file(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    assert read_keys(file) == {}
    file.write_text('[keys]\n"ask.save" = "f9"\n', encoding="utf-8")
    assert read_keys(file) == {"ask.save": "f9"}
    for wrong in ("[keys]\nx = 1\n", "x = 1\n", "[[["):
        file.write_text(wrong, encoding="utf-8")
        with pytest.raises(UsageError):
            read_keys(file)


def test_the_command_needs_a_terminal_and_its_help_loads_no_textual() -> None:
    code = "import sys, json\nfrom tui.main import cli\ntry:\n    cli.main(['chat', '--help'], standalone_mode=False)\nfinally:\n    print(json.dumps([m for m in ('textual', 'rich', 'duckdb') if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    assert json.loads(done.stdout.splitlines()[-1]) == []
    import click

    with pytest.raises(click.UsageError, match="needs a terminal"):
        cli.main(["chat"], standalone_mode=False)


def test_the_page_names_tests_that_there_are() -> None:
    tests = Path(__file__).parents[2]
    page = (tests.parent / "docs" / "front-doors.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", page)
    assert len(named) > 60
    for file, name in named:
        path = next(path for path in (tests / "tui" / file, tests / file) if path.exists())
        assert re.search(rf"def {name}\b", path.read_text(encoding="utf-8")), f"{file}::{name}"
    rows = [line for line in page.splitlines() if re.match(r"\| [012–] ", line)]
    assert all("::test_" in row for row in rows)
