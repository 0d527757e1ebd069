"""The attack corpus against the worker alone, without a guard: nothing hidden comes out, no file changes.

Statements of ``shared/data/attacks`` over ``datasets`` (its column ``owner_email`` denied) and ``secret_people`` are told over
``datasets`` (``steward`` denied) and ``grants`` (denied). Where that folder is absent, a few of each kind stand in.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from catalog.access.policy import ANONYMOUS, Authorisation, Permit
from catalog.engine.engine import Approved, Engine, Limits
from catalog.engine.snapshot import prepare
from catalog.errors import QueryFailed, QueryTimeout
from catalog.semantic import views
from catalog.storage.generations import Generation, upsert
from catalog.storage.records import AccessGrant, Dataset, Node, Record, storage_ddl

CORPUS = Path(__file__).parents[3] / "shared" / "data" / "attacks" / "attacks.jsonl"
NOW = datetime(2026, 11, 1)
LIMITS = Limits(deadline_s=5.0, memory_mb=512)

EMBEDDED = [
    "FROM secret_people",
    "SELECT * FROM datasets",
    "SELECT COLUMNS('own.*') FROM datasets",
    "SELECT datasets FROM datasets",
    "SELECT #5 FROM datasets",
    "SELECT * FROM query('FROM se'||'cret_people')",
    "SELECT * FROM (SUMMARIZE datasets)",
    "WITH secret_people AS (SELECT * FROM secret_people) SELECT * FROM secret_people",
    "SELECT stats(owner_email) FROM datasets",
    "SELECT CAST(owner_email AS INTEGER) FROM datasets",
    "SELECT * FROM read_duckdb('{CATALOG_FILE}', table_name='secret_people')",
    "SELECT content FROM read_blob('{CATALOG_FILE}')",
    "ATTACH '{CATALOG_FILE}' AS c2",
    "COPY (SELECT 1) TO '{CATALOG_FILE}' (USE_TMP_FILE false)",
    "COPY datasets TO '{DIR}/out.csv'",
    "SELECT * FROM duckdb_tables()",
    "SELECT * FROM enable_logging(storage='file', storage_config={'path': '{DIR}/log'})",
    "SET enable_external_access=true",
]

WORDS = {
    "secret_people": "grants",
    "owner_email": "steward",
    "OWNER_EMAIL": "STEWARD",
    "ssn": "principal",
    "id": "node",
    "descr": "description",
    "rows_": "row_count",
    "cat": "store",
    "CANARY": "GUESS",
}
PIECES = {"'owner_'||'email'": "'ste'||'ward'", "'FROM se'||'cret_people'": "'FROM gr'||'ants'", "'own": "'stew"}


def attacks() -> dict[str, str]:
    if not CORPUS.exists():
        return {f"embedded-{at}": sql for at, sql in enumerate(EMBEDDED)}
    lines = map(json.loads, CORPUS.read_text(encoding="utf-8").splitlines())
    return {line["id"]: line["sql"] for line in lines} | {f"embedded-{at}": sql for at, sql in enumerate(EMBEDDED)}


def told_over_views(sql: str) -> str:
    """An attack with the names of Steward's views, its shape kept."""
    for old, new in PIECES.items():
        sql = sql.replace(old, new)
    return re.sub(r"[A-Za-z_]+", lambda word: WORDS.get(word[0], word[0]), sql)


def canary(where: object) -> str:
    return f"CANARY-{where}@x"


RECORDS: list[Record] = [
    Node(node="n1", jurisdiction="EU"),
    Node(node="n2", operator=canary("node"), sensitivity="restricted"),
    *(
        Dataset(node="n1", name=f"d{i}", description="seen", row_count=i, steward=canary(i), as_of=NOW)
        for i in range(40)
    ),
    *(
        Dataset(node="n2", name=canary(f"name-{i}"), description=canary(f"about-{i}"), sensitivity="confidential")
        for i in range(40)
    ),
    *(
        AccessGrant(node="n1", grant_id=f"g{i}", principal=canary(f"person-{i}"), dataset=f"d{i}", permission="read")
        for i in range(40)
    ),
]


@dataclass(frozen=True)
class Target:
    """A catalog, a snapshot over a part of it and the engine that serves it."""

    catalog: Path
    snapshot: Path
    engine: Engine

    def fingerprint(self) -> dict[str, str]:
        """Every file of the catalog folder and its hash."""
        files = (path for path in self.catalog.parent.rglob("*") if path.is_file())
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    def outcome(self, sql: str) -> str:
        """All that the asker gets to see of a query."""
        try:
            return str(self.engine.run(Approved(sql, frozenset(), ()), self.snapshot, LIMITS))
        except (QueryFailed, QueryTimeout) as error:
            return f"{error.what} {error.hint} {error.__cause__} {error.__context__}"


class NoLog:
    """A live audit log without entries."""

    def entries(self) -> list[object]:
        return []


def permits(*, all_of_it: bool) -> Authorisation:
    shown = {c: "show" for c in views()["datasets"].columns if all_of_it or c != "steward"}
    row_filter = "" if all_of_it else "\"sensitivity\" IN ('public')"
    permitted = {"datasets": Permit("datasets", shown, row_filter, ("r",))}  # type: ignore[arg-type]  # literals
    for name in ("nodes", "grants") if all_of_it else ("nodes",):
        permitted[name] = Permit(name, dict.fromkeys(views()[name].columns, "show"), row_filter, ("r",))
    return Authorisation(ANONYMOUS, "v1", permitted, {})


def target(home: Path, *, all_of_it: bool) -> Iterator[Target]:
    generation = Generation(1, home / "gen-1.duckdb")
    with duckdb.connect(str(generation.path)) as connection:
        connection.execute(storage_ddl())
        upsert(connection, RECORDS)
    asker = permits(all_of_it=all_of_it)
    snapshot = prepare(home, generation, NoLog(), asker, asker.permits, NOW)  # type: ignore[arg-type]  # no entries
    with Engine(snapshot.parent) as engine:
        yield Target(generation.path, snapshot, engine)


@pytest.fixture(scope="module")
def redacted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    yield from target(tmp_path_factory.mktemp("redacted"), all_of_it=False)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    yield from target(tmp_path_factory.mktemp("everything"), all_of_it=True)


@pytest.mark.parametrize("sql", attacks().values(), ids=attacks().keys())
def test_an_attack_gets_nothing_hidden_and_changes_nothing(redacted: Target, sql: str) -> None:
    before = redacted.fingerprint()
    for file in (redacted.catalog, redacted.snapshot):
        filled = told_over_views(sql).replace("{CATALOG_FILE}", str(file)).replace("{DIR}", str(file.parent))
        assert "CANARY" not in redacted.outcome(filled)
    assert redacted.fingerprint() == before
    assert redacted.engine.run(
        Approved("SELECT count(*) FROM datasets", frozenset(), ()), redacted.snapshot, LIMITS
    ).rows == [(40,)]


def test_the_same_attacks_find_what_a_snapshot_does_hold(everything: Target) -> None:
    """The harness can tell a leak: over a snapshot that holds the canaries, attacks bring them out."""
    leaks = [id_ for id_, sql in attacks().items() if "CANARY" in everything.outcome(told_over_views(sql))]
    assert len(leaks) >= len(attacks()) // 6


def test_the_whole_corpus_is_told() -> None:
    if not CORPUS.exists():
        pytest.skip(f"{CORPUS} is absent: {len(EMBEDDED)} embedded attacks stand in")
    assert len(attacks()) == 162 + len(EMBEDDED)
