"""What comes from elsewhere: a folder that a shell is in, a catalog's folder that somebody else made, a receipt from a stranger, what another asker said."""

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from catalog.access.policy import ANONYMOUS, Principal
from catalog.audit import receipt
from catalog.audit.log import AuditLog, Proof
from catalog.audit.merkle import leaf_hash
from catalog.audit.signed_note import Checkpoint, Signer, sign
from catalog.engine.snapshot import directory, forget, forget_everything, forget_others, prepare
from catalog.errors import CatalogUnavailable, UsageError
from catalog.storage.generations import current, pinned
from catalog.storage.state import State
from eval.security.terminal import acts, corpus
from nl2sql import feedback
from nl2sql.errors import BackendUnavailable
from nl2sql.feedback import Told
from nl2sql.serving import Serve, check
from nl2sql.session import Session, identify, open_session
from tui.completing import kept
from tui.completion import _make
from tui.export import _on_screen
from tui.receipt import verify

NOW = datetime(2026, 1, 1)
HIDDEN = "genome_panel"
"""A dataset that the demo's auditor sees and its reviewer does not."""
OTHERS = "precious.txt"
OWNERS = "SELECT owner FROM datasets WHERE name = '{}'"


@pytest.fixture
def home(demo_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(demo_home, tmp_path / "home", ignore=shutil.ignore_patterns("snapshots")))


@pytest.fixture
def others(tmp_path: Path) -> Path:
    """Somebody's files, outside of any catalog."""
    folder = tmp_path / "others" / "letters"
    folder.mkdir(parents=True)
    (folder / OTHERS).write_text("precious", encoding="utf-8")
    (folder.parent / OTHERS).write_text("precious", encoding="utf-8")
    return folder.parent


@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")  # it outlives who starts it
def test_completion_runs_nothing_of_the_folder_that_the_shell_is_in(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark, here = tmp_path / "ran", tmp_path / "here"
    (here / "tui").mkdir(parents=True)
    for name in ("tui/__init__", "tui/completing", "filelock", "catalog"):
        (here / f"{name}.py").write_text(f"open({str(mark)!r}, 'w')", encoding="utf-8")
    monkeypatch.chdir(here)
    _make(home, "")
    until = time.monotonic() + 60
    while kept(home, "") is None and not mark.exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert (mark.exists(), kept(home, "") is None) == (False, False)


def test_a_model_server_is_not_taken_from_the_folder_that_the_shell_is_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "vllm").mkdir()
    (tmp_path / "vllm" / "__init__.py").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BackendUnavailable, match="has no vLLM"):
        check(Serve(model="any/model", python=sys.executable))


FORGETTING: dict[str, Callable[[Path], Any]] = {
    "of one": lambda home: forget(home, ANONYMOUS.name),
    "of those who left": lambda home: forget_others(home, []),
    "of all": forget_everything,
    "of whoever asks": lambda home: identify(State(home), home, None),
    "a revocation": lambda home: State(home).revoke_tokens(ANONYMOUS.name),
}


@pytest.mark.parametrize("forgetting", FORGETTING)
@pytest.mark.parametrize("place", ["snapshots", "folder"])
def test_a_link_leads_to_nothing_that_is_removed(home: Path, others: Path, place: str, forgetting: str) -> None:
    private = directory(home, ANONYMOUS)
    link = private if place == "folder" else private.parent
    shutil.rmtree(link)
    link.symlink_to(others)
    FORGETTING[forgetting](home)
    assert sorted(str(path.relative_to(others)) for path in others.rglob("*")) == ["letters", f"letters/{OTHERS}", OTHERS]
    with pytest.raises(CatalogUnavailable, match="leads out of the catalog"):
        directory(home, ANONYMOUS)


def test_a_folder_that_is_nobodys_is_left(home: Path) -> None:
    stray = directory(home, ANONYMOUS).parent / "letters"
    stray.mkdir()
    gone = directory(home, Principal(name="gone", roles=()))
    forget_others(home, [ANONYMOUS.name])
    assert (stray.exists(), gone.exists(), directory(home, ANONYMOUS).exists()) == (True, False, True)


@pytest.mark.parametrize("view", ["read_text('{}')", "read_csv('{}', columns = {{'content': 'VARCHAR'}}, header = false)", "(SELECT content FROM read_blob('{}'))"])
def test_a_view_in_a_generation_reads_no_other_file(home: Path, others: Path, view: str) -> None:
    generation = current(home)
    generation.path.chmod(0o600)
    with duckdb.connect(str(generation.path)) as connection:
        connection.execute("ALTER TABLE dataset RENAME TO dataset_")
        connection.execute(f"CREATE VIEW dataset AS SELECT * REPLACE ((SELECT content::VARCHAR FROM {view.format(others / OTHERS)}) AS description) FROM dataset_")
    with pytest.raises(CatalogUnavailable) as told, pinned(home) as pin:
        prepare(home, pin, AuditLog(home), identify(State(home), home, None), ["datasets"], NOW)
    assert "precious" not in f"{told.value.what}{told.value.hint}"


def test_the_name_in_a_receipt_does_nothing_on_a_screen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ruling = receipt.Ruling(verdict="allowed", rules=(), masked=(), policy_version="v")
    statement = receipt.Statement(
        seq=1, at="t", today="t", principal="p", question="q", reading="", status="refused", sql="", decision=ruling,
        source=receipt.Source(generation=1, sha256=None), answer=None, salt="s",
    )  # fmt: skip
    said = {"kind": "outcome", "seq": 1, "at": "t", "decision": "allowed", "policy": None, "row_count": None, "receipt": statement.commitment}
    leaf = json.dumps(said).encode()
    signer = Signer.load_or_create(tmp_path / "key", "steward/\u202edrawets\u2066\u200b\U000e0041")
    note = sign(Checkpoint(signer.name, 1, leaf_hash(leaf)).text, signer)
    file = tmp_path / "receipt.json"
    file.write_text(receipt.issue(statement, Proof(0, 1, leaf, (), note), signer.verifier).text, encoding="utf-8")
    verify.main([str(file)], standalone_mode=False)
    shown = capsys.readouterr()
    assert "signed by steward/" in shown.out
    assert acts(shown.out + shown.err) == ""


def test_what_is_exported_does_nothing_on_a_screen() -> None:
    for text in corpus():
        for written in (json.dumps({"description": text}, ensure_ascii=False, indent=2), f"  description {text} ;"):
            assert acts(_on_screen(f"{written}\n".encode("utf-8", "replace"))) == "", repr(text)
    plain = '{\n  "name": "Ada – Ümläut 中文"\n}\n'
    assert _on_screen(plain.encode()) == plain


@pytest.fixture
def people(home: Path) -> Iterator[Callable[[str], Session]]:
    opened: list[Session] = []

    def open_for(name: str) -> Session:
        with pinned(home) as generation:
            opened.append(open_session(home, generation, State(home).issue_token(name, 1)))
        return opened[-1]

    yield open_for
    for session in opened:
        session.close()


SAID = [
    (f"who owns {HIDDEN}", OWNERS.format(HIDDEN), "", "", False),
    ("who owns C4", OWNERS.format("C4"), "", "", True),
    ("who owns C4", OWNERS.format("C4"), "", f"Unlike {HIDDEN.replace('_', ' ')}.", False),
    ("who owns C4", OWNERS.format("C4"), OWNERS.format(HIDDEN), "", False),
    ("who owns it", "SELECT owner FROM datasets WHERE name LIKE '%" + HIDDEN + "%'", "", "", False),
    ("", OWNERS.format("The Pile"), "", "better than C4", True),
]


def test_a_reviewer_reads_no_name_that_is_hidden_from_them(people: Callable[[str], Session]) -> None:
    ivy, ada = people("ivy"), people("ada")
    for question, sql, corrected, note, _ in SAID:
        feedback.give("bad", Told(question, sql, None, None), ivy, note, corrected)
    assert len(feedback.listed(ivy)) == len(SAID)
    assert [entry.number for entry in feedback.listed(ada)] == [at for at, said in enumerate(SAID, 1) if said[-1]]
    with pytest.raises(UsageError, match="There is no feedback 1"):
        feedback.shown(1, ada)
    with pytest.raises(UsageError, match="There is no feedback 1"):
        feedback.promote(1, ada)
