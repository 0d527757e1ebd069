"""The command blocks of the README and the pages of docs: which lines of them are typed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
SHELLS = ("", "console", "sh", "bash")


@dataclass(frozen=True, slots=True)
class Command:
    """A command as a page shows it, without the remark behind it."""

    page: str
    line: int
    text: str


def commands(page: Path) -> Iterator[Command]:
    """Every command of a page: in a console block what stands behind ``$``, in a shell block every line."""
    language, number = None, 0
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if fence := re.match(r"\s*```(\w*)", line):
            language = fence[1] if language is None else None
        elif language in SHELLS and line.lstrip().startswith("$ "):
            yield Command(page.name, number, bare(line.lstrip()[2:]))
        elif (language in ("sh", "bash") and line.strip() and not line.lstrip().startswith("#")) or (language == "" and re.match(r"(make|steward) ", line)):
            yield Command(page.name, number, bare(line))


def bare(line: str) -> str:
    """A line without the remark behind two spaces and ``#``."""
    return re.sub(r"\s{2,}#.*$", "", line).strip()
