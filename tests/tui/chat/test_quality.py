"""The quality screen: what it shows of the demo, who may see to an alert, and that both are recorded."""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.widgets import Input, OptionList

from catalog.access.policy import POLICY_FILE
from catalog.audit.log import AuditLog
from catalog.engine.engine import Limits
from catalog.quality.alerts import Alerts
from catalog.storage.state import State
from nl2sql.backends.scripted import ScriptedBackend
from tests.tui.chat.conftest import Open, seen, settle, told
from tui.chat.app import Chat
from tui.chat.desk import Desk
from tui.chat.facts import Facts
from tui.chat.health import SPARKS, Health, ago, checkup, overview, spark
from tui.chat.health_table import HealthTable
from tui.chat.health_words import score_words
from tui.chat.modals import Confirm
from tui.chat.quality import QualityScreen

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 10, 16, 12)


@pytest.fixture
def own_desk(demo_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk over a catalog of its own, which may be written to."""
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    home = Path(shutil.copytree(demo_home, tmp_path / "own"))
    desk = Desk(home, ScriptedBackend({}), Limits(rows=500))
    desk.open(State(home).issue_token("ada", 1))
    yield desk
    desk.close()


async def test_it_shows_scores_ages_history_checks_and_alerts_and_narrows(chat: Open) -> None:
    async with chat(size=(120, 40)) as pilot:
        await pilot.press("f7")
        await settle(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, QualityScreen)
        shown = seen(pilot)
        assert "192 of 192 datasets" in shown and "years ago" in shown and "━━━" in shown
        assert screen.listed == sorted(screen.listed, key=lambda one: (-(one.alerts or 0), one.score or 0))
        await pilot.press("down")
        was = screen.chosen
        await pilot.press("down")
        await settle(pilot)
        assert screen.chosen and screen.chosen != was and screen.checkup and screen.checkup.health == screen.chosen
        detail = screen.query_one("#detail", Facts).text
        assert screen.chosen.name in detail and "completeness" in detail and any(block in detail for block in SPARKS)
        assert screen.query_one("#alerts", OptionList).option_count == screen.chosen.alerts
        for words, holds in (("stale", lambda one: one.is_stale), ("alert", lambda one: one.alerts), ("nyc taxi", lambda one: one.name == "NYC Taxi Trips")):
            screen.query_one("#filter", Input).value = words
            await settle(pilot)
            assert screen.listed and all(holds(one) or words in one.name for one in screen.listed)
        screen.query_one("#filter", Input).value = "no such"
        await settle(pilot)
        assert "No dataset fits the filter." in seen(pilot)
        await pilot.press("f1")
        assert "those with open alerts first" in seen(pilot) and "Acknowledge" in seen(pilot)
        await pilot.press("escape")
        app = pilot.app
        assert isinstance(app, Chat)
        assert {"Quality", "Acknowledge alert", "Resolve alert"} <= {command.title for command in app.get_system_commands(screen)}


async def test_an_alert_is_acknowledged_and_resolved_under_ones_name(own_desk: Desk) -> None:
    app = Chat(own_desk)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("f7")
        await settle(pilot)
        screen = app.screen
        assert isinstance(screen, QualityScreen)
        screen.query_one("#filter", Input).value = "fineweb paris"
        await settle(pilot)
        await pilot.press("down", "enter")
        assert app.focused is screen.query_one("#alerts")
        alert = screen.alert
        assert alert and alert.fields["alert_status"] == "open"
        await pilot.press("k")
        await settle(pilot)
        assert screen.checkup and {check.fields["check_id"]: check.fields["alert_status"] for check in screen.checkup.alerts}[alert.fields["check_id"]] == "acknowledged"
        assert "generation 2" in seen(pilot)
        before = len(screen.checkup.alerts)
        await pilot.press("r")
        assert isinstance(app.screen, Confirm) and "Resolve this alert?" in seen(pilot)
        await pilot.press("escape")
        await settle(pilot)
        assert len(Alerts(own_desk.home).all()) == 1
        await pilot.press("r", "enter")
        await settle(pilot)
        assert screen.checkup and len(screen.checkup.alerts) == before - 1
    entries = [entry for entry in AuditLog(own_desk.home).entries() if (entry.question or "").startswith("alerts ")]
    assert [(entry.actor, entry.action, (entry.question or "").split()[1], entry.decision) for entry in entries] == [("ada", "ingest", "ack", "allowed"), ("ada", "ingest", "resolve", "allowed")]


async def test_nobody_in_particular_changes_no_alert_and_closed_views_are_gaps(own_desk: Desk) -> None:
    own_desk.open(None)
    app = Chat(own_desk)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("f7")
        await settle(pilot)
        screen = app.screen
        assert isinstance(screen, QualityScreen)
        screen.query_one("#filter", Input).value = "alert"
        await settle(pilot)
        assert screen.alert
        await pilot.press("down", "k")
        await settle(pilot)
        assert "Alerts are changed by somebody who can be named." in told(pilot)
        assert Alerts(own_desk.home).all() == []
    policy = own_desk.home / POLICY_FILE
    whole = policy.read_text(encoding="utf-8")
    checks = "      quality_metrics: \"*\"\n      quality_checks: {except: [assignee]}\n"
    names = "      datasets: {except: [steward]}\n      columns"
    for closed, gap in ((checks, "Checks and alerts are closed"), (names, "names of datasets are closed")):
        assert closed in whole
        policy.write_text(whole.replace(closed, "      columns" if closed == names else "", 1), encoding="utf-8")
        own_desk.open(None)
        before = len(AuditLog(own_desk.home).entries())
        found = overview(own_desk)
        assert gap in " ".join(found.gaps)
        assert not [entry for entry in AuditLog(own_desk.home).entries()[before:] if entry.decision == "denied"]
        assert bool(found.datasets) is (closed == checks)
        for one in found.datasets[:1]:
            assert checkup(own_desk, one).gaps == ("Measurements are closed to you.", "Checks and alerts are closed to you.")


async def test_a_dataset_that_is_not_open_is_not_listed(desk: Desk) -> None:
    every = {one.name for one in overview(desk).datasets}
    desk.open(None)
    public = {one.name for one in overview(desk).datasets}
    assert public < every


async def test_the_list_sorts_by_time_not_by_words(chat: Open) -> None:
    async with chat(size=(120, 40)) as pilot:
        await pilot.press("f7")
        await settle(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, QualityScreen)
        table = screen.query_one(HealthTable)
        table.focus()
        await pilot.press("right", "right", "right", "o")
        times = [screen.listed[at].updated for at in table.order]
        known = [time for time in times if time]
        assert known == sorted(known) and times[len(known) :] == [None] * (len(times) - len(known))
        assert screen.chosen and screen.chosen.updated == times[0]


AGES = [(0, "just now"), (59, "just now"), (60, "1 minute ago"), (3600 * 5, "5 hours ago"), (86400, "1 day ago"), (86400 * 13, "13 days ago"), (86400 * 14, "2 weeks ago"), (86400 * 400, "13 months ago"), (86400 * 365 * 10, "9 years ago"), (-1, "in the future")]


@pytest.mark.parametrize(("seconds", "words"), AGES)
def test_ages_are_words(seconds: int, words: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == words


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=24).map(tuple))
def test_a_sparkline_keeps_the_order_of_its_values(values: tuple[float, ...]) -> None:
    drawn = spark(values)
    assert len(drawn) == len(values)
    heights = [SPARKS.index(block) for block in drawn]
    assert all(a <= b for (x, a) in zip(values, heights, strict=True) for (y, b) in zip(values, heights, strict=True) if x < y)


@pytest.mark.parametrize("score", [None, 0.0, 0.004, 0.5, 0.999, 1.0, 7.0])
def test_scores_are_bars_of_one_width(score: float | None) -> None:
    assert len(score_words(score)) <= 13
    assert Health("a", score=score).words == "a "
