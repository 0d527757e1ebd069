"""``--receipt`` and ``steward receipt verify``: every outcome has one, and rows in every format are checked against it."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalog.audit.log import AuditLog
from tests.tui.test_ask import OUTCOMES

TYPES_SQL = (
    "SELECT * FROM (VALUES (1, 0.1::DOUBLE, 'a,\"b\"', TRUE, DATE '2026-01-02', TIMESTAMP '2026-01-02 03:04:05', ['x', NULL], NULL), "
    "(-5, 1e300, '', FALSE, NULL, NULL, [], 2.50), (NULL, NULL, ' sp', NULL, NULL, NULL, NULL, NULL)) t(n, d, s, b, dy, tm, l, m)"
)
"""One column of each type that a result has."""


@pytest.mark.parametrize(("question", "code", "status"), OUTCOMES)
def test_every_outcome_has_a_receipt(steward: Any, backend: str, home: Path, tmp_path: Path, question: str, code: int, status: str) -> None:
    path = tmp_path / "r.json"
    assert steward("ask", backend, "--json", "--receipt", str(path), question).code == code
    ran = steward("receipt", "verify", "--json", "--key", AuditLog(home).vkey, str(path), catalog=tmp_path / "nowhere")
    assert (ran.code, ran.json["verified"], ran.json["flaw"], ran.json["key_given"]) == (0, True, None, True)
    said = ran.json["statement"]
    assert (said["question"], said["status"]) == (question, status)
    assert (said["answer"] is not None) == (status == "answered")
    entry = AuditLog(home).entries()[-1]
    assert (entry.seq, entry.decision, entry.row_count) == (said["seq"], said["decision"]["verdict"], said["answer"]["row_count"] if said["answer"] else 0)


def test_a_denial_cites_its_rule_in_the_receipt(steward: Any, backend: str, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    steward("ask", backend, "--receipt", str(path), "grants")
    decision = json.loads(path.read_text())["statement"]["decision"]
    assert (decision["verdict"], decision["rules"]) == ("denied", ["default"])


def test_sql_that_was_not_run_has_a_receipt_without_rows(steward: Any, backend: str, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    assert steward("ask", backend, "--sql", "--receipt", str(path), "how many").code == 0
    assert steward("receipt", "verify", str(path)).code == 0
    assert json.loads(path.read_text())["statement"]["answer"] is None


@pytest.mark.parametrize("form", ["csv", "json", "jsonl"])
@pytest.mark.parametrize("sql", [TYPES_SQL, "SELECT name, languages, bytes, last_updated FROM datasets", "SELECT name, name FROM datasets WHERE FALSE"])
def test_rows_are_checked_in_the_formats_that_programs_read(steward: Any, tmp_path: Path, form: str, sql: str) -> None:
    receipt, rows = tmp_path / "r.json", tmp_path / f"rows.{form}"
    ran = steward("sql", "--receipt", str(receipt), "--format", form, "-q", sql)
    assert ran.code == 0, ran.err
    rows.write_bytes(ran.out)
    ran = steward("receipt", "verify", str(receipt), "--rows", str(rows))
    assert ran.code == 0, ran.err
    assert "what was given" in ran.out.decode()


def test_a_file_of_any_size_is_no_receipt(steward: Any, tmp_path: Path) -> None:
    with (tmp_path / "r.json").open("wb") as file:
        file.truncate(1 << 40)
    ran = steward("receipt", "verify", str(tmp_path / "r.json"))
    assert (ran.code, "longer than" in ran.err) == (1, True)


@pytest.mark.parametrize("form", ["csv", "json", "jsonl"])
def test_a_changed_row_is_found(steward: Any, tmp_path: Path, form: str) -> None:
    receipt, rows = tmp_path / "r.json", tmp_path / f"rows.{form}"
    written = steward("sql", "--receipt", str(receipt), "--format", form, "-q", TYPES_SQL).out
    body = written.index(b"\n") if form == "csv" else written.index(b'"rows"') if form == "json" else 0
    end = written.index(b"]]") if form == "json" else len(written)
    for old, new in ((b"1", b"2"), (b"a,", b"b,"), (b"e+300", b"e+299"), (b"false", b"true"), (b"-5", b"5"), (b"03", b"04"), (b"2.5", b"2.6"), (b"x", b"y")):
        assert old in written[body:end], old
        rows.write_bytes(written[:body] + written[body:end].replace(old, new, 1) + written[end:])
        ran = steward("receipt", "verify", str(receipt), "--rows", str(rows))
        assert ran.code == 1, (old, ran.out)
    for cut in (b"", written[: len(written) // 2], written + written, b"\xff\xfe", b"{"):
        rows.write_bytes(cut)
        assert steward("receipt", "verify", str(receipt), "--rows", str(rows)).code == 1


@pytest.mark.parametrize(
    ("old", "new"), [("1,0.1,", "01,0.1,"), ("1,0.1,", "1,0.10,"), ("1,0.1,", "+1,0.1,"), (",true,", ",True,"), (",true,", ",1,"), ('""\r', "\r"), ("-5,", ",")]
)
def test_a_csv_field_has_one_spelling(steward: Any, tmp_path: Path, old: str, new: str) -> None:
    receipt, rows = tmp_path / "r.json", tmp_path / "rows.csv"
    sql = "SELECT * FROM (VALUES (1, 0.1::DOUBLE, TRUE, 'x', ''), (-5, 1.0, TRUE, 'y', '')) t(n, d, b, s, e)"
    written = steward("sql", "--receipt", str(receipt), "--format", "csv", "-q", sql).out.decode()
    assert old in written
    rows.write_bytes(written.replace(old, new, 1).encode())
    assert steward("receipt", "verify", str(receipt), "--rows", str(rows)).code == 1


def test_without_a_key_it_says_whose_word_it_took(steward: Any, backend: str, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    steward("ask", backend, "--receipt", str(path), "how many")
    ran = steward("receipt", "verify", str(path))
    assert ran.code == 0 and "The key came from the receipt itself" in ran.err
    assert steward("receipt", "verify", str(path), "--key", AuditLog(home).vkey).err == ""
    ran = steward("receipt", "verify", str(path), "--key", AuditLog(tmp_path / "other").vkey)
    assert (ran.code, ran.out) == (1, b"") and "another key" in ran.err


def test_a_flaw_is_one_exit_code_and_one_reason(steward: Any, backend: str, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    steward("ask", backend, "--receipt", str(path), "how many")
    path.write_text(path.read_text().replace('"question": "how many"', '"question": "how much"'))
    ran = steward("receipt", "verify", str(path))
    assert (ran.code, ran.out) == (1, b"") and "something in it was changed" in ran.err
    ran = steward("receipt", "verify", "--json", str(path))
    assert (ran.code, ran.json["verified"], ran.json["statement"]) == (1, False, None)
    assert "something in it was changed" in ran.json["flaw"]


def test_what_a_receipt_says_is_harmless_on_a_terminal(steward: Any, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    steward("sql", "--receipt", str(path), "SELECT '\x1b]0;x\x07' AS a")
    ran = steward("receipt", "verify", str(path))
    assert ran.code == 0 and b"\x1b" not in ran.out


def test_a_receipt_is_of_one_turn_and_needs_a_place(steward: Any, backend: str, tmp_path: Path) -> None:
    assert steward("ask", backend, "--batch", "-", "--receipt", str(tmp_path / "r.json"), stdin=b"").code == 2
    ran = steward("ask", backend, "--receipt", str(tmp_path / "no" / "r.json"), "how many")
    assert (ran.code, ran.out) == (3, b"")
    assert steward("receipt", "verify", str(tmp_path / "absent.json")).code == 2


def test_who_proves_nobody_gets_no_receipt(steward: Any, backend: str, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    assert steward("ask", backend, "--token", "nonsense", "--receipt", str(path), "how many").code == 5
    assert not path.exists()
