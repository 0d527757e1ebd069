"""Another key for the audit log: who knows one of its keys can tell the others, and nobody else can put one in."""

import json
import multiprocessing
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.audit import log as audit_log
from catalog.audit.log import AuditLog
from catalog.audit.receipt import Ruling, Source, Statement, issue, salt, verify
from catalog.audit.rotation import Handover, follow, from_text, keys_named, to_fields
from catalog.audit.signed_note import BadNote, Checkpoint, Signer, next_path, open_note, sign
from catalog.audit.witness import read_copies, witness
from catalog.errors import CatalogUnavailable, UsageError, VerificationFailed
from catalog.storage.state import utc


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    log = AuditLog(tmp_path / "home")
    act(log, 3)
    return log


def act(log: AuditLog, times: int = 1) -> None:
    for _ in range(times):
        log.end(log.begin("ada", None, "query", "q", "SELECT 1"), "allowed")


def copied(log: AuditLog, name: str) -> AuditLog:
    """The same folder once more, as a backup has it."""
    log.close()
    return AuditLog(Path(shutil.copytree(log.home, log.home.parent / name)))


def edited(log: AuditLog, *statements: tuple[str, list[object]]) -> AuditLog:
    log.close()
    with closing(sqlite3.connect(log.path)) as connection, connection:
        for sql, values in statements:
            connection.execute(sql, values)
    return AuditLog(log.home)


def flaws(log: AuditLog, *copies: Path) -> str:
    return "; ".join(f"{flaw.where} {flaw.what}" for flaw in log.verify(copies).flaws)


def given(log: AuditLog) -> bytes:
    """A receipt of one turn, as its file."""
    seq, at = log.begin("ada", None, "query", "q", None), utc(None)
    statement = Statement(
        seq=seq, at=at.isoformat(), today=at.isoformat(), principal=log.pseudonym(seq), question="q", reading="r", sql="SELECT 1", status="denied",
        decision=Ruling(verdict="denied", rules=(), masked=(), policy_version="v"), source=Source(generation=1, sha256=None), answer=None, salt=salt(),
    )  # fmt: skip
    log.end(seq, "denied", now=at, receipt=statement.commitment)
    return issue(statement, log.prove(seq), log.vkey).text.encode()


def test_the_log_goes_on_under_the_new_key(log: AuditLog) -> None:
    before = log.vkey
    old, new = log.rotate_key()
    assert (old, new) == (before, log.vkey) and old != new and old.split("+")[0] == new.split("+")[0]
    assert Signer.load(log.key_path).verifier == new
    assert not list(log.home.glob("audit.key.*")) and log.key_path.stat().st_mode & 0o077 == 0
    entry = log.entries()[-1]
    assert (entry.action, entry.actor, entry.decision, entry.verified) == ("rotate", "operator", "allowed", True)
    act(log)
    open_note(log.checkpoint(), new)
    with pytest.raises(BadNote):
        open_note(log.checkpoint(), old)
    verdict = log.verify()
    assert verdict.ok and verdict.keys == 2 and verdict.size == 10
    assert all(entry.verified for entry in AuditLog(log.home).entries())


def test_an_empty_log_has_no_key_to_replace(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        AuditLog(tmp_path).rotate_key()


def test_many_changes_and_many_checkpoints_verify(log: AuditLog) -> None:
    keys = [log.vkey]
    for _ in range(4):
        act(log, 40)
        keys.append(log.rotate_key()[1])
    act(log, 40)
    verdict = AuditLog(log.home).verify()
    assert verdict.ok and verdict.keys == 5 and verdict.checkpoints >= 6
    for at, key in enumerate(keys):
        followed = follow(key, log.handovers()[at:])
        assert followed.current == keys[-1] and [k for k, _ in followed.all] == keys[at:]
    assert from_text(json.dumps(to_fields(log.handovers()))) == log.handovers()


def test_who_knows_the_old_key_is_led_to_the_new_one_and_by_nothing_else(log: AuditLog, tmp_path: Path) -> None:
    old, new = log.rotate_key()
    (handover,) = log.handovers()
    assert follow(old, [handover]).current == new
    stranger = AuditLog(tmp_path / "other")
    act(stranger)
    stranger.rotate_key()
    (foreign,) = stranger.handovers()
    unsigned = handover.note.split("\n\n")[0] + "\n\n"
    by_old, by_new = handover.note.split("\n\n")[1].splitlines()
    forged = [
        foreign,  # of another log
        replace(handover, record=handover.record.replace(new, foreign.keys[1])),  # names another key
        replace(handover, record=foreign.record, path=foreign.path),
        replace(handover, note=foreign.note),
        replace(handover, note=f"{unsigned}{by_new}\n"),  # the old key did not sign
        replace(handover, note=f"{unsigned}{by_old}\n"),  # the new key did not sign: anybody could name it
        replace(handover, path=()),
        replace(handover, path=("*", *handover.path[1:])),
        replace(handover, record=handover.record.replace(new, old)),  # to itself
        replace(handover, record="{}"),
        replace(handover, record=handover.record.replace('"allowed"', '"denied"')),
    ]
    for one in forged:
        with pytest.raises(BadNote):
            follow(old, [one])
    with pytest.raises(BadNote):
        follow(old, [handover, handover])
    for text in ("", "{}", "[1]", "[" + " " * 4_000_000 + "]", "[{}]" * 2, json.dumps([{}] * 1_001), '[{"record": 1, "path": [], "note": ""}]', "[" * 9999, '[{"record": "", "path": [], "note": "", "more": ""}]'):
        with pytest.raises(BadNote):
            from_text(text)
    assert follow(old, from_text("[]")).current == old


def test_receipts_hold_whichever_key_is_known(log: AuditLog) -> None:
    first = given(log)
    old, new = log.rotate_key()
    second, handovers = given(log), log.handovers()
    assert verify(first) and verify(first, old) and verify(second, new)
    assert "handed over" in verify(first, new, handovers).checks[0]
    assert "handed over" in verify(second, old, handovers).checks[0]
    for receipt, key in ((first, new), (second, old)):
        with pytest.raises(VerificationFailed, match="another key"):
            verify(receipt, key)
    for one in (replace(handovers[0], note=""), replace(handovers[0], record="{}")):
        with pytest.raises(VerificationFailed):
            verify(second, old, [one])


def test_a_key_that_was_replaced_signs_nothing_after(log: AuditLog, tmp_path: Path) -> None:
    """Whoever kept the old key goes on with a copy of the log: what they sign is taken for nothing once the change is known."""
    thief = copied(log, "thief")
    old, new = log.rotate_key()
    handovers = log.handovers()
    act(thief, 5)
    late = given(thief)
    assert verify(late, old), "who knows of no change cannot tell"
    with pytest.raises(VerificationFailed, match="replaced"):
        verify(late, new, handovers)
    keys = log.keys()
    assert keys.open(log.checkpoint()).size == log.size
    with pytest.raises(BadNote, match="replaced"):
        keys.open(thief.checkpoint())
    act(log)
    signer, right = Signer.load(thief.key_path), keys.open(log.checkpoint())
    edited(log, ("INSERT OR REPLACE INTO audit_checkpoint VALUES (?, ?)", [right.size, sign(Checkpoint(signer.name, right.size, right.root).text, signer)]))
    assert f"checkpoint {right.size} is not signed by the log's key" in flaws(log)


def test_the_old_key_put_back_signs_nothing(log: AuditLog) -> None:
    key = log.key_path.read_bytes()
    log.rotate_key()
    new = log.key_path.read_bytes()
    log.key_path.write_bytes(key)
    again = AuditLog(log.home)
    for use in (again.entries, again.verify, again.rotate_key, lambda: act(again)):
        with pytest.raises(CatalogUnavailable, match="handed to"):
            use()
    log.key_path.write_bytes(new)
    act(again)
    assert again.verify().ok


def test_a_change_that_is_rolled_back_is_seen_by_a_copy_outside(log: AuditLog, tmp_path: Path) -> None:
    copy = witness(log, tmp_path / "copy")[0]
    before = copied(log, "before")
    old, new = log.rotate_key()
    assert witness(log, copy)[1:] == (6, 8)
    assert log.verify([copy]).ok
    assert [one.vkey for one in read_copies(copy, log.keys())] == [old, new]
    act(before, 4)
    assert "another key" in flaws(before), "the folder knew of the copy before"
    edited(before, ("DELETE FROM audit_witness", []))
    assert before.verify().ok, "nothing in the folder tells"
    assert "another key" in flaws(before, copy)
    with pytest.raises(VerificationFailed):
        witness(before, copy)


@pytest.mark.parametrize("also", ["table", "nothing"])
def test_records_of_a_change_cut_away_are_missed(log: AuditLog, also: str) -> None:
    log.rotate_key()
    act(log)
    if also == "table":
        log = edited(log, ("DELETE FROM audit_key", []))
        assert "hands the log to another key" in flaws(log)
    else:
        log = edited(log, ("DELETE FROM audit_leaf WHERE place >= 6", []), ("DELETE FROM audit_node WHERE level = 0 AND place >= 6", []))
        assert flaws(log)


def test_a_forged_change_is_named(log: AuditLog, tmp_path: Path) -> None:
    """Somebody who can write the file and has no key hands the log to a key of their own."""
    other = AuditLog(tmp_path / "other")
    act(other)
    other.rotate_key()
    _, new, note = _row(other)
    with_row = edited(copied(log, "row"), ("INSERT INTO audit_key VALUES (?, ?, ?)", [6, new, note]))
    with pytest.raises(CatalogUnavailable):
        act(with_row)
    shutil.copyfile(other.key_path, with_row.key_path)
    assert flaws(AuditLog(with_row.home))
    with pytest.raises(VerificationFailed):
        AuditLog(with_row.home).keys()

    log.rotate_key()
    swapped = edited(copied(log, "swapped"), ("UPDATE audit_key SET new = ?, note = ?", [new, note]))
    shutil.copyfile(other.key_path, swapped.key_path)
    assert "hands the log to" in flaws(AuditLog(swapped.home))
    assert not any(entry.verified for entry in AuditLog(swapped.home).entries())


def test_a_change_by_a_key_that_the_log_does_not_have(log: AuditLog) -> None:
    """A record that the present key never agreed to: it is signed by another pair of keys."""
    log.rotate_key()
    act(log)
    signers = [Signer.create(log.home / f"x{at}", log.vkey.split("+")[0]) for at in range(2)]
    _, _, note = _row(log)
    text = note.partition("\n\n")[0] + "\n"
    both = f"{text}\n" + "\n".join(signer.signature_line(text) for signer in signers) + "\n"
    bad = edited(copied(log, "bad"), ("UPDATE audit_key SET note = ?", [both]))
    assert "not both keys signed it" in flaws(bad)
    with pytest.raises(VerificationFailed):
        bad.keys()
    with pytest.raises(VerificationFailed):
        witness(bad, log.home.parent / "copy")


def _row(log: AuditLog) -> tuple[int, str, str]:
    log.close()
    with closing(sqlite3.connect(log.path)) as connection:
        found: tuple[int, str, str] = connection.execute("SELECT size, new, note FROM audit_key").fetchone()
    return found


def test_a_second_process_takes_the_new_key(log: AuditLog) -> None:
    other = AuditLog(log.home)
    act(other)
    _, new = log.rotate_key()
    act(other)
    assert other.vkey == new and other.verify().ok


@pytest.mark.parametrize("step", ["replace", "fsync"])
def test_a_kill_at_any_step_leaves_one_key_or_the_other(log: AuditLog, step: str) -> None:
    """The process dies at each of its writes to the folder in turn; the next one finds a log that goes on."""
    for at in range(8):
        context = multiprocessing.get_context("spawn")
        child = context.Process(target=_dies, args=(str(log.home), step, at))
        child.start()
        child.join(60)
        assert child.exitcode in (0, 9)
        again = AuditLog(log.home)
        act(again)
        assert again.verify().ok and again.keys().current == again.vkey == Signer.load(log.key_path).verifier
        if child.exitcode == 0:
            break
    else:
        pytest.fail("the change of key never came to its end")


def _dies(home: str, step: str, at: int) -> None:
    real, left = getattr(os, step), [at]

    def counted(*arguments: object, **more: object) -> object:
        if left[0] == 0:
            os._exit(9)
        left[0] -= 1
        return real(*arguments, **more)

    setattr(os, step, counted)
    audit_log.AuditLog(Path(home)).rotate_key()
    os._exit(0)


def test_a_handover_is_an_allowed_outcome_and_nothing_else(log: AuditLog) -> None:
    log.rotate_key()
    content = json.loads(log.handovers()[0].record)
    assert keys_named(content) is not None
    for change in ({"kind": "intent"}, {"decision": "denied"}, {"rotated": "x"}, {"rotated": {"old": "a"}}, {"rotated": {"old": "a", "new": 1}}):
        assert keys_named({**content, **change}) is None
    assert keys_named(None) is None and isinstance(log.handovers()[0], Handover)


def test_a_key_waits_under_its_own_name(log: AuditLog) -> None:
    signer = Signer.create(log.key_path, "a")
    assert Signer.load(next_path(log.key_path, signer.verifier)).verifier == signer.verifier
    log.rotate_key()
    assert not next_path(log.key_path, signer.verifier).exists(), "what an undone change left goes"
