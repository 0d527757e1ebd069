"""Start-up and question times on this machine: ``python -m eval.bench`` prints a table and writes ``build/bench.json``.

Both sides of a ratio run in one job. No test depends on these figures.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import perf_counter

from catalog.demo.build import build
from catalog.storage.generations import pinned
from eval.scorers import SCORERS, Table
from eval.suite import Comparison
from nl2sql.backends import open_backend
from nl2sql.guard import approve
from nl2sql.pipeline import ask
from nl2sql.session import open_session
from nl2sql.turn import Stage

QUESTIONS = (
    "which datasets contain personal data stored outside the EU?",
    "who owns C4",
    "datasets derived from Common Crawl, any depth",
    "how many nodes per country",
    "ten biggest datasets",
    "which models were trained on LAION-5B",
    "disputed licences",
    "average uptime by operator, lowest first",
    "failed quality checks last week",
    "cheapest offers",
)
GUARDED = "SELECT DISTINCT datasets.name FROM datasets JOIN replicas ON datasets.name = replicas.dataset WHERE datasets.pii AND replicas.kind = 'backup' ORDER BY datasets.name"


def main() -> int:
    """Measure, print, write."""
    steward = str(Path(sys.executable).with_name("steward"))
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "catalog"
        build_s = _once(lambda: build(home))
        environment = {**os.environ, "STEWARD_CATALOG": str(home)}

        def process(*command: str) -> float:
            return _median(lambda: subprocess.run(command, env=environment, check=True, capture_output=True), 7)

        rows: list[tuple[str, float]] = [("build the demo catalog", build_s * 1000)]
        rows.append(("python -c pass, whole process", process(sys.executable, "-c", "pass")))
        rows.append(("steward --version", process(steward, "--version")))
        rows.append(("steward --help", process(steward, "--help")))
        rows.append(("steward ask, cold, whole process", process(steward, "ask", QUESTIONS[0])))
        with pinned(home) as generation:
            session = open_session(home, generation, None)
            backend = open_backend("embedded")
            stages: dict[str, list[float]] = {}
            totals = []
            for _ in range(5):
                for question in QUESTIONS:
                    started = perf_counter()
                    for event in ask(question, session, backend):
                        if isinstance(event, Stage):
                            stages.setdefault(event.name, []).append(event.elapsed_ms)
                    totals.append((perf_counter() - started) * 1000)
            guard = [_once(lambda: approve(GUARDED, session.schema, session.now)) * 1000 for _ in range(200)]
            session.close()
    warm = sorted(totals[len(QUESTIONS) :])
    rows += [("question to answer, warm p50", statistics.median(warm)), ("question to answer, warm p95", warm[int(len(warm) * 0.95)])]
    rows += [(f"  stage {name}, p50", statistics.median(values[len(QUESTIONS) :])) for name, values in stages.items() if len(values) > len(QUESTIONS)]
    rows += [("guard p50", statistics.median(guard)), ("guard p95", sorted(guard)[int(len(guard) * 0.95)])]
    for name, ms in rows:
        print(f"{name:<36} {ms:>9.1f} ms")
    screen = app_times()
    for name, ms in screen.items():
        print(f"{name:<44} {ms:>9.1f} ms")
    scored = {f"scorer {name}, microseconds a pair": us for name, us in scorer_times().items()}
    for name, us in scored.items():
        print(f"{name:<44} {us:>9.1f}")
    ratio = rows[3][1] / rows[1][1]
    print(f"{'help / python -c pass':<36} {ratio:>9.1f}")
    out = Path("build")
    out.mkdir(exist_ok=True)
    (out / "bench.json").write_text(json.dumps({**dict(rows), **screen, **scored, "help_ratio": ratio}, indent=1), encoding="utf-8")
    return 0


def app_times() -> dict[str, float]:
    """What ``steward chat`` takes from a key to its paint, milliseconds by name; in a process of its own, for this layer knows no screen."""
    done = subprocess.run([sys.executable, "-m", "tui.chat.speed"], check=True, capture_output=True, text=True)
    times: dict[str, float] = json.loads(done.stdout)
    return times


def scorer_times(pairs: int = 400, seed: int = 0) -> dict[str, float]:
    """Microseconds per pair of results and scorer: up to 60 rows of up to 5 columns, half of the pairs the same but for the order."""
    random = Random(seed)
    made = []
    for at in range(pairs):
        width = random.randint(1, 5)
        gold = [tuple(random.choice((random.randint(0, 9), f"v{random.randint(0, 9)}", None)) for _ in range(width)) for _ in range(random.randint(1, 60))]
        other = random.sample(gold, len(gold)) if at % 2 else [(*row[:-1], "x") for row in gold]
        names = tuple(f"c{n}" for n in range(width))
        made.append((Table(names, gold), Table(names, other)))
    return {name: _once(lambda rule=rule: [rule(a, b, Comparison()) for a, b in made]) / pairs * 1e6 for name, rule in SCORERS.items()}  # type: ignore[misc]


def _once(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


def _median(work: Callable[[], object], runs: int) -> float:
    work()
    return statistics.median(_once(work) for _ in range(runs)) * 1000


if __name__ == "__main__":
    sys.exit(main())
