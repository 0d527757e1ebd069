"""Profiles of real files: what is measured, what leaves the node, what a bad file does, and that nothing else can be read."""

import gzip
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from catalog.errors import UsageError
from catalog.ingest import ingest
from catalog.node import profile_worker
from catalog.node.node import NodeFolder, init, load
from catalog.node.profile import Limits, Report, profile
from catalog.node.profile_changes import changes
from catalog.node.profile_document import slug
from catalog.node.profile_sources import find
from catalog.node.profile_worker import Field, _fields, open_limited
from catalog.storage.generations import pinned

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = datetime(2026, 1, 3, tzinfo=UTC)
ORDERS = "SELECT i AS id, i % 7 * 1.5 AS amount, TIMESTAMP '2025-01-01' + INTERVAL (i) HOUR AS placed, 'c' || (i % 3) AS kind FROM range({}) t(i)"


def write(path: Path, sql: str, form: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({sql}) TO '{path}' {form}")
    return path


@pytest.fixture
def node(tmp_path: Path) -> NodeFolder:
    return init(tmp_path / "node", "berlin-1", {"operator": "Hafen", "country": "DE"})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def run(node: NodeFolder, *paths: Path, now: datetime = NOW, **options: Any) -> Report:
    return profile(node, paths, now, **options)


def events(node: NodeFolder, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (node.documents / f"{slug(name)}.jsonl").read_text(encoding="utf-8").splitlines()]


def told(node: NodeFolder, name: str) -> dict[str, Any]:
    columns: dict[str, Any] = events(node, name)[-1]["inputs"][0]["facets"]["dataQualityMetrics"]["columnMetrics"]
    return columns


@pytest.mark.parametrize(
    ("file", "form"),
    [("orders.parquet", ""), ("orders.csv", ""), ("orders.tsv", "(DELIMITER '\t')"), ("orders.csv.gz", ""), ("orders.json", "(ARRAY)"), ("orders.ndjson", "(FORMAT json)")],
)
def test_every_format_is_measured_alike(node: NodeFolder, data: Path, file: str, form: str) -> None:
    write(data / file, ORDERS.format(500), form)
    report = run(node, data / file)
    assert report.problems == []
    (done,) = report.datasets
    columns = {column["name"]: column for column in done.record["columns"]}
    assert (done.name, done.state, done.record["rows"]) == ("orders", "new", 500)
    assert {name: column["distinct"] for name, column in columns.items()} == {"id": 500, "amount": 7, "placed": 500, "kind": 3}
    assert columns["id"]["duplicates"] == 0
    assert (columns["amount"]["min"], columns["amount"]["max"], columns["amount"]["mean"]) == (0, 9, pytest.approx(4.482))
    assert columns["placed"]["max"].startswith("2025-01-21 19:00:00")


def test_no_text_and_nothing_personal_leaves_the_node(node: NodeFolder, data: Path) -> None:
    people = "SELECT 'p' || i || '@example.org' AS mail, 'Ada' || chr(CAST(65 + i % 26 AS INTEGER)) AS first_name, 1950 + i % 50 AS birth_year, 4711000 + i AS points, 'X' || i AS code FROM range(40) t(i)"
    write(data / "people.csv", people)
    run(node, data / "people.csv")
    text = (node.documents / "people.jsonl").read_text(encoding="utf-8")
    assert not [value for value in ("@example.org", "Ada", "1950", "X3", str(data)) if value in text]
    assert told(node, "people")["points"]["max"] == 4711039
    assert "max" not in told(node, "people")["birth_year"]
    tags = events(node, "people")[-1]["inputs"][0]["facets"]["tags"]["tags"]
    assert [(tag["field"], tag["value"]) for tag in tags] == [("mail", "email"), ("first_name", "name"), ("birth_year", "birth date")]


def test_what_is_shared_leaves_and_what_is_withheld_does_not(node: NodeFolder, data: Path) -> None:
    write(data / "people.csv", "SELECT 1950 + i AS birth_year, 'X' || i AS code, i AS points FROM range(40) t(i)")
    (node.path / "node.toml").write_text('name = "b"\nshare = ["people.birth_year"]\nwithhold = ["people.points"]\n', encoding="utf-8")
    run(load(node.path), data / "people.csv", share=["people.code"])
    columns = told(node, "people")
    assert columns["birth_year"]["max"] == 1989
    assert "max" not in columns["points"]
    assert events(node, "people")[-1]["inputs"][0]["facets"]["steward_profile"]["columns"]["code"]["max"] == "X9"


def test_few_values_are_somebodys(node: NodeFolder, data: Path) -> None:
    write(data / "few.csv", "SELECT i AS points FROM range(9) t(i)")
    run(node, data)
    assert "max" not in told(node, "few")["points"]


def test_the_same_again_changes_the_date_alone(node: NodeFolder, data: Path) -> None:
    file = write(data / "orders.csv", ORDERS.format(300))
    run(node, data)
    before = (node.documents / "orders.jsonl").read_text(encoding="utf-8")
    os.utime(file, (1, 1))
    (again,) = run(node, data, now=LATER).datasets
    after = (node.documents / "orders.jsonl").read_text(encoding="utf-8")
    assert again.state == "unchanged"
    assert after == before.replace("2026-01-02T03:04:05Z", "2026-01-03T00:00:00Z")


def test_two_nodes_measure_the_same_bytes_alike(tmp_path: Path, data: Path) -> None:
    write(data / "orders.csv", ORDERS.format(3000))
    written = []
    for folder, threads in (("one", 1), ("two", 4)):
        node = init(tmp_path / folder, "n", {})
        run(node, data, limits=Limits(threads=threads))
        written.append((node.documents / "orders.jsonl").read_bytes())
    assert written[0] == written[1]


def test_a_changed_file_is_compared_with_what_was(node: NodeFolder, data: Path) -> None:
    write(data / "orders.csv", ORDERS.format(2000))
    run(node, data)
    write(data / "orders.csv", "SELECT i // 2 AS id, 6 + i % 4 AS amount, i AS extra FROM range(900) t(i)")
    (done,) = run(node, data, now=LATER).datasets
    assert done.state == "changed"
    assert {column["name"] for column in done.record["columns"] if column.get("drifted")} >= {"amount"}
    first, last = events(node, "orders")
    assert "schema" not in first["inputs"][0]["facets"] and "schema" in last["inputs"][0]["facets"]
    checks = {(c["assertion"], c.get("column")): (c["success"], c["actual"]) for c in last["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"]}
    assert checks["unique", "id"] == (False, "450")
    assert checks["row_count", None] == (False, "900")
    assert checks["schema", None] == (False, "kind, placed, amount")


def test_one_bad_file_does_not_stop_the_rest(node: NodeFolder, data: Path) -> None:
    write(data / "good.parquet", ORDERS.format(20))
    (data / "cut.parquet").write_bytes((data / "good.parquet").read_bytes()[:200])
    (data / "empty.csv").touch()
    (data / "noise.csv.gz").write_bytes(b"\x00\x01no gzip")
    (data / "noise.json").write_text('{"a": [1,', encoding="utf-8")
    (data / "torn.csv").write_text('a,b\n1,2\n"open\n3,4,5\n' * 4, encoding="utf-8")
    (data / "read.me").write_text("x", encoding="utf-8")
    report = run(node, data)
    assert [each.name for each in report.datasets] == ["good"]
    assert {Path(what).name for what, _ in report.problems} == {"cut.parquet", "empty.csv", "noise.csv.gz", "noise.json", "torn.csv"}
    assert report.other == 1


def test_a_bad_file_among_like_files_is_left_out(node: NodeFolder, data: Path) -> None:
    for part in range(3):
        write(data / f"orders/part-{part}.parquet", ORDERS.format(100))
    (data / "orders/part-1.parquet").write_bytes(b"PAR1 and nothing else")
    report = run(node, data)
    assert [(each.name, each.record["rows"]) for each in report.datasets] == [("orders", 200)]
    assert [Path(what).name for what, _ in report.problems] == ["part-1.parquet"]


def test_a_few_bad_rows_are_counted(node: NodeFolder, data: Path) -> None:
    (data / "late.csv").write_text("a,b\n" + "1,2\n" * 30_000 + "x,y\n" * 3, encoding="utf-8")
    report = run(node, data)
    assert (report.datasets[0].record["rows"], report.datasets[0].record["rejected"]) == (30_000, 3)
    assert report.problems == [("late", "3 rows do not fit the columns and are left out")]
    assert events(node, "late")[-1]["inputs"][0]["facets"]["steward_profile"]["validity"] == pytest.approx(0.9999)


def test_many_bad_rows_make_a_column_text(node: NodeFolder, data: Path) -> None:
    (data / "mixed.csv").write_text("a,b\n" + "1,2\n" * 30_000 + "x,2\n" * 3000, encoding="utf-8")
    (done,) = run(node, data).datasets
    assert [(c["name"], c["type"]) for c in done.record["columns"]] == [("a", "VARCHAR"), ("b", "BIGINT")]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["sales/year=2024/a.parquet", "sales/year=2025/b.parquet"], {"sales": 2}),
        (["sales_2024.csv", "sales_2025.csv", "ships.csv"], {"sales": 2, "ships": 1}),
        (["x/part-0001.parquet", "x/part-0002.parquet"], {"x": 2}),
        (["x/part-0001.parquet"], {"x": 1}),
        (["train-00000-of-00002.parquet", "train-00001-of-00002.parquet", "test-00000-of-00001.parquet"], {"train": 2, "test-00000-of-00001": 1}),
        (["a.csv", "a.parquet"], {"a.csv": 1, "a.parquet": 1}),
        (["deep/er/a.json.gz", "_SUCCESS", ".hidden.csv", "_tmp/a.csv"], {"deep/er/a": 1}),
        (["data.csv"], {"data": 1}),
    ],
)
def test_which_files_are_one_dataset(data: Path, files: list[str], expected: dict[str, int]) -> None:
    for file in files:
        (data / file).parent.mkdir(parents=True, exist_ok=True)
        (data / file).write_text("x", encoding="utf-8")
    assert {source.name: len(source.files) for source in find([data]).sources} == expected


def test_partitions_are_a_column(node: NodeFolder, data: Path) -> None:
    for year in (2024, 2025):
        write(data / f"sales/year={year}/a.parquet", ORDERS.format(50))
    (done,) = run(node, data / "sales").datasets
    assert (done.name, done.record["rows"]) == ("sales", 100)
    assert done.record["columns"][-1]["name"] == "year"


def test_files_alike_in_name_alone_are_datasets_of_their_own(node: NodeFolder, data: Path) -> None:
    write(data / "q1.csv", ORDERS.format(20))
    write(data / "q2.csv", "SELECT i AS ship, i AS knots FROM range(20) t(i)")
    assert [each.name for each in run(node, data).datasets] == ["q1", "q2"]


def test_a_table_of_another_format_is_refused(data: Path) -> None:
    (data / "t/_delta_log").mkdir(parents=True)
    (data / "t/a.parquet").write_text("x", encoding="utf-8")
    found = find([data])
    assert found.sources == () and "Delta" in found.problems[0][1]


def test_a_link_out_of_the_folder_is_not_followed(node: NodeFolder, data: Path, tmp_path: Path) -> None:
    secret = write(tmp_path / "secret.csv", ORDERS.format(20))
    (data / "link.csv").symlink_to(secret)
    (data / "loop.csv").symlink_to(data / "loop.csv")
    report = run(node, data)
    assert report.datasets == []
    assert {why for _, why in report.problems} == {"a link that leads out of the folder", "a link that leads nowhere"}


def test_the_engine_reads_the_given_files_and_no_others(data: Path, tmp_path: Path) -> None:
    names = ["it's.csv", "sp ace.csv", "back\\slash.csv", "plain.csv"]
    for name in [*names, "ab.csv"]:
        (data / name).write_text("a\n1\n", encoding="utf-8")
    connection = open_limited([str(data / name) for name in names], 200, 1)
    for name in names:
        assert connection.execute("SELECT count(*) FROM read_csv($1)", [[str(data / name)]]).fetchall() == [(1,)]
    for path in (str(data / "ab.csv"), str(data), "/etc/passwd", "http://127.0.0.1/x.csv", "s3://b/x.parquet"):
        for function in ("read_csv", "read_text", "read_parquet", "sniff_csv", "glob"):
            with pytest.raises(duckdb.Error):
                assert connection.execute(f"SELECT * FROM {function}('{path}')").fetchall() == [], (function, path)
                raise duckdb.Error
    for statement in (
        f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
        f"ATTACH '{tmp_path / 'out.db'}'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET allowed_paths = ['/etc/passwd']",
        "RESET memory_limit",
    ):
        with pytest.raises(duckdb.Error):
            connection.execute(statement)
    connection.close()
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("name", ["a*.csv", "a?.csv", "[ab].csv", "[ab]/x.csv"])
def test_names_of_files_are_never_patterns(node: NodeFolder, data: Path, name: str) -> None:
    write(data / "ab.csv", ORDERS.format(50))
    (data / name).parent.mkdir(exist_ok=True)
    (data / name).write_text("a\n1\n2\n", encoding="utf-8")
    report = run(node, data)
    assert [(each.name, each.record["rows"]) for each in report.datasets] == [("ab", 50)]
    assert "pattern" in report.problems[0][1]


def test_a_file_that_takes_too_long_is_a_problem(node: NodeFolder, data: Path) -> None:
    (data / "bomb.csv.gz").write_bytes(gzip.compress(b"1,2\n" * 2_000_000) * 100)
    write(data / "orders.csv", ORDERS.format(20))
    report = run(node, data, limits=Limits(deadline_s=4))
    assert [each.name for each in report.datasets] == ["orders"]
    assert "not measured within 4 s" in report.problems[0][1]


def test_what_is_gone_is_said_to_be(node: NodeFolder, data: Path) -> None:
    first, second = (write(data / name, ORDERS.format(20)) for name in ("ships.csv", "ports.csv"))
    run(node, data)
    second.write_text("id\n1\n", encoding="utf-8")
    first.unlink()
    write(data / "cranes.csv", ORDERS.format(20))
    assert {c.dataset: c.state for c in changes(node)} == {"cranes": "new", "ports": "changed", "ships": "gone"}
    run(node, data, now=LATER)
    gone = events(node, "ships")[-1]["inputs"][0]["facets"]
    assert gone["lifecycleStateChange"]["lifecycleStateChange"] == "DROP"
    assert {c.dataset: c.state for c in changes(node)} == {"cranes": "unchanged", "ports": "unchanged", "ships": "gone"}


def test_the_catalog_reads_what_the_node_writes(node: NodeFolder, data: Path, tmp_path: Path) -> None:
    write(data / "people.csv", "SELECT i AS id, CASE WHEN i % 4 > 0 THEN 'p' || i || '@example.org' END AS mail, {'town': 'X', 'zip_code': '20457'} AS home FROM range(40) t(i)")
    write(data / "people.json", "SELECT i AS id, {'town': 'X', 'zip_code': '20457'} AS home FROM range(40) t(i)")
    run(node, data)
    report = ingest(tmp_path / "catalog", [node.documents], "berlin-1")
    assert report.problems == [] and report.documents == {"openlineage": 2}
    with pinned(tmp_path / "catalog") as generation, duckdb.connect(str(generation.path), read_only=True) as catalog:
        datasets = catalog.execute("SELECT name, pii, row_count, owner, length(content_hash), format FROM dataset ORDER BY name").fetchall()
        assert datasets == [("people.csv", True, 40, "Hafen", 64, "csv"), ("people.json", True, 40, "Hafen", 64, "json")]
        columns = catalog.execute("SELECT column_name, pii_category, is_key, nullable FROM dataset_column WHERE dataset = 'people.csv'").fetchall()
        assert sorted(columns)[1:] == [("id", None, True, None), ("mail", "email", None, True)]
        nested = catalog.execute("SELECT column_name, pii_category FROM dataset_column WHERE dataset = 'people.json'").fetchall()
        assert sorted(nested) == [("home", None), ("home.town", None), ("home.zip_code", "address"), ("id", None)]
        metrics = catalog.execute("SELECT metric, value FROM metric WHERE dataset = 'people.csv' AND column_name = 'mail'").fetchall()
        assert sorted(metrics) == [("completeness", 0.75), ("distinct_count", 30), ("null_count", 10), ("pii_confidence", 1)]
        checks = catalog.execute("SELECT check_name, status FROM quality_check WHERE dataset = 'people.csv' AND column_name = 'id'").fetchall()
        assert checks == [("unique", "passed")]


def test_distinct_values_of_a_large_table_are_near(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile_worker, "EXACT_CELLS", 50_000)
    columns_of = "SELECT i AS id, hash(i) % 5 AS few, hash(i) % 1000 AS some, hash(i) % 20000 AS many, md5(CAST(i AS VARCHAR)) AS text FROM range(100000) t(i)"
    file = str(write(data / "big.parquet", columns_of))
    ask = {"files": [file], "kind": "parquet", "hive": False, "bytes": 0, "dataset": "big", "share": [], "region": None, "memory_mb": 500, "threads": 1}
    columns = {column["name"]: column for column in profile_worker.profile(ask)["columns"]}
    assert (columns["few"]["distinct"], columns["few"]["exact"]) == (5, False)
    assert columns["some"]["distinct"] == pytest.approx(1000, rel=0.05)
    assert columns["many"]["distinct"] == pytest.approx(20_000, rel=0.06)
    assert [(columns[name]["distinct"], columns[name]["exact"], columns[name]["duplicates"]) for name in ("id", "text")] == [(100_000, True, 0)] * 2
    median = columns["many"]["quantiles"][10]
    assert median == pytest.approx(10_000, rel=0.05)


def test_paths_that_are_not_there(node: NodeFolder, data: Path) -> None:
    with pytest.raises(UsageError, match="There is no file"):
        run(node, data / "nowhere")
    with pytest.raises(UsageError, match="nothing to profile"):
        run(node)


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("INTEGER", ["c"]),
        ("STRUCT(a INTEGER, b VARCHAR)", ["c", "c.a", "c.b"]),
        ('STRUCT("x, (y" INTEGER, "q""r" STRUCT(d DATE))', ["c", "c.x, (y", 'c.q"r', 'c.q"r.d']),
        ("STRUCT(a DECIMAL(10,2), l STRUCT(b INTEGER)[])", ["c", "c.a", "c.l"]),
        ("STRUCT(a STRUCT(b STRUCT(c STRUCT(d INTEGER))))", ["c", "c.a", "c.a.b"]),
        ("MAP(VARCHAR, INTEGER)", ["c"]),
    ],
)
def test_fields_of_structures(type_: str, expected: list[str]) -> None:
    assert [field.path for field in _fields("c", type_, '"c"', 1)] == expected


@pytest.mark.parametrize(
    ("type_", "kind"),
    [("HUGEINT", "number"), ("DECIMAL(4,1)", "number"), ("TIMESTAMP WITH TIME ZONE", "time"), ("DATE", "time"), ("UUID", "text"), ("VARCHAR[]", "texts"), ("BLOB", "other"), ("DATE[]", "other"), ("INTEGER[]", "other"), ("BOOLEAN[]", "other"), ("TIME", "other")],
)
def test_kinds_of_types(type_: str, kind: str) -> None:
    assert Field("c", type_, "c").kind == kind


def test_every_type_of_the_engine_is_measured(node: NodeFolder, data: Path) -> None:
    write(data / "types.parquet", "SELECT * EXCLUDE (bignum, bit, \"union\", fixed_int_array, fixed_varchar_array, fixed_nested_int_array, fixed_nested_varchar_array, fixed_struct_array, struct_of_fixed_array, fixed_array_of_int_list, list_of_fixed_int_array, dec_4_1) FROM test_all_types()")
    report = run(node, data)
    assert report.problems == []
    assert report.datasets[0].record["rows"] == 3
