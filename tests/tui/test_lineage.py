"""``steward catalog lineage``, ``impact``, ``pii`` and ``check``: who sees what, formats, exit codes and the audit log."""

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from catalog.audit.log import AuditLog
from catalog.graph.integrity import CHECKS
from catalog.storage.generations import current
from catalog.storage.state import State
from tui.integrity import CHECKS as NAMED_CHECKS

HOSTILE = 'evil"\n] --> x\x1b[31m\u202e[*b*]'


@pytest.fixture(scope="module")
def ada(home: Path) -> tuple[str, str]:
    return "--token", State(home).issue_token("ada", 1)


def test_a_tree_of_both_sides(steward: Any, ada: tuple[str, str]) -> None:
    ran = steward("catalog", "lineage", "customers", *ada)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.decode().splitlines()
    assert lines[:4] == ["customers (dataset)", "", "comes from: 1 dataset", "└─ legacy_crm  copy by import_legacy_crm; last run 2026-10-16"]
    assert "flows into: 10 datasets, 3 models and 3 reports" in lines
    assert any(line.startswith("├─ churn_features") and line.endswith("partly masked") for line in lines)


def test_one_side_and_what_is_not_in_the_catalog(steward: Any) -> None:
    ran = steward("catalog", "lineage", "LLaMA", "--up", "--depth", "1")
    text = ran.out.decode()
    assert "flows into" not in text
    assert "GitHub (dataset, not in the catalog)" in text
    assert "Partial: 1 of the names" in ran.err and "more places lie farther than 1 hops" in ran.err


def test_json_of_a_column(steward: Any, ada: tuple[str, str]) -> None:
    found = steward("catalog", "lineage", "--json", "Customers.EMAIL", "--down", *ada).json
    assert (found["name"], found["column"], found["principal"], "upstream" in found) == ("customers", "email", "ada", False)
    masked = {(hop["downstream"], hop["downstream_column"]) for hop in found["downstream"]["hops"] if hop["masked"] == "all"}
    assert masked == {("churn_features", "email_hash")}
    assert found == steward("catalog", "lineage", "--format", "json", "customers.email", "--down", *ada).json


@pytest.mark.parametrize(("form", "begins"), [("mermaid", "flowchart LR\n"), ("dot", "digraph lineage {\n")])
def test_graph_languages(steward: Any, form: str, begins: str) -> None:
    assert steward("catalog", "lineage", "C4", "--format", form).out.decode().startswith(begins)


@pytest.mark.parametrize("verb", ["lineage", "impact", "pii"])
@pytest.mark.parametrize("suffix", ["", ".email"])
def test_hidden_answers_like_absent(steward: Any, verb: str, suffix: str) -> None:
    hidden, absent = (steward("catalog", verb, f"{name}{suffix}") for name in ("legacy_crm", "legacy_qqq"))
    assert (hidden.code, hidden.out) == (absent.code, absent.out) == (2, b"")
    assert hidden.err == absent.err.replace("legacy_qqq", "legacy_crm")


def test_nothing_hidden_is_named(steward: Any, home: Path, ada: tuple[str, str]) -> None:
    everyone, seen = ({row["name"] for row in steward("catalog", "impact", "--json", "German Credit", *who).json["breaks"]} for who in ((), ada))
    assert (everyone, seen) == (set(), {"credit_scores", "credit risk report"})


def test_impact_by_depth_with_owners_and_grants(steward: Any, ada: tuple[str, str]) -> None:
    ran = steward("catalog", "impact", "customers.email", *ada)
    lines = ran.out.decode().splitlines()
    assert lines[0].startswith("Without customers.email, 5 datasets, 2 models and 1 report lose a source. 4 of them")
    assert lines[2].split("  ")[0] == "depth" and lines[3].split()[:4] == ["1", "churn_features", "dataset", "email_hash"]
    breaks = steward("catalog", "impact", "--json", "customers.email", *ada).json["breaks"]
    assert [row["depth"] for row in breaks] == sorted(row["depth"] for row in breaks)
    assert {row["name"]: row["grants"] for row in breaks}["churn_features"] == 6


def test_impact_does_not_count_what_is_closed(steward: Any) -> None:
    ran = steward("catalog", "impact", "C4")
    assert "live grants" not in ran.out.decode() and ran.err == "not open to you: grants, principals\n"
    told = steward("catalog", "impact", "C4", "--json").json
    assert told["closed"] == ["grants", "principals"] and {row["grants"] for row in told["breaks"]} == {None}


def test_impact_of_a_leaf(steward: Any, ada: tuple[str, str]) -> None:
    assert steward("catalog", "impact", "churn_report", *ada).out == b"Nothing that you may see comes from churn_report.\n"


def test_personal_data(steward: Any, ada: tuple[str, str]) -> None:
    found = steward("catalog", "pii", "--json", *ada).json
    assert [(row["name"], row["column"], row["path"]) for row in found["untagged"]] == [
        ("credit_scores", "score", ["loan_applications.income", "credit_scores.score"])
    ]
    assert {row["column"] for row in found["masked"]} == {"email_hash", "diagnosis_group", "visit_key"}
    assert b"Would receive personal data, but a masking step stops it (1 column):" in steward("catalog", "pii", "customers", *ada).out
    assert steward("catalog", "pii").out.startswith(b"Nothing that you may see receives personal data untagged.")


def test_checks(steward: Any, ada: tuple[str, str]) -> None:
    ran = steward("catalog", "check", *ada)
    assert ran.code == 0
    assert "! untagged-pii: 1 (columns" in ran.out.decode() and "credit_scores.score: financial from loan_applications.income" in ran.out.decode()
    told = steward("catalog", "check", "--json", "--examples", "1", "--fail-on", "untagged-pii", *ada)
    assert (told.code, told.json["failed"]) == (1, ["untagged-pii"])
    assert [len(check["examples"]) for check in told.json["checks"]] == [1] * 6
    assert tuple(CHECKS) == NAMED_CHECKS


@pytest.mark.parametrize(("fail_on", "code"), [("any", 1), ("orphan", 1), ("untagged-pii", 0)])
def test_a_check_that_cannot_be_made_fails(steward: Any, fail_on: str, code: int) -> None:
    ran = steward("catalog", "check", "--fail-on", fail_on)
    assert ran.code == code
    assert "? orphan: not checked (grants: not open to you)" in ran.out.decode()


def test_a_closed_view_is_denied(steward: Any, home: Path) -> None:
    token = State(home).issue_token("oleg", 1)
    told = steward("catalog", "lineage", "customers", "--token", State(home).issue_token("ivy", 1))
    assert (told.code, told.out) == (5, b"") and "The view lineage is not open to you." in told.err
    assert steward("catalog", "pii", "--token", "stolen").code == 5
    assert steward("catalog", "check", "--token", token).code == 0


def test_every_look_is_recorded(steward: Any, home: Path, ada: tuple[str, str]) -> None:
    before = len(AuditLog(home).entries())
    for arguments in (("lineage", "customers"), ("impact", "orders"), ("pii",), ("check",), ("lineage", "nobody knows")):
        steward("catalog", *arguments, *ada)
    steward("catalog", "lineage", "customers", "--token", State(home).issue_token("ivy", 1))
    told = [(entry.question, entry.decision) for entry in AuditLog(home).entries()[before:] if entry.question]
    for asked, verdict in (
        ("lineage of customers", "allowed"), ("impact of orders", "allowed"), ("personal data", "allowed"),
        ("integrity checks", "allowed"), ("lineage of nobody knows", "declined"), ("lineage of customers", "denied"),
    ):  # fmt: skip
        assert (asked, verdict) in told


def test_hostile_names_and_a_shared_alias(steward: Any, home: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(home, tmp_path / "catalog"))
    path = current(copy).path
    path.chmod(0o600)
    with duckdb.connect(str(path)) as connection:
        connection.execute("INSERT INTO edge BY NAME SELECT * REPLACE (? AS downstream) FROM edge WHERE upstream = 'C4' LIMIT 1", [HOSTILE])
        connection.execute("UPDATE dataset SET aliases = ['shared'] WHERE name IN ('C4', 'OSCAR')")
    for form in ("tree", "mermaid", "dot"):
        shown = steward("catalog", "lineage", "C4", "--down", "--depth", "1", "--format", form, catalog=copy).out.decode()
        assert "evil" in shown and "\x1b" not in shown and "\u202e" not in shown and "\n]" not in shown
        assert form == "tree" or 'evil"' not in shown
    asked = steward("catalog", "lineage", "shared", catalog=copy)
    assert (asked.code, asked.out) == (6, b"")
    assert "Ask again with one of: C4, OSCAR." in asked.err
