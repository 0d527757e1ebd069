"""How long OpenLineage events take into the catalog, beside DuckDB's own bulk load of the same files."""

import json
from importlib import import_module
from pathlib import Path
from time import perf_counter, process_time

from catalog.demo.build import DEMO_NOW
from catalog.ingest import ingest
from catalog.storage.database import open_to_write
from eval.scale.figures import Figure, Progress, ratio

EVENTS_A_FILE = 1000
FIELDS = 20
"""Columns of a dataset that an event states."""


def write_events(folder: Path, datasets: int) -> int:
    """Write a run event for each of so many datasets, newline-delimited: its schema, two inputs and an owner; returns the bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(0, datasets, EVENTS_A_FILE):
        lines = [json.dumps(_event(at)) for at in range(start, min(start + EVENTS_A_FILE, datasets))]
        (folder / f"events-{start // EVENTS_A_FILE:05}.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return sum(file.stat().st_size for file in folder.iterdir())


def _event(at: int) -> dict[str, object]:
    about = {"_producer": "https://example.org/bench", "_schemaURL": "https://openlineage.io/spec/facets/1-0-0/Facet.json"}
    fields = [{"name": f"c{n}", "type": ("BIGINT", "VARCHAR", "DOUBLE")[n % 3], "description": f"field {n}"} for n in range(FIELDS)]
    facets = {
        "schema": {**about, "fields": fields},
        "documentation": {**about, "description": f"synthetic table {at}"},
        "ownership": {**about, "owners": [{"name": f"team-{at // 40}", "type": "MAINTAINER"}]},
    }
    return {
        "eventType": "COMPLETE",
        "eventTime": f"2026-10-{1 + at % 15:02}T12:00:00Z",
        "producer": "https://example.org/bench",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": f"00000000-0000-4000-8000-{at:012x}"},
        "job": {"namespace": "bench", "name": f"build_{at}"},
        "inputs": [{"namespace": "lake", "name": f"raw.t_{at // 2}"}, {"namespace": "lake", "name": f"raw.t_{at // 3}"}],
        "outputs": [{"namespace": "lake", "name": f"raw.t_{at}", "facets": facets}],
    }


def measure(scratch: Path, datasets: int, progress: Progress) -> list[Figure]:
    """Ingest the events of so many datasets into an empty catalog, then into the catalog that holds them, one file changed."""
    for name in ("duckdb", "numpy"):
        import_module(name)  # 0.1 s each, which is part of neither side
    folder = scratch / "events"
    progress(f"writing {datasets:,} events")
    size = write_events(folder, datasets)
    progress("DuckDB's bulk load")
    started, spent = perf_counter(), process_time()
    with open_to_write(scratch / "bulk.duckdb", None, {"threads": 2}) as connection:
        connection.execute(f"CREATE TABLE events AS FROM read_json('{folder}/*.ndjson')")
        connection.execute("CHECKPOINT")
    bulk, bulk_spent = perf_counter() - started, process_time() - spent
    progress("ingest")
    started, spent = perf_counter(), process_time()
    report = ingest(scratch / "catalog", [folder], "bench-node", DEMO_NOW)
    ours, ours_spent = perf_counter() - started, process_time() - spent
    assert not report.problems and report.records["dataset"] >= datasets, report
    progress("ingest of one changed file")
    changed = next(folder.iterdir())
    changed.write_text(changed.read_text(encoding="utf-8").replace("synthetic table", "renewed table"), encoding="utf-8")
    started, spent = perf_counter(), process_time()
    ingest(scratch / "catalog", [folder], "bench-node", DEMO_NOW)
    again, again_spent = perf_counter() - started, process_time() - spent
    return [
        Figure("ingest: documents", size / 1e6, "MB"),
        Figure("ingest: rows made", sum(report.records.values()), "rows"),
        Figure("ingest: DuckDB's bulk load of the same JSON", bulk, "s"),
        Figure("ingest: steward ingest", ours, "s"),
        ratio("ingest / bulk load", ours, bulk, 3.0),
        Figure("ingest: DuckDB's bulk load, processor time", bulk_spent, "s"),
        Figure("ingest: steward ingest, processor time", ours_spent, "s"),
        ratio("ingest / bulk load, processor time", ours_spent, bulk_spent, 3.0),
        Figure("ingest: one changed file of all", again, "s"),
        Figure("ingest: one changed file of all, processor time", again_spent, "s"),
    ]
