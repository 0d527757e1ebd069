"""``steward grant`` and ``--purpose``, and cubes in ``steward views``."""

from pathlib import Path
from typing import Any

import pytest

from catalog.access.policy import POLICY_FILE
from catalog.storage.state import State

RULES = """
  - id: gated
    grant: [buyer]
    views: {quality_checks: [dataset, node, status]}
  - id: market-groups
    aggregate: {roles: [buyer], view: market, entity: buyer, dimensions: [service], measures: [count, avg(amount)]}
"""
CHECKS = "SELECT DISTINCT dataset FROM quality_checks WHERE sensitivity = 'public' ORDER BY 1"


@pytest.fixture(scope="module", autouse=True)
def rules(home: Path) -> None:
    with (home / POLICY_FILE).open("a", encoding="utf-8") as policy:
        policy.write(RULES)


def test_a_grant_is_given_listed_and_revoked(steward: Any, home: Path) -> None:
    ran = steward("grant", "give", "mia", "C4", "--days", "3")
    assert (ran.code, ran.out) == (0, b"")
    assert "mia may read C4 until" in ran.err and "opens nothing" not in ran.err
    (entry,) = steward("grant", "list", "mia", "--json").json["grants"]
    assert (entry["principal"], entry["dataset"], entry["permission"], entry["state"], entry["revoked"]) == ("mia", "C4", "read", "live", None)
    assert steward("grant", "list", "max", "--json").json == {"grants": []}
    assert steward("grant", "revoke", "mia", "C4").err == "1 revoked.\n"
    assert b"revoked" in steward("grant", "list").out
    assert steward("grant", "revoke", "mia", "C4").err == "0 revoked.\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nobody", "C4"), 2, "no principal named 'nobody'"),
        (("anonymous", "C4"), 2, "a grant names a principal"),
        (("mia", "c4"), 2, "no dataset named 'c4'"),
        (("mia", "C4", "--days", "0"), 2, "0"),
        (("mia", "C4", "--permission", "own"), 2, "own"),
        (("ada", "C4"), 0, "opens nothing yet"),
    ],
)
def test_what_cannot_be_given(steward: Any, arguments: tuple[str, ...], code: int, said: str) -> None:
    ran = steward("grant", "give", *arguments)
    assert ran.code == code
    assert said in ran.err


def test_a_folder_without_a_catalog_gets_no_grant(steward: Any, tmp_path: Path) -> None:
    assert steward("grant", "give", "mia", "C4", catalog=tmp_path / "none").code == 3
    assert not (tmp_path / "none").exists()


def test_a_purpose_is_stated_and_must_be_ones_own(steward: Any, home: Path) -> None:
    token = State(home).issue_token("mia", 1)
    assert steward("sql", "--json", "--token", token, "--purpose", "resale", "SELECT 1").code == 0
    ran = steward("sql", "--json", "--token", token, "--purpose", "audit", "SELECT 1")
    assert (ran.code, ran.json["decision"]["rules"]) == (5, ["purpose"])
    assert steward("sql", "--purpose", "audit", "SELECT 1").code == 5


def test_a_cube_is_listed_with_its_columns(steward: Any, home: Path) -> None:
    token = State(home).issue_token("mia", 1)
    described = steward("views", "--json", "--token", token).json
    assert [c["name"] for c in described["views"]["market_cube"]["columns"]] == ["level", "service", "row_count", "avg_amount"]
    assert not {"buyer", "amount"} & {c["name"] for c in described["views"]["market"]["columns"]}
    assert b"groups of at least 5" in steward("views", "market_cube", "--token", token).out
    assert steward("sql", "--json", "--token", token, "SELECT service, row_count FROM market_cube WHERE level = 1").json["rows"]
    assert "market_cube" not in steward("views", "--json").json["views"]
