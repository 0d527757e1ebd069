"""The engine: results of every type, limits that hold, errors that tell no data, and a child that can reach nothing."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from catalog.engine import engine as engine_module
from catalog.engine.engine import Approved, Engine, Limits
from catalog.engine.worker import open_locked
from catalog.errors import QueryFailed, QueryTimeout
from eval.security.bombs import UNGUARDED

SOON = Limits(deadline_s=1.0, memory_mb=512)


def approved(sql: str) -> Approved:
    return Approved(sql, frozenset(), ("test",))


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("principal") / "s.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE datasets AS SELECT 'd' || i AS name, i AS row_count FROM range(5000) t(i)")
    path.chmod(0o400)
    return path


@pytest.fixture(scope="module")
def engine(snapshot: Path) -> Iterator[Engine]:
    with Engine(snapshot.parent) as running:
        yield running


@pytest.mark.parametrize(
    ("sql", "type_", "cell"),
    [
        ("'né'", "VARCHAR", "né"),
        ("42::BIGINT", "BIGINT", 42),
        ("7::TINYINT", "BIGINT", 7),
        ("sum(row_count) FROM datasets", "BIGINT", 12497500),
        ("170141183460469231731687303715884105727::HUGEINT", "BIGINT", 2**127 - 1),
        ("1.5::DOUBLE", "DOUBLE", 1.5),
        ("2.25::DECIMAL(9, 2)", "DOUBLE", 2.25),
        ("'inf'::DOUBLE", "DOUBLE", float("inf")),
        ("true", "BOOLEAN", True),
        ("DATE '2026-11-01'", "DATE", date(2026, 11, 1)),
        ("DATE '20000-01-01'", "DATE", "20000-01-01"),
        ("TIMESTAMP '2026-11-01 12:30:00.25'", "TIMESTAMP", datetime(2026, 11, 1, 12, 30, 0, 250000)),
        ("['a', NULL]", "VARCHAR[]", ["a", None]),
        ("[DATE '2026-11-01']", "DATE[]", [date(2026, 11, 1)]),
        ("[]::VARCHAR[]", "VARCHAR[]", []),
        ("NULL::BIGINT", "BIGINT", None),
        ("INTERVAL '2' DAY", "VARCHAR", "2 days, 0:00:00"),
        ("{'a': 1}", "VARCHAR", "{'a': 1}"),
    ],
)
def test_cells_keep_their_type(engine: Engine, snapshot: Path, sql: str, type_: str, cell: object) -> None:
    result = engine.run(approved(f"SELECT {sql}"), snapshot, Limits())
    assert (result.types, result.rows, result.truncated) == ((type_,), [(cell,)], False)


def test_not_a_number_stays_one(engine: Engine, snapshot: Path) -> None:
    [[cell]] = engine.run(approved("SELECT 'nan'::DOUBLE"), snapshot, Limits()).rows
    assert cell != cell


@pytest.mark.parametrize(("there", "truncated"), [(499, False), (500, False), (501, True), (5000, True)])
def test_rows_are_cut_at_the_limit_and_it_is_said(engine: Engine, snapshot: Path, there: int, truncated: bool) -> None:
    result = engine.run(approved(f"SELECT name FROM datasets LIMIT {there}"), snapshot, Limits())
    assert (len(result.rows), result.truncated) == (min(there, 500), truncated)


def test_an_endless_result_is_only_begun(engine: Engine, snapshot: Path) -> None:
    result = engine.run(approved("SELECT * FROM range(1000000000000)"), snapshot, Limits(rows=10))
    assert (result.rows, result.truncated) == ([(i,) for i in range(10)], True)


def test_output_is_cut_to_whole_rows(engine: Engine, snapshot: Path) -> None:
    result = engine.run(approved("SELECT repeat('x', 1000) FROM datasets"), snapshot, Limits(output_bytes=10_500))
    assert (len(result.rows), result.truncated) == (10, True)


def test_no_rows_still_have_columns(engine: Engine, snapshot: Path) -> None:
    result = engine.run(approved("SELECT name FROM datasets WHERE false"), snapshot, Limits())
    assert (result.columns, result.types, result.rows) == (("name",), ("VARCHAR",), [])


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT name::INTEGER FROM datasets", "conversion"),
        ("SELECT missing FROM datasets", "binder"),
        ("SELECT * FROM missing", "catalog"),
        ("SELECT FROM", "syntax"),
        ("SELECT error('d17 ' || name) FROM datasets", "input"),
        ("SELECT 9223372036854775807 + row_count FROM datasets", "range"),
        ("SELECT * FROM read_text('/etc/hostname')", "permission"),
        ("DROP TABLE datasets", "input"),
    ],
)
def test_an_error_is_a_code_and_never_data(engine: Engine, snapshot: Path, sql: str, code: str) -> None:
    with pytest.raises(QueryFailed) as raised:
        engine.run(approved(sql), snapshot, Limits())
    assert raised.value.what == f"The engine could not run the query (code: {code})."
    assert engine.run(approved("SELECT 1"), snapshot, Limits()).rows == [(1,)]


def test_nothing_a_query_sets_is_there_for_the_next(engine: Engine, snapshot: Path) -> None:
    engine.run(approved("CREATE TEMP TABLE mine AS SELECT 1"), snapshot, Limits())
    engine.run(approved("SET VARIABLE who = 'ada'"), snapshot, Limits())
    assert engine.run(approved("SELECT getvariable('who')"), snapshot, Limits()).rows == [(None,)]
    with pytest.raises(QueryFailed, match="catalog"):
        engine.run(approved("SELECT * FROM mine"), snapshot, Limits())


def test_time_and_memory_have_names(engine: Engine, snapshot: Path) -> None:
    with pytest.raises(QueryTimeout, match=r"within 1 s"):
        engine.run(approved(UNGUARDED["long range"]), snapshot, SOON)
    with pytest.raises(QueryTimeout, match="512 MB"):
        engine.run(approved(UNGUARDED["repeat"]), snapshot, Limits(memory_mb=512))


def test_only_approved_sql_runs_and_only_on_this_principals_snapshots(
    engine: Engine, snapshot: Path, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError, match="approved"):
        engine.run("SELECT 1", snapshot, Limits())  # type: ignore[arg-type]  # what the assert is for
    with pytest.raises(AssertionError, match="one principal"):
        engine.run(approved("SELECT 1"), tmp_path / "s.duckdb", Limits())


def test_a_running_query_can_be_stopped(snapshot: Path) -> None:
    with Engine(snapshot.parent) as running:
        assert running.run(approved("SELECT 1"), snapshot, Limits()).rows == [(1,)]
        timer = threading.Timer(0.2, running.kill)
        timer.start()
        with pytest.raises(QueryFailed, match="worker"):
            running.run(approved(UNGUARDED["long range"]), snapshot, Limits(deadline_s=60))
        timer.join()
        assert running.run(approved("SELECT 1"), snapshot, Limits()).rows == [(1,)]


def test_a_missing_snapshot_is_a_failure_not_a_crash(engine: Engine, snapshot: Path) -> None:
    with pytest.raises(QueryFailed, match="permission"):
        engine.run(approved("SELECT 1"), snapshot.with_name("gone.duckdb"), Limits())


REPLIES = {
    "no JSON": b"{",
    "no object": b"[]",
    "a number": b"3",
    "no rows": b'{"columns": ["a"], "types": ["BIGINT"], "truncated": false}',
    "ragged rows": b'{"columns": ["a"], "types": ["BIGINT"], "truncated": false, "rows": [[1, 2]]}',
    "a date that is none": b'{"columns": ["a"], "types": ["DATE"], "truncated": false, "rows": [[7]]}',
    "an error with data": b'{"error": "secret 4711"}',
}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES.keys())
def test_a_child_that_lies_is_not_believed(snapshot: Path, monkeypatch: pytest.MonkeyPatch, reply: bytes) -> None:
    liar = (
        "import sys\nfrom struct import pack\n"
        f"for body in (b'{{}}', {reply!r}):\n"
        "    sys.stdout.buffer.write(pack('>Q', len(body)) + body)\n"
        "sys.stdout.flush(); sys.stdin.read()"
    )
    monkeypatch.setattr(engine_module, "START", liar.replace("{", "{{").replace("}", "}}"))
    with Engine(snapshot.parent) as running, pytest.raises(QueryFailed) as raised:
        running.run(approved("SELECT 1"), snapshot, Limits())
    assert "4711" not in raised.value.what


@pytest.mark.parametrize("header", [b"", b"\x00", b"\xff" * 8, b"\x00" * 7 + b"\x09half"])
def test_a_torn_or_huge_message_ends_the_child(snapshot: Path, monkeypatch: pytest.MonkeyPatch, header: bytes) -> None:
    greeting = b"\x00" * 7 + b"\x02{}"
    monkeypatch.setattr(
        engine_module, "START", f"import os; os.write(1, {greeting + header!r})".replace("{", "{{").replace("}", "}}")
    )
    with Engine(snapshot.parent) as running, pytest.raises(QueryFailed, match="worker"):
        running.run(approved("SELECT 1"), snapshot, Limits())


PROBES = {
    "read a file": "open('/etc/passwd').read()",
    "read the catalog": "open({catalog!r}, 'rb').read()",
    "list a folder": "os.listdir('/')",
    "write a new file": "open({inside!r}, 'w')",
    "write the snapshot": "open({snapshot!r}, 'r+b')",
    "remove the snapshot": "os.remove({snapshot!r})",
    "run a program": "os.execv('/bin/true', ['true'])",
    "connect": "socket.create_connection(('127.0.0.1', {port}))",
    "listen": "socket.socket().bind(('127.0.0.1', 0))",
    "see the environment": "os.environ['HOME']",
}


@pytest.mark.parametrize("probe", PROBES.values(), ids=PROBES.keys())
def test_the_child_reaches_nothing_even_with_python(engine: Engine, snapshot: Path, tmp_path: Path, probe: str) -> None:
    if not engine.confined:
        pytest.skip("this kernel has no Landlock")
    catalog = tmp_path / "gen-1.duckdb"
    catalog.write_bytes(b"catalog")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        places = {
            "catalog": str(catalog),
            "inside": str(snapshot.with_name("new")),
            "snapshot": str(snapshot),
            "port": port,
        }
        attempt = f"import os, socket, sys, json\n{CONFINE}\ntry:\n    {probe.format(**places)}\nexcept (OSError, KeyError):\n    print('refused')\nelse:\n    print('done')"
        start = engine_module.START.split(";")
        code = f"{start[0]}\n{start[1].strip().format(paths=engine_module._import_paths())}\n{attempt}"
        ran = subprocess.run(
            [sys.executable, "-I", "-S", "-B", "-c", code, json.dumps(engine_module._reach(snapshot.parent))],
            env={},
            capture_output=True,
            text=True,
            check=False,
        )
    assert ran.stdout == "refused\n", ran.stderr


CONFINE = """
from catalog.engine import sandbox
setup = json.loads(sys.argv[1])
sandbox.limit_process(64)
assert sandbox.confine(sandbox.Reach(sandbox.existing(setup["readable"]), sandbox.existing(setup["listable"])))
"""


def test_the_child_starts_without_the_parents_environment_and_files(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, snapshot: Path
) -> None:
    monkeypatch.setenv("CANARY_TOKEN", "CANARY-in-the-environment")
    with Engine(snapshot.parent) as running:
        running.run(approved("SELECT 1"), snapshot, Limits())
        pid = running._child.process.pid
        assert Path(f"/proc/{pid}/environ").read_bytes() == b""
        opened = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}
        assert {name for name in opened if name.startswith("/")} <= {os.devnull, str(snapshot)}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_blob('{self}')",
        "SELECT * FROM read_duckdb('{self}', table_name = 'datasets')",
        "ATTACH '{self}' AS again",
        "COPY (SELECT 1) TO '{self}' (USE_TMP_FILE false)",
        "COPY (SELECT 1) TO '{self}.wal'",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM local_names",
        "SET memory_limit = '20GB'",
        "RESET disabled_filesystems",
        "LOAD httpfs",
    ],
)
def test_the_connection_is_locked_where_no_kernel_helps(tmp_path: Path, sql: str) -> None:
    path = tmp_path / "s.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE datasets AS SELECT 1 AS row_count")
    before = path.read_bytes()
    local_names = duckdb.sql("SELECT 'CANARY' AS name")
    with open_locked(str(path), 512) as locked:
        with pytest.raises(duckdb.Error):
            locked.execute(sql.replace("{self}", str(path)))
        assert locked.execute("FROM datasets").fetchall() == [(1,)]
    assert local_names.fetchall() == [("CANARY",)]
    assert path.read_bytes() == before


def test_a_query_does_not_outlive_a_killed_parent(snapshot: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom catalog.engine.engine import Approved, Engine, Limits\n"
        "path = Path(sys.argv[1])\nengine = Engine(path.parent)\n"
        "engine.run(Approved('SELECT 1', frozenset(), ()), path, Limits())\n"
        "print(engine._child.process.pid, flush=True)\n"
        "engine.run(Approved(sys.argv[2], frozenset(), ()), path, Limits(deadline_s=600))\n"
    )
    root = Path(engine_module.__file__).parents[1]
    slow = "SELECT count(*) FROM datasets a, datasets b, datasets c WHERE a.row_count < b.row_count + c.row_count"
    command = [sys.executable, "-c", script, str(snapshot), slow]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as parent:
        assert parent.stdout is not None
        worker = parent.stdout.readline().strip()
        time.sleep(0.5)  # into the query
        parent.kill()
    for _ in range(1200):
        if _state(worker) in ("", "Z"):
            return
        time.sleep(0.1)
    pytest.fail("the worker runs on without a parent")


def _state(process: str) -> str:
    """The state letter of a process; empty when there is none."""
    return subprocess.run(["ps", "-o", "state=", "-p", process], capture_output=True, text=True, check=False).stdout.strip()[:1]
