"""The six checks: what each finds, and when it cannot tell."""

from datetime import datetime
from typing import Any

from catalog.graph.integrity import CHECKS, integrity
from catalog.graph.tables import TABLES
from catalog.graph.walk import Graph

NOW = datetime(2026, 11, 1)
FULL = {"description": "d", "owner": "o", "licence": "l"}
ROWS: dict[str, list[dict[str, Any]]] = {
    "datasets": [
        {"name": "good", **FULL},
        {"name": "retired", **FULL, "deprecated": True},
        {"name": "older", **FULL, "deprecated": True},
        {"name": "unowned", **FULL, "owner": ""},
        {"name": "unowned quiet", **FULL, "owner": None},
        {"name": "granted", **FULL},
        {"name": "alone", **FULL},
    ],
    "columns": [{"dataset": "good", "column_name": "mail", "pii_category": "email"}],
    "grants": [
        {"dataset": "granted", "principal": "p", "revoked": False, "expires": None},
        {"dataset": "alone", "principal": "p", "revoked": True, "expires": None},
    ],
    "claims": [{"dataset": "never seen"}],
}
FLOWS = ["older > retired", "retired > good", "unowned > good", "good.mail > granted.text", "nowhere > good", "good > report"]


def found(snapshot: Any, plain: Any = TABLES) -> dict[str, Any]:
    return {finding.check: finding for finding in integrity(Graph(snapshot(FLOWS, plain, **ROWS)), plain, NOW)}


def test_what_each_check_finds(snapshot: Any) -> None:
    assert {name: finding.rows for name, finding in found(snapshot).items()} == {
        "missing-fields": (("unowned", "owner"), ("unowned quiet", "owner")),
        "unowned": (("unowned", "downstream: 1"),),
        "deprecated-upstream": (("retired", "feeds good"),),
        "orphan": (("alone", "no lineage, no live grant"), ("unowned quiet", "no lineage, no live grant")),
        "untagged-pii": (("granted.text", "email from good.mail"),),
        "dangling": (("never seen", "claims"), ("nowhere", "lineage")),
    }


def test_what_is_not_open_is_not_judged(snapshot: Any) -> None:
    plain = {view: set(columns) - {"owner", "masking", "revoked"} for view, columns in TABLES.items()}
    closed = found(snapshot, plain)
    assert {name: finding.holds for name, finding in closed.items()} == {
        "missing-fields": True, "unowned": None, "deprecated-upstream": False, "orphan": None, "untagged-pii": None, "dangling": False,
    }  # fmt: skip
    assert closed["orphan"].unknown == "grants: not open to you"


def test_an_empty_catalog_is_whole(snapshot: Any) -> None:
    findings = integrity(Graph(snapshot([], datasets=[])), TABLES, NOW)
    assert [finding.check for finding in findings] == list(CHECKS)
    assert all(finding.holds for finding in findings)
