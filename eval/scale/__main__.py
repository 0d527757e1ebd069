"""``python -m eval.scale --datasets N``: how the catalog does at N datasets, 20 N columns and 10 N edges; a table and ``build/scale.json``.

Each measurement runs in a process of its own, whose peak memory is a figure too. No test depends on these figures.
"""

import argparse
import os
import sys
import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter

from eval.scale.figures import Figure, apart, progress_to_stderr, table, write

MOST_MEMORY_GB = 8.0
BENCHES = ("search", "ingest", "lineage", "questions")


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, write."""
    asked = _parser().parse_args(arguments)
    asked.smaller = asked.smaller or max(2000, asked.datasets // 10)
    started = perf_counter()
    progress = progress_to_stderr(started)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="steward-scale-", dir=asked.scratch) as scratch:
        folder = asked.keep or Path(scratch)
        big, small = folder / f"catalog-{asked.datasets}", folder / f"catalog-{asked.smaller}"
        measured = partial(apart, peak_goal=MOST_MEMORY_GB)
        for bench in asked.only:
            progress(bench)
            if bench in ("lineage", "questions"):
                for home, size in ((small, asked.smaller), (big, asked.datasets)):
                    if not (home / "CURRENT").exists() and (bench == "lineage" or home == big):
                        progress(f"a catalog of {size:,} datasets")
                        figures += measured(f"generator, {size:,} datasets", "eval.scale.generate", home, size)
            match bench:
                case "search":
                    figures += measured("search", "eval.scale.search", min(100_000, 20 * asked.datasets), 384)
                    figures += measured("search of the encoder", "eval.scale.search", min(100_000, 20 * asked.datasets), 0)
                case "ingest":
                    figures += measured("ingest", "eval.scale.ingest", Path(scratch), min(asked.datasets, asked.events))
                case "lineage":
                    figures += measured("lineage", "eval.scale.lineage", small, big, asked.asked)
                case "questions":
                    figures += measured("questions", "eval.scale.questions", big, asked.questions)
            write(asked.out, _about(asked), figures)  # what took an hour stays, whatever becomes of the next
    print(table(figures))
    return 0


def _about(asked: argparse.Namespace) -> dict[str, object]:
    now, cores = datetime.now(UTC).isoformat(timespec="seconds"), len(os.sched_getaffinity(0))
    return {"at": now, "datasets": asked.datasets, "smaller": asked.smaller, "cores": cores, "load": os.getloadavg()}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m eval.scale", description=__doc__)
    parser.add_argument("--datasets", type=int, default=20_000, metavar="N", help="datasets of the synthetic catalog (default %(default)s)")
    parser.add_argument("--smaller", type=int, metavar="N", help="datasets of the one that lineage is compared with (a tenth, two pipelines at least)")
    parser.add_argument("--only", nargs="+", choices=BENCHES, default=list(BENCHES), help="measurements to make")
    parser.add_argument("--questions", type=int, default=1000, help="questions at most, some from every part of the suite")
    parser.add_argument("--asked", type=int, default=200, help="places whose lineage is asked, up and down")
    parser.add_argument("--events", type=int, default=5000, help="documents to ingest at most")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="make the catalogs here, or find them, and leave them")
    parser.add_argument("--scratch", type=Path, metavar="FOLDER", help="where to put what is removed again (default: the system's)")
    parser.add_argument("--out", type=Path, default=Path("build/scale.json"), help="where the JSON goes (default %(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
