"""What comes from elsewhere: a folder that a shell is in, a catalog's folder that somebody else made, a receipt from a stranger, what another asker said."""

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from catalog.access.grants import Grants, has_dataset
from catalog.access.policy import ANONYMOUS, Principal, ensure_policy
from catalog.audit import receipt
from catalog.audit.log import AuditLog, Proof
from catalog.audit.merkle import leaf_hash
from catalog.audit.signed_note import Checkpoint, Signer, sign
from catalog.backup.backup import count_rows
from catalog.demo.build import build
from catalog.engine.folders import directory, forget, forget_everything, forget_others
from catalog.engine.snapshot import prepare
from catalog.errors import CatalogUnavailable, UsageError
from catalog.node.sources import Sources
from catalog.pull.fetch import Limits as FetchLimits
from catalog.pull.pull import _known, _pull
from catalog.quality.freshness import freshness
from catalog.quality.watch import look
from catalog.storage.encryption import is_active
from catalog.storage.generations import current, pinned, writing
from catalog.storage.state import State
from eval.security.terminal import acts, corpus
from nl2sql import feedback
from nl2sql.errors import BackendUnavailable
from nl2sql.feedback import Told
from nl2sql.serving import Serve, check
from nl2sql.session import Session, identify, open_session
from tui import private
from tui.chat.history import History
from tui.completing import _path, kept
from tui.completion import _make
from tui.export import _on_screen
from tui.receipt import verify

NOW = datetime(2026, 1, 1)
HIDDEN = "genome_panel"
"""A dataset that the demo's auditor sees and its reviewer does not."""
OTHERS = "precious.txt"
SECRET = "dear diary"
"""What is in it."""
OWNERS = "SELECT owner FROM datasets WHERE name = '{}'"


@pytest.fixture
def home(demo_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(demo_home, tmp_path / "home", ignore=shutil.ignore_patterns("snapshots")))


@pytest.fixture
def others(tmp_path: Path) -> Path:
    """Somebody's files, outside of any catalog."""
    folder = tmp_path / "others" / "letters"
    folder.mkdir(parents=True)
    (folder / OTHERS).write_text(SECRET, encoding="utf-8")
    (folder.parent / OTHERS).write_text(SECRET, encoding="utf-8")
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
    assert SECRET not in f"{told.value.what}{told.value.hint}"


BY_HAND: dict[str, Callable[[Path], Any]] = {
    "a writer": lambda home: _write(home),
    "a watch": lambda home: look(home, NOW),
    "a pull": lambda home: _known(home, []),
    "a grant": lambda home: has_dataset(home, "C4"),
    "a backup": lambda home: count_rows(current(home).path),
    "a question": lambda home: _prepared(home),
}
"""What opens a generation in this process."""


def _write(home: Path) -> None:
    with writing(home) as connection:
        connection.execute("SELECT count(*) FROM dataset")


def _prepared(home: Path) -> Path:
    with pinned(home) as pin:
        return prepare(home, pin, AuditLog(home), identify(State(home), home, None), ["datasets"], NOW)


def _changed(home: Path, *statements: str) -> None:
    """The generation as its maker wanted it."""
    generation = current(home)
    generation.path.chmod(0o600)
    with duckdb.connect(str(generation.path)) as connection:
        for sql in statements:
            connection.execute(sql)


def _bytes(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


@pytest.mark.parametrize("by", BY_HAND)
def test_no_view_in_a_generation_reads_another_file(home: Path, others: Path, by: str) -> None:
    reads = f"SELECT * REPLACE ((SELECT content FROM read_text('{others / OTHERS}')) AS description) FROM dataset_"
    documents = f"SELECT * REPLACE ((SELECT content FROM read_text('{others / OTHERS}')) AS path) FROM document_"
    _changed(home, *(f"ALTER TABLE {name} RENAME TO {name}_" for name in ("dataset", "document")), f"CREATE VIEW dataset AS {reads}", f"CREATE VIEW document AS {documents}")
    before = current(home)
    with pytest.raises(CatalogUnavailable) as told:
        BY_HAND[by](home)
    assert SECRET not in f"{told.value.what}{told.value.hint}"
    assert (current(home), SECRET.encode() in _bytes(home)) == (before, False)


@pytest.mark.parametrize("by", BY_HAND)
def test_no_macro_in_a_generation_reads_another_file(home: Path, others: Path, by: str) -> None:
    """One that is called like a function of the engine's comes before it where its database is the current one."""
    content = f"(SELECT content FROM read_text('{others / OTHERS}'))"
    _changed(home, *(f"CREATE MACRO {name}({given}) AS {content}" for name, given in (("starts_with", "a, b"), ("count_star", ""), ("count", "x"), ("min", "x"), ("max", "x"), ("coalesce_", "x"), ("lower", "x"))))
    with suppress(CatalogUnavailable):
        BY_HAND[by](home)
    assert SECRET.encode() not in _bytes(home)


@pytest.mark.parametrize("name", ['x" AS SELECT 1; COPY (SELECT 42) TO \'{}\'; --', 'x"; ATTACH \'{}\'; --', '"', "x'y"])
def test_a_table_called_like_sql_is_a_table(home: Path, others: Path, name: str) -> None:
    called = name.format(others / "made")
    quoted = called.replace('"', '""')
    _changed(home, f'CREATE TABLE "{quoted}" AS SELECT 1 AS n')
    _write(home)
    assert not (others / "made").exists()
    with duckdb.connect(str(current(home).path), read_only=True) as connection:
        assert (called,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()


def test_a_snapshot_that_lay_in_the_folder_reads_no_other_file(home: Path, others: Path) -> None:
    snapshot = _prepared(home)
    snapshot.chmod(0o600)
    with duckdb.connect(str(snapshot)) as connection:
        connection.execute(f"CREATE MACRO min(x) AS (SELECT content FROM read_text('{others / OTHERS}'))")
    assert _prepared(home) == snapshot
    with pytest.raises(duckdb.PermissionException):
        freshness(snapshot, ["datasets"])


LINKS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "tokens": ("state.sqlite", lambda home: State(home).tokens()),
    "grants": ("state.sqlite", lambda home: Grants(home).all()),
    "the log": ("audit.sqlite", lambda home: AuditLog(home).size),
    "a pin": ("gen-2.pin", _write),
    "the pointer": ("CURRENT.tmp", _write),
    "a draft": ("gen-2.building", _write),
    "the writer's lock": ("writer.lock", _write),
    "the watch's lock": ("watch.lock", lambda home: look(home, NOW)),
    "the policy": ("policy.yaml", ensure_policy),
    "the clock": ("clock", build),
}


@pytest.mark.parametrize("target", ["file", "nothing"])
@pytest.mark.parametrize("what", LINKS)
def test_no_file_of_a_catalog_is_written_through_a_link(home: Path, others: Path, what: str, target: str) -> None:
    name, act = LINKS[what]
    (home / name).unlink(missing_ok=True)
    for beside in home.glob(f"{name}-*"):
        beside.unlink()
    (home / name).symlink_to(others / (OTHERS if target == "file" else "made"))
    with suppress(CatalogUnavailable, UsageError, OSError):
        act(home)
    assert sorted(str(path.relative_to(others)) for path in others.rglob("*")) == ["letters", f"letters/{OTHERS}", OTHERS]
    assert (others / OTHERS).read_text(encoding="utf-8") == SECRET


@pytest.mark.parametrize("name", ["CURRENT", "gen-1.pin", "gen-1.duckdb", "state.sqlite", "audit.sqlite", "policy.yaml", "clock", "mask.key", "audit.key", "encryption.json"])
def test_a_pipe_in_a_catalog_is_not_waited_for(home: Path, name: str) -> None:
    (home / name).unlink(missing_ok=True)
    os.mkfifo(home / name)
    if name == "mask.key":
        with pytest.raises(CatalogUnavailable, match="is damaged"):
            _prepared(home)
        return
    if name == "audit.key":
        log = AuditLog(home)
        with pytest.raises(CatalogUnavailable, match="is not a signing key"):
            log.end(log.begin("ada", None, "query", None, None), "allowed")
        return
    if name == "encryption.json":
        with pytest.raises(CatalogUnavailable, match="is damaged"):
            is_active(home)
        return
    with pytest.raises((CatalogUnavailable, UsageError)), pinned(home) as generation:
        open_session(home, generation, None).close()


def test_nor_is_one_called_like_what_an_earlier_writer_left(home: Path) -> None:
    os.mkfifo(home / "gen-9.pin")
    (home / "gen-9.duckdb").touch()
    _write(home)
    assert current(home).number == 2
    assert not (home / "gen-9.duckdb").exists()


@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_what_a_person_is_remembered_by_waits_for_no_pipe_and_leads_nowhere(home: Path, others: Path, kind: str) -> None:
    principal = Principal(name="ada", roles=("steward",))
    history, folder = History.of(home, principal), directory(home, principal)
    for name in ("questions.jsonl", "questions.draft", "thread.json", f"thread.{os.getpid()}"):
        os.mkfifo(folder / name) if kind == "pipe" else (folder / name).symlink_to(others / OTHERS)
    assert private.kept(home, principal, "thread", 100) is None
    assert History.of(home, principal).entries == []
    history.add("2026-01-01", "who owns C4", "answered")
    private.keep(home, principal, "thread", ["who owns C4"])
    assert History.of(home, principal).entries == history.entries
    assert private.kept(home, principal, "thread", 100) == ["who owns C4"]
    assert (others / OTHERS).read_text(encoding="utf-8") == SECRET
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir() if path.suffix in (".json", ".jsonl")} == {0o600}


def test_lists_of_names_that_lay_in_the_folder_offer_plain_names_alone(home: Path) -> None:
    path = _path(home, "")
    assert path is not None
    directory(home, ANONYMOUS)
    path.write_bytes(b"dataset/a$(reboot)\ta$(reboot)\ndataset/a\xff\ta\xff\ndataset/abc\tabc\n")
    found = kept(home, "")
    assert found is not None
    assert found.beginning("dataset", "a", 9) == ["abc"]
    path.unlink()
    os.mkfifo(path)
    assert kept(home, "") is None


@pytest.mark.parametrize("text", ["9" * 5000, f"gen-{'9' * 5000}.duckdb", "gen-9999999999999999999.duckdb", "gen-1.duckdb/../x", "\x00", "gen-\u0661.duckdb", "gen--1.duckdb"])
def test_what_names_no_generation_is_told(home: Path, text: str) -> None:
    (home / "CURRENT").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogUnavailable, match="does not name a generation"):
        current(home)


def test_publications_are_not_fetched_through_a_link(home: Path, others: Path) -> None:
    (others / ".work").mkdir()
    (others / ".work" / OTHERS).write_text(SECRET, encoding="utf-8")
    shutil.rmtree(home / "publications", ignore_errors=True)
    (home / "publications").symlink_to(others)
    with pytest.raises(CatalogUnavailable, match="leads out of the catalog"):
        _pull(home, Sources(home), [], FetchLimits(), lambda done, total: None, NOW)
    assert (others / ".work" / OTHERS).exists()


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
