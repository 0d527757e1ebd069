"""Encryption at rest: no byte below the folder tells what is in the catalog, and without the key nothing opens and nothing is lost."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from pathlib import Path

import duckdb
import keyring
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

from catalog.access.policy import ANONYMOUS, Authorisation, Permit
from catalog.audit.log import AuditLog
from catalog.backup.backup import back_up
from catalog.backup.encrypt import decrypt, encrypt
from catalog.backup.restore import restore, restore_test
from catalog.engine.engine import Approved, Engine, Limits
from catalog.engine.folders import directory
from catalog.engine.snapshot import prepare
from catalog.errors import CatalogUnavailable, QueryFailed, UsageError
from catalog.semantic import views
from catalog.storage.database import open_to_read, open_to_write
from catalog.storage.encryption import (
    CONFIG,
    KEY_VARIABLE,
    Keys,
    generation_key,
    is_sealed,
    keys_of,
    new_config,
    read_beside,
    read_config,
    read_key_file,
    write_beside,
    write_config,
)
from catalog.storage.generations import current, pinned, writing
from catalog.storage.records import Dataset, Node
from catalog.storage.rows import upsert
from tests.catalog.forks import Forks

NOW = datetime(2026, 11, 1, 12)
CANARY = "CANARY-0123456789abcdef"
QUESTION = "who told QUESTION-0123456789abcdef to the press"


def write(home: Path, *names: str) -> None:
    with writing(home) as connection:
        upsert(connection, [Node(node="n", jurisdiction="EU"), *(Dataset(node="n", name=name, description=f"{CANARY} {i}" * 3) for i, name in enumerate(names))])


def names(home: Path) -> set[str]:
    with pinned(home) as generation, open_to_read(generation.path, generation_key(generation.path)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM dataset").fetchall()}


def ask(home: Path, question: str = QUESTION) -> None:
    log = AuditLog(home)
    log.end(log.begin("ada", "steward", "query", question, "SELECT 1", purpose=CANARY), "allowed")


def questions(home: Path) -> list[str | None]:
    return [entry.question for entry in AuditLog(home).entries()]


def anybody() -> Authorisation:
    permits = {name: Permit(name, dict.fromkeys(views()[name].columns, "show"), "", ("rule",)) for name in ("datasets", "nodes", "audit_log")}
    return Authorisation(ANONYMOUS, "v1", permits, {})


def snapshot(home: Path, *names: str) -> Path:
    with pinned(home) as generation:
        return prepare(home, generation, AuditLog(home), anybody(), names or ("datasets", "nodes"), NOW)


def found(home: Path, *canaries: str) -> list[Path]:
    """Files below a folder that hold one of the texts, in any of the ways that a text is written."""
    needles = [form for text in canaries for form in (text.encode(), text.encode("utf-16-le"), text.encode().hex().encode())]
    return [path for path in home.rglob("*") if path.is_file() and any(needle in path.read_bytes() for needle in needles)]


@pytest.mark.parametrize("sealed", [False, True])
def test_what_does_not_fit_into_memory_lies_beside_the_file_as_closed_as_it_is(tmp_path: Path, sealed: bool) -> None:
    path = tmp_path / "one.duckdb"
    with open_to_write(path, "0" * 64 if sealed else None, buffers=16 << 20) as connection:
        connection.execute(f"CREATE TEMP TABLE big AS SELECT '{CANARY}' || md5(i::VARCHAR) || md5((i + 1)::VARCHAR) AS text FROM range(400000) t(i)")
        beside = [file for file in Path(f"{path}.tmp").rglob("*") if file.is_file()]
        assert sum(file.stat().st_size for file in beside) > 1 << 20
        assert bool(found(tmp_path, CANARY)) is not sealed
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "live"
    write(home, "alpha", "beta")
    ask(home)
    return home


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return tmp_path / "catalog.key"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an encrypted catalog, a snapshot of it and its key."""
    folder = tmp_path_factory.mktemp("made")
    write(folder / "live", "alpha", "beta")
    ask(folder / "live")
    encrypt(folder / "live", folder / "catalog.key")
    snapshot(folder / "live")
    return folder


@pytest.fixture
def closed(made: Path, home: Path, key: Path) -> Path:
    """A copy of that catalog, with its key in ``key``."""
    shutil.rmtree(home)
    shutil.copytree(made / "live", home)
    shutil.copy2(made / "catalog.key", key)
    config = read_config(home)
    assert config is not None
    write_config(home, replace(config, key_file=str(key)))
    return home


def test_nothing_of_the_catalog_is_in_any_byte(home: Path, key: Path) -> None:
    before = snapshot(home, "datasets", "nodes", "audit_log")
    assert len(found(home, CANARY)) >= 3 and found(home, "QUESTION-0123456789abcdef")
    turned = encrypt(home, key)
    assert (turned.texts, turned.old, key.stat().st_mode & 0o777) == (1, (), 0o600)
    assert not before.exists()
    ask(home)
    write(home, "gamma")
    write_beside(kept := snapshot(home), kept.with_suffix(".names.json"), lambda file: file.write(CANARY.encode()))
    snapshot(home, "datasets", "audit_log")
    assert found(home, CANARY, "QUESTION-0123456789abcdef", "alpha", "gamma", key.read_text(encoding="ascii").strip()) == []
    assert names(home) == {"alpha", "beta", "gamma"} and questions(home) == [QUESTION, QUESTION]
    assert AuditLog(home).verify().ok and all(entry.verified for entry in AuditLog(home).entries())


def test_there_and_back_is_the_same_catalog(home: Path, key: Path) -> None:
    encrypt(home, key)
    ask(home, "another")
    turned = decrypt(home)
    assert (turned.texts, turned.old, read_config(home), key.exists()) == (2, (), None, True)
    assert names(home) == {"alpha", "beta"} and questions(home) == [QUESTION, "another"]
    with duckdb.connect(current(home).path, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM dataset").fetchone() == (2,)
    assert AuditLog(home).verify().ok
    assert sorted(path.name for path in home.glob("gen-*")) == [current(home).path.name, current(home).pin.name]


def test_an_engine_answers_from_an_encrypted_snapshot_in_its_cage(home: Path, key: Path) -> None:
    encrypt(home, key)
    path = snapshot(home)
    with Engine(directory(home, ANONYMOUS)) as engine:

        def run(sql: str) -> list[tuple[object, ...]]:
            return engine.run(Approved(sql, frozenset(), ()), path, Limits()).rows

        assert run("SELECT name FROM datasets ORDER BY 1") == [("alpha",), ("beta",)]
        assert run("SELECT count(*) FROM nodes") == [(1,)]
        for attack in ("CREATE TABLE t AS SELECT 1", "CREATE TABLE memory.t AS SELECT 1", "INSERT INTO datasets SELECT * FROM datasets", f"SELECT * FROM read_text('{key}')", f"SELECT * FROM read_blob('{home / CONFIG}')", "SET lock_configuration = false"):
            with pytest.raises(QueryFailed):
                run(attack)
        shown = str([run(f"SELECT * FROM {table}()") for table in ("duckdb_databases", "duckdb_settings", "duckdb_tables")])
        assert keys_of(home).snapshot(path.parent.name) not in shown and keys_of(home).generation not in shown
        run("CREATE TEMP TABLE datasets AS SELECT 'shadow' AS name")
        run("ATTACH ':memory:' AS m")
        run("CREATE TABLE m.datasets AS SELECT 'shadow' AS name")
        assert run("SELECT name FROM datasets ORDER BY 1") == [("alpha",), ("beta",)]


def test_the_key_is_in_no_environment_and_no_command_line(home: Path, key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, str(key))
    encrypt(home, key)
    path = snapshot(home)
    with Engine(directory(home, ANONYMOUS)) as engine:
        engine.run(Approved("SELECT 1", frozenset(), ()), path, Limits())
        process = Path("/proc") / str(engine._child.process.pid)
        told = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
    secrets = (key.read_bytes().strip(), keys_of(home).generation.encode(), keys_of(home).snapshot(path.parent.name).encode())
    assert not any(secret in told for secret in (*secrets, str(key).encode()))
    assert not any(secret.decode() in repr((keys_of(home), read_config(home))) for secret in secrets)


def _other(key: Path) -> None:
    key.write_text("ab" * 32 + "\n", encoding="ascii")


def _linked(key: Path) -> None:
    key.rename(key.with_suffix(".real"))
    key.symlink_to(key.with_suffix(".real"))


def _pipe(key: Path) -> None:
    key.unlink()
    os.mkfifo(key, 0o600)


def _folder(key: Path) -> None:
    key.unlink()
    key.mkdir(0o700)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_other, "is not the one"),
        (Path.unlink, "No such file"),
        (lambda key: key.chmod(0o640), "not yours alone"),
        (lambda key: key.chmod(0o604), "not yours alone"),
        (_linked, "cannot be read"),
        (_pipe, "not an ordinary file"),
        (_folder, "not an ordinary file"),
        (lambda key: key.write_text("", encoding="ascii"), "does not hold a key"),
        (lambda key: key.write_bytes(b"\xff" * 64), "does not hold a key"),
        (lambda key: key.write_text("ab" * 33, encoding="ascii"), "does not hold a key"),
    ],
)
def test_without_the_right_key_nothing_opens_and_nothing_is_lost(closed: Path, key: Path, spoil: Callable[[Path], object], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    home, path = closed, snapshot(closed)
    copy = key.with_name("copy.key")
    shutil.copy2(key, copy)
    secret = key.read_text(encoding="ascii").strip()
    before = {file: file.read_bytes() for file in home.rglob("*") if file.is_file() and file.suffix != ".lock"}
    spoil(key)
    for use in (lambda: names(home), lambda: write(home, "x"), lambda: questions(home), lambda: ask(home), lambda: snapshot(home, "datasets"), lambda: decrypt(home), lambda: encrypt(home, key)):
        with pytest.raises(CatalogUnavailable, match=said) as caught:
            use()
        told = caught.value.what + caught.value.hint
        assert KEY_VARIABLE in told or "chmod" in told
        assert secret not in told and "ab" * 32 not in told
    with Engine(directory(home, ANONYMOUS)) as engine, pytest.raises(CatalogUnavailable, match=said):
        engine.run(Approved("SELECT 1", frozenset(), ()), path, Limits())
    assert {file: file.read_bytes() for file in before} == before
    monkeypatch.setenv(KEY_VARIABLE, str(copy))
    assert names(home) == {"alpha", "beta"} and questions(home) == [QUESTION]


def test_a_key_of_somebody_else_is_refused(key: Path) -> None:
    key.write_text("ab" * 32, encoding="ascii")
    key.chmod(0o600)
    if os.geteuid():
        key = Path("/etc/hostname")
    else:
        os.chown(key, 1, 1)
    with pytest.raises(UsageError, match="yours alone"):
        read_key_file(key)


@pytest.mark.parametrize("inside", ["catalog.key", "sub/../catalog.key", "../live/catalog.key"])
def test_a_key_does_not_lie_in_its_catalog(home: Path, inside: str) -> None:
    (home / "sub").mkdir()
    with pytest.raises(UsageError, match="own folder"):
        encrypt(home, home / inside)
    assert read_config(home) is None and not is_sealed(current(home).path)


def test_an_encrypted_catalog_is_not_encrypted_again(home: Path, key: Path) -> None:
    encrypt(home, key)
    number = current(home).number
    with pytest.raises(UsageError, match="is encrypted"):
        encrypt(home, key)
    with pytest.raises(UsageError, match="key is in"):
        encrypt(home, key.with_name("second.key"))
    decrypt(home)
    with pytest.raises(UsageError, match="not encrypted"):
        decrypt(home)
    assert current(home).number == number + 1


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"identity": 1, "check": "x", "key_file": null, "active": true}', '{"identity": "a", "check": "x", "key_file": null, "active": "no"}', "\udcff"])
def test_a_damaged_configuration_is_said_so(closed: Path, text: str) -> None:
    home = closed
    (home / CONFIG).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(CatalogUnavailable, match="damaged"):
        names(home)
    (home / CONFIG).unlink()
    with pytest.raises(CatalogUnavailable, match="missing"):
        names(home)


def test_a_plain_file_in_place_of_an_encrypted_one_does_not_open(closed: Path) -> None:
    home = closed
    path = current(home).path
    path.unlink()
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE dataset (name VARCHAR)")
    with pytest.raises(duckdb.Error):
        names(home)


def test_somebody_who_reads_the_old_generation_goes_on(home: Path, key: Path) -> None:
    with pinned(home) as old:
        turned = encrypt(home, key)
        assert turned.old == (old.path,)
        with open_to_read(old.path, generation_key(old.path)) as connection:
            assert connection.execute("SELECT count(*) FROM dataset").fetchone() == (2,)
    assert encrypt(home, key).old == ()
    assert found(home, CANARY) == []


DIE_AT_STEP = """
import sys
from pathlib import Path
from catalog.backup.encrypt import decrypt, encrypt
from tests.catalog.deadly import die_at
step = die_at(int(sys.argv[4]), "fsync", "rename", "replace", "unlink", "chmod")
if sys.argv[3] == "encrypt":
    encrypt(Path(sys.argv[1]), Path(sys.argv[2]))
else:
    decrypt(Path(sys.argv[1]))
print(*step)
"""


@pytest.fixture(scope="module")
def dying() -> Iterator[Forks]:
    with Forks(DIE_AT_STEP) as made:
        yield made


def _survives(dying: Forks, home: Path, key: Path, what: str, step: int) -> bool:
    """Kill at a step, look, do it again and look; False when there was no such step."""
    ended, _ = dying.child(home, key, what, step).finish()
    assert ended in (0, -9)
    assert names(home) == {"alpha", "beta"} and questions(home) == [QUESTION]
    if what == "encrypt" and (ended or found(home, CANARY)):
        try:
            encrypt(home, key)
        except UsageError as finished:
            assert "is encrypted" in finished.what
        assert found(home, CANARY) == []
    if what == "decrypt" and read_config(home):
        decrypt(home)
    assert names(home) == {"alpha", "beta"} and questions(home) == [QUESTION] and AuditLog(home).verify().ok
    return ended != 0


@pytest.mark.parametrize("step", [3, 8])
@pytest.mark.parametrize("what", ["encrypt", "decrypt"])
def test_a_kill_loses_nothing_and_again_finishes_it(dying: Forks, home: Path, key: Path, what: str, step: int) -> None:
    if what == "decrypt":
        encrypt(home, key)
    assert _survives(dying, home, key, what, step)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["encrypt", "decrypt"])
def test_a_kill_at_any_step_loses_nothing(dying: Forks, home: Path, key: Path, what: str) -> None:
    if what == "decrypt":
        encrypt(home, key)
    step, killed = 1, True
    while killed:
        copy, own = home.with_name(f"at{step}"), key.with_name(f"at{step}.key")
        shutil.copytree(home, copy)
        if key.exists():
            shutil.copy2(key, own)
            config = read_config(copy)
            assert config is not None
            write_config(copy, type(config)(config.identity, config.check, str(own)))
        killed = _survives(dying, copy, own, what, step)
        shutil.rmtree(copy)
        step += 1
    assert step > 10


class MemoryRing(KeyringBackend):
    """A keyring in memory."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring's own
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        raise PasswordDeleteError


@pytest.fixture
def ring() -> Iterator[MemoryRing]:
    before, ring = keyring.get_keyring(), MemoryRing()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


def test_a_key_in_the_keyring(home: Path, ring: MemoryRing) -> None:
    encrypt(home)
    assert names(home) == {"alpha", "beta"} and found(home, CANARY, *ring.kept.values()) == []
    kept, ring.kept = ring.kept, {}
    with pytest.raises(CatalogUnavailable, match="keyring has no key"):
        names(home)
    ring.kept = kept
    decrypt(home)
    assert names(home) == {"alpha", "beta"} and ring.kept


def test_without_a_keyring(home: Path) -> None:
    from keyring.backends import fail

    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]  # keyring's own
    try:
        with pytest.raises(UsageError, match="keyring cannot be used"):
            encrypt(home)
    finally:
        keyring.set_keyring(before)
    assert read_config(home) is None


def test_a_backup_is_as_encrypted_as_its_catalog(home: Path, key: Path, tmp_path: Path) -> None:
    encrypt(home, key)
    backup = back_up(home, tmp_path / "one.stewardbackup", NOW)
    assert backup.manifest.encrypted
    content = backup.path.read_bytes()
    assert not any(text.encode() in content for text in (CANARY, QUESTION, key.read_text(encoding="ascii").strip()))
    assert restore_test(backup.path, home, NOW).restore_ok
    done = restore(backup.path, tmp_path / "back")
    assert names(done.folder) == {"alpha", "beta"} and questions(done.folder)[0] == QUESTION
    assert found(done.folder, CANARY, QUESTION, "restore of the backup") == []
    key.rename(key.with_suffix(".away"))
    with pytest.raises(CatalogUnavailable, match="key"):
        restore(backup.path, tmp_path / "again")
    assert not (tmp_path / "again").exists()
    with pytest.raises(CatalogUnavailable):
        restore_test(backup.path, tmp_path / "none", NOW)


@pytest.mark.parametrize(
    "change",
    ["UPDATE audit_text SET question = x'00'", "UPDATE audit_text SET question = (SELECT purpose FROM audit_text)", "UPDATE audit_text SET question = zeroblob(100)", "UPDATE audit_text SET question = 'harmless'"],
)
def test_a_sealed_text_that_was_changed_shows(closed: Path, change: str) -> None:
    home = closed
    with sqlite3.connect(home / "audit.sqlite") as connection:
        connection.execute(change)
    connection.close()
    assert not AuditLog(home).verify().ok
    (entry,) = AuditLog(home).entries()
    assert not entry.verified and entry.question != QUESTION


def test_erasing_a_person_works_on_sealed_texts(closed: Path) -> None:
    home = closed
    assert AuditLog(home).erase("ada") == 1
    assert questions(home)[0] is None and AuditLog(home).verify().ok


KEYS = Keys(bytes(range(32)))


@given(st.binary(max_size=200), st.text(max_size=20), st.integers(0, 10_000), st.integers(1, 255))
def test_what_is_sealed_opens_unchanged_for_its_purpose_only(plain: bytes, purpose: str, at: int, flip: int) -> None:
    sealed = KEYS.seal(purpose, plain)
    assert KEYS.unseal(purpose, sealed) == plain
    changed = bytearray(sealed)
    changed[at % len(changed)] ^= flip
    for wrong in ((purpose + "x", sealed), (purpose, bytes(changed)), (purpose, sealed[:-1]), (purpose, b"")):
        with pytest.raises(ValueError):
            KEYS.unseal(*wrong)
    with pytest.raises(ValueError):
        Keys(bytes(32)).unseal(purpose, sealed)


def test_each_use_has_a_key_of_its_own() -> None:
    derived = [KEYS.generation, KEYS.snapshot("a"), KEYS.snapshot("b"), KEYS.check, bytes(range(32)).hex()]
    assert len(set(derived)) == len(derived) and all(len(one) in (32, 64) for one in derived)


def test_what_is_kept_beside_a_snapshot_is_of_that_file_only(closed: Path) -> None:
    home = closed
    path = snapshot(home)
    one, two = path.with_suffix(".one"), path.with_suffix(".two")
    write_beside(path, one, lambda file: file.write(b"content"))
    with read_beside(path, one) as file:
        assert isinstance(file, BytesIO) and file.read() == b"content"
    shutil.copy(one, two)
    with pytest.raises(ValueError):
        read_beside(path, two)


def test_a_new_key_file_never_replaces_one(home: Path, key: Path) -> None:
    first = new_config(home, key)
    content = key.read_bytes()
    assert new_config(home, key).check == first.check and key.read_bytes() == content
    with pytest.raises(UsageError, match="cannot be made"):
        new_config(home, key.with_name("absent") / "catalog.key")
