"""``steward audit alerts``: shows what the rules find in the log, to people and to programs."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog.audit.log import AuditLog

NOON = datetime(2026, 10, 1, 12)


@pytest.fixture(scope="module")
def busy(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog with somebody who was denied nine times in as many minutes, and nothing else."""
    home = shutil.copytree(home, tmp_path_factory.mktemp("busy") / "catalog", ignore=shutil.ignore_patterns("audit*", "snapshots"))
    log = AuditLog(home)
    for i in range(9):
        at = NOON + timedelta(minutes=i)
        log.end(log.begin("eve\x1b[31m", None, "query", "q", "SELECT 1", now=at), "denied", "default", 0, now=at)
    return home


def test_alerts_are_told_to_people(steward: Any, busy: Path) -> None:
    ran = steward("audit", "alerts", catalog=busy)
    assert ran.code == 0
    (line,) = ran.out.decode().splitlines()
    assert " ".join(line.split()) == "medium denials eve 2026-10-01 12:00 to 2026-10-01 12:08 9 denials, entries 1 to 9"
    assert ran.err == "1 alert in 9 actions.\n"


def test_alerts_are_told_to_programs(steward: Any, busy: Path) -> None:
    (alert,) = steward("audit", "alerts", "--json", catalog=busy).json["alerts"]
    assert (alert["kind"], alert["count"], alert["usual"], alert["within_s"], alert["first"]) == ("denials", 9, 8, 600, "2026-10-01T12:00:00")


@pytest.mark.parametrize(("since", "found"), [("2026-10-01", 1), ("2026-10-02", 0)])
def test_alerts_since_a_day(steward: Any, busy: Path, since: str, found: int) -> None:
    assert len(steward("audit", "alerts", "--json", "--since", since, catalog=busy).json["alerts"]) == found


def test_without_a_catalog_there_is_nothing_to_look_at(steward: Any, tmp_path: Path) -> None:
    assert steward("audit", "alerts", catalog=tmp_path / "none").code == 3
    assert not (tmp_path / "none").exists()
