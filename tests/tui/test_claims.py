"""``steward catalog claims``, ``disputes``, ``matches``, ``merge`` and ``split``: who sees what, JSON, exit codes and records."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from catalog.audit.log import AuditLog
from catalog.claims.weighing import weighed
from catalog.storage.generations import writing
from catalog.storage.records import Claim, Dataset
from catalog.storage.rows import upsert
from catalog.storage.state import State

HOSTILE = "evil\x1b[31m\u202eCC0"


@pytest.fixture(scope="module")
def home(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = Path(shutil.copytree(demo_home, tmp_path_factory.mktemp("claims") / "catalog"))
    with writing(home) as connection, weighed(connection, home):
        upsert(
            connection,
            [
                Dataset(node="lisbon-1", name="Alpaca-clone", aliases=("alpaca",)),
                Dataset(node="madrid-1", name="alpaca_CLONE", sensitivity="internal"),
                Claim(node="lisbon-1", claim_id="x1", dataset="Alpaca-clone", attribute="licence", claimed_value=HOSTILE, claimant="lisbon-1"),
                Claim(node="lisbon-1", claim_id="x2", dataset="alpaca_CLONE", attribute="licence", claimed_value="MIT", claimant="lisbon-1", sensitivity="internal"),
                Dataset(node="madrid-1", name="zzyzx ledger", sensitivity="internal"),
                Dataset(node="madrid-1", name="tide tables", owner="harbour"),
                Dataset(node="lisbon-1", name="tide tables", owner="navy"),
                Claim(node="madrid-1", claim_id="x3", dataset="Alpaca", attribute="licence", claimed_value="hidden terms", claimant="madrid-1", sensitivity="internal"),
            ],
        )
    return home


@pytest.fixture(scope="module")
def ada(home: Path) -> tuple[str, str]:
    return "--token", State(home).issue_token("ada", 1)


def test_who_says_what_and_what_is_held(steward: Any) -> None:
    ran = steward("catalog", "claims", "alpaca", "--attribute", "licence")
    lines = ran.out.decode().splitlines()
    assert (ran.code, ran.err) == (0, "")
    assert lines[0] == "Alpaca" and lines[2].startswith("licence: CC BY-NC 4.0, agreement 5") and lines[2].endswith(", disputed")
    assert lines[3].split() == ["value", "claimant", "published", "by", "weight"]
    assert {"Apache-2.0", "CC BY-NC 4.0"} == {line.split("  ")[0] for line in lines[4:] if line}
    found = steward("catalog", "claims", "Alpaca", "--json").json
    assert (found["name"], found["names"], found["principal"], found["not_open"]) == ("Alpaca", ["Alpaca"], "anonymous", [])
    licences = [claim for claim in found["claims"] if claim["attribute"] == "licence"]
    assert len(licences) == 6 and {claim["consensus_value"] for claim in licences} == {"CC BY-NC 4.0"}
    assert all(claim["weight"] > 0 and claim["disputed"] is True and claim["quorum_met"] is True for claim in licences)


def test_two_rows_of_one_dataset_that_say_different_things_are_a_dispute(steward: Any) -> None:
    claims = steward("catalog", "claims", "tide tables", "--json").json["claims"]
    assert {(claim["claimant"], claim["attribute"], claim["claimed_value"], claim["disputed"]) for claim in claims} == {
        ("madrid-1", "owner", "harbour", True),
        ("lisbon-1", "owner", "navy", True),
    }
    assert "tide tables" in steward("catalog", "disputes", "owner").out.decode()


def test_what_is_claimed_in_confidence_is_shown_to_whom_it_is_open(steward: Any, ada: tuple[str, str]) -> None:
    everyone, seen = (steward("catalog", "claims", "Alpaca", "--json", *who).json["claims"] for who in ((), ada))
    told = {(claim["claimant"], claim["claimed_value"]) for claim in seen} - {(claim["claimant"], claim["claimed_value"]) for claim in everyone}
    assert told == {("madrid-1", "hidden terms")}
    verdict = steward("catalog", "claims", "Alpaca", "--attribute", "licence", *ada).out.decode().splitlines()[2]
    assert "; " in verdict  # what the public claims hold, and what they and the others do


@pytest.mark.parametrize("verb", ["claims", "matches"])
def test_hidden_answers_like_absent(steward: Any, verb: str) -> None:
    hidden, absent = (steward("catalog", verb, name) for name in ("zzyzx ledger", "zzyzx qqqqqq"))
    assert (hidden.code, hidden.out) == (absent.code, absent.out) == (2, b"")
    assert hidden.err == absent.err.replace("qqqqqq", "ledger")


def test_a_view_that_is_closed_is_denied_and_recorded(steward: Any, home: Path) -> None:
    ivy = "--token", State(home).issue_token("ivy", 1)
    before = len(AuditLog(home).entries())
    for arguments in (("claims", "Alpaca"), ("disputes",)):
        ran = steward("catalog", *arguments, *ivy)
        assert (ran.code, ran.out) == (5, b"")
    last = AuditLog(home).entries()[before:]
    assert [entry.decision for entry in last if entry.action == "query"] == ["denied", "denied"]


def test_disputes_by_least_agreement(steward: Any) -> None:
    found = steward("catalog", "disputes", "licence", "--json").json
    agreements = [row["agreement"] for row in found["disputes"]]
    assert agreements == sorted(agreements) and found["count"] == len(agreements) > 10
    assert {row["attribute"] for row in found["disputes"]} == {"licence"}
    assert all(len(row["claimed"]) > 1 for row in found["disputes"])
    few = steward("catalog", "disputes", "licence", "-n", "2")
    assert len(few.out.decode().splitlines()) == 3 and "more; --limit" in few.err
    nothing = steward("catalog", "disputes", "colour")
    assert (nothing.code, nothing.out, nothing.err) == (0, b"", "Nothing that you may see is disputed.\n")


def test_guesses_name_nothing_hidden(steward: Any, ada: tuple[str, str]) -> None:
    everyone, seen = (steward("catalog", "matches", "Alpaca-clone", "--min-score", "0.3", "--json", *who).json["matches"] for who in ((), ada))
    assert [(m["name"], m["other"]) for m in everyone] == [("Alpaca", "Alpaca-clone")]
    assert {(m["name"], m["other"]) for m in seen} == {("Alpaca", "Alpaca-clone"), ("Alpaca-clone", "alpaca_CLONE")}
    assert everyone[0]["reasons"] and 0.3 <= everyone[0]["score"] < 1


def test_a_merge_is_decided_shown_and_undone(steward: Any, home: Path, ada: tuple[str, str]) -> None:
    pair = ("Alpaca", "Alpaca-clone")
    for wrong in (("Alpaca", "Alpacca"), ("Alpaca", "Alpaca"), ("Alpaca", "Alpaca-clone", "--token", "forged")):
        assert steward("catalog", "merge", *wrong).code in (2, 5)
    ran = steward("catalog", "merge", *pair, *ada)
    assert (ran.code, ran.out, ran.err) == (0, b"", "Alpaca and Alpaca-clone are one dataset.\n")
    ran = steward("catalog", "claims", "Alpaca-clone", "--attribute", "licence")
    assert ran.out.decode().splitlines()[0] == "Alpaca-clone, merged with Alpaca"
    assert b"\x1b" not in ran.out and "\u202e" not in ran.out.decode()
    told = steward("catalog", "claims", "Alpaca", "--attribute", "licence", "--json").json
    assert told["names"] == list(pair) and len(told["claims"]) == 7
    assert len({claim["agreement"] for claim in told["claims"]}) == 1
    assert steward("catalog", "matches", "Alpaca-clone", "--min-score", "0.3", "--json").json["count"] == 0
    (made,) = steward("catalog", "matches", "--merged", "--json").json["merges"]
    assert (made["name"], made["other"], made["by"], made["split"]) == (*pair, "somebody", None)
    assert "by ada" in steward("catalog", "matches", "--merged", *ada).out.decode()
    assert steward("sql", "SELECT count(*) AS n FROM datasets WHERE list_contains(aliases, 'Alpaca-clone')", "--format", "csv").out.split() == [b"n", b"1"]
    assert steward("catalog", "merge", *pair).code == 2
    assert steward("catalog", "split", *reversed(pair)).err == "Alpaca-clone and Alpaca are two datasets again.\n"
    assert steward("catalog", "split", *pair).code == 2
    assert steward("catalog", "claims", "Alpaca-clone", "--json").json["names"] == ["Alpaca-clone"]
    done = [entry for entry in AuditLog(home).entries() if entry.action == "ingest"]
    assert [entry.question for entry in done][-2:] == ["merge Alpaca with Alpaca-clone", "split Alpaca-clone from Alpaca"]
    assert done[-1].actor == "operator"


def test_a_merge_with_what_is_hidden_is_not_told(steward: Any, ada: tuple[str, str]) -> None:
    assert steward("catalog", "merge", "Alpaca-clone", "alpaca_CLONE").code == 0
    assert {m["split"] is None for m in steward("catalog", "matches", "--merged", "--json").json["merges"]} == {False}
    assert steward("catalog", "claims", "Alpaca-clone", "--json").json["names"] == ["Alpaca-clone"]
    assert steward("catalog", "claims", "Alpaca-clone", "--json", *ada).json["names"] == ["Alpaca-clone", "alpaca_CLONE"]
    aliases = steward("sql", "SELECT aliases FROM datasets WHERE name = 'Alpaca-clone'", "--format", "csv").out.decode()
    assert "CLONE" not in aliases


def test_help_has_examples(steward: Any) -> None:
    for verb in ("claims", "disputes", "matches", "merge", "split"):
        assert f"steward catalog {verb}" in steward("catalog", verb, "--help").out.decode()


def test_who_decides_sees_what_they_decide_on_and_names_are_not_for_everybody(steward: Any, home: Path, ada: tuple[str, str]) -> None:
    mia = "--token", State(home).issue_token("mia", 1)
    for verb in ("merge", "split"):
        hidden, absent = (steward("catalog", verb, "Alpaca", name, *mia) for name in ("zzyzx ledger", "zzyzx qqqqqq"))
        assert (hidden.code, hidden.err) == (absent.code, absent.err.replace("qqqqqq", "ledger")) == (2, hidden.err)
    assert steward("catalog", "merge", "Alpaca", "Alpaca-clone", *ada).code in (0, 2)
    public, own = (steward("catalog", "matches", "--merged", "--json", *who).json["merges"] for who in ((), ada))
    assert "ada" not in {name for made in public for name in (made["by"], made["split_by"])}
    assert "ada" in {made["by"] for made in own}
