"""What the README and the pages of docs tell people to type is typed here: every command, page by page, over the demo catalog."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from catalog.storage.state import State
from tests.doc_blocks import PAGES, ROOT, Command, commands

QUICK = {"concepts.md", "policy-cookbook.md"}
"""Pages that are tried with every change; the rest takes minutes."""

NOT_RUN = {
    r"make (ask|test|train|docs|eval|bench|check)\b": "sets up an environment of its own; .ci/run calls it",
    r"steward chat\b": "an app on a terminal; tests/tui/chat drives it",
    r"steward (ask|doctor) .*--backend vllm": "needs a model server; tests/served starts a real one",
    r"steward serve-model\b": "needs vLLM and a model; tests/served starts a real one",
    r"python -m venv\b|pip install\b": "needs a package registry",
    r"steward train\b": "minutes to hours; tests/training runs some steps",
    r"steward eval (run|report|compare|rescore|mutants)\b": "minutes; tests/eval runs them",
    r"python -m eval\.consensus\b": "reads files that are not part of the project",
    r"nvidia-smi\b": "needs a GPU",
}
"""Commands that are not run here, and why."""
STAND_INS = {
    "/mnt/elsewhere": "elsewhere",
    "/mnt/other-disk": "elsewhere",
    "/srv/www": "www",
    "/data/sales": "sales",
    "https://data.example.org/berlin-1 --root 1.root.json": "www/berlin-1 --root berlin-1/metadata/1.root.json",
    "/media/stick": "berlin-1/keys",
    "PATH…": "documents",
    " --key steward/2587…+44f4…+AW98…": "",
    "patient_notes": "C4",
    "alpaca tatsu-lab/alpaca": "Alpaca Alpaca-cleaned",
}
"""Places and names that the pages make up, and what stands for them here."""
ENDS = {
    r"steward ask\b": {0, 6},  # how often a model is right is for the evals to say
    r"steward catalog check\b.*--fail-on": {0, 1},
    r"steward policy check\b": {0, 1},
}
"""Exit codes of what need not end with 0."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """A folder to type in: a demo catalog, its people's tokens, a `steward` of this checkout."""

    folder: Path
    environment: dict[str, str]

    def run(self, text: str) -> subprocess.CompletedProcess[str]:
        """Type a command."""
        return subprocess.run(
            ["bash", "-c", f"set -o pipefail; {text}"], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=1200, check=False
        )


@pytest.fixture
def scratch(demo_home: Path, tmp_path: Path) -> Scratch:
    folder, tools = tmp_path / "scratch", tmp_path / "tools"
    home = folder / "catalog"
    shutil.copytree(demo_home, home, ignore=shutil.ignore_patterns("snapshots"))
    tools.mkdir()
    (tools / "steward").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tui.main "$@"\n', encoding="utf-8")
    (tools / "steward").chmod(0o755)
    (tools / "python").symlink_to(sys.executable)
    for name in ("elsewhere", "documents", "sales", "www"):
        (folder / name).mkdir()
    (folder / "sales" / "orders.csv").write_text("order_id,email,total\n" + "".join(f"{n},p{n}@example.org,{n * 1.5}\n" for n in range(200)), encoding="utf-8")
    croissant = {"@context": {"@vocab": "https://schema.org/", "cr": "http://mlcommons.org/croissant/"}, "@type": "sc:Dataset", "name": "Tide Gauges", "description": "Sea levels.",
                 "conformsTo": "http://mlcommons.org/croissant/1.0", "license": "https://creativecommons.org/licenses/by/4.0/", "url": "https://example.org/tides"}  # fmt: skip
    (folder / "documents" / "tides.json").write_text(json.dumps(croissant), encoding="utf-8")
    (folder / "questions.jsonl").write_text('{"question": "who owns C4"}\n', encoding="utf-8")
    token = State(home).issue_token("ada", 1)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{tools}:{os.environ['PATH']}", "STEWARD_CATALOG": str(home), "STEWARD_TOKEN": token, "COLUMNS": "100"}
    return Scratch(folder, environment)


def why_not(text: str) -> str | None:
    return next((reason for pattern, reason in NOT_RUN.items() if re.search(pattern, text)), None)


def typed(command: Command) -> str:
    text = command.text
    for made_up, stand_in in STAND_INS.items():
        text = text.replace(made_up, stand_in)
    return text


def blocks(path: Path, language: str) -> list[str]:
    """The blocks of a page that are in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)


COOKBOOK = ROOT / "docs" / "policy-cookbook.md"
PEOPLE, *RECIPES = blocks(COOKBOOK, "yaml")


def page(path: Path) -> object:
    return pytest.param(path, id=path.name, marks=() if path.name in QUICK else pytest.mark.slow)


PAGES_ALONE = {"importer.md"}
"""Pages with a test of their own."""


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("path", [page(path) for path in PAGES if path.name not in PAGES_ALONE and any(not why_not(c.text) for c in commands(path))])
def test_every_command_of_a_page_ends_well(path: Path, scratch: Scratch) -> None:
    shown = blocks(path, "yaml")
    if path == COOKBOOK:
        (scratch.folder / "policy.yaml").write_text(PEOPLE + RECIPES[0], encoding="utf-8")
        (scratch.folder / "expectations.yaml").write_text("version: 1\n" + RECIPES[1], encoding="utf-8")
    elif path.name == "policy.md":
        (scratch.folder / "expectations.yaml").write_text(shown[-1], encoding="utf-8")
    failed = []
    for command in commands(path):
        if why_not(command.text) is None:
            done = scratch.run(typed(command))
            expected = next((codes for pattern, codes in ENDS.items() if re.search(pattern, command.text)), {0})
            if done.returncode not in expected:
                failed.append(f"{command.page}:{command.line}: {command.text}\n  exit code {done.returncode}: {done.stderr.strip()[:500]}")
    assert not failed, "\n".join(failed)


def test_every_reason_not_to_run_is_needed() -> None:
    texts = [command.text for path in PAGES for command in commands(path)]
    assert all(any(re.search(pattern, text) for text in texts) for pattern in NOT_RUN)


def test_pages_link_to_what_there_is() -> None:
    for path in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8")):
            assert target.startswith(("http://", "https://", "mailto:")) or (path.parent / target).exists(), f"{path.name}: {target}"


def test_every_page_is_reachable_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in PAGES[1:] if f"docs/{path.name}" not in readme] == []


def test_every_verb_is_in_the_readme_or_a_page() -> None:
    from tui.main import VERBS

    everything = "\n".join(path.read_text(encoding="utf-8") for path in PAGES)
    assert [verb for verb in VERBS if f"steward {verb}" not in everything] == []


@pytest.mark.parametrize("number", range(1, 11))
def test_every_recipe_decides_as_its_table_says(number: int, tmp_path: Path) -> None:
    from catalog.access.policy import load_policy
    from catalog.access.policy_test import run_table

    rules, cases = RECIPES[2 * (number - 1) : 2 * number]
    (tmp_path / "policy.yaml").write_text(PEOPLE + rules, encoding="utf-8")
    (tmp_path / "cases.yaml").write_text("version: 1\n" + cases, encoding="utf-8")
    outcomes = run_table(tmp_path / "cases.yaml", load_policy(tmp_path / "policy.yaml"))
    assert len(outcomes) >= 3
    assert [outcome for outcome in outcomes if not outcome.is_met] == []


def test_the_cookbook_has_ten_recipes() -> None:
    headings = re.findall(r"^## (\d+)\. ", COOKBOOK.read_text(encoding="utf-8"), re.M)
    assert headings == [str(number) for number in range(1, 11)]
    assert len(RECIPES) == 20


@pytest.mark.timeout(1800)
def test_the_importer_page_makes_a_whole_importer(scratch: Scratch) -> None:
    """The page's reader is installed as a package and reads the page's document."""
    page_ = ROOT / "docs" / "importer.md"
    (code,), (document, *_), (project,) = blocks(page_, "python"), blocks(page_, "json"), blocks(page_, "toml")
    package = scratch.folder / "company-formats"
    package.mkdir()
    (package / "company_formats.py").write_text(code, encoding="utf-8")
    (package / "pyproject.toml").write_text(project, encoding="utf-8")
    metadata = package / "company_formats-1.0.dist-info"  # what installing it leaves, without a package registry
    metadata.mkdir()
    points = project.partition('[project.entry-points."steward.readers"]')[2]
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: company-formats\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text("[steward.readers]" + points.replace('"', ""), encoding="utf-8")
    shutil.rmtree(scratch.folder / "documents")
    (scratch.folder / "documents").mkdir()
    (scratch.folder / "documents" / "inventory.json").write_text(document, encoding="utf-8")
    with_package = Scratch(scratch.folder, {**scratch.environment, "PYTHONPATH": f"{ROOT}:{package}"})
    found = {text: with_package.run(text) for text in dict.fromkeys(command.text for command in commands(page_))}
    assert {text: done.stderr for text, done in found.items() if done.returncode} == {}
    ingest, rows, lineage = found.values()  # the page ingests twice
    assert "documents/inventory.json $.inventory[2].table: expected the name of the table" in ingest.stderr
    assert "crew_lists" in rows.stdout and "harbour_calls" in lineage.stdout
    again = json.loads(with_package.run("steward ingest documents/ --node harbour-1 --json").stdout)
    assert again["records"] == {}
