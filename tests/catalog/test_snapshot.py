"""Snapshots: what the asker may not see is nowhere in the bytes of the file, and lineage is closed over visible edges only."""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.access.masks import mask_key
from catalog.access.policy import ANONYMOUS, Authorisation, Permit, Principal, Treatment
from catalog.engine import snapshot
from catalog.engine.folders import directory, forget_everything
from catalog.engine.snapshot import KEPT, prepare
from catalog.errors import CatalogUnavailable
from catalog.quality.freshness import opened
from catalog.semantic import views
from catalog.storage import closure
from catalog.storage.database import open_to_write
from catalog.storage.generations import Generation, upsert
from catalog.storage.records import (
    AccessGrant,
    AuditEntry,
    Claim,
    Dataset,
    GovernancePolicy,
    LineageEdge,
    Metric,
    Model,
    Node,
    Record,
    TrainingRound,
    storage_ddl,
)

NOW = datetime(2026, 11, 1, 12)
PUBLIC = "\"sensitivity\" IN ('public')"


class Log:
    """A live audit log with fixed entries."""

    def __init__(self, *entries: AuditEntry) -> None:
        self.kept = list(entries)

    def entries(self) -> list[AuditEntry]:
        return self.kept


def store(home: Path, records: Iterable[Record], number: int = 1) -> Generation:
    path = home / f"gen-{number}.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(storage_ddl())
        upsert(connection, records)
    return Generation(number, path)


def permit(view: str, row_filter: str = PUBLIC, hide: Sequence[str] = (), **masks: Treatment) -> Permit:
    columns: dict[str, Treatment] = {c: masks.get(c, "show") for c in views()[view].columns if c not in hide}
    return Permit(view, columns, row_filter, ("rule",))


def authorisation(*permits: Permit, principal: Principal = ANONYMOUS, version: str = "v1") -> Authorisation:
    return Authorisation(principal, version, {p.view: p for p in permits}, {})


PUBLIC_NAMES = (permit("datasets"), permit("models"), permit("nodes"))


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def canary(where: str) -> str:
    return f"CANARY-{where}-0123456789abcdef"


RECORDS: list[Record] = [
    Node(node="open", operator="Op", jurisdiction="EU"),
    Node(node=canary("node"), operator=canary("operator"), jurisdiction="KE", sensitivity="restricted"),
    Dataset(
        node="open", name="seen", steward=canary("steward"), languages=("English",), aliases=("same", canary("hidden"))
    ),
    Dataset(node="open", name="made", generating_model=canary("model")),
    Dataset(node="open", name=canary("hidden"), description=canary("description"), sensitivity="internal"),
    Dataset(node="open", name="shared", version="1"),
    Dataset(node=canary("node"), name="shared", description=canary("other-node"), sensitivity="restricted"),
    Model(node="open", name="m", trained_on=("seen", canary("hidden"), "elsewhere")),
    Model(node="open", name=canary("model"), owner=canary("owner"), sensitivity="confidential"),
    LineageEdge(node="open", upstream="seen", downstream="made", job="j1"),
    LineageEdge(node="open", upstream="seen", downstream=canary("hidden"), job=canary("job")),
    LineageEdge(node="open", upstream=canary("hidden"), downstream="shared"),
    LineageEdge(node="open", upstream="made", downstream=canary("model"), downstream_kind="model"),
    LineageEdge(node="open", upstream="made", downstream="shared", job=canary("secret-job"), sensitivity="restricted"),
    LineageEdge(node="open", upstream="made", downstream="unregistered"),
    LineageEdge(node="open", upstream="unregistered", downstream="board", downstream_kind="report"),
    Metric(
        node="open",
        dataset="seen",
        dimension="validity",
        metric="v",
        value=0.5,
        unit="ratio",
        measured_at=NOW,
        is_latest=True,
    ),
    Metric(
        node="open",
        dataset=canary("hidden"),
        dimension="validity",
        metric="v",
        value=0.5,
        unit="ratio",
        measured_at=NOW,
        version=canary("metric"),
    ),
    Claim(node="open", claim_id="c1", dataset="seen", attribute="owner", claimant=canary("node")),
    Claim(
        node="open",
        claim_id="c2",
        dataset=canary("hidden"),
        attribute="owner",
        claimant="open",
        claimed_value=canary("claim"),
    ),
    GovernancePolicy(node="open", policy_id="p1", name="everything", type="access"),
    GovernancePolicy(node="open", policy_id="p2", name=canary("policy"), type="access", target=canary("hidden")),
    TrainingRound(
        node="open",
        run="r",
        model=canary("model"),
        round=1,
        participants=("open", canary("node")),
        datasets=(canary("hidden"), "seen"),
        slowest_node=canary("node"),
    ),
    AccessGrant(
        node="open",
        grant_id="g1",
        principal=canary("person"),
        dataset="seen",
        permission="read",
        datatoken=canary("token"),
        granted=NOW,
    ),
    AccessGrant(
        node="open",
        grant_id="g2",
        principal="eve",
        dataset=canary("hidden"),
        permission="read",
        granted_by=canary("by"),
    ),
    AuditEntry(
        node="open", seq=1, at=NOW, actor=canary("actor"), action="query", dataset=canary("hidden"), decision="denied"
    ),
]

RESTRICTED = authorisation(
    *PUBLIC_NAMES[1:],
    permit("datasets", hide=["steward"]),
    permit("lineage"),
    permit("quality_metrics"),
    permit("claims"),
    permit("policies"),
    permit("training_rounds"),
    permit("grants", hide=["granted_by"], principal="hash", datatoken="null"),
    permit("audit_log", actor="hash", question="null"),
)


def test_no_hidden_cell_is_in_the_bytes_of_the_file(tmp_path: Path) -> None:
    generation = store(tmp_path, RECORDS)
    live = AuditEntry(
        node="steward",
        seq=1,
        at=NOW,
        actor=canary("live"),
        action="query",
        question=canary("question"),
        decision="allowed",
    )
    assert generation.path.read_bytes().count(b"CANARY") > 20
    path = prepare(tmp_path, generation, Log(live), RESTRICTED, RESTRICTED.permits, NOW)
    assert b"CANARY" not in path.read_bytes()
    cells = [str(row) for view in RESTRICTED.permits for row in rows(path, f'FROM "{view}"')]
    assert cells and not [cell for cell in cells if "CANARY" in cell]
    assert rows(path, "SELECT count(*) FROM grants") == [(1,)]
    assert rows(path, "SELECT node, jurisdiction, length(actor) FROM audit_log") == [("steward", "unknown", 16)]


def test_the_file_holds_the_views_asked_for_and_nothing_else(tmp_path: Path) -> None:
    generation = store(tmp_path, RECORDS)
    path = prepare(tmp_path, generation, Log(), RESTRICTED, ["datasets", "lineage"], NOW)
    assert rows(path, "SELECT table_name FROM duckdb_tables() ORDER BY 1") == [("datasets",), ("lineage",)]
    assert rows(path, "SELECT view_name FROM duckdb_views() WHERE NOT internal") == []
    shown = [name for name in views()["datasets"].columns if name != "steward"]
    assert rows(
        path, "SELECT column_name FROM duckdb_columns() WHERE table_name = 'datasets' ORDER BY column_index"
    ) == [(n,) for n in shown]


def test_every_view_keeps_its_declared_types(tmp_path: Path) -> None:
    everything = authorisation(*(permit(view, "") for view in views()))
    path = prepare(tmp_path, store(tmp_path, RECORDS), Log(), everything, views(), NOW)
    types = {
        (t, c): type_
        for t, c, type_ in rows(
            path, "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
        )
    }
    assert types == {(v.name, c.name): c.type for v in views().values() for c in v.columns.values()}


def test_names_of_hidden_things_are_absent_and_others_stay(tmp_path: Path) -> None:
    path = prepare(tmp_path, store(tmp_path, RECORDS), Log(), RESTRICTED, RESTRICTED.permits, NOW)
    assert rows(path, "SELECT name FROM datasets ORDER BY 1") == [("made",), ("seen",), ("shared",)]
    assert rows(path, "SELECT trained_on FROM models") == [(["seen", "elsewhere"],)]
    assert rows(path, "SELECT aliases FROM datasets WHERE name = 'seen'") == [(["same"],)]
    assert rows(path, "SELECT participants, datasets, slowest_node, model FROM training_rounds") == [
        (["open"], ["seen"], None, None)
    ]
    assert rows(path, "SELECT claim_id, claimant FROM claims") == [("c1", None)]
    assert rows(path, "SELECT policy_id FROM policies") == [("p1",)]
    assert rows(path, "SELECT upstream, downstream, depth, is_partial FROM lineage ORDER BY depth, 1, 2") == [
        ("made", "unregistered", 1, True),
        ("seen", "made", 1, False),
        ("unregistered", "board", 1, True),
        ("made", "board", 2, True),
        ("seen", "unregistered", 2, True),
        ("seen", "board", 3, True),
    ]


def test_without_a_permit_on_datasets_all_of_them_are_hidden(tmp_path: Path) -> None:
    path = prepare(
        tmp_path,
        store(tmp_path, RECORDS),
        Log(),
        authorisation(permit("quality_metrics", "")),
        ["quality_metrics"],
        NOW,
    )
    assert rows(path, "SELECT count(*) FROM quality_metrics") == [(0,)]


@pytest.mark.parametrize(
    ("treatment", "cell", "expected"),
    [
        ("partial", "principal", "C***"),
        ("null", "principal", None),
        ("bucket", "principal", None),
        ("bucket", "granted", datetime(2026, 11, 1)),
        ("bucket", "revoked", None),
        ("null", "granted", None),
    ],
)
def test_masks(tmp_path: Path, treatment: Treatment, cell: str, expected: object) -> None:
    asker = authorisation(permit("datasets"), permit("grants", "", **{cell: treatment}))
    path = prepare(tmp_path, store(tmp_path, RECORDS), Log(), asker, ["grants"], NOW)
    assert rows(path, f'SELECT "{cell}" FROM grants') == [(expected,)]


@pytest.mark.parametrize(("value", "bucket"), [(0, 0), (7, 1), (-4321, -1000), (2**63 - 1, 10**18), (None, None)])
def test_a_number_is_bucketed_by_its_power_of_ten(tmp_path: Path, value: int | None, bucket: int | None) -> None:
    generation = store(tmp_path, [Dataset(node="n", name="d", row_count=value)])
    path = prepare(
        tmp_path, generation, Log(), authorisation(permit("datasets", "", row_count="bucket")), ["datasets"], NOW
    )
    assert rows(path, "SELECT row_count FROM datasets") == [(bucket,)]


def test_a_hash_joins_within_a_catalog_and_differs_between_catalogs(tmp_path: Path) -> None:
    hashes = []
    for home in (tmp_path / "one", tmp_path / "two"):
        home.mkdir()
        entries = [AuditEntry(node="x", seq=1, at=NOW, actor="ann", action="query", decision="allowed")]
        grants = [
            Dataset(node="x", name="d"),
            AccessGrant(node="x", grant_id="g", principal="ann", dataset="d", permission="read"),
        ]
        asker = authorisation(permit("datasets"), permit("grants", principal="hash"), permit("audit_log", actor="hash"))
        path = prepare(home, store(home, [*grants, *entries]), Log(), asker, ["grants", "audit_log"], NOW)
        found = rows(path, "SELECT principal FROM grants UNION SELECT actor FROM audit_log")
        assert len(found) == 1
        hashes += found
        assert mask_key(home).encode() not in path.read_bytes()
        assert (home / "mask.key").stat().st_mode & 0o777 == 0o600
    assert hashes[0] != hashes[1] and ("ann",) not in hashes


def test_an_equal_question_finds_the_snapshot_again(tmp_path: Path) -> None:
    generation = store(tmp_path, RECORDS)
    path = prepare(tmp_path, generation, Log(), RESTRICTED, ["datasets"], NOW)
    inode = path.stat().st_ino
    assert (
        prepare(tmp_path, generation, Log(), RESTRICTED, ["datasets", "datasets"], NOW + timedelta(hours=1))
        .stat()
        .st_ino
        == inode
    )
    assert path.stat().st_mode & 0o777 == 0o400
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list((tmp_path / "snapshots").iterdir()) == [path.parent]


def _other_policy(home: Path) -> Path:
    return prepare(
        home, store(home, RECORDS), Log(), Authorisation(ANONYMOUS, "v2", RESTRICTED.permits, {}), ["datasets"], NOW
    )


def _other_attributes(home: Path) -> Path:
    asker = Principal(name="anonymous", roles=("anonymous",), clearance="internal")
    return prepare(
        home, store(home, RECORDS), Log(), Authorisation(asker, "v1", RESTRICTED.permits, {}), ["datasets"], NOW
    )


@pytest.mark.parametrize("change", [_other_policy, _other_attributes], ids=["policy", "attributes"])
def test_other_rules_or_attributes_make_old_snapshots_go(tmp_path: Path, change: Any) -> None:
    path = prepare(tmp_path, store(tmp_path, RECORDS), Log(), RESTRICTED, ["datasets"], NOW)
    again = change(tmp_path)
    assert again != path and again.exists() and not path.exists()


def test_generation_day_and_views_make_another_snapshot_and_few_are_kept(tmp_path: Path) -> None:
    first, second = store(tmp_path, RECORDS), store(tmp_path, RECORDS[:3], 2)
    paths = {
        prepare(tmp_path, first, Log(), RESTRICTED, ["datasets"], NOW),
        prepare(tmp_path, second, Log(), RESTRICTED, ["datasets"], NOW),
        prepare(tmp_path, first, Log(), RESTRICTED, ["datasets"], NOW + timedelta(days=1)),
        prepare(tmp_path, first, Log(), RESTRICTED, ["models"], NOW),
    }
    assert len(paths) == 4 and all(path.exists() for path in paths)
    for day in range(2, 2 + KEPT + 3):
        prepare(tmp_path, first, Log(), RESTRICTED, ["datasets"], NOW + timedelta(days=day))
    assert len(list(directory(tmp_path, ANONYMOUS).glob("*"))) == KEPT


def test_principals_share_no_folder(tmp_path: Path) -> None:
    other = Principal(name="../ada", roles=("member",))
    assert directory(tmp_path, ANONYMOUS) != directory(tmp_path, other)
    assert directory(tmp_path, other).parent == tmp_path / "snapshots"


NAMES = ("a", "b", "c", "d", "e")
edges = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from([None, "x", "y"]),
        st.sampled_from(NAMES),
        st.sampled_from([None, "x", "y"]),
    ),
    max_size=14,
    unique=True,
)
Place = tuple[str, str | None]


def brute_force(graph: Sequence[tuple[str, str | None, str, str | None]]) -> dict[tuple[Place, Place], int]:
    """Shortest depth of every pair of places, by trying every number of hops."""
    hops = {((u, uc), (d, dc)) for u, uc, d, dc in graph}
    depths = dict.fromkeys(hops, 1)
    reached = set(hops)
    for depth in range(2, len(hops) + 1):
        reached = {(s, t) for s, via in reached for u, t in hops if u == via}
        for s, t in reached:
            if s != t:
                depths.setdefault((s, t), depth)
    return depths


@given(edges, st.sets(st.sampled_from(NAMES)))
def test_lineage_equals_every_walk_tried(graph: list[tuple[str, str | None, str, str | None]], known: set[str]) -> None:
    with duckdb.connect() as connection:
        connection.execute(storage_ddl() + "CREATE TEMP TABLE known (name VARCHAR)")
        connection.executemany("INSERT INTO known VALUES (?)", [[name] for name in sorted(known) or ["none"]])
        upsert(
            connection,
            [
                LineageEdge(node="n", upstream=u, upstream_column=uc, downstream=d, downstream_column=dc)
                for u, uc, d, dc in graph
            ],
        )
        closure.build_closure(connection, closure.direct("SELECT * FROM edge"))
        found = connection.execute(
            "SELECT upstream, upstream_column, downstream, downstream_column, depth, path, is_partial FROM closure"
        ).fetchall()
    assert {((u, uc), (d, dc)): depth for u, uc, d, dc, depth, _, _ in found} == brute_force(graph)
    assert len(found) == len(brute_force(graph))
    names = {(u, d) for u, _, d, _ in graph}
    for u, _, d, _, depth, path, is_partial in found:
        on_path = path.split(" → ")
        assert (on_path[0], on_path[-1], len(on_path)) == (u, d, depth + 1)
        assert all(hop in names for hop in pairwise(on_path))
        assert is_partial == bool(set(on_path) - known)


def chain(length: int, **fields: Any) -> list[LineageEdge]:
    return [LineageEdge(node="n", upstream=f"d{i}", downstream=f"d{i + 1}", **fields) for i in range(length)]


def closed(*records: Record) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        connection.execute(storage_ddl() + "CREATE TEMP TABLE known (name VARCHAR)")
        upsert(connection, records)
        closure.build_closure(connection, closure.direct("SELECT * FROM edge"))
        found = connection.execute("FROM closure")
        return [dict(zip([c[0] for c in found.description], row, strict=True)) for row in found.fetchall()]


def test_a_path_is_as_masked_old_and_sensitive_as_its_hops() -> None:
    hops = [
        LineageEdge(
            node="n1",
            upstream="a",
            downstream="b",
            job="j",
            masking=True,
            last_run=NOW,
            sensitivity="internal",
            upstream_kind="report",
        ),
        LineageEdge(
            node="n2",
            upstream="b",
            downstream="c",
            job="k",
            masking=False,
            last_run=NOW - timedelta(days=1),
            downstream_kind="model",
            origin="synthetic",
        ),
    ]
    [deep] = [row for row in closed(*hops) if row["depth"] == 2]
    assert deep | {"as_of": None} == {
        **dict.fromkeys(("as_of", "upstream_column", "downstream_column", "job", "transform_type")),
        "node": "n2",
        "sensitivity": "internal",
        "origin": "synthetic",
        "upstream": "a",
        "upstream_kind": "report",
        "downstream": "c",
        "downstream_kind": "model",
        "masking": True,
        "last_run": NOW - timedelta(days=1),
        "depth": 2,
        "path": "a → b → c",
        "is_partial": True,
    }


def test_lineage_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert max(row["depth"] for row in closed(*chain(40))) == closure.MAX_DEPTH
    monkeypatch.setattr(closure, "MAX_PAIRS", 80)
    assert max(row["depth"] for row in closed(*chain(40))) == 2


def test_more_direct_flows_than_are_kept_stay_direct_and_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closure, "MAX_PAIRS", 30)
    several_jobs = [LineageEdge(node="n", upstream="a", downstream="b", job=f"j{i}") for i in range(40)]
    assert max(row["depth"] for row in closed(*several_jobs, LineageEdge(node="n", upstream="b", downstream="c"))) == 2
    assert [row["depth"] for row in closed(*chain(40))] == [1] * 40
    assert {row["depth"] for row in closed(*several_jobs, *several_jobs, *chain(40))} == {1}, "pairs that come after many rows of one count too"


def test_a_file_with_more_views_answers_for_fewer(tmp_path: Path) -> None:
    generation = store(tmp_path, RECORDS)
    both = prepare(tmp_path, generation, Log(), RESTRICTED, ["datasets", "models"], NOW)
    assert prepare(tmp_path, generation, Log(), RESTRICTED, ["models"], NOW) == both
    assert prepare(tmp_path, generation, Log(), RESTRICTED, ["nodes", "models"], NOW) != both


@pytest.mark.parametrize("damaged", [False, True])
def test_views_are_taken_over_from_an_older_file_and_made_anew_where_it_is_damaged(tmp_path: Path, damaged: bool) -> None:
    generation = store(tmp_path, RECORDS)
    alone = prepare(tmp_path, generation, Log(), RESTRICTED, ["datasets"], NOW)
    expected = rows(alone, "FROM datasets")
    if damaged:
        alone.chmod(0o600)
        alone.write_bytes(b"x" * 8192)
    together = prepare(tmp_path, generation, Log(), RESTRICTED, ["datasets", "models"], NOW)
    assert rows(together, "FROM datasets") == expected and rows(together, "SELECT count(*) FROM models") != [(0,)]
    assert rows(together, "SELECT table_name FROM duckdb_tables() ORDER BY 1") == [("datasets",), ("models",)]


def test_nothing_is_taken_over_from_what_other_rules_allowed(tmp_path: Path) -> None:
    generation = store(tmp_path, RECORDS)
    prepare(tmp_path, generation, Log(), RESTRICTED, ["datasets"], NOW)
    fewer = authorisation(*PUBLIC_NAMES)
    kept = prepare(tmp_path, generation, Log(), fewer, ["datasets", "models"], NOW)
    fresh = rows(kept, "FROM datasets")
    forget_everything(tmp_path)
    assert rows(prepare(tmp_path, generation, Log(), fewer, ["datasets", "models"], NOW), "FROM datasets") == fresh


def test_a_view_larger_than_the_buffers_lies_in_the_same_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generation = store(tmp_path, [Node(node="open")])
    with duckdb.connect(str(generation.path)) as connection:
        many = "SELECT 'open' AS node, md5(i::VARCHAR) AS name, md5(i || 'x') AS description, 'public' AS sensitivity FROM range(400000) t(i)"
        connection.execute(f"INSERT INTO dataset BY NAME {many}")
    whole = prepare(tmp_path, generation, Log(), authorisation(*PUBLIC_NAMES), ["datasets"], NOW)
    query = "SELECT count(*), md5(string_agg(name || description, '' ORDER BY rowid)) FROM datasets"
    expected = rows(whole, query)
    forget_everything(tmp_path)
    monkeypatch.setattr(snapshot, "BUFFERS", 80 << 20)
    monkeypatch.setattr(snapshot, "open_to_write", partial(open_to_write, config={"threads": 2}))  # each thread needs some room
    assert rows(prepare(tmp_path, generation, Log(), authorisation(*PUBLIC_NAMES), ["datasets"], NOW), query) == expected
    assert list((tmp_path / "snapshots").iterdir()) == [whole.parent] and list(whole.parent.iterdir()) == [whole]


def test_a_snapshot_without_room_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "BUFFERS", 1 << 19)
    with pytest.raises(CatalogUnavailable) as caught:
        prepare(tmp_path, store(tmp_path, RECORDS), Log(), RESTRICTED, ["datasets"], NOW)
    assert "room" in caught.value.hint and not list((tmp_path / "snapshots").glob(".build-*"))


def test_dates_of_snapshots_do_not_depend_on_the_hour(tmp_path: Path) -> None:
    generation = store(tmp_path, RECORDS)
    day = date(2026, 11, 1)
    at = [datetime.combine(day, datetime.min.time()), datetime.combine(day, datetime.max.time())]
    assert len({prepare(tmp_path, generation, Log(), RESTRICTED, ["nodes"], now) for now in at}) == 1


def test_where_a_hidden_node_stands_is_not_told(tmp_path: Path) -> None:
    nodes = [Node(node="open", country="FR", jurisdiction="EU"), Node(node="hid", country="KE", jurisdiction="KE", sensitivity="restricted")]
    generation = store(tmp_path, [*nodes, Dataset(node="open", name="a"), Dataset(node="hid", name="b"), Dataset(node="gone", name="c")])
    shown = "SELECT name, node, country, jurisdiction FROM datasets ORDER BY name"
    path = prepare(tmp_path, generation, Log(), authorisation(*PUBLIC_NAMES), ["datasets"], NOW)
    assert rows(path, shown) == [("a", "open", "FR", "EU"), ("b", None, None, "unknown"), ("c", "gone", None, "unknown")]
    kenya = permit("datasets", "\"jurisdiction\" IN ('KE')")
    path = prepare(tmp_path, generation, Log(), authorisation(kenya, *PUBLIC_NAMES[1:]), ["datasets"], NOW)
    assert rows(path, shown) == [("b", None, None, "unknown")], "residency is decided by where the node really stands"


def test_a_quality_score_tells_nothing_of_metrics_more_sensitive_than_its_dataset(tmp_path: Path) -> None:
    def metric(name: str, value: float, sensitivity: str) -> Metric:
        return Metric(
            node="n",
            dataset=name,
            dimension="validity",
            metric=f"v {sensitivity}",
            value=value,
            unit="ratio",
            measured_at=NOW,
            sensitivity=sensitivity,
            is_latest=True,
        )

    datasets = [Dataset(node="n", name="open"), Dataset(node="n", name="closed", sensitivity="internal")]
    metrics = [metric(d.name, v, s) for d in datasets for v, s in ((1.0, "public"), (0.5, "internal"), (0.0, "restricted"))]
    everyone = authorisation(permit("datasets", ""), permit("nodes", ""), permit("models", ""))
    path = prepare(tmp_path, store(tmp_path, [*datasets, *metrics]), Log(), everyone, ["datasets"], NOW)
    assert rows(path, "SELECT name, quality_score FROM datasets ORDER BY name") == [("closed", 0.75), ("open", 1.0)]


@pytest.mark.parametrize("content", ["", "0" * 63, "' || 'x", "0" * 64 + "\n"])
def test_hashes_without_their_secret_are_not_made(tmp_path: Path, content: str) -> None:
    (tmp_path / "mask.key").write_text(content, encoding="utf-8")
    with pytest.raises(CatalogUnavailable, match="damaged"):
        prepare(tmp_path, store(tmp_path, RECORDS), Log(), RESTRICTED, ["grants"], NOW)


def test_folders_are_private_whatever_the_umask_and_ruins_of_killed_builds_go(tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        ruin, fresh = tmp_path / "snapshots" / ".build-dead", tmp_path / "snapshots" / ".build-live"
        directory(tmp_path, ANONYMOUS)
        for place in (ruin, fresh):
            place.mkdir()
            (place / "snapshot.duckdb").touch()
        os.utime(ruin, (0, 0))
        path = prepare(tmp_path, store(tmp_path, RECORDS), Log(), RESTRICTED, ["grants"], NOW)
    finally:
        os.umask(mask)
    assert (ruin.exists(), fresh.exists()) == (False, True)
    assert [p.stat().st_mode & 0o077 for p in (path, path.parent, path.parent.parent, tmp_path / "mask.key")] == [0, 0, 0, 0]


@pytest.mark.parametrize(("limit", "value"), [("MAX_WAYS", 100), ("MAX_PATH_BYTES", 1000)])
def test_a_hub_of_edges_is_not_multiplied_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int) -> None:
    edges = [LineageEdge(node="n", upstream=f"u{i}", downstream="hub") for i in range(10)]
    edges += [LineageEdge(node="n", upstream="hub", downstream=f"d{i}") for i in range(10)]
    asker = authorisation(*PUBLIC_NAMES, permit("lineage"))
    deepest = "SELECT max(depth), count(*) FROM lineage"
    generation = store(tmp_path, edges)
    assert rows(prepare(tmp_path, generation, Log(), asker, ["lineage"], NOW), deepest) == [(2, 120)]
    monkeypatch.setattr(closure, limit, value)
    forget_everything(tmp_path)
    assert rows(prepare(tmp_path, generation, Log(), asker, ["lineage"], NOW), deepest) == [(1, 20)]


def test_readers_of_one_snapshot_at_once_are_all_within_its_fence(tmp_path: Path) -> None:
    generation = store(tmp_path, [Dataset(node="n", name="a")])
    snapshot = prepare(tmp_path, generation, Log(), authorisation(permit("datasets")), ["datasets"], NOW)
    beside = tmp_path / "beside.csv"
    beside.write_text("x\n1\n", encoding="utf-8")

    def read(_: int) -> list[Any]:
        with opened(snapshot) as connection:
            with pytest.raises(duckdb.PermissionException):
                connection.execute(f"SELECT * FROM read_csv('{beside}')")
            return connection.execute("SELECT name FROM datasets").fetchall()

    with opened(snapshot), ThreadPoolExecutor(8) as readers:
        assert list(readers.map(read, range(40))) == [[("a",)]] * 40
