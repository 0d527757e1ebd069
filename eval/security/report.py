"""What the security checks measured, against their goals: kept as JSON from run to run, told as a page.

A part that did not run this time keeps the rows of its last run, with their date.
"""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the security report."""

    measure: str
    goal: str
    figure: str
    ok: bool
    how: str


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one module's run; ``seconds`` is how long it took."""

    name: str
    date: str
    command: str
    seconds: float
    versions: Mapping[str, str]
    rows: tuple[Row, ...]


def versions() -> dict[str, str]:
    """What the figures hold for."""
    return {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}", **{name: version(name) for name in ("datasteward", "duckdb", "sqlglot")}}


def part(name: str, command: str, seconds: float, rows: Sequence[Row]) -> Part:
    """The part that just ran."""
    return Part(name, f"{datetime.now(UTC):%Y-%m-%d}", command, round(seconds, 1), versions(), tuple(rows))


def load(path: Path) -> dict[str, Part]:
    """Parts by name from a file that `save` wrote; none where there is no file."""
    if not path.exists():
        return {}
    entries = json.loads(path.read_text(encoding="utf-8"))["parts"]
    return {e["name"]: Part(**{**e, "rows": tuple(Row(**row) for row in e["rows"])}) for e in entries}


def save(path: Path, parts: Mapping[str, Part]) -> None:
    """Write the parts as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"parts": [asdict(p) for p in parts.values()]}, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


HEAD = """# Security report

What the long checks of the security machinery measured. `make security` writes this page; the short form of each check is in
`tests/security` and runs with every build. A goal that was not reached says **no**.

Options: `python -m eval.security --help`; `--seconds` is the time for all parts, `--parts` chooses among them, and a part that is
not chosen keeps its last rows. `--state FOLDER` keeps what is done after every unit of the work, and the same command goes on there.
"""


BY_HAND = "## DuckDB versions\n"
"""The section of the page that no run writes: another DuckDB is another installation."""


def by_hand(before: Path) -> str:
    """That section of the page as it stands, else empty."""
    found = before.read_text(encoding="utf-8").partition(BY_HAND) if before.exists() else ("", "", "")
    return f"\n{found[1]}{found[2]}" if found[1] else ""


def page(parts: Mapping[str, Part]) -> str:
    """The report as Markdown."""
    blocks = [HEAD]
    for p in parts.values():
        said = ", ".join(f"{name} {number}" for name, number in p.versions.items())
        lines = [f"## {p.name}", "", f"{p.date}, {p.seconds:,.0f} s, `{p.command}`; {said}.", "", "| measure | goal | figure | reached | how |", "|---|---|---|---|---|"]
        lines += [f"| {_cell(r.measure)} | {_cell(r.goal)} | {_cell(r.figure)} | {'yes' if r.ok else '**no**'} | {_cell(r.how)} |" for r in p.rows]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
