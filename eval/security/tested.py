"""What the tests of a checkout hold to, as rows: whole corpora that live in test files, run by pytest in a child. Needs the ``tests`` folder."""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from eval.security.report import Row
from eval.security.terminal import corpus

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Group:
    """Tests that stand for one measure; ``chosen`` is a pytest expression over names."""

    measure: str
    goal: str
    paths: tuple[str, ...]
    how: str
    chosen: str = ""
    slow: bool = False


GROUPS = (
    Group("terminal and page corpus", "0 act", ("tests/security/test_terminal.py",), f"{len(corpus())} hostile texts through table, CSV, JSON, Markdown, HTML, errors and commands"),
    Group("DuckDB's statement corpus", "0 guard crashes, 0 unauthorised reads", ("tests/nl2sql/guard/test_corpus.py",), "every statement of DuckDB's own SQL tests that the shared corpus has; what is accepted runs over canaries", "whole", True),
    Group("aggregates", "0 of >= 50 attacks recover anybody", ("tests/catalog/test_cubes.py",), "differences, conditional sums and tricks on single values over a cube; every linear combination of groups is about k entities"),
    Group("canaries", "0 found", ("tests/security/test_canaries.py",), "hidden cells, paths and variables in prompts, outcomes, logs, files, completion and errors"),
    Group("expiry, revocation and change while a question runs", "0 shown", ("tests/security/test_release.py",), "token, policy and grant that end between decision and release"),
    Group("catalog folders that somebody else made", "0 files outside read or written", ("tests/security/test_elsewhere.py",), "views, macros, tables called like SQL, links, snapshots that lay there"),
    Group("reference model of the policy", "0 differences", ("tests/catalog/test_policy_model.py", "tests/catalog/test_policy.py"), "random policies against an executable model"),
)  # fmt: skip


def run(seconds: float, seed: int, progress: Callable[[str], None], state: Path | None = None) -> list[Row]:
    """A row for each group. The seconds bound nothing, nothing is drawn and nothing kept."""
    if not (ROOT / "tests").is_dir():
        return [Row(group.measure, group.goal, "no tests folder here", False, "run it in a checkout") for group in GROUPS]
    rows = []
    for group in GROUPS:
        rows.append(_row(group))
        progress(f"{group.measure}: {rows[-1].figure}")
    return rows


def _row(group: Group) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "junit.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout", "0", f"--junitxml={report}", "-m", "slow" if group.slow else "not slow", *(["-k", group.chosen] if group.chosen else []), *group.paths]
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if not report.exists():
            return Row(group.measure, group.goal, f"pytest ended with {said.returncode}", False, said.stdout[-300:])
        suite = next(ElementTree.parse(report).iter("testsuite"))
    count, bad, left = int(suite.get("tests", 0)), int(suite.get("failures", 0)) + int(suite.get("errors", 0)), int(suite.get("skipped", 0))
    figure = f"{count - bad - left} of {count} tests pass" + (f", {left} skipped" if left else "")
    return Row(group.measure, group.goal, figure, said.returncode == 0 and count > left, f"{', '.join(group.paths)}: {group.how}")
