"""Verified queries and feedback as they are kept: through review, kills, encryption and erasure; damage is named."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from catalog.audit.log import AuditLog
from catalog.backup.encrypt import decrypt, encrypt
from catalog.errors import CatalogUnavailable, UsageError
from catalog.review.feedback import MOST_OPEN, FeedbackQueue, Said, erase_person
from catalog.review.verified import MOST_PROPOSED, Pair, VerifiedQueries
from catalog.storage.generations import writing
from catalog.storage.records import Dataset, Node
from catalog.storage.rows import upsert
from catalog.storage.state import State
from tests.catalog.forks import Forks

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
CANARY = "CANARY-0123456789abcdef"
PAIR = Pair(
    question=f"who owns {{dataset}} {CANARY}?", pattern="who owns dataset1", slots={"dataset1": "{dataset}"},
    sql="SELECT datasets.owner FROM datasets WHERE datasets.name = '{dataset}'", parameters=("dataset",), names=(), relations=("datasets",),
    samples={}, layer="1",
)  # fmt: skip
SAID = Said(question=f"who owns C4 {CANARY}", sql="SELECT 1", clock="", seq=7, corrected="", note=f"wrong {CANARY}")


def another(question: str, **changes: Any) -> Pair:
    return replace(PAIR, question=question, pattern=question, **changes)


def test_a_pair_goes_through_review_as_it_was_proposed(tmp_path: Path) -> None:
    store = VerifiedQueries(tmp_path)
    proposed = store.propose(PAIR, "max", NOW)
    assert (proposed.number, proposed.status, proposed.author, proposed.proposed, proposed.reviewer, proposed.pair) == (1, "proposed", "max", NOW, None, PAIR)
    assert store.approved() == store.approved("who owns dataset1") == []
    approved = store.review(1, True, "ada", "as in the report", NOW)
    assert (approved.status, approved.reviewer, approved.reviewed, approved.note, approved.pair) == ("approved", "ada", NOW, "as in the report", PAIR)
    assert VerifiedQueries(tmp_path).approved("who owns dataset1") == [approved]
    assert store.approved("who owns dataset2") == []
    assert store.review(1, False, "ada").status == "rejected"
    assert store.approved() == [] and store.all()[0].pair == PAIR


@pytest.mark.parametrize(
    ("before", "approve", "said"),
    [((True,), True, "approved already"), ((False,), True, "rejected already"), ((False,), False, "rejected already"), ((True, False), True, "rejected already")],
)
def test_what_was_decided_is_not_approved_again(tmp_path: Path, before: tuple[bool, ...], approve: bool, said: str) -> None:
    store = VerifiedQueries(tmp_path)
    store.propose(PAIR, "max")
    for decided in before:
        store.review(1, decided, "ada")
    with pytest.raises(UsageError, match=said):
        store.review(1, approve, "ada")


def test_one_question_has_one_approved_answer(tmp_path: Path) -> None:
    store = VerifiedQueries(tmp_path)
    other = replace(PAIR, sql=PAIR.sql + " LIMIT 1")
    store.propose(PAIR, "max")
    with pytest.raises(UsageError, match="verified query 1, proposed"):
        store.propose(PAIR, "mia")
    store.propose(other, "max")
    store.review(1, True, "ada")
    with pytest.raises(UsageError, match="answers the same question"):
        store.review(2, True, "ada")
    store.review(1, False, "ada")
    assert store.review(2, True, "ada").status == "approved"
    assert store.propose(PAIR, "max").number == 3


def test_a_number_is_never_given_again(tmp_path: Path) -> None:
    store = VerifiedQueries(tmp_path)
    store.propose(PAIR, "max")
    store.remove(1)
    assert store.propose(PAIR, "max").number == 2
    for absent in (1, 3, 0, -1, 2**70):
        with pytest.raises(UsageError, match="no verified query"):
            store.one(absent)


def test_nobody_fills_the_queues(tmp_path: Path) -> None:
    store, queue = VerifiedQueries(tmp_path), FeedbackQueue(tmp_path)
    with store._file.transaction() as connection:  # many at once, which is faster
        for number in range(MOST_PROPOSED):
            connection.execute("INSERT INTO verified_query (status, author, proposed, body) VALUES ('proposed', 'max', ?, '')", [NOW.isoformat()])
            store._write(connection, number + 1, another(f"q{number}"), "")
    with queue._file.transaction() as connection:
        connection.executemany("INSERT INTO feedback (status, verdict, author, given, body) VALUES ('open', 'bad', 'max', ?, '{}')", [[NOW.isoformat()]] * MOST_OPEN)
    with pytest.raises(UsageError, match="wait for review"):
        store.propose(PAIR, "max")
    with pytest.raises(UsageError, match="wait for review"):
        queue.give("bad", SAID, "max")
    assert store.propose(PAIR, "mia").author == "mia"
    assert queue.give("bad", SAID, "mia").author == "mia"


def test_feedback_is_closed_once(tmp_path: Path) -> None:
    queue = FeedbackQueue(tmp_path)
    given = queue.give("bad", SAID, "max", NOW)
    assert (given.status, given.verdict, given.author, given.given, given.said) == ("open", "bad", "max", NOW, SAID)
    closed = queue.close(1, "dismissed", "ada", NOW)
    assert (closed.status, closed.closed_by, closed.closed, closed.said) == ("dismissed", "ada", NOW, SAID)
    with pytest.raises(UsageError, match="dismissed already"):
        queue.close(1, "promoted", "ada")
    with pytest.raises(UsageError, match="longer"):
        queue.give("bad", replace(SAID, note="x" * 2001), "max")


def test_a_state_from_before_gets_the_tables(tmp_path: Path) -> None:
    token = State(tmp_path).issue_token("max", 1)
    VerifiedQueries(tmp_path).propose(PAIR, "max")
    assert State(tmp_path).verify_token(token) == "max"
    assert (tmp_path / "state.sqlite").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "damage",
    ["body = 'x'", "body = '[]'", "body = '{}'", "body = x'00'", "status = 'sure'", "proposed = 'never'", "body = replace(body, '\"sql\"', '\"sqlx\"')"],
)
def test_a_damaged_record_is_named(tmp_path: Path, damage: str) -> None:
    store = VerifiedQueries(tmp_path)
    store.propose(PAIR, "max")
    with sqlite3.connect(tmp_path / "state.sqlite") as connection:
        connection.execute(f"UPDATE verified_query SET {damage}")
    connection.close()
    with pytest.raises(CatalogUnavailable):
        store.all()


def bytes_of(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def catalog(home: Path) -> None:
    with writing(home) as connection:
        upsert(connection, [Node(node="n", jurisdiction="EU"), Dataset(node="n", name="d")])


def test_erased_people_leave_no_text(tmp_path: Path) -> None:
    catalog(tmp_path)
    store, queue, log = VerifiedQueries(tmp_path), FeedbackQueue(tmp_path), AuditLog(tmp_path)
    log.end(log.begin("max", "engineer", "query", None, None), "allowed")
    store.propose(another("one"), "max")
    store.propose(another("two"), "max")
    store.propose(another(f"three {CANARY}"), "ada")
    store.review(1, True, "ada")
    store.review(3, True, "max", note="note of max")
    queue.give("bad", replace(SAID, note="of max"), "max")
    queue.give("good", replace(SAID, note="of mia"), "mia")
    queue.close(2, "dismissed", "max")
    log.erase("max")
    assert [(q.number, q.author, q.reviewer, q.note) for q in store.all()] == [(1, "erased", "ada", ""), (3, "ada", "erased", "")]
    assert [(f.author, f.closed_by) for f in queue.all()] == [("mia", "erased")]
    assert b"note of max" not in bytes_of(tmp_path) and b"of max" not in bytes_of(tmp_path)
    assert log.verify().ok and store.approved("one")
    assert erase_person(tmp_path / "none", "max") == 0 and not (tmp_path / "none").exists()


def test_texts_are_encrypted_where_the_catalog_is(tmp_path: Path) -> None:
    home, key = tmp_path / "home", tmp_path / "key"
    catalog(home)
    VerifiedQueries(home).propose(PAIR, "max", NOW)
    FeedbackQueue(home).give("bad", SAID, "max", NOW)
    assert CANARY.encode() in bytes_of(home)
    encrypt(home, key)
    store = VerifiedQueries(home)
    assert CANARY.encode() not in bytes_of(home)
    assert (store.all()[0].pair, FeedbackQueue(home).all()[0].said) == (PAIR, SAID)
    store.propose(another(f"another {CANARY}"), "max")
    store.review(1, True, "ada", CANARY)
    FeedbackQueue(home).give("good", SAID, "max", NOW)
    assert CANARY.encode() not in bytes_of(home)
    assert [q.number for q in store.approved("who owns dataset1")] == [1]
    with sqlite3.connect(home / "state.sqlite") as connection:  # a text opens in its own row only
        connection.execute("UPDATE verified_query SET body = (SELECT body FROM verified_query WHERE number = 1) WHERE number = 2")
    connection.close()
    with pytest.raises(CatalogUnavailable, match="verified query 2 is damaged"):
        store.all()
    store.remove(1)
    with store._file.transaction() as connection:
        connection.execute("DELETE FROM verified_query")
    store.propose(PAIR, "max", NOW)
    decrypt(home)
    assert VerifiedQueries(home).all()[0].pair == PAIR and FeedbackQueue(home).all()[0].said == SAID


DIE_AT_STEP = """
import sqlite3, sys
from pathlib import Path
from catalog.review.verified import VerifiedQueries
from tests.catalog.deadly import counted
from tests.catalog.test_review import PAIR
step = [0]
statement = counted(lambda text: None, int(sys.argv[2]), step)
connect = sqlite3.connect
def watched(*arguments, **keywords):
    connection = connect(*arguments, **keywords)
    connection.set_trace_callback(statement)
    return connection
sqlite3.connect = watched
store = VerifiedQueries(Path(sys.argv[1]))
store.propose(PAIR, "max")
print("proposed", flush=True)
store.review(1, True, "ada")
print("approved", flush=True)
store.remove(1)
print("removed", flush=True)
"""
STATES = {"": [], "proposed": ["proposed"], "approved": ["approved"], "removed": []}


@pytest.fixture(scope="module")
def dying() -> Iterator[Forks]:
    with Forks(DIE_AT_STEP) as made:
        yield made


def survives(dying: Forks, home: Path, step: int) -> bool:
    """Kill before a statement and look; False when there was no such statement."""
    home.mkdir()
    ended, out = dying.child(home, step).finish()
    assert ended in (0, -9)
    said = (out.decode().split() or [""])[-1]
    order = list(STATES)
    after = order[min(order.index(said) + 1, len(order) - 1)]
    store = VerifiedQueries(home)
    found = store.all()
    assert [q.status for q in found] in (STATES[said], STATES[after])  # what was said is kept, what was not is whole or absent
    assert all(q.pair == PAIR for q in found)
    number = store.propose(another("next"), "mia").number
    assert number > max((q.number for q in found), default=0)
    return ended != 0


@pytest.mark.parametrize("step", [9, 20, 27])
def test_a_kill_leaves_every_pair_whole(dying: Forks, tmp_path: Path, step: int) -> None:
    assert survives(dying, tmp_path / "home", step)


@pytest.mark.slow
def test_a_kill_at_any_statement_leaves_every_pair_whole(dying: Forks, tmp_path: Path) -> None:
    step = 1
    while survives(dying, tmp_path / f"home{step}", step):
        step += 1
    assert step > 27
