"""Kills processes that write, at moments drawn at random, and compares what is left with what they had been told is durable.

Each actor is a forked child that works on a catalog folder through the library, as a command would, and acknowledges over a pipe what
the library has returned from. After each kill nothing acknowledged may be missing, the log must verify, the current generation must be
whole, and the next command of the same kind must work.
"""

import hashlib
import os
import random
import signal
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from eval.security.kept import Kept
from eval.security.report import Row

KILLS_PER_FOLDER = 20
"""Then a new folder is begun, so that checking stays as quick as it was."""
ROWS = 3
"""Rows of one generation, which are there together or not at all."""
GONE_S = 30.0
PUBLIC = "public"
Tell = Callable[[str], None]


@dataclass(slots=True)
class World:
    """One catalog folder, and what has been acknowledged about it."""

    home: Path
    numbers: Iterator[int] = field(default_factory=count)
    said: dict[str, set[str]] = field(default_factory=dict)

    def acknowledged(self, word: str) -> set[str]:
        return self.said.setdefault(word, set())


def found_world(home: Path) -> World:
    """A folder with a policy, a first generation and a log."""
    from catalog.access.policy import ensure_policy
    from catalog.audit.log import AuditLog
    from catalog.storage.generations import writing
    from catalog.storage.records import Dataset, Node
    from catalog.storage.rows import upsert

    ensure_policy(home)
    with writing(home) as connection:
        upsert(connection, [Node(node="n"), Dataset(node="n", name="first", sensitivity=PUBLIC)])
    log = AuditLog(home)
    log.end(log.begin("founder", None, "query", None, None), "allowed")
    log.close()
    return World(home)


def _record(world: World, name: str, tell: Tell) -> None:
    """A query's two records, as ``steward ask`` makes them."""
    from catalog.audit.log import AuditLog

    log = AuditLog(world.home)
    seq = log.begin(f"asker {name}", "engineer", "query", f"question {name}", "SELECT 1")
    tell(f"begun {seq}")
    log.end(seq, "allowed", "rule", 1)
    tell(f"ended {seq}")


def _token(world: World, name: str, tell: Tell) -> None:
    from catalog.storage.state import State

    state = State(world.home)
    text = state.issue_token(name, 1)
    tell(f"issued {text} {name}")
    tell(f"revoking {text}")
    state.revoke_tokens(name)
    tell(f"revoked {text}")
    tell(f"issued {state.issue_token(f'{name}-kept', 1)} {name}-kept")


def _grant(world: World, name: str, tell: Tell) -> None:
    from catalog.access.grants import Grants

    grants = Grants(world.home)
    grants.give(name, "first")
    tell(f"given {name}")
    tell(f"taking {name}")
    grants.revoke(name, "first")
    tell(f"taken {name}")
    grants.give(f"{name}-kept", "first")
    tell(f"given {name}-kept")


def _ingest(world: World, name: str, tell: Tell) -> None:
    from catalog.storage.generations import current, writing
    from catalog.storage.records import Dataset
    from catalog.storage.rows import upsert

    with writing(world.home) as connection:
        upsert(connection, [Dataset(node="n", name=f"{name}-{at}", sensitivity=PUBLIC) for at in range(ROWS)])
    tell(f"committed {name} {current(world.home).number}")


def _copy(world: World, name: str, tell: Tell) -> None:
    """A checkpoint, and a copy of it outside."""
    from catalog.audit.log import AuditLog
    from catalog.audit.witness import witness

    log = AuditLog(world.home)
    log.end(log.begin("checker", None, "query", None, None), "allowed")
    log.checkpoint()
    _, _, size = witness(log, world.home.parent / "copies.jsonl")
    tell(f"copied {size}")


def _erase(world: World, name: str, tell: Tell) -> None:
    from catalog.audit.log import AuditLog

    log = AuditLog(world.home)
    log.end(log.begin(f"leaver {name}", None, "query", f"secret of {name}", None), "allowed")
    tell(f"wrote {name}")
    log.erase(f"leaver {name}")
    tell(f"erased {name}")


def _ask(world: World, name: str, tell: Tell) -> None:
    """A question by SQL through guard, snapshot and worker."""
    from catalog.storage.generations import pinned
    from nl2sql.pipeline import ask_sql
    from nl2sql.session import open_session
    from nl2sql.turn import Answered

    with pinned(world.home) as generation:
        session = open_session(world.home, generation, None)
        tell(f"worker {session.engine._child.process.pid}")
        for _ in range(3):
            *_, outcome = ask_sql("SELECT count(*) AS n FROM datasets", session)
            assert isinstance(outcome, Answered) and outcome.statement is not None, outcome
            tell(f"begun {outcome.statement.seq}")
            tell(f"ended {outcome.statement.seq}")
        session.close()


ACTORS: dict[str, Callable[[World, str, Tell], None]] = {
    "audit": _record,
    "token": _token,
    "grant": _grant,
    "ingest": _ingest,
    "checkpoint": _copy,
    "erase": _erase,
    "ask": _ask,
}
SLOW = {"ask": 0.12, "ingest": 0.05}
"""Seconds that one turn of an actor takes about, where that is not a few milliseconds."""


def preload() -> None:
    """Import what actors use, so that a fork has it."""
    import duckdb  # noqa: F401
    import sqlglot  # noqa: F401

    import nl2sql.pipeline  # noqa: F401


def killed(world: World, kind: str, rng: random.Random) -> None:
    """Start an actor, kill it, and note what it had acknowledged."""
    pid, pipe = _start(world, kind, f"{kind}{next(world.numbers)}", endless=True)
    heard = b""
    for _ in range(rng.randrange(4)):
        if not (more := os.read(pipe, 4096)):
            break
        heard += more
    time.sleep(rng.random() * SLOW.get(kind, 0.01))
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    while more := os.read(pipe, 1 << 16):
        heard += more
    os.close(pipe)
    assert os.WIFSIGNALED(status), f"{kind}: ended by itself: {heard.decode()[-300:]}"
    for line in heard.decode().split("\n")[:-1]:
        word, _, rest = line.partition(" ")
        world.acknowledged(word).add(rest)


def next_works(world: World, kind: str) -> str:
    """Do the same thing to its end in another process; empty, or what went wrong."""
    pid, pipe = _start(world, kind, f"{kind}{next(world.numbers)}", endless=False)
    heard = b""
    while more := os.read(pipe, 1 << 16):
        heard += more
    os.close(pipe)
    _, status = os.waitpid(pid, 0)
    for line in heard.decode().split("\n")[:-1]:
        word, _, rest = line.partition(" ")
        world.acknowledged(word).add(rest)
    return "" if status == 0 else f"the next {kind} ends with status {status}: {' '.join(world.acknowledged('error'))}"


def _start(world: World, kind: str, name: str, endless: bool) -> tuple[int, int]:
    """A child that acts, over and over if ``endless``; its id and the pipe of what it acknowledges."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # no thread of ours lives on at this point
        pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    status = 1
    try:
        signal.alarm(int(GONE_S))
        for turn in count():
            ACTORS[kind](world, f"{name}-{turn}", lambda text: _tell(writing, text))
            if not endless:
                break
        status = 0
    except BaseException as error:
        _tell(writing, f"error {type(error).__name__}: {' '.join(str(error).split())}")
    finally:
        os._exit(status)


def _tell(pipe: int, text: str) -> None:
    os.write(pipe, f"{text}\n".encode())


def flaws(world: World) -> Iterator[str]:
    """What does not hold in a folder: one sentence each."""
    yield from _flaws_of_log(world)
    yield from _flaws_of_state(world)
    yield from _flaws_of_generations(world)
    for pid in world.said.pop("worker", set()):
        if not _ends(int(pid)):
            yield f"worker {pid} lives on without its parent"
    for error in world.acknowledged("error"):
        yield f"an actor failed: {error}"


def _flaws_of_log(world: World) -> Iterator[str]:
    from catalog.audit.log import AuditLog

    log = AuditLog(world.home)
    try:
        verdict = log.verify()
        entries = {str(entry.seq): entry for entry in log.entries()}
    finally:
        log.close()  # a fork must not inherit it
    for flaw in verdict.flaws:
        yield f"the log does not verify: {flaw.where} {flaw.what}"
    if world.acknowledged("copied") and not verdict.copies:
        yield "the log has forgotten its copy"
    for seq in world.acknowledged("begun") - entries.keys():
        yield f"action {seq} was begun and is not in the log"
    for seq in world.acknowledged("ended") & entries.keys():
        if entries[seq].decision not in ("allowed", "masked") or not entries[seq].verified:
            yield f"action {seq} was ended and the log says {entries[seq].decision!r}"
    actors = {entry.actor for entry in entries.values()}
    for name in world.acknowledged("erased"):
        if f"leaver {name}" in actors:
            yield f"{name} was erased and is in the log"
        if f"secret of {name}".encode() in b"".join(path.read_bytes() for path in world.home.glob("audit.sqlite*")):
            yield f"what {name} wrote was erased and is in the files"


def _flaws_of_state(world: World) -> Iterator[str]:
    from catalog.access.grants import Grants
    from catalog.storage.state import State

    state, grants = State(world.home), Grants(world.home)
    try:
        revoked, revoking = world.acknowledged("revoked"), world.acknowledged("revoking")
        for line in world.acknowledged("issued"):
            text, _, name = line.partition(" ")
            if text not in revoking and state.verify_token(text) != name:
                yield f"the token of {name} was issued and proves nothing"
        for text in revoked:
            if state.verify_token(text) is not None:
                yield "a token was revoked and is good"
        for name in world.acknowledged("given") - world.acknowledged("taking"):
            if not grants.live(name):
                yield f"a grant was given to {name} and is not live"
        for name in world.acknowledged("taken"):
            if grants.live(name):
                yield f"a grant was taken from {name} and is live"
    finally:
        state._file.close()
        grants._file.close()


def _flaws_of_generations(world: World) -> Iterator[str]:
    import duckdb

    from catalog.storage.generations import pinned

    with pinned(world.home) as generation:
        with generation.path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != generation.sha256:
                yield f"{generation.path.name} is not the file that was committed"
        with duckdb.connect(str(generation.path), read_only=True) as connection:
            names = [row[0] for row in connection.execute("SELECT name FROM dataset").fetchall()]
    held = Counter(name.rpartition("-")[0] for name in names if name != "first")
    for name, rows in held.items():
        if rows != ROWS:
            yield f"generation {generation.number} has {rows} of {ROWS} rows of {name}"
    for line in world.acknowledged("committed"):
        name, _, number = line.rpartition(" ")
        if name not in held or int(number) > generation.number:
            yield f"{name} was committed as generation {number} and is not in {generation.number}"


def _ends(pid: int) -> bool:
    until = time.monotonic() + GONE_S
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0] == "Z":
                return True
            os.kill(pid, 0)
        except OSError:
            return True
        time.sleep(0.005)
    return False


def matrix(kills: int, until: float, seed: int, progress: Callable[[str], None], kept: Kept | None = None) -> tuple[Counter[str], list[str]]:
    """Kill so many times, or until a moment (monotonic seconds); the kills by kind and every flaw found. A unit is one folder."""
    preload()
    kept = kept or Kept()
    before = kept.load() or {"units": 0, "done": {}, "found": []}
    done, found = Counter[str](before["done"]), list[str](before["found"])
    for unit in count(before["units"]):
        if done.total() >= kills or time.monotonic() > until:
            break
        rng = random.Random(f"{seed}/{unit}")
        with tempfile.TemporaryDirectory() as folder:
            world = found_world(Path(folder) / "catalog")
            for _ in range(min(KILLS_PER_FOLDER, kills - done.total())):
                kind = rng.choice([*ACTORS])
                killed(world, kind, rng)
                done[kind] += 1
                after = [*flaws(world)]
                if not after and (wrong := next_works(world, kind)):
                    after = [wrong]
                found += [f"kill {done.total()} ({kind}, seed {seed}): {flaw}" for flaw in after]
                if time.monotonic() > until or after:
                    break
        kept.save({"units": unit + 1, "done": done, "found": found})
        progress(f"{done.total():,} kills, {len(found)} flaws")
    return done, found


def run(seconds: float, seed: int, progress: Callable[[str], None], state: Path | None = None) -> list[Row]:
    """As many kills as the seconds allow, 10,000 at most."""
    done, found = matrix(10_000, time.monotonic() + seconds, seed, progress, Kept(state, part="kills", seed=seed))
    kinds = ", ".join(f"{kind} {times:,}" for kind, times in sorted(done.items()))
    figure = f"{done.total():,} kills, {len(found)} flaws"
    return [Row("kill -9 while writing: nothing acknowledged lost, log verifies, next command works", ">= 10,000 kills, 0 flaws", figure, not found and done.total() >= 10_000, "; ".join([kinds, *found]))]
