"""Readers of installed packages, and that no document of any shape makes a reader fail."""

import copy
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import BadDocument, UsageError
from catalog.ingest.documents import parsed
from catalog.ingest.readers import READERS, all_readers
from catalog.ingest.reading import Context, Document
from catalog.semantic import views

from .conftest import Desk
from .samples import (
    CATALOG,
    CHECKPOINT,
    CONTRACT,
    CONTRACT_2_2,
    MANIFEST,
    RUN_RESULTS,
    SOURCES,
    SUITE,
    VALIDATION,
    VALIDATION_0_18,
)

INVENTORY = '''
"""A format of one's own: {"inventory": [{"table": …, "rows": …}, …]}."""

from collections.abc import Iterator

from catalog.ingest.reading import Context, Document
from catalog.storage.records import Dataset, Record


class Inventory:
    kind = "inventory"

    def detects(self, document: Document) -> bool:
        return isinstance(document.value, dict) and "inventory" in document.value

    def read(self, document: Document, context: Context) -> Iterator[Record]:
        for entry in context.root(document)["inventory"].each():
            if name := entry["table"].line():
                yield Dataset(node=context.node, name=name, row_count=entry["rows"].whole())
            else:
                entry.complain(entry["table"].path, "the name of the table")
'''
WHOLE = [CONTRACT, CONTRACT_2_2, MANIFEST, CATALOG, RUN_RESULTS, SOURCES, SUITE, VALIDATION, VALIDATION_0_18, CHECKPOINT, [CONTRACT], [VALIDATION]]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["", "pii", "1", "-1", "2020-01-01", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
VOCABULARIES = {
    (table, column.name): set(column.values)
    for view, table in {
        "datasets": "dataset", "columns": "dataset_column", "lineage": "edge", "quality_metrics": "metric", "quality_checks": "check_run",
        "policies": "policy", "market": "market_event",
    }.items()
    for column in views()[view].columns.values()
    if column.values
}  # fmt: skip
VOCABULARIES |= {("quality_check", name): values for (table, name), values in VOCABULARIES.items() if table == "check_run"}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Installs a package that brings readers, by its module's text and its entry points."""
    site = tmp_path / "site"

    def install(module: str, points: dict[str, str]) -> None:
        info = site / "company_formats-1.0.dist-info"
        info.mkdir(parents=True)
        (site / "company_formats.py").write_text(module, encoding="utf-8")
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: company-formats\nVersion: 1.0\n", encoding="utf-8")
        lines = "\n".join(f"{name} = {value}" for name, value in points.items())
        (info / "entry_points.txt").write_text(f"[steward.readers]\n{lines}\n", encoding="utf-8")
        monkeypatch.syspath_prepend(site)
        all_readers.cache_clear()

    yield install
    sys.modules.pop("company_formats", None)
    all_readers.cache_clear()


def test_an_installed_reader_is_asked_after_the_built_in_ones(desk: Desk, package: Any) -> None:
    package(INVENTORY, {"inventory": "company_formats:Inventory"})
    desk.put("stock.json", {"inventory": [{"table": "parts", "rows": 12}, {"rows": 1}]})
    desk.put("contract.json", CONTRACT | {"inventory": []})
    report = desk.ingest()
    assert report.documents == {"inventory": 1, "odcs": 1}
    assert [(p.path, p.expected) for p in report.problems] == [("$.inventory[1].table", "the name of the table")]
    assert desk.rows("SELECT row_count FROM dataset WHERE name = 'parts'") == [(12,)]
    assert [reader.kind for reader in all_readers()] == [*(reader.kind for reader in READERS), "inventory"]


def test_the_documented_reader_is_the_one_tested() -> None:
    page = (Path(__file__).parents[3] / "docs" / "formats.md").read_text(encoding="utf-8")
    assert INVENTORY.strip() in page


@pytest.mark.parametrize(
    ("module", "point", "said"),
    [
        ("import nowhere_to_be_found", "company_formats:X", "cannot be loaded: ModuleNotFoundError"),
        (INVENTORY, "company_formats:Missing", "cannot be loaded: AttributeError"),
        ("def make():\n    pass", "company_formats:make", "lacks kind, detects or read"),
        ("class Half:\n    kind = 'half'", "company_formats:Half", "lacks kind, detects or read"),
        ("class Bad:\n    def __init__(self):\n        raise OSError('no disk')", "company_formats:Bad", "no disk"),
        (INVENTORY.replace('"inventory"\n', '"dbt"\n'), "company_formats:Inventory", "calls its format dbt"),
    ],
)
def test_a_broken_reader_is_named(desk: Desk, package: Any, module: str, point: str, said: str) -> None:
    package(module, {"mine": point})
    desk.put("a.json", {})
    with pytest.raises(UsageError, match=said) as caught:
        desk.ingest()
    assert "mine" in caught.value.what and "company-formats" in caught.value.hint


def read(document: Any) -> None:
    """Read a document with whoever detects it: no failure but BadDocument, no value outside a view's vocabulary."""
    found = Document("a", document)
    for reader in READERS:
        if reader.detects(found):
            try:
                for record in reader.read(found, Context("n", lambda path, expected: None)):
                    assert record.node == "n"
                    for (table, name), values in VOCABULARIES.items():
                        if table == record.table and (value := getattr(record, name, None)) is not None:
                            assert value in values, (table, name)
            except BadDocument as error:
                assert error.path.startswith("$")


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in inside for place in places(child, (*path, key)))]


PLACES = [places(document)[1:] for document in WHOLE]


@pytest.mark.parametrize("document", WHOLE, ids=lambda document: ", ".join(list(document)[:2]) if isinstance(document, dict) else "list")
def test_whole_documents_are_in_the_views_words(document: Any) -> None:
    read(document)


@settings(max_examples=600)
@given(st.data())
def test_a_document_with_anything_in_any_place_never_breaks_a_reader(data: st.DataObject) -> None:
    which = data.draw(st.integers(0, len(WHOLE) - 1))
    document = copy.deepcopy(WHOLE[which])
    place = data.draw(st.sampled_from(PLACES[which]))
    parent = document
    for key in place[:-1]:
        parent = parent[key]
    if data.draw(st.booleans()):
        parent[place[-1]] = data.draw(JSON)
    else:
        del parent[place[-1]]
    read(document)


@settings(max_examples=100)
@given(st.data())
def test_a_truncated_document_is_a_value_or_a_reason(data: st.DataObject) -> None:
    text = json.dumps(data.draw(st.sampled_from(WHOLE)))
    try:
        read(parsed(text[: data.draw(st.integers(0, len(text)))].encode(), data.draw(st.sampled_from([".json", ".yaml", ".txt"]))))
    except BadDocument as error:
        assert error.expected


@settings(max_examples=200)
@given(JSON | st.dictionaries(st.sampled_from(["kind", "apiVersion", "dataset", "nodes", "results", "success", "expectations", "metadata", "name"]), JSON))
def test_no_value_breaks_detection(value: Any) -> None:
    assert all(reader.detects(Document("a", value)) in (True, False) for reader in READERS)
    read(value)
