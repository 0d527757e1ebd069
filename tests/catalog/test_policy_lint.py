"""Policies read critically: every error has its line, every rule that does nothing is named, explanations agree with decisions."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

import catalog.demo
from catalog.access.policy import ANONYMOUS, Permit, decide, load_policy
from catalog.access.policy_explain import explain
from catalog.access.policy_lint import check
from catalog.access.policy_test import run_table
from catalog.semantic import views
from catalog.storage.state import State

DEMO = Path(catalog.demo.__file__).with_name("policy.yaml")

HEAD = """\
version: 1
roles: [steward, engineer, guest]
principals:
  ada: {roles: [steward], clearance: internal, node: n1, purposes: [audit]}
  max: {roles: [engineer]}
rules:
  - {id: all, allow: [steward], views: [datasets, grants], where: {sensitivity: $clearance}}
  - {id: some, allow: [engineer], views: {datasets: [name, owner, node]}}
"""

LINTS: dict[str, tuple[str, tuple[int, str, str]]] = {
    "a rule for a role that nobody has": ("- {id: r, deny: [guest], views: [grants]}", (9, "r", "no principal is guest")),
    "a mask that exempts everybody": (
        "- {id: r, mask: {datasets.owner: hash}, unless: [steward, engineer, anonymous]}",
        (9, "r", "every principal is exempt"),
    ),
    "a role that nobody has": ("", (2, "role guest", "no principal has it")),
    "a role that no rule names": ("", (2, "role guest", "no rule names it")),
    "an allow that another covers": (
        "- {id: r, allow: [steward], views: {datasets: [name]}, where: {sensitivity: $clearance, node: [n1]}}",
        (9, "r", "adds nothing to all"),
    ),
    "an allow that stands twice": ("- {id: r, allow: [engineer], views: {datasets: [name, owner, node]}}", (9, "r", "adds nothing to some")),
    "allows without a common column": (
        "- {id: r, allow: [engineer], views: {datasets: [licence]}, where: {node: [n1]}}",
        (9, "r", "shares no column of datasets with some, so max"),
    ),
    "an attribute that its holders lack": ("- {id: r, allow: [engineer], views: [nodes], where: {node: $node}}", (9, "r", "max has no node")),
    "an empty list of values": ("- {id: r, allow: [engineer], views: [nodes], where: {node: []}}", (9, "r", "where node lists no value")),
    "an empty list of columns": ("- {id: r, deny: [engineer], views: {datasets: []}}", (9, "r", "lists no column of datasets")),
    "a filter that another implies": (
        "- {id: f, filter: [engineer], views: [datasets], where: {node: [n1]}}\n  - {id: r, filter: [engineer], views: [datasets], where: {node: [n1, n2]}}",
        (10, "r", "keeps no row back that f does not keep back"),
    ),
    "a filter that the allow implies": (
        "- {id: r, filter: [steward], views: [datasets], where: {sensitivity: [public, internal, restricted]}}",
        (9, "r", "keeps no row back that all does not keep back"),
    ),
    "a filter of what nobody sees": ("- {id: r, filter: [engineer], views: [grants], where: {node: [n1]}}", (9, "r", "filters nothing")),
    "a mask of what claims tell": (
        "- {id: c, allow: [engineer], views: [claims]}\n  - {id: r, mask: {datasets.owner: hash}}",
        (10, "r", "hides owner of datasets, which claims.claimed_value shows to max"),
    ),
    "a column that is closed and that claims tell": (
        "- {id: c, allow: [engineer], views: [claims]}\n  - {id: r, deny: [engineer], views: {datasets: [owner]}}",
        (10, "r", "hides owner of datasets, which claims.claimed_value shows to max"),
    ),
    "a mask weaker than another": (
        "- {id: n, mask: {datasets.owner: 'null'}}\n  - {id: r, mask: {datasets.owner: hash}, unless: [steward]}",
        (10, "r", "is no stricter than n on datasets.owner"),
    ),
    "a mask of what nobody sees": ("- {id: r, mask: {consents.subjects: bucket}}", (9, "r", "nobody it applies to sees any cell")),
    "a deny of what nobody sees": ("- {id: r, deny: [engineer], views: [consents]}", (9, "r", "takes nothing away")),
    "persons open to anonymous": (
        "- {id: r, allow: [anonymous], views: {datasets: [name, steward]}, where: {sensitivity: [public]}}",
        (9, "r", "shows datasets.steward, which names persons, to anonymous"),
    ),
    "rows open to anonymous": (
        "- {id: r, allow: [anonymous], views: {datasets: [name]}}",
        (9, "r", "shows anonymous rows of datasets that are not public"),
    ),
    "a purpose that nobody holds": (
        "- {id: r, allow: [engineer], views: [nodes], purposes: [resale]}",
        (9, "r", "nobody it applies to holds the purpose resale"),
    ),
    "a grant for nobody": ("- {id: r, grant: [guest], views: [datasets]}", (9, "r", "no principal is guest")),
    "a cube that a deny closes": (
        "- {id: r, aggregate: {roles: [steward], view: consents, entity: dataset, k: 5, dimensions: [purpose], measures: [count]}}\n"
        "  - {id: d, deny: [steward], views: {consents: [purpose]}}",
        (9, "r", "d closes it"),
    ),
}

CLEAN = {
    "deny over allow": "- {id: r, deny: [engineer], views: {datasets: [owner]}}",
    "a mask that differs by person": "- {id: r, mask: {datasets.owner: hash}, unless: [steward]}",
    "a filter that keeps rows back": "- {id: r, filter: [engineer], views: [datasets], where: {node: [n1]}}",
    "an allow that adds rows": "- {id: r, allow: [steward], views: [datasets], where: {node: $node}}",
    "a purpose that somebody holds": "- {id: r, allow: [steward], views: [nodes], purposes: [audit]}",
    "a grant that opens what is closed": "- {id: r, grant: [engineer], views: [consents]}",
    "a gate": "- {id: r, grant: [engineer], views: [datasets], only: true}",
    "a deny of what a grant opens": "- {id: g, grant: [engineer], views: [consents]}\n  - {id: r, deny: [engineer], views: {consents: [subjects]}}",
}


def findings(tmp_path: Path, rules: str) -> list[tuple[int, str, str]]:
    path = tmp_path / "policy.yaml"
    path.write_text(f"{HEAD}  {rules}\n", encoding="utf-8")
    return [(f.line, f.about, f.what) for f in check(path)]


@pytest.mark.parametrize(("rules", "expected"), LINTS.values(), ids=LINTS.keys())
def test_lints(tmp_path: Path, rules: str, expected: tuple[int, str, str]) -> None:
    line, about, what = expected
    assert [f for f in findings(tmp_path, rules) if f[:2] == (line, about) and what in f[2]]


@pytest.mark.parametrize("rules", CLEAN.values(), ids=CLEAN.keys())
def test_a_rule_that_does_something_is_let_be(tmp_path: Path, rules: str) -> None:
    assert [f for f in findings(tmp_path, rules) if not f[1].startswith("role ")] == []


@pytest.mark.parametrize("path", [DEMO, DEMO.parents[1] / "access" / "default_policy.yaml"], ids=lambda p: p.name)
def test_the_policies_that_ship_are_clean(path: Path) -> None:
    assert check(path) == []


def test_principals_who_see_nothing_or_whose_token_ended(tmp_path: Path) -> None:
    path, state = tmp_path / "policy.yaml", State(tmp_path)
    path.write_text(HEAD.replace("  max: {roles: [engineer]}", "  max: {roles: [engineer]}\n  eve: {roles: [guest]}"), encoding="utf-8")
    issued = datetime(2026, 1, 1, tzinfo=UTC)
    state.issue_token("ada", 5, now=issued)
    state.issue_token("max", 5, now=issued)
    state.issue_token("max", 20, now=issued)
    at_expiry = issued + timedelta(days=5)
    said = [(f.line, f.about, f.what) for f in check(path, state.tokens(), at_expiry) if f.about.startswith("principal")]
    assert said == [
        (4, "principal ada", "cannot prove who it is: its last token expired on 2026-01-06"),
        (6, "principal eve", "is guest, which no rule names"),
        (6, "principal eve", "sees nothing: no rule allows a view"),
    ]
    assert not [f for f in check(path, state.tokens(), at_expiry - timedelta(microseconds=1)) if "token" in f.what]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"version: 1\nrules: []\n# \xff\n", 3),
        (b"version: 1\n# a\x00b\n", 2),
        (b"version: 1\nrules:\n " + b"[" * 5000 + b"\n", 3),
        (b"version: 1\nrules: [\n", 3),
        (b"version: 1\n\nrules:\n- id: a\n  alow: [x]\n", 5),
        (b"- a\n", 1),
        (b"", 1),
    ],
)
def test_every_error_has_a_line(tmp_path: Path, data: bytes, line: int) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(data)
    [finding] = check(path)
    assert (finding.severity, finding.line, bool(finding.what)) == ("error", line, True)


def test_damaged_policies_end_in_findings(tmp_path: Path) -> None:
    """Lines cut, doubled, shifted or with a word of another line: one error with a line of the file, or warnings."""
    random, lines = Random(11), DEMO.read_text(encoding="utf-8").splitlines()
    path, errors = tmp_path / "policy.yaml", 0
    for _ in range(150):
        damaged = list(lines)
        at = random.randrange(len(damaged))
        word = random.choice(random.choice(lines).split() or [""])
        damaged[at : at + 1] = random.choice(
            [[], [damaged[at]] * 2, [f"  {damaged[at]}"], [damaged[at][: random.randrange(99)]], [damaged[at].replace(":", f": {word}", 1)]]
        )
        path.write_text("\n".join(damaged), encoding="utf-8")
        found = check(path)
        if failed := [f for f in found if f.severity == "error"]:
            errors += 1
            assert len(found) == 1 and 1 <= failed[0].line <= len(damaged) + 1 and failed[0].what
    assert errors > 40


def test_explanations_agree_with_decisions_for_every_demo_principal() -> None:
    policy = load_policy(DEMO)
    for principal in (ANONYMOUS, *policy.principals.values()):
        for view in views():
            found, decision = explain(policy, principal, view), decide(principal, policy, view)
            assert found.permitted == isinstance(decision, Permit)
            seen = {c.column: c.treatment for c in found.columns if c.treatment != "hidden"}
            assert seen == (decision.columns if isinstance(decision, Permit) else {})
            assert all(reason.applies for reason in found.reasons if reason.cited)


PAGE = Path(__file__).parents[2] / "docs" / "policy.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("rules", [block for block in BLOCKS if block.startswith("- ")], ids=lambda block: block.split("\n")[0])
def test_recipes_are_policies(tmp_path: Path, rules: str) -> None:
    head = "version: 1\nroles: [engineer, compliance, operator, auditor, steward, buyer]\nrules:\n"
    (tmp_path / "policy.yaml").write_text(head + rules, encoding="utf-8")
    assert load_policy(tmp_path / "policy.yaml").rules


def test_the_table_of_the_page_is_one_of_the_demo(tmp_path: Path) -> None:
    [table] = [block for block in BLOCKS if "cases:" in block]
    (tmp_path / "table.yaml").write_text(table, encoding="utf-8")
    assert all(outcome.is_met for outcome in run_table(tmp_path / "table.yaml", load_policy(DEMO)))
