"""Grants: given, ended, revoked; whoever loses one loses what was kept by it, and the log says so."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from catalog.access.grants import Grants
from catalog.access.policy import ANONYMOUS, LiveGrant, Principal
from catalog.audit.log import AuditLog
from catalog.engine.folders import directory, forget, forget_others
from catalog.errors import CatalogUnavailable, UsageError
from catalog.storage.state import State

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def live(grants: Grants, at: datetime) -> list[tuple[str, str]]:
    return [(g.dataset, g.permission) for g in grants.live("max", at)]


def test_a_grant_is_live_until_its_expiry_and_not_at_it(tmp_path: Path) -> None:
    grants = Grants(tmp_path)
    given = grants.give("max", "d", days=1, now=NOW)
    assert given.expires == NOW + DAY
    assert grants.live("max", NOW) == (LiveGrant("d", "read", "2026-11-02T12:00:00+00:00"),)
    assert live(grants, NOW + DAY - timedelta(microseconds=1)) == [("d", "read")]
    assert live(grants, NOW + DAY) == []
    assert [g.state(at) for g in grants.all() for at in (NOW, NOW + DAY)] == ["live", "expired"]
    assert grants.live("mia", NOW) == ()


def test_the_longest_of_several_counts_and_revoking_ends_all(tmp_path: Path) -> None:
    grants = Grants(tmp_path)
    for days in (5, 9, 2):
        grants.give("max", "d", days=days, now=NOW)
    grants.give("max", "d", "compute", 1, now=NOW)
    assert [g.expires for g in grants.live("max", NOW) if g.permission == "read"] == [(NOW + 9 * DAY).isoformat()]
    assert grants.revoke("max", "d", "read", now=NOW) == 3
    assert live(grants, NOW) == [("d", "compute")]
    assert grants.revoke("max", "d", now=NOW) == 1
    assert grants.revoke("max", "d", now=NOW) == 0
    assert live(grants, NOW) == []
    assert Grants(tmp_path).all() == grants.all()


def test_one_who_gets_it_again_has_it_again(tmp_path: Path) -> None:
    grants = Grants(tmp_path)
    grants.give("max", "d", now=NOW)
    grants.revoke("max", "d", now=NOW)
    grants.give("max", "d", now=NOW)
    assert live(grants, NOW) == [("d", "read")]


@pytest.mark.parametrize(("principal", "dataset", "permission", "days"), [("", "d", "read", 1), ("m", "", "read", 1), ("m", "d", "own", 1), ("m", "d", "read", 0), ("m", "d", "read", 3651)])
def test_what_is_no_grant(tmp_path: Path, principal: str, dataset: str, permission: str, days: int) -> None:
    with pytest.raises(UsageError):
        Grants(tmp_path).give(principal, dataset, permission, days)
    assert Grants(tmp_path).all() == []


def test_gifts_and_revocations_are_in_the_log(tmp_path: Path) -> None:
    Grants(tmp_path).give("max", "d")
    Grants(tmp_path).revoke("max", "d")
    entries = AuditLog(tmp_path).entries()
    assert [(e.action, e.actor, e.role, e.dataset, e.decision, e.verified) for e in entries] == [
        ("grant", "max", "operator", "d", "allowed", True),
        ("revoke", "max", "operator", "d", "allowed", True),
    ]


def test_a_state_from_before_grants_gets_their_table(tmp_path: Path) -> None:
    token = State(tmp_path).issue_token("max", 1)
    Grants(tmp_path).give("max", "d")
    assert State(tmp_path).verify_token(token) == "max"


def test_a_damaged_record_opens_nothing(tmp_path: Path) -> None:
    grants = Grants(tmp_path)
    grants.give("max", "d")
    with grants._file.transaction() as connection:
        connection.execute("UPDATE dataset_grant SET expires = 'never'")
    with pytest.raises(CatalogUnavailable, match="damaged"):
        grants.live("max")


def kept(home: Path) -> set[str]:
    return {path.name for path in home.glob("snapshots/*/*")}


def test_revoking_removes_what_was_kept_for_one_principal_whatever_the_purpose(tmp_path: Path) -> None:
    mia = Principal(name="mia", roles=())
    max_ = Principal(name="max", roles=())
    for principal, purpose, file in [(max_, "", "a.duckdb"), (max_, "care", "b.names3.json"), (mia, "", "c.duckdb")]:
        asker = Principal(name=principal.name, roles=(), purpose=purpose)
        (directory(tmp_path, asker) / file).touch(mode=0o400)
    Grants(tmp_path).revoke("max", "whatever")
    assert kept(tmp_path) == {"c.duckdb"}
    forget(tmp_path, "mia")
    assert kept(tmp_path) == set()


def test_who_left_the_policy_leaves_nothing(tmp_path: Path) -> None:
    for name, purpose in [("max", ""), ("max", "care"), ("mia", ""), (ANONYMOUS.name, "")]:
        (directory(tmp_path, Principal(name=name, roles=(), purpose=purpose)) / f"{name}{purpose}").touch()
    (tmp_path / "snapshots" / ".build-x").mkdir()
    forget_others(tmp_path, [ANONYMOUS.name, "mia"])
    assert kept(tmp_path) == {"mia", "anonymous"}
    assert (tmp_path / "snapshots" / ".build-x").exists()
