"""Lineage of a few names: the closure's own rows of them, at any depth, over nothing but what the asker may see."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.access.policy import ANONYMOUS, Authorisation, Permit, Treatment
from catalog.engine import snapshot
from catalog.engine.folders import directory
from catalog.engine.snapshot import KEPT, cut_of, prepare
from catalog.semantic import views
from catalog.storage import anchored, closure
from catalog.storage.closure import Cut, Fixed
from catalog.storage.generations import Generation, upsert
from catalog.storage.records import Dataset, LineageEdge, Record, storage_ddl

NOW = datetime(2026, 11, 1, 12)
NAMES = ("a", "b", "c", "d", "e")
PARTS = (None, "x")
EDGE = st.builds(
    LineageEdge,
    node=st.sampled_from(["n1", "n2"]),
    upstream=st.sampled_from(NAMES),
    upstream_column=st.sampled_from(PARTS),
    downstream=st.sampled_from(NAMES),
    downstream_column=st.sampled_from(PARTS),
    job=st.sampled_from([None, "j", "k"]),
    masking=st.sampled_from([None, True, False]),
    last_run=st.sampled_from([None, NOW, NOW - timedelta(days=1)]),
    as_of=st.sampled_from([None, NOW, NOW - timedelta(days=2)]),
    origin=st.sampled_from(["published", "synthetic"]),
    sensitivity=st.sampled_from(["public", "internal", "restricted"]),
)
ENDS = st.sets(st.sampled_from(NAMES)).map(frozenset)
COLUMNS = (
    "upstream, upstream_column, upstream_kind, downstream, downstream_column, downstream_kind, job, node, depth, path, masking, last_run, as_of, origin, "
    "is_partial, sensitivity"
)


@pytest.fixture(scope="module")
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    """The stored tables without a row; whoever writes rolls back."""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(storage_ddl() + "CREATE TEMP TABLE known AS SELECT unnest(['a', 'b', 'c']) AS name")
        yield connection


def rows_of(empty: duckdb.DuckDBPyConnection, edges: list[LineageEdge], fixed: Fixed | None) -> list[tuple[Any, ...]]:
    empty.execute("BEGIN")
    try:
        upsert(empty, edges)
        cut = closure.build_closure(empty, closure.direct("FROM edge")) if fixed is None else anchored.build_anchored(empty, "edge", closure.direct, fixed)
        assert cut is None
        return empty.execute(f"SELECT {COLUMNS} FROM closure ORDER BY ALL").fetchall()
    finally:
        empty.execute("ROLLBACK")


@given(edges=st.lists(EDGE, max_size=16), up=ENDS, down=ENDS, hops=st.sampled_from([0, 1]))
def test_rows_are_those_of_the_closure_of_all(
    empty: duckdb.DuckDBPyConnection, edges: list[LineageEdge], up: frozenset[str], down: frozenset[str], hops: int
) -> None:
    expected = [row for row in rows_of(empty, edges, None) if row[0] in up or row[3] in down or (row[8] == 1 and (hops or not up | down))]
    assert rows_of(empty, edges, Fixed(up, down, hops)) == expected


def chain(length: int, **fields: Any) -> list[LineageEdge]:
    return [LineageEdge(node="n", upstream=f"d{i}", downstream=f"d{i + 1}", **fields) for i in range(length)]


def store(home: Path, records: Sequence[Record]) -> Generation:
    path = home / "gen-1.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(storage_ddl())
        upsert(connection, records)
    return Generation(1, path)


class Log:
    def entries(self) -> list[Any]:
        return []


def allowed(row_filter: str = "", **masks: Treatment) -> Authorisation:
    """Public datasets, and lineage with these masks."""
    columns = {view: dict.fromkeys(views()[view].columns, "show") for view in ("datasets", "models", "nodes", "lineage")}
    columns["lineage"] |= masks  # type: ignore[arg-type]
    filters = {"datasets": "\"sensitivity\" IN ('public')", "lineage": row_filter}
    return Authorisation(ANONYMOUS, "v1", {v: Permit(v, c, filters.get(v, ""), ("rule",)) for v, c in columns.items()}, {})  # type: ignore[arg-type]


def asked(home: Path, generation: Generation, fixed: Fixed | None, who: Authorisation, *names: str) -> Path:
    return prepare(home, generation, Log(), who, names or ("lineage",), NOW, fixed)


def depths(path: Path) -> list[tuple[str, str, int]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute("SELECT upstream, downstream, depth FROM lineage ORDER BY ALL").fetchall()


FROM_D0 = Fixed(upstream=frozenset({"d0"}))


def test_what_is_named_is_whole_where_the_rest_is_cut(tmp_path: Path) -> None:
    generation, who = store(tmp_path, chain(50)), allowed()
    everything = asked(tmp_path, generation, None, who)
    assert cut_of(everything) == Cut(32, 18) and max(depth for _, _, depth in depths(everything)) == 32
    down = asked(tmp_path, generation, FROM_D0, who)
    assert cut_of(down) is None and depths(down) == sorted(("d0", f"d{i}", i) for i in range(1, 51))
    up = asked(tmp_path, generation, Fixed(downstream=frozenset({"d50", "gone"})), who)
    assert cut_of(up) is None and depths(up) == sorted((f"d{i}", "d50", 50 - i) for i in range(50))
    assert asked(tmp_path, generation, None, who) == everything and asked(tmp_path, generation, FROM_D0, who) == down
    assert asked(tmp_path, generation, Fixed(hops=3), who) == everything, "what is no deeper than the cut needs no other file"


def test_a_closure_that_is_whole_answers_for_every_name(tmp_path: Path) -> None:
    generation, who = store(tmp_path, chain(5)), allowed()
    everything = asked(tmp_path, generation, FROM_D0, who)
    assert cut_of(everything) is None and len(depths(everything)) == 15
    assert asked(tmp_path, generation, None, who) == asked(tmp_path, generation, Fixed(downstream=frozenset({"d5"})), who) == everything


def test_many_flows_are_not_closed_for_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "FEW", 3)
    generation, who = store(tmp_path, chain(5)), allowed()
    assert depths(asked(tmp_path, generation, Fixed(hops=1), who)) == sorted((f"d{i}", f"d{i + 1}", 1) for i in range(5))
    named = asked(tmp_path, generation, FROM_D0, who, "lineage", "datasets")
    assert {up for up, _, _ in depths(named)} == {"d0"}
    assert len(depths(asked(tmp_path, generation, None, who, "lineage", "datasets"))) == 15, "nothing is taken over from the lineage of one name"


def test_files_of_single_names_do_not_push_others_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "FEW", 3)
    generation, who = store(tmp_path, chain(5)), allowed()
    datasets = asked(tmp_path, generation, None, who, "datasets")
    for at in range(KEPT + 3):
        asked(tmp_path, generation, Fixed(upstream=frozenset({f"d{at}"})), who)
    assert datasets.exists() and len(list(directory(tmp_path, ANONYMOUS).glob("*"))) == KEPT + 1


def test_lineage_that_was_cut_says_so_wherever_it_is_copied(tmp_path: Path) -> None:
    generation, who = store(tmp_path, chain(50)), allowed()
    asked(tmp_path, generation, None, who)
    assert cut_of(asked(tmp_path, generation, None, who, "lineage", "datasets")) == Cut(32, 18)


@pytest.mark.parametrize("hidden", ["d20", None])
def test_the_walk_ends_at_what_is_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hidden: str | None) -> None:
    monkeypatch.setattr(snapshot, "FEW", 3)
    secret = [Dataset(node="n", name="d20", sensitivity="restricted")] if hidden else []
    generation = store(tmp_path, [*chain(50), *secret])
    found = depths(asked(tmp_path, generation, FROM_D0, allowed()))
    assert len(found) == (19 if hidden else 50) and not [row for row in found if hidden in row]


def test_rows_that_policy_filters_carry_no_path(tmp_path: Path) -> None:
    edges = [*chain(40), *(LineageEdge(node="n", upstream="d40", downstream="end", sensitivity="internal"),)]
    path = asked(tmp_path, store(tmp_path, edges), FROM_D0, allowed("\"sensitivity\" IN ('public')"))
    assert len(depths(path)) == 40 and "end" not in str(depths(path))


def test_a_masked_end_is_no_place_to_start_from(tmp_path: Path) -> None:
    generation, who = store(tmp_path, chain(50)), allowed(upstream="hash")
    assert cut_of(asked(tmp_path, generation, FROM_D0, who)) == Cut(32, 18)


def test_even_the_lineage_of_a_name_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "FEW", 3)
    monkeypatch.setattr(closure, "MAX_PATH_BYTES", 300)
    path = asked(tmp_path, store(tmp_path, chain(50)), FROM_D0, allowed())
    cut = cut_of(path)
    assert cut is not None and cut.more == 1 and max(depth for _, _, depth in depths(path)) == cut.hops < 50


def test_flows_of_a_name_have_an_end_and_many_jobs_of_one_pair_are_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "FEW", 3)
    monkeypatch.setattr(closure, "MAX_PAIRS", 30)
    jobs = [LineageEdge(node="n", upstream="d0", downstream="d1", job=f"j{at}") for at in range(40)]
    path = asked(tmp_path, store(tmp_path, [*jobs, *chain(8)]), FROM_D0, allowed())
    assert cut_of(path) is None and set(depths(path)) == {("d0", f"d{at}", at) for at in range(1, 9)}
    (tmp_path / "long").mkdir()
    path = asked(tmp_path / "long", store(tmp_path / "long", chain(50)), FROM_D0, allowed())
    assert cut_of(path) == Cut(31, None) and depths(path) == sorted(("d0", f"d{at}", at) for at in range(1, 32))
