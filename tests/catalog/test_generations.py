"""Generations: what a reader sees before, during and after a write, and after a writer's death at any step."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from catalog.errors import CatalogUnavailable
from catalog.storage.generations import NothingToWrite, current, default_home, pinned, writing
from catalog.storage.records import Dataset, DatasetColumn, LineageEdge, Metric, Node
from catalog.storage.rows import stage, upsert
from tests.catalog.forks import Forks

WRITE_ONE = """
import sys
from pathlib import Path
from catalog.storage.generations import writing
from catalog.storage.records import Dataset
from catalog.storage.rows import upsert
home, name = Path(sys.argv[1]), sys.argv[2]
"""

DIE_AT_STEP = (
    WRITE_ONE
    + """
from tests.catalog.deadly import counted, die_at
deadly = int(sys.argv[3])
step = die_at(deadly, "fsync", "rename", "replace", "chmod", "unlink", "open")
with writing(home) as connection:
    upsert(connection, [Dataset(node="n", name=f"{name}-{i}") for i in range(3)])
    counted(lambda: None, deadly, step)()
"""
)

WRITE_MANY = (
    WRITE_ONE
    + """
for i in range(int(sys.argv[3])):
    with writing(home) as connection:
        upsert(connection, [Dataset(node="n", name=f"{name}-{i}")])
"""
)

READ_MANY = """
import sys, time
from pathlib import Path
import duckdb
from catalog.storage.generations import pinned
home, seen = Path(sys.argv[1]), 0
while seen < int(sys.argv[2]):
    with pinned(home) as generation, duckdb.connect(generation.path, read_only=True) as connection:
        count = connection.execute("SELECT count(*) FROM dataset").fetchone()[0]
    assert count >= seen, (count, seen)
    seen = count
    time.sleep(0.01)
"""


@pytest.fixture(scope="module")
def dying() -> Iterator[Forks]:
    with Forks(DIE_AT_STEP) as made:
        yield made


def child(code: str, *arguments: object) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], cwd=Path(__file__).parents[2])


def names(home: Path) -> set[str]:
    with pinned(home) as generation, duckdb.connect(generation.path, read_only=True) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM dataset").fetchall()}


def write(home: Path, *records: object) -> None:
    with writing(home) as connection:
        upsert(connection, records)  # type: ignore[arg-type]  # tables of records of several types


def test_home_is_the_variable_then_the_platforms_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STEWARD_CATALOG", str(tmp_path))
    assert default_home() == tmp_path
    monkeypatch.delenv("STEWARD_CATALOG")
    assert default_home().name == "steward"


@pytest.mark.parametrize("pointer", [None, "", "gen-1.duckdb/../x", "gen-one.duckdb", "gen-7.duckdb"])
def test_no_usable_generation_is_said_so(tmp_path: Path, pointer: str | None) -> None:
    if pointer is not None:
        (tmp_path / "CURRENT").write_text(pointer, encoding="utf-8")
    with pytest.raises(CatalogUnavailable), pinned(tmp_path):
        pass


def test_a_commit_is_read_only_and_the_last_generation_is_removed(tmp_path: Path) -> None:
    write(tmp_path, Dataset(node="n", name="a"))
    first = current(tmp_path)
    write(tmp_path, Dataset(node="n", name="b"))
    second = current(tmp_path)
    assert (first.number, second.number) == (1, 2)
    assert not first.path.exists() and not first.pin.exists()
    assert second.path.stat().st_mode & 0o777 == 0o400
    assert names(tmp_path) == {"a", "b"}
    assert {p.name for p in tmp_path.iterdir()} == {"CURRENT", "gen-2.duckdb", "gen-2.pin", "writer.lock"}


def test_a_pinned_generation_outlives_commits_until_it_is_let_go(tmp_path: Path) -> None:
    write(tmp_path, Dataset(node="n", name="a"))
    with pinned(tmp_path) as held, duckdb.connect(held.path, read_only=True) as connection:
        write(tmp_path, Dataset(node="n", name="b"))
        write(tmp_path, Dataset(node="n", name="c"))
        assert held.path.exists() and held.number == 1
        assert not (tmp_path / "gen-2.duckdb").exists()
        assert connection.execute("SELECT name FROM dataset").fetchall() == [("a",)]
    write(tmp_path)
    assert not held.path.exists()
    assert names(tmp_path) == {"a", "b", "c"}


def test_an_error_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path, Dataset(node="n", name="a"))
    with pytest.raises(ZeroDivisionError), writing(tmp_path) as connection:
        upsert(connection, [Dataset(node="n", name="b")])
        _ = 1 / 0
    assert current(tmp_path).number == 1
    assert names(tmp_path) == {"a"}
    assert not list(tmp_path.glob("*.building*"))


def test_nothing_to_write_makes_no_generation(tmp_path: Path) -> None:
    write(tmp_path)
    with writing(tmp_path):
        raise NothingToWrite
    assert current(tmp_path).number == 1


def test_tables_that_are_not_records_are_carried_over(tmp_path: Path) -> None:
    with writing(tmp_path) as connection:
        connection.execute("CREATE TABLE extra AS SELECT 1 AS a, ['x'] AS b")
    write(tmp_path)
    with pinned(tmp_path) as generation, duckdb.connect(generation.path, read_only=True) as connection:
        assert connection.execute("SELECT * FROM extra").fetchall() == [(1, ["x"])]


def test_a_generation_of_an_older_schema_is_brought_forward(tmp_path: Path) -> None:
    with writing(tmp_path) as connection:
        upsert(connection, [Dataset(node="n", name="a", owner="o")])
        connection.execute("ALTER TABLE dataset DROP COLUMN region; ALTER TABLE dataset ADD COLUMN gone INTEGER")
        connection.execute("DROP TABLE claim")
    write(tmp_path)
    with pinned(tmp_path) as generation, duckdb.connect(generation.path, read_only=True) as connection:
        assert connection.execute("SELECT name, owner, region FROM dataset").fetchall() == [("a", "o", None)]
        assert connection.execute("SELECT count(*) FROM claim").fetchone() == (0,)


def test_the_newest_metric_is_marked(tmp_path: Path) -> None:
    def metric(day: int, column: str | None) -> Metric:
        at = datetime(2026, 1, day)
        return Metric(
            node="n",
            dataset="d",
            column_name=column,
            dimension="volume",
            metric="rows",
            value=1.0,
            unit="count",
            measured_at=at,
        )

    write(tmp_path, metric(2, None), metric(1, None), metric(1, "c"))
    write(tmp_path, metric(3, None))
    with pinned(tmp_path) as generation, duckdb.connect(generation.path, read_only=True) as connection:
        latest = connection.execute("SELECT column_name, day(measured_at) FROM metric WHERE is_latest ORDER BY ALL")
        assert latest.fetchall() == [("c", 1), (None, 3)]


def test_a_writer_killed_at_any_step_leaves_the_last_good_generation(dying: Forks, tmp_path: Path) -> None:
    write(tmp_path, Node(node="n"))
    committed: set[str] = set()
    for step in range(1, 200):
        ended, _ = dying.child(tmp_path, f"s{step}", step).finish()
        assert ended in (0, -9)
        seen = names(tmp_path)
        whole = {f"s{step}-{i}" for i in range(3)}
        assert seen in (committed, committed | whole)
        committed = seen
        if ended == 0:
            break
    assert ended == 0 and step > 10
    write(tmp_path, Dataset(node="n", name="after"))
    assert names(tmp_path) == committed | {"after"}
    assert len(list(tmp_path.glob("gen-*"))) == 2


def test_readers_and_writers_in_other_processes_all_succeed(tmp_path: Path) -> None:
    write(tmp_path)
    writes = 12
    children = [child(WRITE_MANY, tmp_path, name, writes) for name in ("x", "y")]
    children += [child(READ_MANY, tmp_path, 2 * writes) for _ in range(2)]
    assert [process.wait() for process in children] == [0, 0, 0, 0]
    assert current(tmp_path).number == 1 + 2 * writes
    assert len(names(tmp_path)) == 2 * writes


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[object, ...]]:
    return connection.execute(sql).fetchall()


@pytest.fixture
def store(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    from catalog.storage.records import storage_ddl

    connection = duckdb.connect()
    connection.execute(storage_ddl())
    return connection


def test_upsert_replaces_by_key_with_null_parts_equal(store: duckdb.DuckDBPyConnection) -> None:
    edge = LineageEdge(node="n", upstream="a", downstream="b", transform_type="copy")
    assert upsert(store, [edge, LineageEdge(node="n", upstream="a", downstream="b", transform_type="join")]) == 1
    upsert(store, [LineageEdge(node="n", upstream="a", downstream="b", job="j")])
    upsert(store, [LineageEdge(node="n", upstream="a", downstream="b", masking=True)])
    assert rows(store, "SELECT job, transform_type, masking FROM edge ORDER BY ALL") == [
        ("j", None, None),
        (None, None, True),
    ]


def test_upsert_lets_what_a_dataset_record_says_win_over_what_is_stored(store: duckdb.DuckDBPyConnection) -> None:
    upsert(store, [Dataset(node="n", name="d", owner="o", languages=("en",), deprecated=True, sensitivity="internal")])
    upsert(store, [Dataset(node="n", name="d", row_count=3), Dataset(node="n", name="d", owner="p", aliases=("e",))])
    upsert(store, [Dataset(node="m", name="d")])
    columns = "node, owner, row_count, languages, aliases, deprecated, sensitivity"
    assert rows(store, f"SELECT {columns} FROM dataset ORDER BY node") == [
        ("m", None, None, [], [], False, "public"),
        ("n", "p", 3, ["en"], ["e"], True, "internal"),
    ]


def test_upsert_keeps_every_text_and_time(store: duckdb.DuckDBPyConnection) -> None:
    at = datetime(2026, 2, 28, 23, 59, 59, 999999)
    odd = 'nul\0 quote\' "double" é 漢 \U0001f600 \\ \n'
    upsert(store, [Dataset(node=odd, name="lone \ud800 surrogate", last_updated=at, bytes=2**63 - 1)])
    assert rows(store, "SELECT node, name, last_updated, bytes FROM dataset") == [
        (odd, "lone ? surrogate", at, 2**63 - 1)
    ]


@pytest.mark.parametrize("few", [0, 10**9])
@pytest.mark.parametrize("batch", [1, 7, 10**6])
def test_rows_are_staged_as_they_are_and_in_their_order(store: duckdb.DuckDBPyConnection, few: int, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.storage.rows.FEW", few)
    monkeypatch.setattr("catalog.storage.rows.BATCH", batch)
    columns = {"t": "VARCHAR", "n": "BIGINT", "x": "DOUBLE", "b": "BOOLEAN", "at": "TIMESTAMP", "d": "DATE", "l": "VARCHAR[]", "none": "VARCHAR"}
    store.execute("CREATE TABLE given (" + ", ".join(f'"{name}" {type_}' for name, type_ in columns.items()) + ")")
    odd = ('"', "é", "", None, "\0", "漢")
    given = [
        (odd[i % 6], [None, 0, 1, 2**63 - 1][i % 4], [0.0, -0.0, 1.5, None][i % 4], [True, None, False][i % 3],
         datetime(2026, 1, 1 + i % 5, microsecond=1), [date(2026, 2, 1 + i % 9), None][i % 2], [["a", "b"], [], ["a"]][i % 3], None)
        for i in range(3000)
    ]  # fmt: skip
    given = given if batch > 1 else given[:40]
    store.execute("SET enable_external_access = false")  # as where a snapshot is made
    stage(store, "given", columns, given)
    assert repr(rows(store, "FROM given")) == repr(given)


def test_upsert_of_many_rows_crosses_batches(store: duckdb.DuckDBPyConnection) -> None:
    many = [DatasetColumn(node="n", dataset=f"d{i // 10}", column_name=f"c{i % 10}") for i in range(9_001)]
    assert upsert(store, many) == 9_001
    assert upsert(store, many) == 9_001
    assert rows(store, "SELECT count(*), count(DISTINCT dataset) FROM dataset_column") == [(9_001, 901)]


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(CatalogUnavailable), writing(tmp_path / "file" / "home"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_generation_is_known_by_the_hash_of_its_file(tmp_path: Path) -> None:
    with writing(tmp_path) as connection:
        upsert(connection, [Dataset(node="n", name="a")])
    generation = current(tmp_path)
    assert generation.sha256 == hashlib.sha256(generation.path.read_bytes()).hexdigest()
    generation.pin.write_bytes(b"")  # as an older catalog has it
    assert generation.sha256 is None
    generation.pin.unlink()
    assert generation.sha256 is None


def test_a_folder_that_cannot_be_written_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CatalogUnavailable, match="cannot be written") as told, writing(tmp_path / "file" / "catalog"):
        pass
    assert "--catalog" in told.value.hint
