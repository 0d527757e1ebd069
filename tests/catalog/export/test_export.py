"""Exports: valid under the standards' own schemas, the same for the same facts, and read back as what they were made of."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from catalog.access.policy import ANONYMOUS, POLICY_FILE, Principal, authorise, load_policy
from catalog.audit.log import AuditLog
from catalog.engine.snapshot import prepare
from catalog.export import croissant, dcat, openlineage
from catalog.export.facts import Facts, address, licence_address, needed, read_facts
from catalog.export.tables import zipped_tables
from catalog.ingest import ingest
from catalog.ingest.dcat_graph import graph_of
from catalog.ingest.documents import RdfText
from catalog.ingest.licences import from_prose
from catalog.storage.generations import pinned
from nl2sql.session import read_clock

SHAPES = Path(__file__).parents[2] / "data" / "dcat-ap-3.0.1-SHACL.ttl"
VIEWS = ("datasets", "columns", "lineage", "quality_metrics", "quality_checks", "policies", "consents", "compliance", "market")


def facts_of(home: Path, principal: Principal) -> Facts:
    allowed = authorise(principal, load_policy(home / POLICY_FILE))
    with pinned(home) as generation, closing(AuditLog(home)) as log:
        seen = [view for view in VIEWS if view in allowed.permits]
        return read_facts(prepare(home, generation, log, allowed, seen, read_clock(home)), seen)


@pytest.fixture(scope="module")
def steward(demo_home: Path) -> Facts:
    """What the demo's data steward may see."""
    return facts_of(demo_home, load_policy(demo_home / POLICY_FILE).principals["ada"])


@pytest.fixture(scope="module")
def few(steward: Facts) -> Facts:
    """Datasets that have something in every view, and some of the others."""
    rich = [row for row in steward.datasets if any(steward.of(view, row) for view in ("policies", "consents", "compliance", "market"))]
    built = [row for row in steward.datasets if any(edge["upstream_column"] for edge in steward.edges(row))]
    assert all(any(steward.of(view, row) for row in rich) for view in VIEWS[5:])
    return Facts(tuple({row["name"]: row for row in [*rich[::3], *built[:10], *steward.datasets[:8]]}.values()), steward.about, steward.nodes)


def facets(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for dataset in [*event.get("inputs", []), *event.get("outputs", []), *([event["dataset"]] if "dataset" in event else [])]:
        yield from dataset.get("facets", {}).values()


def test_openlineage_is_valid_under_its_schemas(shared: Path, steward: Facts) -> None:
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource

    spec = shared / "openlineage" / "spec"
    schemas = [json.loads(path.read_text(encoding="utf-8")) for path in (spec / "OpenLineage.json", *sorted((spec / "facets").glob("*.json")))]
    registry: Any = Registry().with_resources([(schema["$id"], Resource.from_contents(schema)) for schema in schemas])
    known = {schema["$id"] for schema in schemas}
    found = list(openlineage.events(steward))
    assert {facet["_schemaURL"].split("#")[0] for event in found for facet in facets(event)} <= known
    for event in found:
        for part in (event, *facets(event)):
            url = part.get("schemaURL") or part["_schemaURL"]
            Draft202012Validator({"$ref": url}, registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(part)
    said = {name for event in found if "dataset" in event for name in event["dataset"]["facets"]}
    assert said >= {"schema", "ownership", "tags", "dataQualityMetrics", "lineage", "documentation", "symlinks"}
    assert any("columnLineage" in output["facets"] for event in found for output in event.get("outputs", []))


def test_dcat_is_valid_under_the_shapes_of_dcat_ap(few: Facts) -> None:
    from pyshacl import validate
    from rdflib import Graph

    data = Graph().parse(data=dcat.document(few, "turtle"), format="turtle")
    conforms, _, text = validate(data, shacl_graph=Graph().parse(SHAPES, format="turtle"))
    assert conforms, text[:2000]
    predicates = {str(predicate).replace("#", "/").rsplit("/", 1)[-1] for predicate in data.predicates()}
    assert predicates >= {"hasPolicy", "permission", "assigner", "hasLegalBasis", "hasPersonalData", "applicableLegislation", "isMeasurementOf", "used", "column"}


REQUIRED = {
    "sc:Dataset": ("@context", "conformsTo", "name", "description", "url"),
    "cr:FileObject": ("@id", "contentUrl", "encodingFormat", "sha256"),
    "cr:FileSet": ("@id", "includes", "encodingFormat"),
    "cr:RecordSet": ("@id", "field"),
    "cr:Field": ("@id", "dataType", "source"),
}
"""What Croissant 1.1 asks of each part. Licence, creator and dates are asked too and cannot be given where the catalog has none.

``mlcroissant`` itself is no dependency: it brings pandas, and where pandas is installed DuckDB loads it with every query.
"""


def test_croissant_has_what_its_specification_requires(few: Facts) -> None:
    assert any(dataset.get("content_hash") for dataset in few.datasets)
    for dataset in few.datasets:
        document = croissant.document(few, dataset)
        parts = list(typed(document))
        assert all(part.get(key) for part in parts for key in REQUIRED.get(part["@type"], ()))
        identifiers = [part["@id"] for part in parts if part["@type"].startswith("cr:")]
        assert len(identifiers) == len(set(identifiers))
        assert {reference for part in parts for reference in references(part)} <= set(identifiers)
        assert [field["name"] for records in document.get("recordSet", []) for field in records["field"]] == [r["column_name"] for r in few.of("columns", dataset)]
        assert {"license", "creator"} & document.keys() == {new for new, old in (("license", "licence"), ("creator", "owner")) if dataset[old]}


ODD_COLUMNS = ("unit price", "unit_price", "kg/m³", "g/m³", "a.b", "Größe", "%20")


def test_columns_of_any_name_have_identifiers_without_white_space(tmp_path: Path) -> None:
    """Checkers of Croissant take none; what is read back are the columns' names."""
    columns = tuple({"dataset": "d", "column_name": name, "is_key": name == "unit price"} for name in ODD_COLUMNS)
    facts = Facts(({"name": "d", "node": "n"},), {("columns", "d"): columns})
    document = croissant.document(facts, facts.datasets[0])
    identifiers = [field["@id"] for field in document["recordSet"][0]["field"]]
    assert len(set(identifiers)) == len(ODD_COLUMNS) and not any(re.search(r"\s", each) for each in identifiers)
    (tmp_path / "d.json").write_text(json.dumps(document), encoding="utf-8")
    ingest(tmp_path / "home", [tmp_path / "d.json"], "mirror", datetime(2026, 11, 1))
    assert stored(tmp_path / "home", "SELECT column_name, is_key FROM dataset_column") == {(name, name == "unit price") for name in ODD_COLUMNS}


def test_the_context_is_the_one_that_the_specification_asks_for(shared: Path) -> None:
    given = json.loads((shared / "croissant" / "1.1__audio_test.json").read_text(encoding="utf-8"))["@context"]
    assert {term: meant for term, meant in croissant.CONTEXT.items() if term not in ("prov", "equivalentProperty")} == given


def typed(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of a document that says what it is."""
    if isinstance(value, dict):
        if isinstance(value.get("@type"), str) and value["@type"] != "@json":
            yield value
        for key, each in value.items():
            if key != "@context":
                yield from typed(each)
    elif isinstance(value, list):
        for each in value:
            yield from typed(each)


def references(part: dict[str, Any]) -> list[str]:
    source, keys = part.get("source", {}), part.get("key", [])
    return [source[kind]["@id"] for kind in ("fileObject", "fileSet") if kind in source] + [key["@id"] for key in (keys if isinstance(keys, list) else [keys])]


def test_file_names_are_safe_and_distinct() -> None:
    names = ["C4", "c4", "a/b", "a b", "../../etc/passwd", "", "…", "x" * 300, "x" * 301, ".hidden"]
    found = croissant.file_names(Facts(tuple({"name": name} for name in names)))
    assert len({name.lower() for name in found}) == len(names)
    assert all("/" not in name and not name.startswith(".") and len(name) < 100 for name in found)


def test_the_same_facts_are_the_same_bytes(demo_home: Path, few: Facts) -> None:
    again = Facts(few.datasets, {key: tuple(reversed(rows)) for key, rows in few.about.items() if key[0] != "columns"} | {k: r for k, r in few.about.items() if k[0] == "columns"}, few.nodes)
    assert dcat.document(few, "turtle") == dcat.document(again, "turtle")
    assert dcat.document(few, "json-ld") == dcat.document(again, "json-ld")
    turtle, json_ld = graph_of(RdfText(dcat.document(few, "turtle"), "turtle")), graph_of(json.loads(dcat.document(few, "json-ld")))
    plain = [{(str(s), str(p), str(o)) for s, p, o in graph} for graph in (turtle, json_ld)]
    assert plain[0] == plain[1]


def test_tables_are_the_same_bytes_and_read_back(demo_home: Path, tmp_path: Path) -> None:
    allowed = authorise(ANONYMOUS, load_policy(demo_home / POLICY_FILE))
    with pinned(demo_home) as generation, closing(AuditLog(demo_home)) as log:
        seen = ["datasets", "columns", "nodes"]
        snapshot = prepare(demo_home, generation, log, allowed, seen, read_clock(demo_home))
        data, counts = zipped_tables(snapshot, seen)
        assert zipped_tables(snapshot, seen)[0] == data
    (tmp_path / "t.zip").write_bytes(data)
    import zipfile

    with zipfile.ZipFile(tmp_path / "t.zip") as archive:
        assert archive.namelist() == ["columns.parquet", "datasets.parquet", "nodes.parquet"]
        archive.extractall(tmp_path)
    found = duckdb.sql(f"SELECT count(*), count(DISTINCT name), any_value(typeof(languages)) FROM '{tmp_path}/datasets.parquet'").fetchone()
    assert found == (counts["datasets"], counts["datasets"], "VARCHAR[]")


Rows = set[tuple[Any, ...]]


def stored(home: Path, sql: str) -> Rows:
    with pinned(home) as generation, duckdb.connect(generation.path, read_only=True) as connection:
        return set(connection.execute(sql).fetchall())


def written(form: str, facts: Facts, folder: Path) -> None:
    if form == "openlineage":
        (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in openlineage.events(facts)), encoding="utf-8")
    elif form == "croissant":
        for name, dataset in zip(croissant.file_names(facts), facts.datasets, strict=True):
            (folder / name).write_text(json.dumps(croissant.document(facts, dataset)), encoding="utf-8")
    else:
        (folder / f"catalog.{'ttl' if form == 'turtle' else 'jsonld'}").write_text(dcat.document(facts, form), encoding="utf-8")


@pytest.mark.parametrize("form", ["openlineage", "croissant", "turtle", "json-ld"])
def test_what_was_exported_is_read_back(form: str, few: Facts, tmp_path: Path) -> None:
    folder, home = tmp_path / "out", tmp_path / "home"
    folder.mkdir()
    written(form, few, folder)
    report = ingest(home, [folder], "mirror", datetime(2026, 11, 1))
    assert report.problems == [] and report.skipped == []
    names = {row["name"] for row in few.datasets}
    assert stored(home, f"SELECT name FROM dataset WHERE name IN ({', '.join(_text(name) for name in names)})") == {(name,) for name in names}
    beyond = stored(home, "SELECT name FROM dataset") - {(name,) for name in names}
    assert beyond == set() or form == "openlineage"  # whose runs name their inputs
    columns = {(row["name"], column["column_name"]) for row in few.datasets for column in few.of("columns", row)}
    assert stored(home, "SELECT dataset, column_name FROM dataset_column") == columns
    licences = {(row["name"], licence.name) for row in few.datasets if (licence := from_prose(row["licence"]))}
    assert stored(home, "SELECT name, licence FROM dataset WHERE licence IS NOT NULL") == licences
    edges = {(source, row["name"]) for row in few.datasets for source, _ in few.sources(row)}
    assert edges and stored(home, "SELECT DISTINCT upstream, downstream FROM edge WHERE upstream <> downstream") == edges
    if form == "openlineage":
        parts = {(e["upstream"], e["upstream_column"], e["downstream"], e["downstream_column"], e["job"], e["masking"]) for row in few.datasets for e in few.edges(row)}
        found = stored(home, "SELECT upstream, upstream_column, downstream, downstream_column, job, masking FROM edge")
        assert parts <= found
        implied = {(upstream, None, downstream, None, job, None) for upstream, _, downstream, _, job, _ in parts}
        assert found - parts <= implied  # what flows between columns flows between their datasets
    if form != "croissant":
        assert stored(home, "SELECT name, sensitivity FROM dataset WHERE sensitivity <> 'public'") == {
            (row["name"], row["sensitivity"]) for row in few.datasets if row["sensitivity"] != "public"
        }
    same = {"openlineage": ("owner", "domain", "version"), "croissant": ("owner", "version"), "turtle": ("owner", "domain", "pii", "update_frequency", "row_count")}
    for column in same.get("turtle" if form == "json-ld" else form, ()):
        stated = {(row["name"], row[column]) for row in few.datasets if row[column] not in (None, False, 0)}
        assert stored(home, f"SELECT name, {column} FROM dataset WHERE {column} IS NOT NULL AND {column}::VARCHAR NOT IN ('false', '0')") == stated, column
    if form in ("turtle", "json-ld"):
        listed = {(r["dataset"], r["price"], r["token"], r["service"]) for row in few.datasets for r in few.of("market", row) if r["event"] == "listed"}
        assert stored(home, "SELECT dataset, price, token, service FROM market_event") == listed
        rules = {(r["policy_id"], r["target"], r["type"], r["effect"], r["action"]) for row in few.datasets for r in few.of("policies", row)}
        assert stored(home, "SELECT policy_id, target, type, effect, action FROM policy WHERE policy_id NOT LIKE '%/retention/%'") == rules


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def test_masked_and_missing_cells_are_no_failure(few: Facts) -> None:
    """A mask may leave a text where a list or number stood; a policy may hide every column but the names."""
    bare = Facts(tuple({"name": row["name"]} for row in few.datasets), {}, few.nodes)
    odd = Facts(
        tuple({key: (value if key == "name" else "x***") for key, value in row.items()} for row in few.datasets),
        {key: tuple({k: ("x***" if k not in ("dataset", "target", "downstream", "depth", "upstream_kind", "downstream_kind") else v) for k, v in row.items()} for row in rows) for key, rows in few.about.items()},
        few.nodes,
    )
    for facts in (bare, odd):
        assert list(openlineage.events(facts)) and dcat.document(facts, "turtle") and [croissant.document(facts, row) for row in facts.datasets]


def test_names_of_two_nodes_stay_apart() -> None:
    rows = tuple({"name": "stays", "node": node, "owner": node, "as_of": datetime(2026, 1, 1)} for node in ("a", "b"))
    facts = Facts(rows, {}, {"stays": ("a", "b")})
    assert len(set(croissant.file_names(facts))) == 2
    assert {event["dataset"]["namespace"] for event in openlineage.events(facts)} == {"steward://a", "steward://b"}
    assert dcat.document(facts, "turtle").count('dct:title "stays"') == 2


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("CC BY-NC 4.0", "https://creativecommons.org/licenses/by-nc/4.0/"),
        ("Apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0"),
        ("CC0 1.0, CC BY 4.0 or CC BY-NC 4.0, per source", None),
        ("Proprietary", None),
        (None, None),
    ],
)
def test_the_address_of_a_licence(name: str | None, where: str | None) -> None:
    assert licence_address(name) == where


def test_an_address_is_one_that_can_be_written() -> None:
    assert address({"aliases": ["C4", "https://e.org/a b", "https://e.org/<x>", "https://e.org/c4"]}) == "https://e.org/c4"
    assert address({"aliases": None}) is None
    assert set(needed("croissant")) < set(needed("parquet"))
