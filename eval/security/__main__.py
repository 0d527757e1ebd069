"""``python -m eval.security``: every long security check, progress on stderr, ``build/security.json`` and a page."""

import argparse
import json
import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

from eval.security.report import Row, by_hand, load, page, part, save

SHARES = {
    "noninterference": 4.0, "differential": 2.0, "readsets": 1.0, "gates": 2.0, "bombs": 1.0, "kills": 2.0, "mutation": 4.0,
    "golds": 0.2, "latency": 0.3, "proofs": 0.5, "together": 0.5, "tested": 1.0,
}  # fmt: skip
"""Part to its share of the time; each is a module of this package with ``run``."""

def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen parts and write what they found; 1 where a measure missed its goal by a leak or a fault."""
    parser = argparse.ArgumentParser(prog="python -m eval.security", description="The long security checks.", epilog="Example: python -m eval.security --seconds 600 --parts noninterference,differential")
    parser.add_argument("--pairs", type=int, default=10_000_000, help="most non-interference pairs (%(default)s)")
    parser.add_argument("--seconds", type=float, default=1600.0, help="time for all parts together (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same statements and catalogs (%(default)s)")
    parser.add_argument("--parts", default=",".join(SHARES), help="which checks, with commas between (%(default)s)")
    parser.add_argument("--state", type=Path, help="folder in which a run keeps what it has done after every unit, and goes on from there")
    parser.add_argument("--json", type=Path, default=Path("build/security.json"), help="where figures are kept (%(default)s)")
    parser.add_argument("--page", type=Path, default=Path("docs/security-report.md"), help="the page to write (%(default)s)")
    options = parser.parse_args(arguments)
    chosen = [name for name in options.parts.split(",") if name]
    if unknown := [name for name in chosen if name not in SHARES]:
        parser.error(f"no such part: {', '.join(unknown)}")
    found = load(options.json)
    whole = sum(SHARES[name] for name in chosen)
    for name in chosen:
        if find_spec(f"eval.security.{name}") is None:
            print(f"{name}: not here, left out", file=sys.stderr)
            continue
        run = import_module(f"eval.security.{name}").run
        more = {"pairs": options.pairs} if name == "noninterference" else {}
        seconds, started = options.seconds * SHARES[name] / whole, perf_counter()
        state = options.state and options.state / f"{name}.json"
        rows: Sequence[Row] = run(seconds, options.seed, partial(_progress, name), state=state, **more)
        command = f"python -m eval.security --parts {name} --seconds {seconds:.0f} --seed {options.seed}{' --state FOLDER' if state else ''}"
        found[name] = part(name, command, perf_counter() - started, rows)
        save(options.json, {key: found[key] for key in SHARES if key in found})
    ordered = {key: found[key] for key in SHARES if key in found}
    options.page.write_text(page(ordered) + by_hand(options.page), encoding="utf-8")
    print(json.dumps({name: {row.measure: row.figure for row in p.rows} for name, p in ordered.items()}, indent=1, ensure_ascii=False))
    return 0 if all(row.ok for name in chosen if name in found for row in found[name].rows) else 1


def _progress(name: str, line: str) -> None:
    print(f"{name}: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
