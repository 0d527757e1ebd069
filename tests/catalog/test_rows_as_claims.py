"""Two nodes publish one dataset with different facts: both rows stay, and the contradiction is a dispute."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from catalog.claims.merges import Merges
from catalog.claims.weighing import weighed
from catalog.ingest import ingest
from catalog.storage.generations import pinned, writing
from catalog.storage.records import Claim, Dataset, Node, Record
from catalog.storage.rows import upsert

NOW = datetime(2026, 3, 1, 12)
CLAIMS = "SELECT claimant, attribute, claimed_value, consensus_value, disputed, quorum_met FROM claim ORDER BY attribute, claimant"


def write(home: Path, *records: Record) -> None:
    with writing(home) as connection, weighed(connection, home):
        upsert(connection, records)


def rows(home: Path, sql: str = CLAIMS) -> list[tuple[Any, ...]]:
    with pinned(home) as generation, duckdb.connect(generation.path, read_only=True) as connection:
        return connection.execute(sql).fetchall()


def event(licence: str, owner: str, count: int) -> dict[str, Any]:
    facets = {
        "tags": {"tags": [{"key": "licence", "value": licence}]},
        "ownership": {"owners": [{"name": owner}]},
        "dataQualityMetrics": {"rowCount": count},
    }
    return {"eventTime": "2026-02-01T00:00:00Z", "producer": "p", "schemaURL": "s", "dataset": {"namespace": "lake", "name": "orders", "facets": facets}}


def published(home: Path, inbox: Path, **nodes: dict[str, Any]) -> None:
    for node, said in nodes.items():
        (inbox / node).mkdir(parents=True, exist_ok=True)
        (inbox / node / "event.json").write_text(json.dumps(said), encoding="utf-8")
        ingest(home, [inbox / node], node, NOW)


def test_what_nodes_publish_of_one_dataset_is_kept_row_by_row_and_told_as_a_dispute(tmp_path: Path) -> None:
    home = tmp_path / "home"
    published(home, tmp_path / "in", one=event("MIT", "sales", 100), two=event("CC BY-NC 4.0", "sales", 105), three=event("MIT", "sales", 4000))
    told = rows(home, "SELECT node, licence, owner, row_count FROM dataset ORDER BY node")
    assert told == [("one", "MIT License", "sales", 100), ("three", "MIT License", "sales", 4000), ("two", "CC BY-NC 4.0", "sales", 105)]
    found = {(claimant, attribute): tuple(rest) for claimant, attribute, *rest in rows(home)}
    assert found["two", "licence"] == ("CC BY-NC 4.0", "MIT License", True, True)
    assert found["one", "licence"] == ("MIT License", "MIT License", True, True)
    assert found["one", "owner"] == ("sales", "sales", False, True)
    assert found["three", "row_count"] == ("4000", "105", True, True)
    published(home, tmp_path / "in", two=event("MIT", "sales", 105))
    assert {(value, disputed) for _, attribute, value, _, disputed, _ in rows(home) if attribute == "licence"} == {("MIT License", False)}


@pytest.mark.parametrize(
    ("records", "attributes"),
    [
        pytest.param([Dataset(node="a", name="d", licence="MIT", owner="x")], set(), id="one node"),
        pytest.param([Dataset(node="a", name="d", licence="MIT"), Dataset(node="b", name="d", owner="x")], set(), id="nothing in common"),
        pytest.param([Dataset(node="a", name="d", licence="MIT"), Dataset(node="b", name="e", licence="GPL")], set(), id="two datasets"),
        pytest.param(
            [Dataset(node="a", name="d", licence="MIT", languages=("English",)), Dataset(node="b", name="d", licence="MIT", languages=("Latin", "English"))],
            {"licence", "languages"},
            id="agreement is told too",
        ),
        pytest.param([Dataset(node="a", name="d", licence_class="unspecified"), Dataset(node="b", name="d", licence_class="commercial")], set(), id="silence"),
        pytest.param([Dataset(node="a", name="d", pii=False, row_count=0), Dataset(node="b", name="d", pii=True, row_count=0)], {"pii", "row_count"}, id="no and 0"),
        pytest.param(
            [Dataset(node="a", name="d", owner="x"), Dataset(node="b", name="d", owner="y", sensitivity="internal")], set(), id="a row that is not public"
        ),
    ],
)
def test_which_rows_are_claims(tmp_path: Path, records: list[Record], attributes: set[str]) -> None:
    write(tmp_path, *records)
    assert {attribute for _, attribute, *_ in rows(tmp_path)} == attributes


def test_what_is_not_public_is_weighed_with_its_like_and_changes_nothing_public(tmp_path: Path) -> None:
    public = [Dataset(node=node, name="d", owner=owner) for node, owner in (("a", "x"), ("b", "x"))]
    write(tmp_path / "without", *public)
    write(tmp_path / "with", *public, *(Dataset(node=node, name="d", owner="y", sensitivity="internal") for node in ("c", "e")))
    shown = f"{CLAIMS.replace('FROM claim', 'FROM claim WHERE sensitivity = $$public$$')}"
    assert rows(tmp_path / "with", shown) == rows(tmp_path / "without", shown) != []
    assert rows(tmp_path / "with", "SELECT DISTINCT claimed_value, disputed FROM claim WHERE sensitivity = 'internal'") == [("y", True)]


def test_a_node_that_claims_an_attribute_in_a_document_has_said_so_already(tmp_path: Path) -> None:
    stated = Claim(node="a", claim_id="1", dataset="d", attribute="licence", claimed_value="GPL", claimant="curators")
    write(tmp_path, Dataset(node="a", name="d", licence="MIT"), Dataset(node="b", name="d", licence="MIT"), stated)
    assert [claim[:3] for claim in rows(tmp_path)] == [("b", "licence", "MIT"), ("curators", "licence", "GPL")]
    write(tmp_path, Node(node="c"))
    assert len(rows(tmp_path)) == 2


def test_no_document_can_take_the_place_of_such_a_claim(tmp_path: Path) -> None:
    forged = Claim(node="a", claim_id="row/licence/d", dataset="other", attribute="owner", claimed_value="me", claimant="a")
    write(tmp_path, Dataset(node="a", name="d", licence="MIT"), Dataset(node="b", name="d", licence="GPL"), forged)
    write(tmp_path, Node(node="c"))
    assert [claim[:3] for claim in rows(tmp_path)] == [("b", "licence", "GPL"), ("a", "owner", "me")]


def test_merged_names_are_compared_until_they_are_split(tmp_path: Path) -> None:
    write(tmp_path, Dataset(node="a", name="orders", owner="x"), Dataset(node="b", name="lake/orders", owner="y"))
    assert rows(tmp_path) == []
    merges = Merges(tmp_path)
    merges.merge("orders", "lake/orders", "ada", NOW)
    assert [claim[:3] for claim in rows(tmp_path)] == [("a", "owner", "x"), ("b", "owner", "y")]
    merges.split("orders", "lake/orders", "ada", NOW)
    assert rows(tmp_path) == []


def test_rows_move_no_trust(tmp_path: Path) -> None:
    nodes = [Node(node=node, stake=1000.0, trust_score=0.5) for node in "abc"]
    write(tmp_path, *nodes, *(Dataset(node=node, name="d", owner=owner) for node, owner in zip("abc", "xxy", strict=True)))
    assert rows(tmp_path, "SELECT DISTINCT trust_score FROM node") == [(0.5,)]
    assert {held for _, _, _, held, _, _ in rows(tmp_path)} == {"x"}

