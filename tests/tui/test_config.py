"""Settings: who counts before whom, what a file may say, and what is never printed."""

import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import UsageError
from catalog.storage.state import State
from tui.settings import SETTINGS, File, read_file, resolve, template

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in; its file of settings does not exist yet."""
    folder = tmp_path / "project"
    (folder / "below").mkdir(parents=True)
    monkeypatch.chdir(folder / "below")
    return folder / ".steward.toml"


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "user.toml"
    monkeypatch.setenv("STEWARD_CONFIG", str(path))
    return path


LAYERS = ("user", "project", "environment", "flag")
PREFERENCE = [combination for count in range(5) for combination in itertools.combinations(LAYERS, count)]


@pytest.mark.parametrize("said", PREFERENCE, ids=lambda said: "+".join(said) or "nothing")
def test_the_nearest_counts(steward: Any, project: Path, user: Path, monkeypatch: pytest.MonkeyPatch, said: tuple[str, ...]) -> None:
    """With every combination of layers: how many rows come is what the last of them says."""
    rows = {"user": 1, "project": 2, "environment": 3, "flag": 4}
    if "user" in said:
        user.write_text("# mine\n\nlimit = 1\n", encoding="utf-8")
    if "project" in said:
        project.write_text("limit = 2\n", encoding="utf-8")
    if "environment" in said:
        monkeypatch.setenv("STEWARD_LIMIT", "3")
    ran = steward("sql", "-q", "--format", "csv", *(("--limit", "4") if "flag" in said else ()), "SELECT name FROM datasets")
    count = len(ran.out.splitlines()) - 1
    assert count == rows[said[-1]] if said else count > 100
    told = steward("config", "show", "limit", "--json").json["settings"]["limit"]
    nearest = [layer for layer in said if layer != "flag"]
    assert told["source"] == (nearest[-1] if nearest else "default")
    where = {"user": f"{user}:3", "project": f"{project}:1", "environment": "STEWARD_LIMIT"}
    assert told["where"] == (where[nearest[-1]] if nearest else None)


def test_the_catalog_is_found_by_a_file_relative_to_it(home: Path, project: Path, user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project.parent / "data").symlink_to(home)
    project.write_text('catalog = "data"\n', encoding="utf-8")
    user.write_text(f'trusted = "{project.parent.parent}"\n', encoding="utf-8")
    monkeypatch.delenv("STEWARD_CATALOG")
    done = subprocess.run([sys.executable, "-m", "tui.main", "status", "--json"], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert f'"catalog": "{project.parent / "data"}"' in done.stdout


def test_a_flag_is_shown_as_a_flag(steward: Any, home: Path) -> None:
    told = steward("--color", "never", "config", "show", "--json").json["settings"]
    assert (told["catalog"]["source"], told["catalog"]["value"]) == ("flag", str(home))
    assert (told["color"]["source"], told["color"]["where"]) == ("flag", "--color")


FAULTS = [
    ('formt = "csv"', 1, "no setting 'formt'", "Did you mean format?"),
    ("\n\nlimit = 0", 3, "limit is 0, not 1 to", ""),
    (f"limit = 0x{'f' * 6000}", 1, "limit is a number of many digits, not 1 to", ""),
    (f"timeout = -0x{'f' * 6000}", 0, "line 1", ""),
    (f"timeout = 0b{'1' * 60000}", 1, "timeout is a number of many digits, not", ""),
    ("timeout = nan", 1, "timeout is nan, not", ""),
    (f"format = 0x{'f' * 6000}", 1, "format is a number of many digits, not a text", ""),
    (f"backend = [{'[' * 900}{']' * 900}]", 0, "", ""),
    ('limit = "many"', 1, "limit is 'many', not a number", ""),
    ("limit = true", 1, "limit is True, not a number", ""),
    ("limit = 2.5", 1, "limit is 2.5, not a number", ""),
    ('format = "cvs"', 1, "format is 'cvs'", "Did you mean csv?"),
    ("backend = 7", 1, "backend is 7, not a text", ""),
    ("[ask]\nlimit = 1", 1, "no setting 'ask'", ""),
    ("limit = ", 0, "Invalid value (at line 1", ""),
    ("\x00", 0, "line 1", ""),
    ('token_file = "t"', 1, "token_file is not for a project's file", "who you are is yours to say"),
    ('base_url = "http://evil.example/v1"', 1, "base_url is not for a project's file", ""),
    ('backend = "vllm:http://evil.example/v1"', 1, "backend is not for a project's file", ""),
]


@pytest.mark.parametrize(("text", "line", "what", "hint"), FAULTS)
def test_a_fault_is_told_with_file_line_and_what_is_meant(steward: Any, project: Path, text: str, line: int, what: str, hint: str) -> None:
    project.write_text(text + "\n", encoding="utf-8")
    ran = steward("config", "validate")
    assert (ran.code, ran.out) == (2, b"")
    assert f"{project}:{line}: " in ran.err if line else str(project) in ran.err
    assert what in ran.err
    assert hint in ran.err
    told = steward("config", "validate", "--json").json
    assert (told["ok"], len(told["faults"])) == (False, 1)
    assert steward("sql", "SELECT 1").code == 2


def test_every_command_but_those_that_mend_it_stops_at_a_fault(steward: Any, project: Path) -> None:
    project.write_text("nonsense = 1\n", encoding="utf-8")
    assert [steward(*words).code for words in (("views",), ("config", "show"), ("config", "path"), ("completion", "bash"), ("--help",))] == [2, 2, 0, 0, 0]


def test_a_pipe_in_the_place_of_a_project_file_is_not_waited_for(steward: Any, project: Path) -> None:
    os.mkfifo(project)
    assert b"ignored: it is no file" in steward("config", "path").out
    assert steward("sql", "-q", "SELECT 1 AS n").code == 0


def test_a_project_file_of_somebody_else_is_ignored(steward: Any, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write_text("limit = 1\n", encoding="utf-8")
    monkeypatch.setattr(os, "getuid", lambda: 4_294_967)
    assert b"ignored: it belongs to somebody else" in steward("config", "path").out
    assert len(steward("sql", "-q", "--format", "csv", "SELECT name FROM datasets").out.splitlines()) > 100


CHOOSING = ('catalog = "data"', 'purpose = "training"', 'backend = "transformers:evil/model"', 'backend = "scripted:../script.json"', 'fallback = "vllm"')
"""What a folder that somebody gave you might say of what is opened, asked for and asked."""


@pytest.mark.parametrize("text", CHOOSING)
def test_a_folder_that_nobody_trusts_chooses_nothing(steward: Any, project: Path, user: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.delenv("STEWARD_CATALOG", raising=False)
    project.write_text(f"{text}\n", encoding="utf-8")
    name = text.partition(" ")[0]
    for trusted in ("", "/nowhere", "relative", f"{project.parent}-other", f"{project.parent}/below"):
        user.write_text(f'trusted = "{trusted}"\n' if trusted else "", encoding="utf-8")
        with pytest.raises(UsageError, match=":1: you do not trust ") as told:
            resolve()
        assert f'in {user}: trusted = "' in told.value.hint
        if name != "catalog":  # which these commands are told
            ran = steward("ask", "who owns C4")
            assert (ran.code, ran.out) == (2, b"")
    for trusted in (f"{project.parent}", f"/nowhere:{project.parent.parent}", "/"):
        user.write_text(f'trusted = "{trusted}"\n', encoding="utf-8")
        assert resolve()[name].source == "project"
    user.write_text(told.value.hint.partition(": ")[2] + "\n", encoding="utf-8")
    assert resolve()[name].source == "project", "what the hint says to write is what is needed"


def test_a_flag_or_variable_needs_no_trust(project: Path, user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write_text('catalog = "data"\nbackend = "transformers:evil/model"\n', encoding="utf-8")
    monkeypatch.setenv("STEWARD_BACKEND", "embedded")
    assert {name: value.source for name, value in resolve({"catalog": Path("x")}).items() if name in ("catalog", "backend")} == {"catalog": "flag", "backend": "environment"}


def test_a_link_is_trusted_for_where_it_leads(project: Path, user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write_text('purpose = "training"\n', encoding="utf-8")
    (inside := tmp_path / "trusted").mkdir()
    (inside / "link").symlink_to(project.parent)
    user.write_text(f'trusted = "{inside}"\n', encoding="utf-8")
    monkeypatch.chdir(inside / "link")
    with pytest.raises(UsageError, match="you do not trust"):
        resolve()


def test_no_project_says_what_is_trusted(steward: Any, project: Path) -> None:
    project.write_text('trusted = "/"\n', encoding="utf-8")
    assert "trusted is not for a project's file" in steward("views").err


def test_the_user_may_set_what_a_project_may_not(user: Path) -> None:
    user.write_text('token_file = "mine"\nbase_url = "http://127.0.0.1:9/v1"\n', encoding="utf-8")
    assert {name: value.value for name, value in read_file(File("user", user, True)).items()} == {"token_file": user.parent / "mine", "base_url": "http://127.0.0.1:9/v1"}


def test_a_token_comes_from_a_file_that_only_its_owner_reads(steward: Any, home: Path, user: Path, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text(State(home).issue_token("ada", 1) + "\n", encoding="utf-8")
    user.write_text(f'token_file = "{secret}"\n', encoding="utf-8")
    secret.chmod(0o600)
    assert steward("sql", "--json", "SELECT 1").json["decision"]["principal"] == "ada"
    assert steward("views", "--json").json["closed"] == []
    assert steward("sql", "--json", "--token", "", "SELECT 1").json["decision"]["principal"] == "anonymous"
    secret.chmod(0o644)
    ran = steward("sql", "SELECT 1")
    assert (ran.code, "chmod 600" in ran.err) == (2, True)


def test_secrets_are_never_printed(steward: Any, home: Path, user: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    token = State(home).issue_token("ada", 1)
    monkeypatch.setenv("STEWARD_TOKEN", token)
    monkeypatch.setenv("STEWARD_VLLM_KEY", "sk-very-secret")
    user.write_text('base_url = "https://me:hunter2@example.org/v1"\n', encoding="utf-8")
    for words in (("config", "show"), ("config", "show", "--json"), ("config", "validate")):
        ran = steward(*words)
        assert not any(secret in ran.out + ran.err.encode() for secret in (token.encode(), b"sk-very-secret", b"hunter2"))
    assert steward("config", "show", "--json").json["secrets_set"] == ["STEWARD_TOKEN", "STEWARD_VLLM_KEY"]


def test_what_init_begins_is_whole_and_valid(steward: Any, user: Path, project: Path) -> None:
    assert steward("config", "init").code == 0
    assert all(f"# {setting.name} = " in user.read_text(encoding="utf-8") for setting in SETTINGS)
    assert "token_file" not in template(project=True)
    assert steward("config", "init", "--project", "--json").json == {"path": str(project.parent / "below" / ".steward.toml")}
    assert steward("config", "validate").code == 0
    again = steward("config", "init")
    assert (again.code, "is there already" in again.err) == (2, True)
    assert steward("config", "init", "--force").code == 0


def test_a_near_name_is_offered(steward: Any) -> None:
    ran = steward("config", "show", "limits")
    assert (ran.code, ran.err) == (2, "steward: There is no setting 'limits'.\n  Did you mean limit?\n")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_file(File("user", tmp_path, True))
    (long := tmp_path / "long.toml").write_text("#" * 200_000, encoding="utf-8")
    with pytest.raises(UsageError, match="longer than"):
        read_file(File("user", long, True))


def test_a_folder_that_is_gone_has_no_file(tmp_path: Path) -> None:
    (gone := tmp_path / "gone").mkdir()
    code = f"import os; os.chdir({str(gone)!r}); os.rmdir({str(gone)!r})\nfrom tui.settings import files\nprint(files()[1].exists)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)
    assert done.stdout == "False\n"
