"""``steward backup``, ``restore``, ``encrypt`` and ``decrypt``: exit codes, JSON, and an answer about the last restore test."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from catalog.storage.encryption import KEY_VARIABLE
from catalog.storage.state import State

LAST_TEST = "SELECT last_restore_test, restore_ok, integrity_ok, origin FROM replicas WHERE kind = 'backup' AND origin = 'measured'"


@pytest.fixture(scope="module")
def own(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(home, tmp_path_factory.mktemp("own") / "catalog"))


def test_a_backup_is_taken_tested_and_restored(steward: Any, own: Path, tmp_path: Path) -> None:
    file = tmp_path / "one.stewardbackup"
    ran = steward("backup", str(file), "--json", catalog=own)
    assert (ran.code, ran.json["path"], ran.json["rows"]["dataset"] > 100, ran.json["log_verified"]) == (0, str(file), True, True)
    assert "Test it: steward restore" in ran.err
    ran = steward("backup", str(file), catalog=own)
    assert (ran.code, ran.out) == (2, b"") and "exists" in ran.err
    assert steward("backup", str(file), "--force", catalog=own).out.decode() == f"{file}\n"

    token = State(own).issue_token("ada", 1)
    assert steward("sql", "--json", "--token", token, LAST_TEST, catalog=own).json["rows"] == []
    ran = steward("restore", str(file), "--verify", "--json", catalog=own)
    assert (ran.code, ran.json["restore_ok"], ran.json["integrity_ok"], ran.json["recorded"], ran.json["flaws"]) == (0, True, True, True, [])
    (row,) = steward("sql", "--json", "--token", token, LAST_TEST, catalog=own).json["rows"]
    assert row[1:] == [True, True, "measured"]

    ran = steward("restore", str(file), "--to", str(tmp_path / "back"), "--json", catalog=own)
    assert (ran.code, ran.json["folder"], ran.json["replaced"]) == (0, str(tmp_path / "back"), None)
    ran = steward("sql", "--json", "SELECT count(*) FROM datasets", catalog=tmp_path / "back")
    assert ran.json["rows"] == steward("sql", "--json", "SELECT count(*) FROM datasets", catalog=own).json["rows"]
    ran = steward("restore", str(file), "--to", str(tmp_path / "back"), catalog=own)
    assert ran.code == 2 and "--force" in ran.err
    ran = steward("restore", str(file), "--to", str(tmp_path / "back"), "--force", catalog=own)
    assert ran.code == 0 and "is now" in ran.err


def test_a_test_that_fails_is_recorded_too(steward: Any, own: Path, tmp_path: Path) -> None:
    file = tmp_path / "one.stewardbackup"
    assert steward("backup", str(file), catalog=own).code == 0
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    ran = steward("restore", str(file), "--verify", catalog=own)
    assert ran.code == 1 and b"DOES NOT WORK" in ran.out and "is damaged" in ran.err
    (row,) = steward("sql", "--json", "--token", State(own).issue_token("ada", 1), LAST_TEST, catalog=own).json["rows"]
    assert row[1:] == [False, False, "measured"]
    ran = steward("restore", str(file), "--to", str(tmp_path / "back"), catalog=own)
    assert ran.code == 1 and not (tmp_path / "back").exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("restore", "absent", "--verify"), 2),
        (("restore", "absent", "--to", "x"), 2),
        (("restore", "absent"), 2),
        (("restore", "absent", "--to", "x", "--verify"), 2),
        (("restore", "absent", "--verify", "--force"), 2),
        (("backup", "."), 3),
        (("backup", "absent/x.stewardbackup"), 2),
        (("encrypt",), 2),
        (("encrypt", "--keyring", "--key-file", "k"), 2),
        (("encrypt", "--key-file", "k"), 3),
        (("decrypt",), 3),
    ],
)
def test_what_cannot_be_done(steward: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int) -> None:
    monkeypatch.chdir(tmp_path)
    assert steward(*arguments, catalog=tmp_path / "none").code == code
    assert list(tmp_path.iterdir()) == []


def test_a_catalog_is_encrypted_asked_and_decrypted(steward: Any, own: Path, tmp_path: Path, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key = tmp_path / "catalog.key"
    assert steward("status", "--json", catalog=own).json["encrypted"] is False
    ran = steward("encrypt", "--key-file", str(key), catalog=own)
    assert ran.code == 0 and "keep a copy elsewhere" in ran.err
    assert steward("status", "--json", catalog=own).json["encrypted"] is True
    ran = steward("ask", "--json", backend, "personal data", catalog=own)
    assert ran.json["status"] == "answered"
    some = ran.json["rows"][0][0].encode()
    assert {path.name for path in own.rglob("*") if path.is_file() and some in path.read_bytes()} <= {"audit.sqlite"}  # a record may name a dataset
    assert b"personal data" not in (own / "audit.sqlite").read_bytes()
    ran = steward("catalog", "similar", "speech corpora", "--json", catalog=own)
    assert ran.code == 0
    assert steward("catalog", "similar", "speech corpora", "--json", catalog=own).out == ran.out

    monkeypatch.setenv(KEY_VARIABLE, os.devnull)
    ran = steward("sql", "SELECT 1", catalog=own)
    assert ran.code == 3 and "not an ordinary file" in ran.err and KEY_VARIABLE in ran.err
    monkeypatch.delenv(KEY_VARIABLE)
    assert steward("decrypt", "--json", catalog=own).json["still_read"] == []
    assert steward("status", "--json", catalog=own).json["encrypted"] is False
    assert steward("audit", "verify", catalog=own).code == 0
