"""Shell completion by the protocol that the shells' own scripts speak: what is offered, to whom, and that nothing else ever happens."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from catalog.access.grants import Grants
from catalog.storage.state import State
from tui.completing import PLAIN, Names, kept, make
from tui.completion import SHELLS

ROOT = Path(__file__).parents[2]
Complete = Callable[..., list[str]]


@pytest.fixture(scope="module")
def home(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog whose lists are made for nobody yet."""
    return Path(shutil.copytree(demo_home, tmp_path_factory.mktemp("completing") / "catalog", ignore=shutil.ignore_patterns("snapshots")))


@pytest.fixture
def complete(home: Path, tmp_path: Path) -> Complete:
    """``complete("catalog", "lineage", "C")``: what bash, zsh or fish would be told, as a process of its own."""

    def run(*words: str, shell: str = "bash", token: str = "", catalog: Path = home) -> list[str]:
        names = {
            "bash": {"COMP_WORDS": " ".join(["steward", *words]), "COMP_CWORD": str(len(words))},
            "zsh": {"COMP_WORDS": " ".join(["steward", *words]), "COMP_CWORD": str(len(words))},
            "fish": {"COMP_WORDS": " ".join(["steward", *words]), "COMP_CWORD": words[-1]},
        }[shell]
        environment = {**os.environ, **names, "_STEWARD_COMPLETE": f"{shell}_complete", "STEWARD_CATALOG": str(catalog), "STEWARD_TOKEN": token, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-m", "tui.main"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=240)
        assert done.stderr == ""
        return [line for line in done.stdout.splitlines() if line]  # click ends nothing with a line break

    return run


def values(lines: list[str]) -> set[str]:
    """The words that bash is offered."""
    return {line.partition(",")[2] for line in lines if line}


def seen(home: Path, token: str, sql: str) -> set[str]:
    """What somebody may see, as the guard has it."""
    from catalog.storage.generations import pinned
    from nl2sql.pipeline import ask_sql
    from nl2sql.session import open_session
    from nl2sql.turn import Answered

    with pinned(home) as generation, closing(open_session(home, generation, token or None)) as session:
        *_, last = ask_sql(sql, session)
        assert isinstance(last, Answered), last
        return {str(row[0]) for row in last.result.rows}


@pytest.mark.parametrize("who", ["", "max", "clara", "oleg"])
def test_exactly_the_names_that_the_asker_sees(home: Path, who: str) -> None:
    token = State(home).issue_token(who, 1) if who else ""
    make(home, token)
    lists = kept(home, token)
    assert lists is not None
    offered = set(lists.beginning("dataset", "", 100_000))
    assert offered == {name for name in seen(home, token, "SELECT DISTINCT name FROM datasets") if PLAIN.fullmatch(name)}
    assert len(offered) > 20
    with closing(duckdb.connect(str(next(home.glob("gen-*.duckdb"))), read_only=True)) as connection:
        everything = {row[0] for row in connection.execute("SELECT DISTINCT name FROM dataset").fetchall()}
    assert offered < everything


def test_a_list_is_made_by_the_first_keystroke_and_offered_by_a_later_one(home: Path, complete: Complete) -> None:
    token = State(home).issue_token("ada", 1)
    assert complete("catalog", "lineage", "c", token=token) == []
    for _ in range(1800):
        if kept(home, token) is not None:
            break
        time.sleep(0.1)
    assert {"C4", "COCO", "CC-100"} <= values(complete("catalog", "lineage", "c", token=token))
    assert values(complete("catalog", "lineage", "cc", token=token)) == {"CC-100"}


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("ca",), {"catalog"}),
        (("eval", "re"), {"report", "rescore"}),
        (("ask", "--form"), {"--format"}),
        (("ask", "--format", "j"), {"json", "jsonl"}),
        (("views", "da"), {"datasets"}),
        (("catalog", "similar", "--view", "mod"), {"models"}),
        (("ask", "who", "owns", "mnis"), {"MNIST"}),
        (("ask", "complet"), {"completeness"}),
        (("catalog", "lineage", "llam"), {"LLaMA"}),
        (("export", "croissant", "--dataset", "mnis"), {"MNIST"}),
        (("completion", "z"), {"zsh"}),
        (("catalog", "lineage", "--"), None),
        (("nothing", "x"), set()),
    ],
)
def test_what_is_offered(home: Path, complete: Complete, words: tuple[str, ...], offered: set[str] | None) -> None:
    make(home, "")
    found = values(complete(*words))
    assert found == offered if offered is not None else {"--up", "--down", "--json"} <= found


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_has_its_script_and_is_answered(steward: Any, home: Path, complete: Complete, shell: str) -> None:
    script = steward("completion", shell).out.decode()
    assert f"_STEWARD_COMPLETE={shell}_complete" in script
    make(home, "")
    assert any("MNIST" in line for line in complete("catalog", "lineage", "MNI", shell=shell))


def test_a_closed_view_is_not_offered(home: Path, complete: Complete) -> None:
    make(home, "")
    assert "grants" not in values(complete("views", ""))
    token = State(home).issue_token("ada", 1)
    make(home, token)
    assert "grants" in values(complete("views", "", token=token))


def test_what_ends_a_right_ends_its_list(home: Path) -> None:
    state = State(home)
    token = state.issue_token("max", 1)
    make(home, token)
    assert kept(home, token) is not None
    Grants(home).give("max", "C4", days=1)
    assert kept(home, token) is None
    make(home, token)
    Grants(home).revoke("max", "C4")
    assert kept(home, token) is None
    make(home, token)
    policy = home / "policy.yaml"
    policy.write_text(policy.read_text(encoding="utf-8") + "\n# another text\n", encoding="utf-8")
    assert kept(home, token) is None
    make(home, token)
    assert all(path.stat().st_mode & 0o077 == 0 for path in home.glob("snapshots/*/names-*.txt"))
    state.revoke_tokens("max")
    assert kept(home, token) is None


@pytest.mark.parametrize("token", ["steward_wrong", "\x00", "x" * 5000])
def test_nobodys_token_is_offered_nothing(home: Path, complete: Complete, token: str) -> None:
    make(home, "")
    assert kept(home, token) is None
    if "\x00" not in token:
        assert complete("catalog", "lineage", "C", token=token) == []


def test_without_a_catalog_or_with_a_broken_one_nothing_is_said(complete: Complete, demo_home: Path, tmp_path: Path) -> None:
    assert complete("catalog", "lineage", "C", catalog=tmp_path / "nowhere") == []
    assert not (tmp_path / "nowhere").exists()
    broken = Path(shutil.copytree(demo_home, tmp_path / "broken", ignore=shutil.ignore_patterns("snapshots")))
    (broken / "state.sqlite").write_bytes(b"no database" * 1000)
    assert complete("catalog", "lineage", "C", catalog=broken, token="steward_x") == []
    (tmp_path / ".steward.toml").write_text("nonsense = 1\n", encoding="utf-8")
    assert complete("catalog", "lineage", "C") == []


@pytest.mark.parametrize("name", ["$(reboot)", "`id`", "a b", "-rf", "~root", "x;y", "x\ny", "naïve", "", "'q'", 'q"', "a\tb", "*", "a&b"])
def test_a_name_that_a_shell_might_act_on_is_never_offered(name: str) -> None:
    assert PLAIN.fullmatch(name) is None


def test_a_prefix_is_found_whatever_its_case() -> None:
    names = ["alpha", "Beta", "beta-2", "betamax", "gamma"]
    lists = Names(b"\n" + "\n".join(sorted(f"dataset/{name.lower()}\t{name}" for name in names)).encode())
    assert lists.beginning("dataset", "BETA", 9) == ["Beta", "beta-2", "betamax"]
    assert lists.beginning("dataset", "BETA", 2) == ["Beta", "beta-2"]
    assert lists.beginning("model", "", 9) == []
    assert lists.beginning("dataset", "gamma\n", 9) == []


def test_an_answer_loads_no_engine_and_no_parser(home: Path, tmp_path: Path) -> None:
    make(home, "")
    code = "import sys\nfrom tui.main import main\ntry:\n    main()\nexcept SystemExit:\n    print(sorted({'duckdb', 'sqlglot', 'pydantic', 'yaml', 'numpy', 'rich', 'onnxruntime'} & set(sys.modules)), file=sys.stderr)"
    environment = {**os.environ, "_STEWARD_COMPLETE": "bash_complete", "COMP_WORDS": "steward catalog lineage MNI", "COMP_CWORD": "3", "STEWARD_CATALOG": str(home), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr.strip()) == ("plain,MNIST\n", "[]")
