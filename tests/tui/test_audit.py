"""``steward audit``: verifies, proves, witnesses and erases on the command line."""

import base64
import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from catalog.audit.log import AuditLog
from catalog.audit.merkle import leaf_hash, verify_inclusion
from catalog.audit.signed_note import Checkpoint, open_note


@pytest.fixture
def own(home: Path, tmp_path: Path) -> Path:
    """A catalog of this test's own, with three actions in its log."""
    folder = Path(shutil.copytree(home, tmp_path / "own", ignore=shutil.ignore_patterns("audit.*")))
    log = AuditLog(folder)
    for actor in ("ada", "Grace Hopper", "ada"):
        log.end(log.begin(actor, None, "query", f"{actor} asks", "SELECT 1"), "allowed", row_count=1)
    log.close()
    return folder


def test_a_sound_log_verifies(steward: Any, own: Path, tmp_path: Path) -> None:
    ran = steward("audit", "verify", catalog=own)
    assert ran.code == 0 and ran.out.decode().startswith("verified     3 actions") and "No copy outside" in ran.err
    steward("audit", "witness", str(tmp_path / "copy"), catalog=own)
    ran = steward("audit", "verify", "--json", catalog=own)
    assert (
        ran.code == 0
        and ran.json["verified"]
        and ran.json["copies"] == [str(tmp_path / "copy")]
        and ran.json["flaws"] == []
    )


def test_a_changed_log_does_not(steward: Any, own: Path) -> None:
    with sqlite3.connect(own / "audit.sqlite") as connection:
        connection.execute("UPDATE audit_leaf SET body = replace(body, 'allowed', 'denied') WHERE place = 3")
    connection.close()
    ran = steward("audit", "verify", catalog=own)
    assert ran.code == 1 and "record 3 (action 2): was changed" in ran.err and ran.out.startswith(b"NOT VERIFIED")
    ran = steward("audit", "verify", "--json", catalog=own)
    assert ran.code == 1 and not ran.json["verified"] and ran.json["flaws"][0]["seq"] == 2


def test_the_view_says_which_entries_are_verified(steward: Any, own: Path) -> None:
    from catalog.storage.state import State

    token = State(own).issue_token("ada", 1)
    query = "SELECT count(*) FILTER (WHERE verified), count(*) FROM audit_log WHERE origin = 'measured'"
    first = steward("sql", "--json", "--token", token, query, catalog=own).json["rows"]
    with sqlite3.connect(own / "audit.sqlite") as connection:
        connection.execute("UPDATE audit_text SET question = 'harmless' WHERE seq = 1")
    connection.close()
    second = steward("sql", "--json", "--token", token, query, catalog=own).json["rows"]
    assert first == [[4, 4]] and second == [[4, 5]]  # a question about the log begins before it is read


def test_a_copy_outside_refuses_a_fork(steward: Any, own: Path, tmp_path: Path) -> None:
    backup = shutil.copytree(own, tmp_path / "backup")
    log = AuditLog(own)
    log.end(log.begin("ada", None, "query", "q", None), "denied")
    log.close()
    copy = tmp_path / "copy"
    assert steward("audit", "witness", str(copy), catalog=own).err == f"{copy} covers 8 records; the log begins here.\n"
    ran = steward("audit", "witness", str(copy), catalog=backup)
    assert ran.code == 1 and "its end is missing" in ran.err
    ran = steward("audit", "verify", "--witness", str(copy), catalog=backup)
    assert ran.code == 1 and "covers 8 records and the log has 6" in ran.err


def test_a_record_is_proved_to_whoever_has_the_key(steward: Any, own: Path, tmp_path: Path) -> None:
    out = tmp_path / "proof.json"
    key = steward("audit", "checkpoint", "--key", catalog=own).out.decode().strip()
    note = steward("audit", "checkpoint", catalog=own).out.decode()
    assert steward("audit", "prove", "2", "--out", str(out), catalog=own).code == 0
    proof = json.loads(out.read_text(encoding="utf-8"))
    assert (proof["checkpoint"], proof["vkey"]) == (note, key) and "Grace" not in proof["record"]
    signed = Checkpoint.parse(open_note(note, key))
    path = [base64.b64decode(step) for step in proof["path"]]
    assert verify_inclusion(leaf_hash(proof["record"].encode()), proof["index"], signed.size, path, signed.root)
    assert steward("audit", "prove", "2", "--intent", catalog=own).json["index"] == 2
    assert steward("audit", "prove", "9", catalog=own).code == 2


def test_an_erased_person_is_nowhere(steward: Any, own: Path) -> None:
    assert steward("audit", "erase", "Grace Hopper", catalog=own).code == 0
    assert steward("audit", "verify", catalog=own).code == 0
    assert all(b"Hopper" not in path.read_bytes() for path in own.glob("audit*"))
    assert steward("audit", "erase", "Grace Hopper", catalog=own).code == 2


@pytest.mark.parametrize("arguments", [["verify"], ["checkpoint"], ["prove", "1"], ["witness", "x"], ["rotate-key"], ["keys"], ["erase", "x"]])
def test_without_a_log_there_is_none_to_look_at(steward: Any, tmp_path: Path, arguments: list[str]) -> None:
    assert steward("audit", *arguments, catalog=tmp_path / "none").code == 3
    assert not (tmp_path / "none").exists()


def test_another_key(steward: Any, own: Path, backend: str, tmp_path: Path) -> None:
    old = AuditLog(own).vkey
    ran = steward("audit", "rotate-key", catalog=own)
    assert ran.code == 0 and ran.out.decode() == f"{AuditLog(own).vkey}\n" != f"{old}\n"
    keys = tmp_path / "keys.json"
    assert steward("audit", "keys", "--out", str(keys), catalog=own).code == 0
    assert steward("audit", "keys", catalog=own).out == keys.read_bytes()
    assert steward("audit", "verify", "--json", catalog=own).json["keys"] == 2
    receipt = tmp_path / "r.json"
    steward("ask", backend, "--receipt", str(receipt), "grants", catalog=own)
    assert steward("receipt", "verify", str(receipt), "--key", old, catalog=own).code == 1
    ran = steward("receipt", "verify", str(receipt), "--key", old, "--keys", str(keys), catalog=own)
    assert ran.code == 0 and "checked: the log was handed over between the keys" in ran.out.decode()
    keys.write_text("[1]", encoding="utf-8")
    assert steward("receipt", "verify", str(receipt), "--key", old, "--keys", str(keys), catalog=own).code == 1
