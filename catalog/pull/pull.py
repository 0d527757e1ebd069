"""``steward pull``: what nodes publish, verified and read into the catalog; what was rejected, and why, is an event.

All sources make one generation. Each is taken whole or not at all: a bad publication leaves the node's last good one.
"""

import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.claims.weighing import weighed
from catalog.errors import CatalogUnavailable, GovernanceError
from catalog.ingest import Found, Problem, ingest_into, known_documents, naive
from catalog.node.sources import Source, Sources
from catalog.pull.fetch import Fetcher, Limits
from catalog.pull.trust import FAULTS, Examined, Fault, examine
from catalog.storage.database import open_generation
from catalog.storage.encryption import generation_key
from catalog.storage.generations import current, pinned, writing
from catalog.storage.records import Node, NodeEvent
from catalog.storage.rows import upsert

if TYPE_CHECKING:
    import duckdb

WORKERS = 8
PREFIX = "publication:"
"""What stands before a document's name in the catalog, so that it cannot be taken for a file of this machine."""
DETECTED_BY = "pull"
FEWEST_FOR_PARTITION = 3
"""Sources asked at once before the loss of half of them is put down to the network between."""
BUSY_S = 5.0

Progress = Callable[[int, int], None]
"""Called with the number of sources done and of all."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull made of one source; names are the documents' paths in the publication."""

    source: str
    fault: Fault | None
    documents: int = 0
    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    skipped: tuple[str, ...] = ()
    """Documents of no known kind."""
    rotated: tuple[str, ...] = ()
    """Keys that were replaced since the last pull."""


@dataclass(frozen=True, slots=True)
class PullReport:
    """What a pull made of every source, and the generation that holds it."""

    generation: int
    sources: tuple[Pulled, ...]


def pull(
    home: Path,
    names: Iterable[str] = (),
    limits: Limits | None = None,
    progress: Progress = lambda done, total: None,
    now: datetime | None = None,
) -> PullReport:
    """Pull the named sources, or all, into the catalog's next generation.

    Every document is stated by the node that its source is named for, whatever it says. Raises UsageError for an
    unknown name, and CatalogUnavailable.
    """
    from filelock import FileLock, Timeout

    sources = Sources(home)
    chosen = sources.chosen(names)
    try:
        with FileLock(home / "pull.lock", timeout=BUSY_S, mode=0o600):
            return _pull(home, sources, chosen, limits or Limits(), progress, naive(now))
    except Timeout:
        raise CatalogUnavailable("Another pull is running.", "Wait until it ends.") from None


def _pull(home: Path, sources: Sources, chosen: list[Source], limits: Limits, progress: Progress, moment: datetime) -> PullReport:
    stores = home / "publications"
    if stores.is_symlink():  # what lies behind it is neither written nor removed
        raise CatalogUnavailable(f"{stores} is a link, and leads out of the catalog.", "Remove it: the folder is made anew.")
    known = _known(home, chosen)
    examined = _examine_all(stores, sources, chosen, known, limits, progress)
    for found in examined:
        # Before the catalog: after a kill in between, an older publication is still known to be older.
        sources.trust(found.source, found.verified, found.fetched)
    with writing(home) as connection, weighed(connection, home):
        pulled = tuple(_take(connection, found, known[found.source.name], moment) for found in examined)
        told = _tell(connection, examined, pulled, known, moment)
    shutil.rmtree(stores, ignore_errors=True)
    return PullReport(current(home).number, tuple(replace(p, rotated=told[p.source]) for p in pulled))


def _known(home: Path, chosen: Iterable[Source]) -> dict[str, dict[str, str]]:
    """By source, the SHA-256 of each published document that the catalog has read."""
    import duckdb

    if not (home / "CURRENT").exists():
        return {source.name: {} for source in chosen}
    with pinned(home) as generation:
        try:
            with open_generation(generation.path, generation_key(generation.path)) as connection:
                rows = connection.execute("SELECT node, path, sha256 FROM document WHERE starts_with(path, $1)", [PREFIX])
                known: dict[str, dict[str, str]] = {source.name: {} for source in chosen}
                for node, path, digest in rows.fetchall():
                    known.setdefault(node, {})[path.removeprefix(PREFIX)] = digest
                return known
        except duckdb.Error as error:
            raise CatalogUnavailable(f"{generation.path} cannot be read.", "Build the catalog anew.") from error


def _examine_all(
    stores: Path, sources: Sources, chosen: list[Source], known: dict[str, dict[str, str]], limits: Limits, progress: Progress
) -> list[Examined]:
    """Every source's publication, several at a time; a source that hangs keeps none of the others waiting for long."""
    running: list[Fetcher] = []

    def one(source: Source) -> Examined:
        store, work = stores / source.name, stores / ".work" / source.name
        store.mkdir(mode=0o700, parents=True, exist_ok=True)
        return examine(source, sources.trusted(source.name), known[source.name], work, store, limits, running.append)

    examined = []
    pool = ThreadPoolExecutor(min(WORKERS, len(chosen)), "pull")
    try:
        for done, found in enumerate(pool.map(one, chosen)):
            progress(done, len(chosen))
            examined.append(found)
    except OSError as error:
        raise CatalogUnavailable(f"{stores} cannot be written: {error}.") from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for fetch in running:
            fetch.stop()
        pool.shutdown()
        shutil.rmtree(stores / ".work", ignore_errors=True)
    progress(len(chosen), len(chosen))
    return examined


def _partitioned(examined: list[Examined]) -> bool:
    """Whether so many sources are out of reach at once that the network between is likelier than all of them."""
    lost = sum(found.fault is not None and found.fault.code == "unreachable" for found in examined)
    return len(examined) >= FEWEST_FOR_PARTITION and 2 * lost >= len(examined)


def _take(connection: "duckdb.DuckDBPyConnection", found: Examined, known: dict[str, str], moment: datetime) -> Pulled:
    """Read one source's documents in one transaction."""
    import duckdb

    if found.fault is not None:
        return Pulled(found.source.name, found.fault)
    if {document.name: document.sha256 for document in found.documents} == known:
        return Pulled(found.source.name, None, documents=len(known))
    connection.execute("BEGIN")
    try:
        pulled = _read(connection, found, known, moment)
        connection.execute("COMMIT")
    except (GovernanceError, duckdb.Error, ValueError) as error:
        connection.execute("ROLLBACK")
        if isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException):
            raise CatalogUnavailable(f"The catalog cannot be written: {error}.") from error
        pulled = Pulled(found.source.name, Fault("malformed", "the catalog cannot hold what it says"))
    return pulled


def _read(connection: "duckdb.DuckDBPyConnection", found: Examined, known: dict[str, str], moment: datetime) -> Pulled:
    """The documents of a good publication: what is new is read, what is gone takes back what it stated."""
    node = found.source.name
    listed = {document.name: document for document in found.documents}
    removed = [name for name in known_documents(connection, node) if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in listed]
    files = {str(d.path): Found(d.path, PREFIX + d.name) for d in found.documents if d.path is not None}
    report = ingest_into(connection, list(files.values()), node, moment, withdrawn=removed)
    named = {path: file.name.removeprefix(PREFIX) for path, file in files.items()}
    problems = tuple(replace(problem, file=named[problem.file]) for problem in report.problems)
    bad = {problem.file for problem in problems}
    return Pulled(
        source=node,
        fault=Fault("bad documents", f"{len(bad)} of {len(listed)}, first {str(problems[0])[:200]}") if bad else None,
        documents=len(listed),
        new=tuple(name for name, d in listed.items() if name not in known and name not in bad and d.path),
        changed=tuple(name for name, d in listed.items() if name in known and name not in bad and d.path),
        removed=tuple(name.removeprefix(PREFIX) for name in removed),
        problems=problems,
        skipped=tuple(named[path] for path in report.skipped),
    )


def _node(found: Examined, fault: Fault | None, moment: datetime) -> Node:
    """What this pull tells of the node itself; what it does not tell stays as it was."""
    node = Node(node=found.source.name, as_of=moment, origin="measured", last_seen=moment if found.answered else None)
    if fault is None or fault.code == "bad documents":
        published = found.published.astimezone(UTC).replace(tzinfo=None) if found.published else moment
        facts = {key: value for key, value in found.facts.items() if key != "name"}
        return replace(node, status="online", last_publish=published, signature_ok=True, **facts)  # type: ignore[arg-type]
    offline = fault.kind.event == "outage"
    return replace(node, status="offline" if offline else "degraded", signature_ok=False if fault.kind.refutes else None)


def _tell(
    connection: "duckdb.DuckDBPyConnection",
    examined: list[Examined],
    pulled: tuple[Pulled, ...],
    known: dict[str, dict[str, str]],
    moment: datetime,
) -> dict[str, tuple[str, ...]]:
    """Enter what the pull tells of the nodes, and its events; returns the replacements of keys that are news, by node."""
    rows = connection.execute("SELECT event_id, resolved IS NULL FROM node_event WHERE detected_by = $1", [DETECTED_BY])
    events: dict[str, bool] = dict(rows.fetchall())
    lost = _partitioned(examined)
    new: list[NodeEvent] = []
    over: list[str] = []
    told: dict[str, tuple[str, ...]] = {}
    for found, outcome in zip(examined, pulled, strict=True):
        node, fault = outcome.source, outcome.fault
        still = {event_id for event_id, is_open in events.items() if is_open and event_id.startswith(f"{node}/pull/")}
        news = {f"{node}/pull/key-rotation-{version}": text for version, text in found.rotations.items()}
        news = {event_id: text for event_id, text in news.items() if event_id not in events}
        told[node] = tuple(news.values())
        new += [replace(_event(node, event_id, "key rotation", "low", text, moment), resolved=moment) for event_id, text in news.items()]
        over += [event_id for event_id in still if _is_over(event_id, fault, found.answered)]
        if fault is not None and not any(_code(event_id) == fault.code for event_id in still):
            new.append(_opened(node, fault, moment, lost, bool(known[node])))
    upsert(connection, [_node(found, outcome.fault, moment) for found, outcome in zip(examined, pulled, strict=True)])
    upsert(connection, new)
    connection.execute(
        "UPDATE node_event SET resolved = $1 WHERE detected_by = $2 AND list_contains($3, event_id)", [moment, DETECTED_BY, over or [""]]
    )
    return told


def _code(event_id: str) -> str:
    """The fault that an event of a pull is about."""
    return event_id.split("/")[2].rpartition("-")[0].replace("-", " ")


def _is_over(event_id: str, fault: Fault | None, answered: bool) -> bool:
    """Whether this outcome ends an open event: a good publication ends all, an answer ends outages."""
    code = _code(event_id)
    if fault is not None and fault.code == code:
        return False
    return fault is None or fault.code == "bad documents" or (answered and code in FAULTS and FAULTS[code].event == "outage")


def _opened(node: str, fault: Fault, moment: datetime, lost: bool, kept: bool) -> NodeEvent:
    text = f"{fault.text} The last good publication stands." if kept and fault.code != "bad documents" else fault.text
    kind = "partition" if lost and fault.code == "unreachable" else fault.kind.event
    event_id = f"{node}/pull/{fault.code.replace(' ', '-')}-{moment:%Y%m%dT%H%M%S.%fZ}"
    return _event(node, event_id, kind, fault.kind.severity, text, moment)


def _event(node: str, event_id: str, kind: str, severity: str, detail: str, moment: datetime) -> NodeEvent:
    return NodeEvent(
        node=node,
        sensitivity="internal",
        as_of=moment,
        origin="measured",
        event_id=event_id,
        kind=kind,
        severity=severity,
        detail=detail,
        detected_by=DETECTED_BY,
        at=moment,
    )
