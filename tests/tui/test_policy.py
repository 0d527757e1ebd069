"""``steward policy``: check, explain and test over the demo catalog and over files of one's own."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import catalog.demo
from catalog.access.grants import Grants
from catalog.access.policy import load_policy
from catalog.access.policy_test import run_table
from catalog.storage.state import State

DEMO = Path(catalog.demo.__file__).with_name("policy.yaml")
DEMO_TABLE = DEMO.with_name("policy_tests.yaml")


def test_check_of_the_catalog(steward: Any, home: Path) -> None:
    ran = steward("policy", "check")
    assert (ran.code, ran.out, ran.err) == (0, b"", "0 errors, 0 warnings.\n")
    State(home).issue_token("ivy", 1, now=datetime(2020, 1, 1, tzinfo=UTC))
    ran = steward("policy", "check", "--strict")
    assert (ran.code, ran.out.decode()) == (
        1,
        f"{home / 'policy.yaml'}:34 principal ivy: cannot prove who it is: its last token expired on 2020-01-02\n",
    )
    assert steward("policy", "check").code == 0
    assert [f["about"] for f in steward("policy", "check", "--json").json["findings"]] == ["principal ivy"]


def test_check_of_a_file_that_cannot_be_used(steward: Any, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(DEMO.read_text(encoding="utf-8").replace("$clearance", "$clearence"), encoding="utf-8")
    ran = steward("policy", "check", str(path))
    assert ran.code == 1
    assert ran.out.decode().startswith(f"{path}:60 policy: rules.1.where.sensitivity: unknown attribute '$clearence'")
    assert steward("policy", "check", str(tmp_path / "none.yaml")).code == 3


def test_an_explanation_names_every_rule_and_what_came_of_it(steward: Any) -> None:
    found = steward("policy", "explain", "max", "datasets", "--json").json
    assert (found["permitted"], found["rules"], found["row_filter"]) == (True, ["engineer-metadata"], "\"sensitivity\" IN ('internal', 'public')")
    assert found["rows"] == "sensitivity is at most internal (clearance of max)"
    why = {r["rule"]: (r["applies"], r["cited"], r["why"]) for r in found["reasons"]}
    assert why["public-metadata"] == (True, False, "adds nothing to engineer-metadata, which has all its rows and columns")
    assert why["steward-everything"] == (False, False, "for steward, and max is engineer, member")
    assert why["mask-people"] == (False, False, "says nothing of datasets")
    shown = steward("policy", "explain", "max", "datasets").out.decode()
    assert shown.startswith("max may see datasets, by engineer-metadata\n")


@pytest.mark.parametrize(
    ("principal", "target", "seen", "why"),
    [
        ("anonymous", "datasets.steward", "hidden", "not among the columns of public-metadata"),
        ("anonymous", "consents.subjects", "hidden", "no rule allows it"),
        ("clara", "audit_log.actor", "hash", "masked by mask-people"),
        ("ada", "audit_log.actor", "show", ""),
    ],
)
def test_why_a_column_is_seen_so(steward: Any, principal: str, target: str, seen: str, why: str) -> None:
    [cell] = steward("policy", "explain", principal, target, "--json").json["columns"]
    assert (cell["treatment"], cell["why"]) == (seen, why)
    assert seen.encode() in steward("policy", "explain", principal, target).out


@pytest.mark.parametrize(
    ("principal", "target", "said"),
    [("nobody", "datasets", "no principal named 'nobody'"), ("max", "dataset", "Did you mean datasets?"), ("max", "datasets.ownr", "Did you mean owner?")],
)
def test_what_cannot_be_explained(steward: Any, principal: str, target: str, said: str) -> None:
    ran = steward("policy", "explain", principal, target)
    assert (ran.code, ran.out) == (2, b"")
    assert said in ran.err


def test_the_demo_policy_does_what_its_table_says(steward: Any) -> None:
    ran = steward("policy", "test", str(DEMO_TABLE))
    assert (ran.code, ran.out, ran.err) == (0, b"", "34 of 34 as expected.\n")
    assert {o.principal for o in run_table(DEMO_TABLE, load_policy(DEMO))} == {"anonymous", *load_policy(DEMO).principals}


def test_what_differs_is_shown_as_a_diff(steward: Any, tmp_path: Path) -> None:
    table = tmp_path / "table.yaml"
    table.write_text(
        "version: 1\ncases:\n"
        "  - {principal: anonymous, view: datasets.steward, expect: allow}\n"
        "  - {principal: anonymous, view: datasets, expect: allow}\n"
        "  - {principal: clara, view: grants.principal, expect: 'mask:null', rule: mask-people}\n"
        "  - {principal: clara, view: consents, row: {jurisdiction: EU, sensitivity: restricted}, expect: visible}\n"
        "  - {principal: anonymous, view: datasets, expect: 'rows:all'}\n"
        "  - {principal: mia, view: market, expect: allow, rule: buyer-market}\n",
        encoding="utf-8",
    )
    ran = steward("policy", "test", str(table))
    assert ran.code == 1
    assert ran.err == "2 of 6 as expected.\n"
    assert ran.out.decode().splitlines() == [
        f"{table}:3 anonymous datasets.steward",
        "- allow",
        "+ deny",
        f"{table}:5 clara grants.principal",
        "- mask:null",
        "+ mask:hash",
        f"{table}:6 clara consents",
        "- visible",
        "+ hidden",
        f"{table}:7 anonymous datasets",
        "- rows:all",
        "+ rows:\"sensitivity\" IN ('public')",
    ]
    assert [d["line"] for d in steward("policy", "test", str(table), "--json").json["differ"]] == [3, 5, 6, 7]


@pytest.mark.parametrize(
    ("case", "line", "said"),
    [
        ("{principal: nobody, view: datasets, expect: allow}", 3, "no principal named 'nobody'"),
        ("{principal: max, view: dataset, expect: allow}", 3, "no view named 'dataset'"),
        ("{principal: max, view: datasets.ownr, expect: allow}", 3, "no column 'ownr'"),
        ("{principal: max, view: datasets, expect: maybe}", 3, "cases.0.expect"),
        ("{principal: max, view: datasets, expect: hidden}", 3, "a row is expected"),
        ("{principal: max, view: datasets, expect: allow, row: {node: n1}}", 3, "a row is expected"),
        ("{principal: max, view: datasets, expect: visible, row: {node: n1}}", 3, "says nothing of sensitivity"),
        ("{principal: max, view: datasets, expect: visible, row: {sensitivity: public, colour: red}}", 3, "no column 'colour'"),
        ("{principal: max, view: datasets, expect: visible, row: {sensitivity: public, row_count: many}}", 3, "does not fit"),
        ("{principal: max, view: datasets, expect: 'mask:hash'}", 3, "of a column"),
        ("{principal: max, view: datasets, expect: allow, rule: nonsense}", 3, "no rule 'nonsense'"),
        ("{principal: max, view: datasets, expect: allow, colour: red}", 3, "colour"),
        ("{principal: max, view: [}", 3, "line 3"),
        ("{principal: max, view: datasets}", 3, "cases.0: expect is missing"),
    ],
)
def test_a_table_that_cannot_be_used(steward: Any, tmp_path: Path, case: str, line: int, said: str) -> None:
    table = tmp_path / "table.yaml"
    table.write_text(f"version: 1\ncases:\n  - {case}\n", encoding="utf-8")
    ran = steward("policy", "test", str(table))
    assert (ran.code, ran.out) == (2, b"")
    assert f"table.yaml, line {line}:" in ran.err and said in ran.err


def test_a_table_states_purposes_and_grants(steward: Any, tmp_path: Path) -> None:
    rules, table = tmp_path / "mine.yaml", tmp_path / "table.yaml"
    rules.write_text(
        "version: 1\nprincipals: {mia: {roles: [buyer], purposes: [resale]}}\nrules:\n"
        "  - {id: for-resale, allow: [buyer], views: [market], purposes: [resale]}\n"
        "  - {id: granted, grant: [buyer], views: [datasets]}\n",
        encoding="utf-8",
    )
    table.write_text(
        "version: 1\ncases:\n"
        "  - {principal: mia, view: market, expect: deny, rule: for-resale}\n"
        "  - {principal: mia, view: market, purpose: resale, expect: allow, rule: for-resale}\n"
        "  - {principal: mia, view: market, purpose: audit, expect: deny, rule: purpose}\n"
        "  - {principal: mia, view: datasets, expect: 'rows:none'}\n"
        "  - {principal: mia, view: datasets, grants: [Tides], row: {name: Tides}, expect: visible}\n"
        "  - {principal: mia, view: datasets, grants: [Tides], row: {name: Winds}, expect: hidden}\n",
        encoding="utf-8",
    )
    ran = steward("policy", "test", str(table), "--policy", str(rules))
    assert (ran.code, ran.out, ran.err) == (0, b"", "6 of 6 as expected.\n")
    why = steward("policy", "explain", "mia", "market", "--policy", str(rules), "--json").json["reasons"][0]["why"]
    assert why == "shows nothing: needs the purpose resale, and none is stated"
    refused = steward("policy", "explain", "mia", "market", "--purpose", "audit", "--policy", str(rules), "--json").json
    assert (refused["permitted"], refused["rules"]) == (False, ["purpose"])


def test_an_explanation_counts_grants_that_are_live(steward: Any, home: Path, tmp_path: Path) -> None:
    rules = tmp_path / "mine.yaml"
    rules.write_text(
        "version: 1\nprincipals: {mia: {roles: [buyer]}}\nrules:\n  - {id: granted, grant: [buyer], views: {datasets: [name, owner]}}\n", encoding="utf-8"
    )
    grants = Grants(home)
    for days_ago, held in ((91, "mia holds no live grant to read"), (89, "the dataset is Dolly 15k (grants of mia)")):
        grants.give("mia", "Dolly 15k", now=datetime.now(UTC) - timedelta(days=days_ago))
        found = steward("policy", "explain", "mia", "datasets", "--policy", str(rules), "--json").json
        assert held in found["reasons"][0]["why"]
    assert found["row_filter"] == "\"name\" IN ('Dolly 15k')"
    shown = steward("policy", "explain", "mia", "datasets", "--policy", str(rules)).out.decode()
    assert "rows     the dataset is Dolly 15k (grants of mia)" in shown


def test_a_cube_is_explained_to_whom_it_is_given(steward: Any, tmp_path: Path) -> None:
    rules = tmp_path / "mine.yaml"
    rules.write_text(
        "version: 1\nprincipals: {mia: {roles: [buyer]}, max: {roles: [engineer]}}\nrules:\n  - id: groups\n"
        "    aggregate: {roles: [buyer], view: consents, entity: dataset, k: 5, dimensions: [purpose], measures: [count]}\n"
        "    where: {sensitivity: [public]}\n",
        encoding="utf-8",
    )
    found = steward("policy", "explain", "mia", "consents_cube", "--policy", str(rules), "--json").json
    assert (found["permitted"], found["rules"], found["rows"]) == (True, ["groups"], "sensitivity is public")
    assert [c["column"] for c in found["columns"]] == ["level", "purpose", "row_count"]
    closed = steward("policy", "explain", "mia", "consents.dataset", "--policy", str(rules), "--json").json
    assert (closed["permitted"], closed["columns"][0]["why"]) == (False, "closed by groups")
    ran = steward("policy", "explain", "max", "consents_cube", "--policy", str(rules))
    assert (ran.code, "is a cube" in ran.err) == (2, True)
