"""The command line run in this process, over a copy of the demo catalog that its tests may write to."""

import io
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tui.main import main

SCRIPT = {
    "personal data": [
        {"sql": "SELECT name, owner FROM datasets WHERE pii ORDER BY name", "reading": "datasets with personal data", "confidence": 0.93},
    ],
    "how many": [{"sql": "SELECT count(*) AS n FROM datasets"}],
    "nothing": [{"sql": "SELECT name, languages FROM datasets WHERE FALSE"}],
    "grants": [{"sql": "SELECT principal FROM grants"}],
    "stewards": [{"sql": "SELECT steward FROM datasets"}],
    "wrong": [{"sql": "SELECT nope FROM datasets"}],
    "quality": [{"clarify": "Which one?", "choices": ["quality score", "pass\x1b[31m rate"]}],
    "drop it": [{"decline": "change_request"}],
    "slow": [{"sql": "SELECT count(*) FROM quality_metrics a, quality_metrics b, quality_metrics c"}],
}


@dataclass(frozen=True)
class Ran:
    code: int
    out: bytes
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Steward = Callable[..., Ran]


@pytest.fixture(scope="module")
def home(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(demo_home, tmp_path_factory.mktemp("cli") / "catalog"))


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("script") / "script.json"
    path.write_text(json.dumps(SCRIPT), encoding="utf-8")
    return f"--backend=scripted:{path}"


@pytest.fixture
def steward(home: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Steward:
    """``steward("sql", "SELECT 1")`` over the demo catalog; ``stdin`` is what is piped in."""

    def run(*arguments: str, stdin: bytes = b"", catalog: Path = home) -> Ran:
        monkeypatch.setattr(sys, "argv", ["steward", "--catalog", str(catalog), *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsysbinary.readouterr()
        assert isinstance(ended.value.code, int)
        return Ran(ended.value.code, out, err.decode("utf-8"))

    return run
