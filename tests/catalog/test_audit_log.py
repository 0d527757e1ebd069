"""The audit log: what happened is there, whoever changes it is found out, and a proof proves its record alone."""

import json
import signal
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from catalog.audit.log import AuditLog
from catalog.audit.merkle import leaf_hash, root, verify_consistency, verify_inclusion
from catalog.audit.signed_note import Checkpoint, open_note
from catalog.errors import CatalogUnavailable, UsageError, VerificationFailed
from catalog.storage.state import State
from tests.catalog.forks import Forks

NOW = datetime(2026, 3, 1, 12)


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    return AuditLog(tmp_path / "home")


def act(log: AuditLog, actor: str = "ada", question: str | None = "q", sql: str | None = "SELECT 1") -> int:
    seq = log.begin(actor, "steward", "query", question, sql, now=NOW)
    log.end(seq, "allowed", row_count=1, now=NOW)
    return seq


def tamper(log: AuditLog, *statements: str) -> None:
    log.close()
    with sqlite3.connect(log.path) as connection:
        for sql in statements:
            connection.execute(sql)
    connection.close()


def forge(log: AuditLog, change: Callable[[dict[str, object]], None], place: int) -> None:
    """Rewrite a record and every hash over it, as somebody would who knows the format but cannot sign."""
    log.close()
    with sqlite3.connect(log.path) as connection:
        (body,) = connection.execute("SELECT body FROM audit_leaf WHERE place = ?", [place]).fetchone()
        content = json.loads(body)
        change(content)
        forged = json.dumps(content, sort_keys=True, separators=(",", ":"))
        connection.execute("UPDATE audit_leaf SET body = ? WHERE place = ?", [forged, place])
        nodes = dict(connection.execute("SELECT place, hash FROM audit_node WHERE level = 0"))
        nodes[place] = leaf_hash(forged.encode())
        for level, at in connection.execute("SELECT level, place FROM audit_node").fetchall():
            over = [nodes[i] for i in range(at << level, (at + 1) << level)]
            connection.execute("UPDATE audit_node SET hash = ? WHERE level = ? AND place = ?", [root(over), level, at])
    connection.close()


def test_an_action_is_an_intent_and_an_outcome(log: AuditLog) -> None:
    first = log.begin("ada", "steward", "query", "how many?", "SELECT 1", purpose="audit", now=NOW)
    second = log.begin("bob", None, "query", None, None, now=NOW)
    log.end(first, "masked", "p-1", 3, NOW + timedelta(seconds=1))
    done, unfinished = log.entries()
    assert (first, second) == (1, 2)
    assert (done.actor, done.role, done.question, done.purpose) == ("ada", "steward", "how many?", "audit")
    assert (done.decision, done.policy, done.row_count, done.verified) == ("masked", "p-1", 3, True)
    assert (done.at, done.as_of, done.node) == (NOW, NOW + timedelta(seconds=1), "steward")
    assert (done.sensitivity, done.origin) == ("confidential", "measured")
    assert done.sql_hash == "e004ebd5b5532a4b85984a62f8ad48a81aa3460c1ca07701f386135d72cdecf5"
    assert (unfinished.decision, unfinished.row_count, unfinished.verified) == ("", None, True)
    assert log.verify().ok


def test_an_action_ends_once_and_only_after_it_began(log: AuditLog) -> None:
    seq = act(log)
    for wrong in (seq, seq + 1):
        with pytest.raises(UsageError):
            log.end(wrong, "allowed", now=NOW)


def test_records_hold_no_personal_text(log: AuditLog) -> None:
    act(log, "Ada Lovelace", "who is Grace Hopper?", "SELECT 'Grace Hopper'")
    for kind in ("intent", "outcome"):
        leaf = log.prove(1, kind).leaf.decode()
        assert not any(word in leaf for word in ("Ada", "Grace", "e004ebd5"))


TAMPERED = {
    "a record edited": (
        ["UPDATE audit_leaf SET body = replace(body, 'steward', 'owner') WHERE place = 2"],
        [True, False, True],
        "record 2",
    ),
    "a leaf rehashed": (
        ["UPDATE audit_node SET hash = zeroblob(32) WHERE level = 0 AND place = 3"],
        [False] * 3,
        "record 3",
    ),
    "the last outcome removed": (["DELETE FROM audit_leaf WHERE place = 5"], [True, True, False], "record 5"),
    "an outcome removed": (["DELETE FROM audit_leaf WHERE place = 3"], [True, True, False], "record 3"),
    "an action removed": (["DELETE FROM audit_leaf WHERE seq = 1"], [False, True], "record 0"),
    "the last action cut off": (
        [
            "DELETE FROM audit_leaf WHERE seq = 3",
            "DELETE FROM audit_node WHERE place >> (2 - level) AND level < 3 AND (place + 1) << level > 4",
        ],
        [False, False],
        "checkpoint 6",
    ),
    "renumbered": (["UPDATE audit_leaf SET seq = seq + 40 WHERE seq = 3"], [True, True, False], "record 4"),
    "two records swapped": (
        [
            "UPDATE audit_leaf SET place = 99 WHERE place = 1",
            "UPDATE audit_leaf SET place = 1 WHERE place = 3",
            "UPDATE audit_leaf SET place = 3 WHERE place = 99",
        ],
        [False, False, True],
        "record 1",
    ),
    "a question edited": (
        ["UPDATE audit_text SET question = 'harmless' WHERE seq = 2"],
        [True, False, True],
        "record 2",
    ),
    "a salt edited": (["UPDATE audit_text SET salt = zeroblob(16) WHERE seq = 2"], [True, False, True], "record 2"),
    "a text moved": (["UPDATE audit_text SET sql = 'x' WHERE seq = 1"], [False, True, True], "record 0"),
    "a text gone": (["DELETE FROM audit_text WHERE seq = 2"], [True, False, True], "record 2"),
    "a name edited": (
        ["UPDATE audit_principal SET name = 'eve' WHERE name = 'ada'"],
        [False, False, False],
        "record 0",
    ),
    "a name gone": (["DELETE FROM audit_principal WHERE name = 'ada'"], [False, False, False], "record 0"),
    "a checkpoint edited": (
        ["UPDATE audit_checkpoint SET note = replace(note, '6', '7')"],
        [False] * 3,
        "checkpoint 6",
    ),
    "an inner node edited": (
        ["UPDATE audit_node SET hash = zeroblob(32) WHERE level = 1 AND place = 1"],
        [True] * 3,
        "node 1 of level 1",
    ),
    "an inner node gone": (["DELETE FROM audit_node WHERE level = 2"], [True] * 3, "node 0 of level 2"),
    "a node too many": (["INSERT INTO audit_node VALUES (3, 0, zeroblob(32))"], [True] * 3, "node 0 of level 3"),
}


@pytest.mark.parametrize(("statements", "verified", "where"), TAMPERED.values(), ids=TAMPERED)
def test_a_changed_log_is_found_out(log: AuditLog, statements: list[str], verified: list[bool], where: str) -> None:
    for question in ("q1", "q2", "q3"):
        act(log, "ada", question)
    assert [entry.verified for entry in log.entries()] == [True, True, True] and log.verify().ok
    tamper(log, *statements)
    assert [entry.verified for entry in log.entries()] == verified
    verdict = log.verify()
    assert not verdict.ok and where in [flaw.where for flaw in verdict.flaws]


def test_a_forged_record_needs_the_signing_key(log: AuditLog) -> None:
    for _ in range(80):
        act(log)
    forge(log, lambda content: content.update(row_count=9), 131)
    flaws = log.verify().flaws
    assert [flaw.where for flaw in flaws] == ["checkpoint 160"] and "records 126 to 159" in flaws[0].what
    assert [entry.verified for entry in log.entries()] == [True] * 63 + [False] * 17
    with pytest.raises(VerificationFailed, match="not those that were signed"):
        log.begin("ada", None, "query", "q", None)


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"at": 1}', '{"seq": 1}', '{"seq": 1, "kind": "intent", "at": "2026-01-01"}']
)
def test_a_record_that_cannot_be_read_is_named(log: AuditLog, body: str) -> None:
    log.begin("ada", None, "query", None, None, now=NOW)
    tamper(log, f"UPDATE audit_leaf SET body = '{body}'")
    with pytest.raises(CatalogUnavailable, match="damaged"):
        log.entries()
    assert log.verify().flaws[0].where == "record 0"


@pytest.mark.parametrize(
    "change",
    [
        'audit_leaf SET body = replace(body, \'"row_count":1\', \'"row_count":"many"\')',
        "audit_leaf SET body = replace(body, '\"row_count\":1', '\"row_count\":1e400')",
        'audit_leaf SET body = replace(body, \'"role":"steward"\', \'"role":[1]\')',
        "audit_leaf SET body = replace(body, '\"seq\":1', '\"seq\":null')",
        "audit_leaf SET body = x'00ff'",
    ],
)
def test_an_entry_of_wrong_types_is_named(log: AuditLog, change: str) -> None:
    act(log)
    tamper(log, f"UPDATE {change}")
    with pytest.raises(CatalogUnavailable, match=r"damaged|cannot be used"):
        log.entries()


@pytest.mark.parametrize(
    "change",
    [
        "audit_text SET question = 5, salt = 'x'",
        "audit_text SET pseudonym = x'00ff'",
        "audit_principal SET key = 'text'",
        "audit_principal SET name = x'00'",
        "audit_node SET hash = 'text'",
        "audit_node SET hash = x'00'",
        "audit_checkpoint SET note = x'00'",
        "audit_checkpoint SET note = ''",
    ],
)
def test_no_edit_of_the_tables_stops_the_verification(log: AuditLog, change: str) -> None:
    act(log)
    tamper(log, f"UPDATE {change}")
    assert not log.verify().ok
    try:
        assert not log.entries()[0].verified
    except CatalogUnavailable as error:
        assert "damaged" in error.what


def test_a_proof_proves_its_record_under_the_checkpoint(log: AuditLog) -> None:
    for _ in range(21):
        act(log)
    for seq in (1, 7, 21):
        for kind in ("intent", "outcome"):
            proof = log.prove(seq, kind)
            signed = Checkpoint.parse(open_note(proof.checkpoint, log.vkey))
            assert signed.size == proof.size == 42
            assert verify_inclusion(leaf_hash(proof.leaf), proof.index, signed.size, proof.path, signed.root)
            assert json.loads(proof.leaf)["seq"] == seq and json.loads(proof.leaf)["kind"] == kind
            assert not verify_inclusion(leaf_hash(proof.leaf + b" "), proof.index, signed.size, proof.path, signed.root)
    outcome = json.loads(log.prove(7).leaf)
    assert outcome["intent"] == leaf_hash(log.prove(7, "intent").leaf).hex()


def test_an_older_checkpoint_is_signed_again_byte_for_byte(log: AuditLog) -> None:
    act(log)
    first = log.prove(1)
    for _ in range(5):
        act(log)
    assert log.prove(1, size=2) == first and log.prove(1) != first
    old, new = (Checkpoint.parse(open_note(note, log.vkey)) for note in (first.checkpoint, log.checkpoint()))
    assert verify_consistency(old.size, new.size, log.consistency(old.size), old.root, new.root)


def test_there_is_no_proof_of_what_is_not_there(log: AuditLog) -> None:
    with pytest.raises(UsageError):
        log.checkpoint()
    seq = log.begin("ada", None, "query", None, None)
    for wrong in (
        lambda: log.prove(seq),
        lambda: log.prove(9, "intent"),
        lambda: log.prove(seq, "intent", 2),
        lambda: log.consistency(0),
    ):
        with pytest.raises(UsageError):
            wrong()
    assert log.prove(seq, "intent").size == 1  # an intent alone is signed when somebody asks


def test_the_hashes_of_records_are_no_oracle_for_who_asked(tmp_path: Path) -> None:
    """With everything but the actor known, a reader from whom it is masked must not find it by trying."""
    logs = [AuditLog(tmp_path / home) for home in ("one", "one", "two")]
    for log in logs:
        act(log, question=None)
    assert len({entry.entry_hash for log in logs for entry in log.entries()}) == 3


def test_an_erased_principal_is_nowhere_and_the_log_holds(log: AuditLog) -> None:
    for actor in ("Ada Lovelace", "bob", "Ada Lovelace"):
        act(log, actor, f"a question of {actor}", "SELECT 4711")
    before = log.checkpoint()
    assert log.erase("Ada Lovelace", NOW) == 2
    kept = b"".join(path.read_bytes() for path in log.home.iterdir() if path.is_file())
    assert b"bob" in kept and b"Lovelace" not in kept
    entries = log.entries()
    assert [(e.actor, e.question, e.sql_hash is None) for e in entries] == [
        ("erased", None, True),
        ("bob", "a question of bob", False),
        ("erased", None, True),
        ("operator", None, True),
    ]
    assert all(entry.verified for entry in entries) and entries[3].action == "erase" and entries[3].row_count == 2
    verdict = log.verify()
    assert verdict.ok and verdict.erased == 2
    old, new = (Checkpoint.parse(open_note(note, log.vkey)) for note in (before, log.checkpoint()))
    assert verify_consistency(old.size, new.size, log.consistency(old.size), old.root, new.root)
    with pytest.raises(UsageError):
        log.erase("Ada Lovelace")
    act(log, "Ada Lovelace")
    assert log.entries()[-1].actor == "Ada Lovelace" and log.verify().ok
    assert log.pseudonym(5) != log.pseudonym(1)


def test_text_that_no_encoding_holds_is_recorded(log: AuditLog) -> None:
    log.begin("lone \ud801", "r\ud800", "query", "lone \ud800 surrogate", "SELECT '\ud800'", now=NOW)
    (entry,) = log.entries()
    assert (entry.actor, entry.question, entry.role, entry.verified) == ("lone ?", "lone ? surrogate", "r?", True)


def test_the_key_is_private_and_cannot_be_replaced(log: AuditLog) -> None:
    act(log)
    assert log.key_path.stat().st_mode & 0o077 == 0 and log.path.stat().st_mode & 0o077 == 0
    key = log.key_path.read_bytes()
    log.key_path.unlink()
    with pytest.raises(CatalogUnavailable, match="missing"):
        act(AuditLog(log.home))
    log.key_path.write_text("PRIVATE+KEY+x+00000000+AQ==\n", encoding="utf-8")
    with pytest.raises(CatalogUnavailable, match="not a signing key"):
        AuditLog(log.home).entries()
    log.key_path.unlink()
    other = AuditLog(log.home.parent / "other")
    act(other)
    log.key_path.write_bytes(other.key_path.read_bytes())
    assert not AuditLog(log.home).verify().ok and not AuditLog(log.home).entries()[0].verified
    log.key_path.write_bytes(key)
    assert AuditLog(log.home).verify().ok


def test_a_folder_with_the_older_chain_says_how_to_begin_anew(tmp_path: Path) -> None:
    State(tmp_path)
    with sqlite3.connect(tmp_path / "state.sqlite") as connection:
        connection.execute("CREATE TABLE audit_record (number INTEGER)")
    AuditLog(tmp_path / "elsewhere")
    connection.execute("INSERT INTO audit_record VALUES (1)")
    connection.commit()
    connection.close()
    for _ in range(2):
        with pytest.raises(CatalogUnavailable, match="older layout"):
            AuditLog(tmp_path)


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "audit.sqlite").write_bytes(b"not a database, but long enough to be read as the header of one" * 20)
    with pytest.raises(CatalogUnavailable):
        AuditLog(tmp_path)


def test_a_removed_file_is_not_written_on_unseen(log: AuditLog) -> None:
    act(log)
    for path in log.home.glob("audit.sqlite*"):
        path.unlink()
    with pytest.raises(CatalogUnavailable):
        act(log)


WRITER = """
import sys
from pathlib import Path
from catalog.audit.log import AuditLog
log, actor = AuditLog(Path(sys.argv[1])), sys.argv[2]
for i in range(int(sys.argv[3])):
    seq = log.begin(actor, None, "query", str(i), None)
    print("begun", seq, flush=True)
    log.end(seq, "allowed", row_count=i)
    print("ended", seq, flush=True)
"""


@pytest.fixture(scope="module")
def writers() -> Iterator[Forks]:
    """Of a folder, an actor and a number of actions."""
    with Forks(WRITER) as made:
        yield made


def test_processes_append_to_one_log(writers: Forks, tmp_path: Path) -> None:
    children = [writers.child(tmp_path, name, 20) for name in "abc"]
    assert [child.finish()[0] for child in children] == [0, 0, 0]
    entries = AuditLog(tmp_path).entries()
    assert len(entries) == 60 and all(entry.verified and entry.decision == "allowed" for entry in entries)
    assert AuditLog(tmp_path).verify().ok


def killed(writers: Forks, home: Path, kills: int) -> None:
    """Kill writers at moments of their own choosing; what they were told is durable must be there, and verify."""
    begun: set[int] = set()
    ended: set[int] = set()
    for i in range(kills):
        children = [writers.child(home, f"actor{i % 3}", 10_000), writers.child(home, "other", 10_000)]
        for _ in range(1 + i * 7 % 11):
            assert children[0].stdout.readline()
        for child in children:
            child.kill()
        for child in children:
            ended_by, said = child.finish()
            assert ended_by == -signal.SIGKILL
            out = said.decode()
            for word, seq in (line.split() for line in out.splitlines() if line.count(" ") == 1 and line[-1].isdigit()):
                (begun if word == "begun" else ended).add(int(seq))
    log = AuditLog(home)
    entries = {entry.seq: entry for entry in log.entries()}
    assert begun <= entries.keys()
    assert all(entries[seq].decision == "allowed" for seq in ended)
    assert all(entry.verified for entry in entries.values()) and log.verify().ok


def test_nothing_acknowledged_is_lost_when_writers_are_killed(writers: Forks, tmp_path: Path) -> None:
    killed(writers, tmp_path, 12)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_nothing_acknowledged_is_lost_in_a_thousand_kills(writers: Forks, tmp_path: Path) -> None:
    killed(writers, tmp_path, 500)


def test_a_torn_journal_leaves_a_log_that_verifies(writers: Forks, tmp_path: Path) -> None:
    """What a power cut may leave: any beginning of the journal. The log is then a beginning of itself."""
    child = writers.child(tmp_path / "home", "ada", 10_000)
    for _ in range(40):
        child.stdout.readline()
    child.kill()
    child.finish()
    files = {path.name: path.read_bytes() for path in (tmp_path / "home").iterdir()}
    journal = files["audit.sqlite-wal"]
    sizes = set()
    for cut in range(0, len(journal) + 1, max(1, len(journal) // 24)):
        home = tmp_path / f"cut{cut}"
        home.mkdir()
        for name, content in files.items():
            if name != "audit.sqlite-shm":
                (home / name).write_bytes(journal[:cut] if name == "audit.sqlite-wal" else content)
        log = AuditLog(home)
        assert log.verify().ok
        sizes.add(log.size)
        act(log)
        assert log.verify().ok and log.entries()[-1].verified
        log.close()
    assert len(sizes) > 10


def test_a_receipt_of_an_action_is_in_its_outcome(log: AuditLog) -> None:
    seq = log.begin("ada", None, "query", "q", None)
    log.end(seq, "allowed", receipt="ab" * 32)
    assert json.loads(log.prove(seq).leaf)["receipt"] == "ab" * 32
    proof = log.prove(seq)
    with pytest.raises(AssertionError):
        log.end(seq, "whatever")
    assert replace(proof, size=3) != proof
