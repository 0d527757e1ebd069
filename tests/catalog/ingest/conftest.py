"""A home to ingest into, and what lies in it afterwards."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from catalog.ingest import Report, ingest
from catalog.storage.generations import pinned

NOW = datetime(2026, 3, 1, 12)


class Desk:
    """A folder of documents and the catalog they are read into."""

    def __init__(self, root: Path) -> None:
        self.home, self.inbox = root / "home", root / "inbox"
        self.inbox.mkdir()

    def put(self, name: str, content: Any) -> Path:
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    def ingest(self, node: str = "n", now: datetime = NOW, **options: Any) -> Report:
        return ingest(self.home, [self.inbox], node, now, **options)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with pinned(self.home) as generation, duckdb.connect(generation.path, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def one(self, sql: str) -> dict[str, Any]:
        with pinned(self.home) as generation, duckdb.connect(generation.path, read_only=True) as connection:
            result = connection.execute(sql)
            names = [column[0] for column in result.description]
            (row,) = result.fetchall()
        return dict(zip(names, row, strict=True))

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        tables = [name for (name,) in self.rows("SELECT table_name FROM duckdb_tables() ORDER BY 1")]
        return {table: self.rows(f'SELECT * FROM "{table}" ORDER BY ALL') for table in tables}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def summary() -> Callable[..., dict[str, Any]]:
    """A Data Provenance entry with some of its fields changed."""

    def entry(name: str, **changes: Any) -> dict[str, Any]:
        return {
            "Unique Dataset Identifier": name,
            "Dataset Name": name,
            "Collection": f"{name} collection",
            "Hugging Face URL": "",
            "Languages": ["English"],
            "Task Categories": ["Summarization"],
            "Text Metrics": {"Num Dialogs": 10},
            "Text Sources": ["wikipedia"],
            "Model Generated": [],
            "Creators": ["University of Somewhere", "Other Lab"],
            "Licenses": [{"License": "CC BY 4.0", "License URL": "https://example.org"}],
            "Inferred Metadata": {"HF Date": "2023-03-13", "HF Dataset": f"org/{name}"},
            "Derived from Datasets": [],
        } | changes

    return entry
