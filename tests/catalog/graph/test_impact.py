"""What is told of things that break: owners, open alerts, live grants, and how sure it is."""

from datetime import datetime
from typing import Any

from catalog.graph.impact import impact
from catalog.graph.names import Place
from catalog.graph.tables import TABLES
from catalog.graph.walk import Graph

NOW = datetime(2026, 11, 1)
FLOWS = ["a.x > b.y", "a.x > b.z", "b > model", "a > c"]
ROWS: dict[str, list[dict[str, Any]]] = {
    "datasets": [{"name": "a"}, {"name": "b", "owner": "Ops"}, {"name": "b", "owner": "Lab"}, {"name": "c"}],
    "models": [{"name": "model", "owner": "ML"}],
    "quality_checks": [{"dataset": "b", "alert_status": status} for status in ("open", "open", "acknowledged", "resolved", None)],
    "grants": [
        {"dataset": "b", "principal": "ann", "revoked": False, "expires": None},
        {"dataset": "b", "principal": "ann", "revoked": False, "expires": datetime(2027, 1, 1)},
        {"dataset": "b", "principal": "ben", "revoked": True, "expires": None},
        {"dataset": "b", "principal": "cem", "revoked": False, "expires": datetime(2026, 1, 1)},
    ],
}


def test_facts_and_certainty(snapshot: Any) -> None:
    connection = snapshot(FLOWS, **ROWS)
    b, c, model = impact(Graph(connection, Place("a", "x")), Place("a", "x"), NOW)
    assert (b.name, b.columns, b.is_certain, b.owner, b.open_alerts, b.grants, b.principals) == ("b", ("y", "z"), True, "Lab, Ops", 2, 2, 1)
    assert (c.name, c.is_certain, c.columns, c.path) == ("c", False, (), ("a.x", "c"))
    assert (model.kind, model.depth, model.owner, model.is_certain) == ("model", 2, "ML", False)


def test_a_whole_breaks_all_for_certain(snapshot: Any) -> None:
    connection = snapshot(FLOWS, **ROWS)
    assert [(one.name, one.is_certain) for one in impact(Graph(connection), Place("a"), NOW)] == [("b", True), ("c", True), ("model", True)]


def test_grants_without_their_end_are_not_read(snapshot: Any) -> None:
    plain = {view: set(columns) - {"expires"} for view, columns in TABLES.items()}
    connection = snapshot(FLOWS, plain, **ROWS)
    assert {one.grants for one in impact(Graph(connection), Place("a"), NOW)} == {0}


def test_nothing_downstream(snapshot: Any) -> None:
    connection = snapshot(["a > b"], columns=[])
    assert impact(Graph(connection, Place("b")), Place("b"), NOW) == []
