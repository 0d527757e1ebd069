"""A look at a catalog: what is late, against its contract, anomalous or failing opens an alert, once; it resolves and returns by itself."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog.audit.log import AuditLog
from catalog.backup.backup import back_up
from catalog.backup.restore import restore
from catalog.errors import CatalogUnavailable, UsageError
from catalog.quality.alerts import Alerts, Episode, alert_id
from catalog.quality.watch import look
from catalog.storage.generations import current, upsert, writing
from catalog.storage.records import Dataset, Metric, Node, QualityCheck, Record
from tests.catalog.publishing import rows

NOW = datetime(2026, 5, 4, 12)
NODE = {"node": "berlin", "sensitivity": "internal"}


def write(home: Path, *records: Record) -> None:
    with writing(home) as connection:
        upsert(connection, records)


def dataset(days: float, **more: Any) -> Dataset:
    return Dataset(**NODE, name="orders", last_updated=NOW - timedelta(days=days), **{"update_frequency": "daily", **more})


def run(number: int, status: str, test: str = "orders/id/unique") -> QualityCheck:
    at = NOW - timedelta(days=10 - number)
    return QualityCheck(**NODE, check_id=f"{test}/run{number}", dataset="orders", column_name="id", check_name="unique", status=status, opened=at, as_of=at)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write(tmp_path / "catalog", Node(node="berlin", jurisdiction="EU"), dataset(0.5))
    return tmp_path / "catalog"


def checks(home: Path) -> list[tuple[Any, ...]]:
    return rows(home, "SELECT check_id, status, alert_status FROM quality_check ORDER BY check_id")


def events(home: Path) -> list[str]:
    return [event.what for event in Alerts(home).undelivered("nobody")]


def test_late_data_opens_one_alert_that_resolves_and_returns(home: Path) -> None:
    look(home, NOW)
    assert checks(home) == [("watch/freshness/orders", "passed", None)]
    for _ in range(3):
        look(home, NOW + timedelta(days=3))
    assert checks(home) == [("watch/freshness/orders", "failed", "open")]
    assert events(home) == ["opened"]
    write(home, dataset(-4))
    look(home, NOW + timedelta(days=4))
    assert checks(home) == [("watch/freshness/orders", "passed", "resolved")]
    look(home, NOW + timedelta(days=9))
    assert events(home) == ["opened", "resolved", "reopened"]
    assert [(e.episode, e.status) for e in Alerts(home).all()] == [(1, "resolved"), (2, "open")]
    row = rows(home, "SELECT severity, sensitivity, origin, opened, resolved FROM quality_check")[0]
    assert row == ("medium", "internal", "measured", NOW + timedelta(days=9), None)


def test_a_look_that_finds_nothing_new_writes_nothing(home: Path) -> None:
    write(home, dataset(5), run(1, "failed"))
    look(home, NOW)
    before = current(home).number
    look(home, NOW)
    look(home, NOW + timedelta(minutes=5))
    assert current(home).number == before


@pytest.mark.parametrize(
    ("about", "status"),
    [
        ({"update_frequency": "weekly"}, "passed"),
        ({"update_frequency": "hourly"}, "failed"),
        ({"update_frequency": "never"}, None),
        ({"update_frequency": None}, None),
        ({"deprecated": True}, None),
        ({"last_updated": None}, None),
    ],
)
def test_freshness_is_against_the_declared_cadence(tmp_path: Path, about: dict[str, Any], status: str | None) -> None:
    days = {"last_updated": NOW - timedelta(days=5), "update_frequency": "daily", **about}
    write(tmp_path / "c", Node(node="berlin"), Dataset(**NODE, name="orders", **days))
    look(tmp_path / "c", NOW)
    assert [found for _, found, _ in checks(tmp_path / "c")] == ([status] if status else [])


@pytest.mark.parametrize(
    ("kind", "column", "expected", "outcome"),
    [
        ("freshness", None, "latency 4 d", "failed"),
        ("freshness", None, "latency 6 d", "passed"),
        ("freshness", None, "warn after 12 hours; error after 24 hours", "failed"),
        ("freshness", None, "timeOfAvailability 09:00", None),
        ("row_count", None, "rowCount ≥ 100", "passed"),
        ("row_count", None, "rowCount between 1 and 10 rows", "failed"),
        ("not_null", "id", "nullValues = 0", "failed"),
        ("not_null", "id", "nullValues < 5 percent", "passed"),
        ("unique", "id", "duplicateValues = 0", "failed"),
        ("unique", "id", "duplicateValues < 3", None),
        ("custom", None, "SELECT 1", None),
    ],
)
def test_contracts_are_checked_as_far_as_something_measured_decides(home: Path, kind: str, column: str | None, expected: str, outcome: str | None) -> None:
    values = {"row_count": 120.0, "null_count": 3.0, "completeness": 0.975, "uniqueness": 0.99}
    measured = [
        Metric(**NODE, dataset="orders", column_name=None if name == "row_count" else "id", dimension="volume", metric=name, value=value, unit="count", measured_at=NOW)
        for name, value in values.items()
    ]
    declared = QualityCheck(**NODE, check_id="orders/rule", dataset="orders", column_name=column, check_name=kind, expected=expected)
    write(home, dataset(5, update_frequency="never"), *measured, declared)
    look(home, NOW)
    found = {check_id: status for check_id, status, _ in checks(home)}
    assert found.pop("orders/rule") is None
    assert found == ({"watch/contract/orders/rule": outcome} if outcome else {})


def test_an_anomaly_is_an_alert_until_the_next_measurement_is_as_ever(home: Path) -> None:
    def metric(day: int, far: bool) -> Metric:
        at = NOW + timedelta(days=day)
        return Metric(**NODE, dataset="orders", dimension="volume", metric="row_count", value=9, unit="count", baseline=90, z_score=-20, is_anomaly=far, measured_at=at)

    write(home, metric(0, True))
    look(home, NOW)
    look(home, NOW)
    shown = rows(home, "SELECT check_name, expected, actual, severity, alert_status FROM quality_check WHERE check_id LIKE '%anomaly%'")
    assert shown == [("row_count", "row_count as in its history, about 90", "9, 20.0 deviations below", "high", "open")]
    write(home, metric(1, False))
    look(home, NOW + timedelta(hours=30))
    assert ("watch/anomaly/orders/row_count", "passed", "resolved") in checks(home)


def test_the_newest_run_of_a_test_decides_and_the_run_that_opened_the_alert_bears_it(home: Path) -> None:
    write(home, run(1, "passed"), run(2, "failed"))
    look(home, NOW)
    write(home, run(3, "error"))
    look(home, NOW)
    assert events(home) == ["opened"]
    assert {check_id[-4:]: alert for check_id, _, alert in checks(home) if "run" in check_id} == {"run1": None, "run2": "open", "run3": None}
    write(home, run(4, "passed"))
    look(home, NOW)
    assert events(home) == ["opened", "resolved"]


def test_an_alert_moves_with_its_test_when_its_row_is_gone(home: Path) -> None:
    write(home, run(2, "failed"))
    look(home, NOW)
    with writing(home) as connection:
        connection.execute("DELETE FROM quality_check WHERE check_id LIKE '%run2'")
        upsert(connection, [run(3, "failed")])
    look(home, NOW)
    assert ("orders/id/unique/run3", "failed", "open") in checks(home)
    assert events(home) == ["opened"]


def episode(home: Path) -> Episode:
    return Alerts(home).all()[-1]


def test_who_and_when_survive_another_ingest_and_a_backup(home: Path, tmp_path: Path) -> None:
    write(home, run(2, "failed"))
    look(home, NOW)
    Alerts(home).acknowledge(episode(home), "ada", NOW, "max")
    write(home, run(2, "failed"))  # as reading the document again writes it: without an alert
    row = rows(home, "SELECT alert_status, assignee, acked FROM quality_check WHERE check_id LIKE '%run2'")
    assert row == [("acknowledged", "max", NOW)]
    (tmp_path / "safe").mkdir()
    (home / "policy.yaml").write_text("version: 1\n", encoding="utf-8")
    taken = back_up(home, tmp_path / "safe", NOW)
    restore(taken.path, tmp_path / "restored")
    assert Alerts(tmp_path / "restored").all() == Alerts(home).all()


def test_what_a_person_resolved_stays_so_until_the_test_has_passed(home: Path) -> None:
    write(home, run(2, "failed"))
    look(home, NOW)
    Alerts(home).resolve(episode(home), "ada", NOW)
    look(home, NOW + timedelta(minutes=1))
    assert ("orders/id/unique/run2", "failed", "resolved") in checks(home)
    with pytest.raises(UsageError):
        Alerts(home).acknowledge(episode(home), "ada", NOW)
    write(home, run(3, "passed"))
    look(home, NOW)
    write(home, run(4, "failed"))
    look(home, NOW)
    assert events(home) == ["opened", "resolved", "reopened"]


def test_a_publishers_own_alert_is_the_publishers(home: Path) -> None:
    write(home, QualityCheck(**NODE, check_id="C-1", dataset="orders", check_name="unique", status="failed", alert_status="open", opened=NOW))
    look(home, NOW)
    assert Alerts(home).all() == []


def test_after_a_kill_before_the_generation_the_next_look_writes_it(home: Path, tmp_path: Path) -> None:
    kept = shutil.copytree(home, tmp_path / "before")
    write(home, run(2, "failed"))
    write(kept, run(2, "failed"))
    look(home, NOW)
    for file in home.glob("state.sqlite*"):
        shutil.copy(file, kept / file.name)
    look(kept, NOW)
    assert checks(kept) == checks(home)
    assert events(kept) == ["opened"]


def test_misuse_of_the_catalog_is_an_event_without_a_name(home: Path) -> None:
    log = AuditLog(home)
    for minute in range(9):
        at = NOW + timedelta(minutes=minute)
        log.end(log.begin("eve", None, "query", "q", "SELECT 1", now=at), "denied", "default", 0, now=at)
    found = "SELECT kind, severity, detail, origin, sensitivity, resolved IS NULL FROM node_event"
    look(home, NOW + timedelta(minutes=10))
    assert rows(home, found) == [("intrusion", "medium", "denials: 9 denials, audit entries 1 to 9", "measured", "restricted", True)]
    look(home, NOW + timedelta(hours=2))
    assert rows(home, found)[0][-1] is False
    assert len(rows(home, "SELECT 1 FROM node_event")) == 1


def test_without_a_catalog_there_is_nothing_to_watch(tmp_path: Path) -> None:
    with pytest.raises(CatalogUnavailable):
        look(tmp_path / "none", NOW)
    assert not (tmp_path / "none").exists()


def test_an_alert_is_called_the_same_everywhere() -> None:
    assert alert_id("a", "b") == alert_id("a", "b") != alert_id("ab", "")


def test_a_result_is_as_closed_as_the_most_closed_of_what_it_tells_of(home: Path) -> None:
    closed = {**NODE, "sensitivity": "restricted"}
    measured = Metric(**closed, dataset="orders", dimension="volume", metric="row_count", value=3, unit="count", baseline=90, z_score=-20, is_anomaly=True, measured_at=NOW)
    rules = [QualityCheck(**of, check_id=name, dataset="orders", check_name=kind, expected=expected) for of, name, kind, expected in (
        (NODE, "open", "row_count", "rowCount > 100"), (closed, "shut", "freshness", "latency 4 d"))]
    write(home, measured, *rules)
    look(home, NOW)
    found = dict(rows(home, "SELECT check_id, sensitivity FROM quality_check WHERE starts_with(check_id, 'watch/')"))
    assert found == {
        "watch/freshness/orders": "internal", "watch/contract/open": "restricted", "watch/contract/shut": "restricted", "watch/anomaly/orders/row_count": "restricted",
    }  # fmt: skip


def test_names_with_slashes_are_not_taken_for_one_another(home: Path) -> None:
    def metric(dataset: str, column: str | None, far: bool) -> Metric:
        return Metric(**NODE, dataset=dataset, column_name=column, dimension="volume", metric="m", value=9, unit="count", baseline=90, z_score=-20, is_anomaly=far, measured_at=NOW)

    write(home, metric("a/b", None, True), metric("a", "b", True))
    look(home, NOW)
    number = current(home).number
    look(home, NOW)
    assert current(home).number == number
    assert {name for name, *_ in checks(home)} >= {"watch/anomaly/a%2Fb/m", "watch/anomaly/a/b/m"}


def test_a_node_that_fails_everything_hides_nobody(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.quality.watch.MOST_OF_NODE", 5)
    flood = [QualityCheck(node="liar", check_id=f"t{i:03}/r", dataset="x", check_name="custom", status="failed", severity="critical" if i == 99 else "low", opened=NOW) for i in range(100)]
    write(home, run(2, "failed"), *flood)
    look(home, NOW)
    opened = [e for e in Alerts(home).all() if e.node == "liar"]
    assert len(opened) == 5 and any(e.check_id == "t099/r" for e in opened)
    assert any(e.node == "berlin" for e in Alerts(home).all())
    number = current(home).number
    look(home, NOW)
    assert current(home).number == number


def test_nothing_ends_before_it_began(home: Path) -> None:
    write(home, run(2, "failed"))
    look(home, NOW)
    Alerts(home).resolve(episode(home), "ada", NOW - timedelta(days=400))
    assert episode(home).resolved == episode(home).opened
