"""Figures on disputed licences: the curated value is compared with and never heard."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from eval.consensus import main, measure, read

FIELDS = {"Hugging Face": "HF Yaml License", "GitHub": "GitHub License", "Papers with Code": "PwC License Name"}
CASES = {
    # dataset: curated, machine sources
    "agreed": ("MIT License", {"Hugging Face": "mit", "GitHub": "MIT License"}),
    "outvoted": ("MIT License", {"Hugging Face": "mit", "GitHub": "MIT License", "Papers with Code": "CC BY 4.0"}),
    "tied": ("MIT License", {"Hugging Face": "mit", "GitHub": "Apache License 2.0"}),
    "alone": ("CC BY-NC 4.0", {"Hugging Face": "mit"}),
    "uncurated": ("", {"Hugging Face": "mit", "GitHub": "CC BY 4.0"}),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, (curated, said) in CASES.items():
        entry = {
            "Unique Dataset Identifier": name,
            "Dataset Name": name,
            "Licenses": [{"License": curated}],
            "Inferred Metadata": {FIELDS[source]: licence for source, licence in said.items()},
        }
        (tmp_path / f"{name}.json").write_text(json.dumps({name: entry}), encoding="utf-8")
    (tmp_path / "constants.json").write_text("{}", encoding="utf-8")
    return tmp_path


def test_sources_alone_and_together(folder: Path) -> None:
    told = measure(read(folder))
    part = told["licence"]
    assert (told["entries"], part["curated_and_machine"], part["contradicted"]) == (5, 4, 3)
    assert set(part["disputed"]) == {"outvoted", "tied", "alone", "uncurated"}
    scores = part["scores"]["a source and the curators"]
    assert [(scores[s]["right"], scores[s]["said"]) for s in FIELDS] == [(3, 4), (2, 3), (0, 1)]
    assert (scores["consensus, equal trust"]["right"], scores["consensus, equal trust"]["said"]) == (2, 3)


def test_the_curated_value_is_not_heard(folder: Path) -> None:
    before = measure(read(folder))["licence"]
    for path in folder.glob("*.json"):
        path.write_text(path.read_text(encoding="utf-8").replace('"License": "MIT License"', '"License": "CC0 1.0"'), encoding="utf-8")
    after = measure(read(folder))["licence"]
    for key in ("trust_learned", "trust_in_pairs", "sources_heard"):
        assert after[key] == before[key]
    said: list[list[Any]] = [[row["said"] for row in part["scores"]["a source and the curators"].values()] for part in (before, after)]
    assert said[0] == said[1]
    assert after["scores"]["a source and the curators"]["consensus, equal trust"]["right"] == 0


def test_the_command(folder: Path) -> None:
    ran = CliRunner().invoke(main, [str(folder), "--list"])
    assert ran.exit_code == 0 and "4 datasets with a curated value and a source's, 3 contradicted, 4 disputed" in ran.output
    listed = {row["dataset"]: row["licence"] for row in map(json.loads, ran.output.splitlines()[-4:])}
    assert listed["tied"] == {"Data Provenance Initiative": "MIT License", "GitHub": "Apache License 2.0", "Hugging Face": "MIT License"}
    assert json.loads(CliRunner().invoke(main, [str(folder), "--json"]).output)["entries"] == 5
