"""One writer, readers and askers on one catalog folder at once: nobody is locked out, nobody reads what is old or torn.

Each is a process of its own. The writer commits generations of so many rows each as fast as it can; a reader notes what it finds and when.
"""

import os
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.queues import Queue
from pathlib import Path
from queue import Empty
from typing import Any

from eval.security.kills import found_world, preload
from eval.security.report import Row

READERS = 3
ROWS = 3
STALE_S = 1.0
DAY_S = 86_400


def write(home: Path, until: float, told: "Queue[Any]") -> None:
    """Commit until the moment (monotonic seconds); tells how many, and what went wrong."""
    from catalog.errors import GovernanceError
    from catalog.storage.generations import current, writing
    from catalog.storage.records import Dataset
    from catalog.storage.rows import upsert

    made, wrong = 0, list[str]()
    while time.monotonic() < until:
        try:
            with writing(home) as connection:
                upsert(connection, [Dataset(node="n", name=f"w{made}-{at}", sensitivity="public") for at in range(ROWS)])
                connection.execute("DELETE FROM dataset WHERE name NOT LIKE $1 AND name <> 'first'", [f"w{made}-%"])
            (home.parent / "committed").write_text(f"{current(home).number} {time.monotonic()}", encoding="ascii")
            made += 1
        except (GovernanceError, OSError) as error:
            wrong.append(f"{type(error).__name__}: {error}")
    told.put(("writer", made, wrong, 0.0))


def read(home: Path, until: float, told: "Queue[Any]") -> None:
    """Ask through guard, snapshot and worker until the moment; tells how often, what went wrong, and the oldest generation that was read, in seconds."""
    from catalog.errors import GovernanceError
    from catalog.storage.generations import pinned
    from nl2sql.pipeline import ask_sql
    from nl2sql.session import open_session
    from nl2sql.turn import Answered

    made, wrong, oldest = 0, list[str](), 0.0
    while time.monotonic() < until:
        before = _committed(home)
        try:
            with pinned(home) as generation:
                if before and generation.number < before[0]:
                    oldest = max(oldest, time.monotonic() - before[1])
                session = open_session(home, generation, None)
                *_, outcome = ask_sql("SELECT count(*) AS n FROM datasets", session)
                session.close()
            if not isinstance(outcome, Answered) or outcome.result.rows not in ([(ROWS + 1,)], [(1,)]):
                wrong.append(repr(outcome)[:300])
        except (GovernanceError, OSError) as error:
            wrong.append(f"{type(error).__name__}: {error}")
        made += 1
    told.put(("reader", made, wrong, oldest))


def _committed(home: Path) -> tuple[int, float] | None:
    try:
        number, at = (home.parent / "committed").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return None
    return int(number), float(at)


def run(seconds: float, seed: int, progress: Callable[[str], None], state: Path | None = None) -> list[Row]:
    """All at once for these seconds. Nothing is drawn and nothing kept."""
    preload()
    context = get_context("fork")
    told: Queue[Any] = context.Queue()
    with tempfile.TemporaryDirectory(prefix="steward-together-") as scratch:
        world = found_world(Path(scratch) / "catalog")
        until = time.monotonic() + seconds
        tasks = [context.Process(target=target, args=(world.home, until, told)) for target in (write, *[read] * READERS)]
        for task in tasks:
            task.start()
        found = [_answer(told, seconds) for _ in tasks]
        for task in tasks:
            task.join()
    made = {who: sum(count for name, count, *_ in found if name == who) for who in ("writer", "reader")}
    wrong = [text for _, _, errors, _ in found for text in errors]
    oldest = max(age for *_, age in found)
    progress(f"{made}, {len(wrong)} wrong")
    how = f"1 writer, {READERS} askers, on {len(os.sched_getaffinity(0))} of {os.cpu_count()} cores, {seconds:,.0f} s: {made['writer']:,} generations, {made['reader']:,} questions"
    return [
        Row("one writer and askers at once: errors", "0", f"{len(wrong)}" + (f"; first: {wrong[0]}" if wrong else ""), not wrong, how),
        Row("age of what an asker read", "<= 1 s", f"{oldest:.2f} s", oldest <= STALE_S, "behind a generation that was committed when the question began"),
        Row("how long they were at it", "24 h", f"{seconds:,.0f} s", seconds >= DAY_S, "with --seconds"),
    ]


def _answer(told: "Queue[Any]", seconds: float) -> Any:
    try:
        return told.get(timeout=seconds + 120)
    except Empty:
        return ("reader", 0, ["a process never ended"], 0.0)
