"""Somebody to whom nothing is open: every screen says so, and what to do about it."""

import shutil
from pathlib import Path

import pytest

from nl2sql.backends.scripted import ScriptedBackend
from tests.tui.chat.conftest import SCRIPT, seen, settle
from tui.chat.app import Chat
from tui.chat.desk import Desk

pytestmark = pytest.mark.anyio

SAID = {
    "f2": "Nothing is open to you. F6 says by which rule; /token asks as somebody else.",
    "f3": "Nothing is open to you. F6 says by which rule",
    "f5": "Nothing asked yet.",
    "f6": "0 views; 17 are closed",
    "f7": "The names of datasets are closed to you: F6 says",
}


async def test_every_screen_says_that_nothing_is_open(demo_home: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(demo_home, tmp_path / "catalog", ignore=shutil.ignore_patterns("snapshots")))
    (home / "policy.yaml").write_text("version: 1\n", encoding="utf-8")
    desk = Desk(home, ScriptedBackend(SCRIPT))
    desk.open(None)
    try:
        app = Chat(desk)
        async with app.run_test(size=(120, 36)) as pilot:
            for key, words in SAID.items():
                await pilot.press(key)
                await settle(pilot)
                assert words in seen(pilot)
            await pilot.press("f2")
            assert not app.screen.query(".starters")
            await pilot.press(*"grants", "enter")
            await settle(pilot)
            assert "✗ The view grants is not open to you" in seen(pilot)
    finally:
        desk.close()
