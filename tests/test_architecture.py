"""What may import what, who may approve SQL, and what a start must not load."""

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("catalog", "nl2sql", "tui", "eval")
HEAVY = {"torch", "transformers", "vllm", "openai", "textual"}
NOT_FOR_HELP = HEAVY | {"duckdb", "sqlglot", "pydantic", "yaml", "rich", "onnxruntime", "tokenizers", "numpy", "rapidfuzz", "catalog.semantic"}
ENGINES = {"nl2sql/guard/parse.py", "nl2sql/linking/index.py", "tui/parquet.py", "eval/instances/store.py"}
"""Outside the catalog: the guard's empty engine, names from an asker's own snapshot, the Parquet writer, and invented catalogs to score on."""
CHECKS = "eval/security/"
"""Puts Steward together with a layer left out, to attack the rest, or with a fault, which may raise anything; no ``steward`` command loads it."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def loaded(arguments: list[str]) -> set[str]:
    """Modules in memory when ``steward`` has run with these arguments; checks that it ended well."""
    code = (
        "import json, sys\n"
        f"sys.argv = ['steward', *{arguments!r}]\n"
        "from tui.main import main\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    assert not ended.code, ended.code\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["ask", "--help"], ["sql", "--help"], ["views", "--help"]])
def test_help_loads_next_to_nothing(arguments: list[str]) -> None:
    assert loaded(arguments) & NOT_FOR_HELP == set()


def test_a_question_loads_no_large_library(demo_home: Path, tmp_path: Path) -> None:
    home = shutil.copytree(demo_home, tmp_path / "catalog")
    script = tmp_path / "script.json"
    script.write_text('{"how many": [{"sql": "SELECT count(*) FROM datasets"}]}', encoding="utf-8")
    found = loaded(["--catalog", str(home), "ask", "--json", "--backend", f"scripted:{script}", "how many"])
    assert found & (HEAVY | {"rich", "numpy"}) == set()
    assert "duckdb" in found


def test_the_embedded_backend_loads_no_large_library() -> None:
    code = "import json, sys, nl2sql.backends.embedded, onnxruntime, tokenizers; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(json.loads(done.stdout)) & HEAVY == set()


def test_one_module_loads_onnx_runtime() -> None:
    importers = {
        path
        for path, tree in modules()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Import) and any(name.name.split(".")[0] == "onnxruntime" for name in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "onnxruntime")
    }
    assert importers == set()  # it goes by nl2sql.embedded.runtime, which has it report nothing


@pytest.mark.parametrize("loaded", ["parser.EmbeddedParser", "encoder.Encoder"])
def test_models_leave_nothing_in_the_home_folder_and_report_nothing(loaded: str, tmp_path: Path) -> None:
    module, name = loaded.split(".")
    code = f"from nl2sql.embedded.{module} import {name}\n{name}()\nprint(open('/proc/self/maps').read())"
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "ORT_DISABLE_TELEMETRY": "0"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "onnxruntime" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_only_the_guard_approves() -> None:
    makers = {
        path
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and "Approved" in (getattr(node.func, "id", ""), getattr(node.func, "attr", ""))
    }
    assert {path for path in makers if not path.startswith(CHECKS)} == {"nl2sql/guard/__init__.py"}


def test_only_the_catalog_opens_an_engine() -> None:
    openers = set()
    for path, tree in modules():
        for node in ast.walk(tree):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module] if isinstance(node, ast.ImportFrom) else []
            if "duckdb" in names:
                openers.add(path)
    assert {path for path in openers if not path.startswith(("catalog/", CHECKS))} == ENGINES


def test_no_module_swallows_every_error() -> None:
    broad = {
        f"{path}:{node.lineno}"
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and (node.type is None or getattr(node.type, "id", "") in ("Exception", "BaseException"))
    }
    assert {place for place in broad if not place.startswith(CHECKS)} == set()


def test_layers_point_down() -> None:
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
