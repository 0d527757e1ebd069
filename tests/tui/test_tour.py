"""The tour: every step really runs, each ends as it says, and nothing of it is left."""

import json
import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tui.tour import STEPS

ROOT = Path(__file__).parents[2]
SCRIPT = {
    "how many datasets are there per licence class": [{"sql": "SELECT licence_class, count(*) AS n FROM datasets GROUP BY 1 ORDER BY 2 DESC", "reading": "datasets by licence class"}],
    "what will the weather be tomorrow": [{"decline": "out_of_scope"}],
}


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("tour") / "script.json"
    path.write_text(json.dumps(SCRIPT), encoding="utf-8")
    return f"--backend=scripted:{path}"


def test_every_step_runs_and_ends_as_it_says(steward: Any, scripted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    monkeypatch.setenv("STEWARD_TOKEN", "steward_of_another_catalog")
    ran = steward("tour", scripted)
    out = ran.out.decode()
    assert ran.code == 0
    parts = re.split(r"^\d\. ", out, flags=re.M)[1:]
    assert [part.partition("\n")[0] for part in parts] == [step.title for step in STEPS]
    first, second, third, fourth, fifth, sixth, seventh, eighth = parts
    assert "allowed for anonymous by public-metadata" in first
    assert "for clara by compliance-governance" in second
    assert re.findall(r"commercial +(\d+)", first) != re.findall(r"commercial +(\d+)", second)
    assert "SQL:" not in third and "not a question about the catalog" in ran.err
    assert "denied: The view grants is not open to you. (rule: default)" in ran.err
    assert "SQL:" not in fourth
    assert re.search(r"^[0-9a-f]{16} ", fifth, re.M) and "masked: grants.principal" in fifth
    assert "Common Crawl" in sixth and "LLaMA (model)" in sixth
    assert "checked: what the file holds is what was given" in seventh
    assert "verified" in eighth and "NOT VERIFIED" not in eighth and '"path"' in eighth
    assert list((tmp_path / "temp").iterdir()) == []
    assert not list((tmp_path / "xdg").rglob("thread-*"))


def test_one_step_alone(steward: Any, scripted: str) -> None:
    ran = steward("tour", scripted, "--step", "4")
    assert (ran.code, ran.out.decode().count("$ steward")) == (0, 1)
    assert steward("tour", "--step", "9").code == 2


@pytest.mark.timeout(60)
def test_on_a_terminal_steps_are_skipped_and_the_tour_is_left(scripted: str, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "dumb"}
    with subprocess.Popen([sys.executable, "-m", "tui.main", "tour", scripted], cwd=tmp_path, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as running:
        os.close(theirs)
        os.write(ours, b"s\ns\ns\nq\n")
        shown = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # a pseudo-terminal whose other end is closed
                break
            if not part:
                break
            shown += part
    os.close(ours)
    assert running.returncode == 0
    assert b"4. Denied" in shown and b"5. Masked" not in shown
    assert b"denied:" not in shown
