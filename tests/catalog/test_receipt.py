"""Receipts: one that holds, and that nothing in it can be changed, left out, added or taken from elsewhere."""

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog.audit.log import AuditLog
from catalog.audit.receipt import Receipt, Ruling, Source, Statement, answer, issue, read, salt, verify, verify_rows
from catalog.errors import VerificationFailed

COLUMNS, TYPES, ROWS = ("n", "name"), ("BIGINT", "VARCHAR"), [(1, "a"), (2, None)]


def turn(log: AuditLog, question: str = "who owns C4", **changes: Any) -> Receipt:
    """A turn recorded as the pipeline does it, and its receipt."""
    seq = log.begin("lovelace", "steward", "query", question, "SELECT 1")
    statement = replace(
        Statement(
            seq=seq, at="", today="2026-10-16T12:00:00+00:00", principal=log.pseudonym(seq), question=question, reading="owner of C4",
            status="answered", sql="SELECT owner FROM datasets", decision=Ruling(verdict="masked", rules=("a", "b"), masked=("x.y",), policy_version="v" * 8),
            source=Source(generation=3, sha256="0" * 64), answer=answer(COLUMNS, TYPES, ROWS, False), salt=salt(),
        ),
        **changes,
    )  # fmt: skip
    from catalog.storage.state import utc

    at = utc(None)
    statement = replace(statement, at=at.isoformat())
    given = statement.answer.row_count if statement.answer else 0
    log.end(seq, statement.decision.verdict, ", ".join(statement.decision.rules) or None, given, now=at, receipt=statement.commitment)
    return issue(statement, log.prove(seq), log.vkey)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> AuditLog:
    """A log with a few turns in it already."""
    log = AuditLog(tmp_path_factory.mktemp("log"))
    for i in range(3):
        turn(log, f"question {i}")
    return log


@pytest.fixture(scope="module")
def receipt(log: AuditLog) -> Receipt:
    return turn(log)


def holds(fields: Any, key: str | None = None) -> bool:
    try:
        verify(json.dumps(fields).encode(), key)
    except VerificationFailed:
        return False
    return True


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where texts, numbers, booleans and nulls are."""
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(child, (*path, key))
    else:
        yield path


def changed(fields: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    fields = copy.deepcopy(fields)
    target: Any = fields
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return fields


def at(fields: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        fields = fields[key]
    return fields


def containers(fields: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(fields, dict | list):
        yield path
        for key, child in fields.items() if isinstance(fields, dict) else enumerate(fields):
            yield from containers(child, (*path, key))


def test_a_receipt_holds_and_says_what_was_checked(receipt: Receipt) -> None:
    verified = verify(receipt.text.encode(), receipt.log.key)
    assert verified.receipt == receipt and len(verified.checks) == 3
    assert "who owns" not in receipt.log.record and "lovelace" not in receipt.text
    assert verify_rows(receipt, COLUMNS, ROWS) == "what the file holds is what was given, 2 rows"


def test_every_character_counts(receipt: Receipt) -> None:
    fields = json.loads(receipt.text)
    tried = 0
    for path in leaves(fields):
        text = at(fields, path)
        if not isinstance(text, str):
            continue
        for i, char in enumerate(text):
            for other in (chr(ord(char) ^ 1), (char.swapcase(), "", char * 2)[i % 3]):
                mutant = text[:i] + other + text[i + 1 :]
                if mutant != text:
                    tried += 1
                    assert not holds(changed(fields, path, mutant)), (path, i, other)
        assert not holds(changed(fields, path, text + " ")), path
        assert not holds(changed(fields, path, "")) or not text, path
    assert tried > 1500


def test_every_field_counts(receipt: Receipt) -> None:
    fields = json.loads(receipt.text)
    for path in leaves(fields):
        value = at(fields, path)
        others: list[Any] = [None, True, False, 0, 1, -1, 2**64, "", "x", [], {}, [value]]
        if isinstance(value, int):
            others += [value + 1, value - 1, value ^ 2, -value, float(value), str(value)]
        for other in others:
            if other is not value and (type(other), other) != (type(value), value):
                assert not holds(changed(fields, path, other)), (path, other)


def test_nothing_may_be_missing_added_or_moved(receipt: Receipt) -> None:
    fields = json.loads(receipt.text)
    for path in containers(fields):
        value = at(fields, path)
        if isinstance(value, dict):
            for key in value:
                assert not holds(changed(fields, path, {k: v for k, v in value.items() if k != key}) if path else {k: v for k, v in value.items() if k != key})
            more = {**value, "more": 1}
            assert not holds(changed(fields, path, more) if path else more), path
        else:
            for other in (value[:-1], [*value, "x"], value[::-1], [*value, *value]):
                assert other == value or not holds(changed(fields, path, other)), (path, other)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff", b"1" * 5000, b"[" * 100_000, b'{"format": "steward-receipt/1"}', b" " * 4_000_001, b'{"a": NaN}'],
)
def test_what_is_no_receipt_does_not_hold(content: bytes) -> None:
    with pytest.raises(VerificationFailed, match="This is no receipt"):
        verify(content)


@pytest.mark.parametrize("number", ["1.5", "-0.0", "1e3", "NaN", "Infinity"])
def test_no_number_stands_for_nothing(receipt: Receipt, number: str) -> None:
    text = json.dumps(changed(json.loads(receipt.text), ("statement", "answer"), None))
    assert read(text.encode()).statement.answer is None
    with pytest.raises(VerificationFailed, match="This is no receipt"):
        read(text.replace('"answer": null', f'"answer": {number}').encode())


def test_a_field_said_twice_is_a_flaw(receipt: Receipt) -> None:
    twice = receipt.text.replace('"status": "answered"', '"status": "denied", "status": "answered"')
    assert twice != receipt.text
    with pytest.raises(VerificationFailed):
        verify(twice.encode())


def test_parts_of_another_receipt_do_not_fit(log: AuditLog, receipt: Receipt) -> None:
    other = turn(log)
    assert holds(json.loads(other.text))
    mine, theirs = json.loads(receipt.text), json.loads(other.text)
    for part in ("statement", "log"):
        assert not holds({**mine, part: theirs[part]})
        for name in mine[part]:
            mixed = {**mine, part: {**mine[part], name: theirs[part][name]}}
            assert holds(mixed) == (mine[part][name] == theirs[part][name]), (part, name)


def test_another_log_signs_with_another_key(receipt: Receipt, tmp_path: Path) -> None:
    forged = turn(AuditLog(tmp_path))
    assert holds(json.loads(forged.text))
    assert not holds(json.loads(forged.text), receipt.log.key)
    assert not holds({**json.loads(receipt.text), "log": json.loads(forged.text)["log"]})


def test_a_checkpoint_bears_the_logs_signature_alone(receipt: Receipt) -> None:
    fields = json.loads(receipt.text)
    line = "— witness.example/w AAAAAAAAAAAAAAAA\n"
    assert not holds(changed(fields, ("log", "checkpoint"), fields["log"]["checkpoint"] + line))


def test_a_record_that_says_other_than_the_statement_does_not_hold(log: AuditLog) -> None:
    """The keeper of the log signs a record of one decision and a statement of another."""
    seq = log.begin("ada", None, "query", "q", None)
    statement = replace(read(turn(log).text.encode()).statement, seq=seq)
    log.end(seq, "denied", "a, b", 2, receipt=statement.commitment)
    assert not holds(json.loads(issue(statement, log.prove(seq), log.vkey).text))


def test_an_intent_is_no_outcome(log: AuditLog, receipt: Receipt) -> None:
    assert not holds(json.loads(issue(receipt.statement, log.prove(receipt.statement.seq, "intent"), log.vkey).text))


@pytest.mark.parametrize(
    ("columns", "rows", "why"),
    [
        (("n", "x"), ROWS, "other columns"),
        (COLUMNS, ROWS[:1], "1 row,"),
        (COLUMNS, [(1, "a"), (2, "")], "not those"),
        (COLUMNS, [(1, "a"), (2,)], "not those"),
        (COLUMNS, ROWS[::-1], "not those"),
    ],
)
def test_other_rows_are_not_those_of_the_receipt(receipt: Receipt, columns: tuple[str, ...], rows: list[tuple[Any, ...]], why: str) -> None:
    with pytest.raises(VerificationFailed, match=why):
        verify_rows(receipt, columns, rows)


def test_a_turn_without_rows_has_a_receipt_too(log: AuditLog) -> None:
    denied = turn(log, status="denied", decision=Ruling(verdict="denied", rules=("default",), masked=(), policy_version="v"), answer=None)
    assert holds(json.loads(denied.text))
    with pytest.raises(VerificationFailed, match="gave no rows"):
        verify_rows(denied, (), [])


def test_a_receipt_outlives_erasure_and_growth(log: AuditLog, tmp_path: Path) -> None:
    own = AuditLog(tmp_path)
    first = turn(own)
    own.erase("lovelace")
    assert holds(json.loads(first.text), own.vkey)
    later = issue(first.statement, own.prove(first.statement.seq), own.vkey)
    assert later.log != first.log and holds(json.loads(later.text), own.vkey)
