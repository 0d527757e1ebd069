"""Backups: what is copied, what is refused, and what a restore leaves behind when it fails or is killed."""

import hashlib
import os
import shutil
import sqlite3
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.access.grants import Grants
from catalog.access.policy import ensure_policy
from catalog.audit.log import AuditLog
from catalog.audit.signed_note import Signer
from catalog.audit.witness import witness
from catalog.backup.backup import back_up
from catalog.backup.backup_file import Manifest, Member, open_archive, write_archive
from catalog.backup.restore import WHOLE, restore, restore_test
from catalog.errors import GovernanceError, UsageError, VerificationFailed
from catalog.storage.generations import current, pinned, writing
from catalog.storage.records import Dataset, Node
from catalog.storage.rows import upsert
from catalog.storage.state import State
from tests.catalog.forks import Forks

NOW = datetime(2026, 11, 1, 12)


def write(home: Path, *names: str) -> None:
    with writing(home) as connection:
        upsert(connection, [Node(node="n"), *(Dataset(node="n", name=name) for name in names)])


def names(home: Path) -> set[str]:
    with pinned(home) as generation, duckdb.connect(generation.path, read_only=True) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM dataset").fetchall()}


def ask(home: Path, question: str) -> None:
    log = AuditLog(home)
    log.end(log.begin("ada", "steward", "query", question, "SELECT 1"), "allowed")


def recorded(home: Path) -> list[tuple[object, ...]]:
    with pinned(home) as generation, duckdb.connect(generation.path, read_only=True) as connection:
        return connection.execute(
            "SELECT dataset, kind, last_synced, last_restore_test, restore_ok, integrity_ok, origin FROM replica"
        ).fetchall()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "live"
    write(home, "a", "b")
    ensure_policy(home)
    ask(home, "which datasets are there")
    return home


def taken(home: Path, tmp_path: Path) -> Path:
    return back_up(home, tmp_path / "one.stewardbackup", NOW).path


def test_what_comes_back_is_what_was_there(home: Path, tmp_path: Path) -> None:
    (home / "clock").write_text("2026-11-01T12:00:00\n", encoding="utf-8")
    backup = back_up(home, tmp_path / "one.stewardbackup", NOW)
    assert backup.path.stat().st_mode & 0o777 == 0o600
    assert (backup.manifest.tables["dataset"], backup.manifest.tables["node"], backup.log.ok) == (2, 1, True)
    done = restore(backup.path, tmp_path / "back")
    assert names(done.folder) == {"a", "b"} == names(home)
    assert done.folder.stat().st_mode & 0o777 == 0o700
    for name in ("policy.yaml", "audit.key", "clock"):
        assert (done.folder / name).read_bytes() == (home / name).read_bytes()
    assert current(done.folder).sha256 == current(home).sha256
    assert next(e.question for e in AuditLog(done.folder).entries()) == "which datasets are there"
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
    assert [p.name for p in home.iterdir() if p.name.startswith(".")] == []
    write(done.folder, "c")
    assert names(done.folder) == {"a", "b", "c"}
    with closing(sqlite3.connect(done.folder / "audit.sqlite")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_the_export_and_the_restore_are_in_the_log(home: Path, tmp_path: Path) -> None:
    backup = taken(home, tmp_path)
    last = AuditLog(home).entries()[-1]
    assert (last.actor, last.action, last.decision) == ("operator", "export", "allowed")
    restore(backup, tmp_path / "back")
    log = AuditLog(tmp_path / "back")
    last = log.entries()[-1]
    assert (last.actor, last.action, last.verified) == ("operator", "ingest", True)
    assert last.question and "restore of the backup taken at" in last.question
    assert log.verify().ok


def test_a_log_that_was_set_back_shows_against_a_copy_outside(home: Path, tmp_path: Path) -> None:
    backup = taken(home, tmp_path)
    for i in range(3):
        ask(home, f"later {i}")
    outside = tmp_path / "outside.jsonl"
    witness(AuditLog(home), outside)
    restore(backup, tmp_path / "back")
    verdict = AuditLog(tmp_path / "back").verify([outside])
    assert not verdict.ok and "its end is missing" in verdict.flaws[0].what


def test_known_copies_of_checkpoints_travel_along(home: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.jsonl"
    witness(AuditLog(home), outside)
    backup = taken(home, tmp_path)
    restore(backup, tmp_path / "back")
    assert (tmp_path / "back" / "witness" / "1.jsonl").read_bytes() == outside.read_bytes()


def test_access_that_may_have_been_revoked_since_does_not_come_back(home: Path, tmp_path: Path) -> None:
    state, grants = State(home), Grants(home)
    token = state.issue_token("ada", 30)
    grants.give("ada", "a")
    backup = taken(home, tmp_path)
    state.revoke_tokens("ada")
    done = restore(backup, tmp_path / "back")
    assert (done.tokens, done.grants) == (1, 1)
    assert State(done.folder).verify_token(token) is None and Grants(done.folder).live("ada") == ()
    kept = restore(backup, tmp_path / "kept", keep_access=True)
    assert State(kept.folder).verify_token(token) == "ada" and Grants(kept.folder).live("ada")


def test_a_file_is_replaced_only_when_asked(home: Path, tmp_path: Path) -> None:
    backup = taken(home, tmp_path)
    before = backup.read_bytes()
    with pytest.raises(UsageError, match="exists"):
        back_up(home, backup, NOW)
    assert backup.read_bytes() == before
    write(home, "c")
    back_up(home, backup, NOW, force=True)
    with open_archive(backup) as archive:
        assert archive.manifest.tables["dataset"] == 3


def test_a_backup_does_not_lie_in_its_catalog(home: Path) -> None:
    for target in (home, home / "x.stewardbackup", home / ".." / "live" / "y.stewardbackup"):
        with pytest.raises(UsageError, match="own folder"):
            back_up(home, target, NOW)


def test_rotation_removes_this_catalogs_older_backups_and_nothing_else(home: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    other = tmp_path / "other"
    write(other, "x")
    foreign = back_up(other, store / "foreign.stewardbackup", NOW).path
    (store / "notes.stewardbackup").write_text("mine", encoding="utf-8")
    made = [back_up(home, store / f"{i}.stewardbackup", NOW, keep=2) for i in range(3)]
    assert made[-1].removed == (made[0].path,) or made[-1].removed == (made[1].path,)  # within one second
    assert made[-1].path.exists() and foreign.exists() and (store / "notes.stewardbackup").exists()
    assert len(list(store.iterdir())) == 4


def test_a_live_catalog_makes_way_only_when_asked(home: Path, tmp_path: Path) -> None:
    backup = taken(home, tmp_path)
    write(home, "c")
    with pytest.raises(UsageError, match="There is a catalog"):
        restore(backup, home)
    done = restore(backup, home, force=True)
    assert names(home) == {"a", "b"}
    assert done.replaced is not None and names(done.replaced) == {"a", "b", "c"}


def test_a_folder_of_something_else_is_never_replaced(home: Path, tmp_path: Path) -> None:
    backup, folder = taken(home, tmp_path), tmp_path / "documents"
    folder.mkdir()
    (folder / "letter").write_text("dear", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for target in (folder, folder / "letter", tmp_path / "link"):
        with pytest.raises(UsageError):
            restore(backup, target, force=True)
    assert (folder / "letter").read_text(encoding="utf-8") == "dear"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A backup's path and bytes; tests write their own beside it."""
    home = tmp_path_factory.mktemp("whole") / "live"
    write(home, "a")
    ask(home, "q")
    path = back_up(home, home.parent / "whole.stewardbackup", NOW).path
    return path, path.read_bytes()


@settings(max_examples=150)
@given(st.data())
def test_no_byte_can_be_changed(whole: tuple[Path, bytes], data: st.DataObject) -> None:
    path, content = whole
    manifest_end = 512 + 4096
    at = data.draw(st.one_of(st.integers(0, len(content) - 1), st.integers(0, manifest_end), st.integers(len(content) - 20_000, len(content) - 1)))
    changed = bytearray(content)
    changed[at] ^= data.draw(st.integers(1, 255))
    other = path.with_name("changed.stewardbackup")
    other.write_bytes(changed)
    with pytest.raises(VerificationFailed), open_archive(other) as archive:
        archive.check()


@settings(max_examples=40)
@given(st.data())
def test_it_cannot_be_cut_or_lengthened(whole: tuple[Path, bytes], data: st.DataObject) -> None:
    path, content = whole
    other = path.with_name("cut.stewardbackup")
    tail = data.draw(st.sampled_from([b"", b"\0" * 512, b"\0" * 10240, content[:2048], b"x"]))
    other.write_bytes(content + tail if tail else content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(VerificationFailed), open_archive(other) as archive:
        archive.check()


def forged(path: Path, members: list[tuple[str, bytes]], alter: Callable[[list[tuple[tarfile.TarInfo, bytes]]], None] | None = None) -> Path:
    """A backup signed by a key of its own, of any members; ``alter`` changes the archive behind the signature."""
    signer = Signer.load_or_create(path.parent / "forger.key", "steward/forger")
    listed = tuple(Member(name=name, size=len(content), sha256=hashlib.sha256(content).hexdigest()) for name, content in members)
    manifest = Manifest(
        format=1, created="2026-11-01T12:00:00+00:00", clock="2026-11-01T12:00:00", generation=1, encrypted=False, tables={}, log_size=0, log_root="", vkey=signer.verifier, members=listed,
    )  # fmt: skip
    sources = {}
    for number, (name, content) in enumerate(members):
        sources[name] = path.parent / f"member{number}"
        sources[name].write_bytes(content)
    with path.open("wb") as file:
        write_archive(file, manifest, signer, sources)
    if alter:
        with tarfile.open(path) as tar:
            entries = [(info, (tar.extractfile(info) or BytesIO()).read()) for info in tar]
        alter(entries)
        with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
            for info, content in entries:
                tar.addfile(info, BytesIO(content))
    return path


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/passwd", "gen-1.duckdb/../../x", "policy.yaml\0", "snapshots/x.duckdb", "CURRENT", "gen-1.pin", ".bashrc", "witness/../x.jsonl", "witness/1.jsonl/x", "gen-0.duckdb", "GEN-1.duckdb", "gen-١.duckdb", ""],
)
def test_names_that_no_backup_has(tmp_path: Path, name: str) -> None:
    path = forged(tmp_path / "f.stewardbackup", [(name, b"x")]) if "\0" not in name else forged(tmp_path / "f.stewardbackup", [(name.replace("\0", "\u2028"), b"x")])
    with pytest.raises(VerificationFailed):
        restore(path, tmp_path / "back")
    assert not (tmp_path / "back").exists()
    assert not (tmp_path.parent / "evil").exists()


def _link(entries: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    entries[1][0].type, entries[1][0].linkname, entries[1][0].size = tarfile.SYMTYPE, "/etc/passwd", 0


def _hard_link(entries: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    entries[1][0].type, entries[1][0].linkname, entries[1][0].size = tarfile.LNKTYPE, "manifest", 0


def _extra(entries: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    info = tarfile.TarInfo("mask.key")
    info.size = 1
    entries.append((info, b"x"))


def _swapped(entries: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    entries[1], entries[2] = entries[2], entries[1]


def _twice(entries: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    entries.insert(1, entries[1])


def _missing(entries: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    del entries[-1]


def _renamed(entries: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    entries[1][0].name = "../clock"


def _executable(entries: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    entries[1][0].mode = 0o6777


@pytest.mark.parametrize("alter", [_link, _hard_link, _extra, _swapped, _twice, _missing, _renamed, _executable])
def test_archives_that_are_not_what_was_signed(tmp_path: Path, alter: Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]) -> None:
    path = forged(tmp_path / "f.stewardbackup", [("clock", b"x" * 100), ("policy.yaml", b"y" * 100)], alter)
    with pytest.raises(VerificationFailed), open_archive(path):
        pass


def test_members_of_too_many_bytes_or_named_twice(tmp_path: Path) -> None:
    for members in ([("mask.key", b"x" * 5000)], [("clock", b"x"), ("clock", b"x")]):
        with pytest.raises(VerificationFailed), open_archive(forged(tmp_path / "f.stewardbackup", members)):
            pass


@pytest.mark.parametrize("content", [b"", b"x", b"\0" * 20_480, b"PK\3\4" + b"x" * 1000, os.urandom(4096)])
def test_what_is_no_backup_at_all(home: Path, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "f.stewardbackup"
    path.write_bytes(content)
    with pytest.raises(VerificationFailed):
        restore(path, tmp_path / "back")
    tested = restore_test(path, home, NOW)
    assert (tested.integrity_ok, tested.restore_ok, tested.recorded) == (False, False, True)
    assert recorded(home) == [(WHOLE, "backup", None, NOW, False, False, "measured")]


def test_a_restore_test_is_a_row_and_the_next_one_replaces_it(home: Path, tmp_path: Path) -> None:
    backup = taken(home, tmp_path)
    tested = restore_test(backup, home, NOW + timedelta(days=1))
    assert (tested.integrity_ok, tested.restore_ok, tested.recorded, tested.flaws, tested.notes) == (True, True, True, [], [])
    assert recorded(home) == [(WHOLE, "backup", NOW, NOW + timedelta(days=1), True, True, "measured")]
    backup.write_bytes(backup.read_bytes()[:-512])
    assert not restore_test(backup, home, NOW + timedelta(days=2)).restore_ok
    assert recorded(home) == [(WHOLE, "backup", None, NOW + timedelta(days=2), False, False, "measured")]
    assert names(home) == {"a", "b"}


def test_a_backup_of_another_catalog_is_no_backup_of_this_one(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write(other, "x")
    backup = back_up(other, tmp_path / "other.stewardbackup", NOW).path
    tested = restore_test(backup, home, NOW)
    assert not tested.integrity_ok and "not signed by the key asked for" in tested.flaws[0]
    with pytest.raises(VerificationFailed):
        restore(backup, home, force=True)
    with pytest.raises(VerificationFailed):
        restore(backup, tmp_path / "back", vkey=AuditLog(home).vkey)
    assert restore(backup, tmp_path / "back", vkey=AuditLog(other).vkey).folder.exists()


def test_a_test_without_a_catalog_is_not_recorded(home: Path, tmp_path: Path) -> None:
    tested = restore_test(taken(home, tmp_path), tmp_path / "none", NOW)
    assert (tested.restore_ok, tested.recorded) == (True, False)
    assert not (tmp_path / "none").exists()
    with pytest.raises(UsageError):
        restore_test(tmp_path / "absent", home, NOW)
    assert recorded(home) == []


def test_a_test_tells_that_the_live_log_lost_its_end(home: Path, tmp_path: Path) -> None:
    early = taken(home, tmp_path)
    ask(home, "q")
    late = back_up(home, tmp_path / "late.stewardbackup", NOW).path
    restore(early, home, force=True)
    assert restore_test(early, home, NOW).notes == []
    ask(home, "something else")
    notes = restore_test(late, home, NOW).notes
    assert len(notes) == 1 and "audit log" in notes[0]


def repacked(home: Path, tmp_path: Path, damage: Callable[[Path], None]) -> Path:
    """A backup that the catalog's own key signs, of a copy that was changed."""
    other = tmp_path / "copy"
    shutil.copytree(home, other)
    damage(other)
    return back_up(other, tmp_path / "damaged.stewardbackup", NOW).path


def _sql(file: str, statement: str) -> Callable[[Path], None]:
    def run(folder: Path) -> None:
        with sqlite3.connect(folder / file) as connection:
            connection.executescript(statement)
        connection.close()

    return run


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (_sql("audit.sqlite", "UPDATE audit_text SET question = 'harmless'"), "audit log"),
        (_sql("audit.sqlite", "CREATE TRIGGER t AFTER UPDATE ON audit_text BEGIN DELETE FROM audit_leaf; END"), "more than tables"),
        (_sql("state.sqlite", "CREATE TABLE token (a); CREATE VIEW v AS SELECT 1"), "more than tables"),
    ],
)
def test_a_catalog_that_does_not_hold_is_not_restored(home: Path, tmp_path: Path, damage: Callable[[Path], None], said: str) -> None:
    backup = repacked(home, tmp_path, damage)
    with pytest.raises(VerificationFailed, match=said):
        restore(backup, tmp_path / "back")
    assert not (tmp_path / "back").exists()
    tested = restore_test(backup, home, NOW)
    assert (tested.integrity_ok, tested.restore_ok) == (True, False) and said in tested.flaws[0]


@pytest.mark.parametrize("trap", ["VIEW trap AS SELECT * FROM read_text('/etc/passwd')", "MACRO count(x) AS (SELECT content FROM read_text('/etc/passwd'))", "SCHEMA trap; CREATE TABLE trap.t (n INTEGER)"])
def test_a_database_with_more_than_tables_is_not_opened_further(home: Path, tmp_path: Path, trap: str) -> None:
    def damage(folder: Path) -> None:
        path = current(folder).path
        path.chmod(0o600)
        with duckdb.connect(path) as connection:
            connection.execute(f"CREATE {trap}")

    with pytest.raises(GovernanceError, match=r"holds (views or schemas|macros), which no catalog does"):
        repacked(home, tmp_path, damage)


def test_it_is_one_state_while_others_write(home: Path, tmp_path: Path) -> None:
    stop = threading.Event()

    def busy() -> None:
        while not stop.is_set():
            ask(home, "busy")

    worker = threading.Thread(target=busy)
    worker.start()
    try:
        for i in range(3):
            backup = back_up(home, tmp_path / f"{i}.stewardbackup", NOW).path
            assert restore_test(backup, tmp_path / "none", NOW).flaws == []
    finally:
        stop.set()
        worker.join()


DIE_AT_STEP = """
import sys
from pathlib import Path
from catalog.backup.restore import restore
from tests.catalog.deadly import die_at
step = die_at(int(sys.argv[3]), "fsync", "rename", "replace", "mkdir", "chmod")
restore(Path(sys.argv[1]), Path(sys.argv[2]), force=True)
print(*step)
"""


@pytest.fixture(scope="module")
def dying() -> Iterator[Forks]:
    with Forks(DIE_AT_STEP) as made:
        yield made


def _die(dying: Forks, backup: Path, folder: Path, step: int) -> int:
    ended, said = dying.child(backup, folder, step).finish()
    assert ended in (0, -9)
    return int(said or 0)


def _survives(dying: Forks, home: Path, tmp_path: Path, backup: Path, step: int) -> None:
    folder = tmp_path / f"at{step}"
    shutil.copytree(home, folder)
    _die(dying, backup, folder, step)
    alive = [path for path in (folder, *tmp_path.glob(f"at{step}.replaced-*")) if (path / "CURRENT").exists()]
    assert {"a", "b", "c"} in [names(path) for path in alive]
    if folder.exists():
        assert names(folder) in ({"a", "b"}, {"a", "b", "c"})


@pytest.mark.parametrize("step", [2, 9, 15])
def test_a_kill_loses_no_catalog(dying: Forks, home: Path, tmp_path: Path, step: int) -> None:
    backup = taken(home, tmp_path)
    write(home, "c")
    _survives(dying, home, tmp_path, backup, step)


@pytest.mark.slow
def test_a_kill_at_any_step_loses_no_catalog(dying: Forks, home: Path, tmp_path: Path) -> None:
    backup = taken(home, tmp_path)
    write(home, "c")
    for step in range(1, _die(dying, backup, tmp_path / "counted", 0) + 4):
        _survives(dying, home, tmp_path, backup, step)


def test_manifest_times_are_utc(home: Path, tmp_path: Path) -> None:
    with open_archive(taken(home, tmp_path)) as archive:
        assert datetime.fromisoformat(archive.manifest.created).tzinfo == UTC
