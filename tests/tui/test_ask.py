"""``steward ask`` and ``steward sql``: what each outcome prints where, and the exit code."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog.storage.state import State

FIELDS = {
    "status", "question", "message", "reading", "sql", "columns", "rows", "truncated", "caveats", "decision", "confidence", "verified", "as_of", "stage", "stages",
}  # fmt: skip

OUTCOMES = [
    ("personal data", 0, "answered"),
    ("nothing", 0, "answered"),
    ("grants", 5, "denied"),
    ("stewards", 5, "denied"),
    ("wrong", 6, "failed"),
    ("quality", 6, "asked_back"),
    ("drop it", 6, "refused"),
    ("anything else", 6, "refused"),
]


@pytest.mark.parametrize(("question", "code", "status"), OUTCOMES)
def test_json_has_every_field_whatever_the_outcome(steward: Any, backend: str, question: str, code: int, status: str) -> None:
    ran = steward("ask", backend, "--json", question)
    assert (ran.code, ran.json["status"], ran.json["question"], ran.err) == (code, status, question, "")
    assert set(ran.json) >= FIELDS
    assert ran.json["stages"].keys() >= {"context", "draft"}


@pytest.mark.parametrize(("question", "code", "status"), OUTCOMES)
def test_only_an_answer_reaches_standard_output(steward: Any, backend: str, question: str, code: int, status: str) -> None:
    ran = steward("ask", backend, question)
    assert ran.code == code
    assert (ran.out == b"") == (status != "answered")
    assert (ran.err == "") == (status == "answered")


def test_a_table_comes_with_sentence_sql_decision_and_age(steward: Any, backend: str) -> None:
    lines = steward("ask", backend, "personal data").out.decode().splitlines()
    assert "Read as: datasets with personal data." in lines[0]
    assert lines[2].split() == ["name", "owner"]
    assert "SQL: SELECT datasets.name, datasets.owner FROM datasets WHERE datasets.pii ORDER BY datasets.name" in lines
    assert "allowed for anonymous by public-metadata   confidence: 93%" in lines
    assert lines[-1].startswith("data as of 2026-")


def test_a_format_for_programs_leaves_rows_alone_on_standard_output(steward: Any, backend: str) -> None:
    ran = steward("ask", backend, "--format", "csv", "how many")
    assert ran.out.startswith(b"n\r\n")
    assert len(ran.out.splitlines()) == 2
    assert "SQL: SELECT" in ran.err
    assert steward("ask", backend, "--format", "csv", "-q", "how many").err == ""


def test_sql_is_shown_and_not_run(steward: Any, backend: str) -> None:
    ran = steward("ask", backend, "--sql", "how many")
    assert (ran.code, ran.out) == (0, b"SELECT count(*) AS n FROM datasets\n")
    assert "run" not in steward("ask", backend, "--sql", "--json", "how many").json["stages"]


def test_a_question_may_be_piped(steward: Any, backend: str) -> None:
    assert steward("ask", backend, "--json", "-", stdin=b"how many\n").json["question"] == "how many"
    assert steward("ask", backend, "--json", stdin=b"how many \xff").json["question"] == "how many �"


def test_nothing_to_answer_is_a_usage_error(steward: Any) -> None:
    ran = steward("ask", "  ")
    assert (ran.code, ran.out) == (2, b"")
    assert "Usage:" in ran.err


def test_rows_beyond_the_limit_are_said_to_be_missing(steward: Any) -> None:
    sql = "SELECT name FROM datasets"
    ran = steward("sql", "-q", "--format", "csv", "--limit", "3", sql)
    assert len(ran.out.splitlines()) == 4
    assert ran.err == "Only the first 3 rows are shown; --limit shows more.\n"
    assert steward("sql", "--json", "--limit", "3", sql).json["truncated"] is True


def test_a_slow_query_is_a_timeout(steward: Any, backend: str) -> None:
    ran = steward("ask", backend, "--json", "--timeout", "0.3", "slow")
    assert (ran.code, ran.json["status"], ran.json["stage"], ran.json["exit_code"]) == (4, "failed", "run", 4)


def test_today_can_be_set(steward: Any) -> None:
    rows = [steward("sql", "--json", *now, "SELECT current_date").json["rows"] for now in ((), ("--now", "2026-02-03T04:05:06Z"))]
    assert rows == [[["2026-10-16"]], [["2026-02-03"]]]


@pytest.mark.parametrize(
    "arguments",
    [
        ["ask", "--format", "xml", "x"],
        ["ask", "--limit", "0", "x"],
        ["ask", "--limit", "many", "x"],
        ["ask", "--timeout", "nan", "x"],
        ["ask", "--timeout", "inf", "x"],
        ["ask", "--now", "yesterday", "x"],
        ["ask", "--now", "0001-01-01", "x"],
        ["ask", "--batch", "/nowhere/batch.jsonl"],
        ["ask", "--batch", "-", "x"],
        ["ask", "--batch", "-", "--format", "csv"],
        ["ask", "--nonsense", "x"],
        ["nonsense"],
        [],
    ],
)
def test_a_wrong_call_says_so_and_prints_no_data(steward: Any, arguments: list[str]) -> None:
    ran = steward(*arguments)
    assert (ran.code, ran.out) == (2, b"")
    assert "--help" in ran.err


@pytest.mark.parametrize("backend", ["nonsense", "scripted", "scripted:/nowhere.json"])
def test_an_unknown_backend_fails_the_question(steward: Any, backend: str) -> None:
    ran = steward("ask", "--json", "--backend", backend, "x")
    assert (ran.code, ran.json["status"], ran.json["stage"]) == (2, "failed", "draft")


def test_own_sql_has_the_same_envelope(steward: Any) -> None:
    ran = steward("sql", "--json", "SELECT count(*) AS n FROM nodes")
    assert set(ran.json) == FIELDS
    assert (ran.code, ran.json["question"], ran.json["columns"], ran.json["decision"]["rules"]) == (0, None, ["n"], ["public-metadata"])


@pytest.mark.parametrize(
    ("sql", "code", "status"),
    [
        ("SELECT * FROM audit_log", 5, "denied"),
        ("SELECT steward FROM datasets", 5, "denied"),
        ("SELECT * FROM nowhere", 6, "failed"),
        ("DROP TABLE datasets", 6, "failed"),
    ],
)
def test_own_sql_passes_the_same_guard(steward: Any, sql: str, code: int, status: str) -> None:
    ran = steward("sql", "--json", sql)
    assert (ran.code, ran.json["status"], ran.json["rows"]) == (code, status, [])


def test_a_denial_names_its_rule(steward: Any) -> None:
    ran = steward("sql", "SELECT name, steward FROM datasets")
    assert ran.err.startswith("denied: The column datasets.steward is not open to you. (rule: public-metadata)\n")


def test_nobodys_token_is_denied(steward: Any) -> None:
    ran = steward("sql", "--token", "steward_wrong", "SELECT 1")
    assert (ran.code, ran.out) == (5, b"")
    ran = steward("sql", "--token", "steward_wrong", "--json", "SELECT 1")
    assert (ran.code, ran.json["status"], ran.json["decision"]["rules"]) == (5, "denied", ["token"])


def test_terminal_control_in_a_question_or_choice_is_shown_harmless(steward: Any, backend: str) -> None:
    ran = steward("ask", backend, "quality")
    assert ran.err == "Which one?\n  1. quality score\n  2. pass rate\n"
    assert b"\x1b" not in steward("ask", backend, "--json", "quality").out


def test_a_batch_answers_every_line_and_says_which_was_bad(steward: Any, home: Path, backend: str, tmp_path: Path) -> None:
    token = State(home).issue_token("ada", 1)
    lines = [
        (b'\xef\xbb\xbf{"question": "how many"}\r\n', "answered", None),
        (b"not JSON\n", "failed", 2),
        (b"[1]\n", "failed", 2),
        (b'{"question": 3}\n', "failed", 2),
        (b'{"question": "how many", "token": 5}\n', "failed", 2),
        (b'{"question": "how many", "token": "wrong"}\n', "denied", 5),
        (b"[" * 10_000 + b"\n", "failed", 2),
        (b'{"question": "\xff"}\n', "failed", 2),
        (b'{"question": ""}\n', "refused", None),
        (b'{"question": "' + b"x" * 1_000_000 + b'"}\n', "refused", None),
        (b'{"question": "' + b"x" * 9_000_000 + b'"}\n', "failed", 2),
        (b'{"question": "\\ud800\\u0000"}\n', "refused", None),
        (b'{"question": "grants", "token": null}\n', "denied", None),
        (b'{"question": "grants", "token": "%s"}\n' % token.encode(), "answered", None),
        (b"  \n", None, None),
        (b'{"question": "quality"}', "asked_back", None),
    ]
    path = tmp_path / "batch.jsonl"
    path.write_bytes(b"".join(line for line, _, _ in lines))
    ran = steward("ask", backend, "--batch", str(path))
    expected = [(at, status, code) for at, (_, status, code) in enumerate(lines, 1) if status]
    assert [(r["line"], r["status"], r.get("exit_code")) for r in ran.lines] == expected
    assert ran.code == 2
    assert all(set(r) >= FIELDS for r in ran.lines)


def test_a_batch_of_sql(steward: Any) -> None:
    ran = steward("sql", "--batch", "-", stdin=b'{"sql": "SELECT 1 AS one"}\n{"sql": "SELECT 2 AS two"}\n')
    assert (ran.code, [r["rows"] for r in ran.lines]) == (0, [[[1]], [[2]]])


def test_an_empty_batch_is_no_error(steward: Any, backend: str) -> None:
    assert steward("ask", backend, "--batch", "-").code == 0


def test_a_token_revoked_within_a_batch_answers_no_more(home: Path) -> None:
    from catalog.errors import AccessDenied
    from catalog.storage.generations import pinned
    from tui.turns import Sessions

    state = State(home)
    token = state.issue_token("max", 1)
    with pinned(home) as generation:
        sessions = Sessions(home, generation, {"limit": 1, "timeout": 1.0, "now": None})
        try:
            assert sessions.open(token) is sessions.open(token)
            state.revoke_tokens("max")
            with pytest.raises(AccessDenied):
                sessions.open(token)
        finally:
            sessions.close()


def test_a_policy_that_changes_within_a_batch_counts_from_the_next_line(home: Path) -> None:
    from catalog.storage.generations import pinned
    from tui.turns import Sessions

    with pinned(home) as generation:
        sessions = Sessions(home, generation, {"limit": 1, "timeout": 1.0, "now": None})
        try:
            assert "market" in sessions.open(None).authorisation.permits
            policy = home / "policy.yaml"
            policy.write_text(policy.read_text(encoding="utf-8") + "\n  - id: no-market\n    deny: [anonymous]\n    views: [market]\n", encoding="utf-8")
            assert "market" not in sessions.open(None).authorisation.permits
        finally:
            sessions.close()


def test_a_damaged_snapshot_is_removed_and_made_anew(steward: Any, home: Path) -> None:
    ask = ("sql", "--json", "SELECT count(*) AS n FROM nodes")
    first = steward(*ask).json["rows"]
    for snapshot in (home / "snapshots").rglob("*.duckdb"):
        snapshot.chmod(0o600)
        snapshot.write_bytes(b"no database")
    assert steward(*ask).code in (1, 3)
    assert steward(*ask).json["rows"] == first


def _no_pointer(home: Path) -> None:
    (home / "CURRENT").unlink()


def _strange_pointer(home: Path) -> None:
    (home / "CURRENT").write_bytes(b"\xff\x00../../etc/passwd")


def _no_generation(home: Path) -> None:
    (home / "gen-1.duckdb").unlink()


def _torn_generation(home: Path) -> None:
    (home / "gen-1.duckdb").chmod(0o600)
    (home / "gen-1.duckdb").write_bytes(b"\x00" * 8192)


def _no_policy(home: Path) -> None:
    (home / "policy.yaml").unlink()


def _strange_state(home: Path) -> None:
    (home / "state.sqlite").write_bytes(b"no database" * 1000)


def _strange_clock(home: Path) -> None:
    (home / "clock").write_bytes(b"\xff")


def _bad_policy(home: Path) -> None:
    (home / "policy.yaml").write_text("version: 1\nrules: [{id: a, allow: [nobody], views: '*'}]\n", encoding="utf-8")


def _binary_policy(home: Path) -> None:
    (home / "policy.yaml").write_bytes(b"\xff\xfe")


DAMAGE: list[tuple[Callable[[Path], None], int]] = [
    (_no_pointer, 3),
    (_strange_pointer, 3),
    (_no_generation, 3),
    (_torn_generation, 3),
    (_no_policy, 3),
    (_strange_state, 3),
    (_strange_clock, 3),
    (_bad_policy, 2),
    (_binary_policy, 2),
]


@pytest.mark.parametrize(("damage", "code"), DAMAGE)
def test_a_damaged_catalog_is_told_calmly(steward: Any, demo_home: Path, tmp_path: Path, damage: Callable[[Path], None], code: int) -> None:
    home = Path(shutil.copytree(demo_home, tmp_path / "damaged", ignore=shutil.ignore_patterns("snapshots", "state.sqlite*")))
    damage(home)
    plain = steward("sql", "SELECT name FROM datasets", catalog=home)
    assert (plain.code, plain.out) == (code, b"")
    assert "Traceback" not in plain.err
    ran = steward("sql", "--json", "SELECT name FROM datasets", catalog=home)
    assert (ran.code, ran.json["status"], ran.json["exit_code"]) == (code, "failed", code)
    assert ran.json["message"] in plain.err


def test_no_catalog_is_made_by_asking(steward: Any, tmp_path: Path) -> None:
    assert steward("ask", "x", catalog=tmp_path / "none").code == 3
    assert not (tmp_path / "none").exists()


def test_a_batch_without_a_model_ends_as_unreachable(steward: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from nl2sql import backends
    from nl2sql.errors import BackendUnavailable

    def missing(name: str) -> None:
        raise BackendUnavailable("No model.")

    monkeypatch.setattr(backends, "open_backend", missing)
    ran = steward("ask", "--batch", "-", stdin=json.dumps({"question": "how many"}).encode())
    assert (ran.code, ran.lines[0]["status"], ran.lines[0]["exit_code"]) == (3, "failed", 3)


WIDE = "SELECT count(*) AS n FROM lineage"
NARROW = "SELECT upstream, depth FROM lineage WHERE downstream = 'MPT-7B' ORDER BY ALL"


def test_lineage_that_is_cut_is_told_and_that_of_a_name_is_whole(
    steward: Any, demo_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {sql: steward("sql", "--json", sql, catalog=shutil.copytree(demo_home, tmp_path / f"whole{at}")).json for at, sql in enumerate((WIDE, NARROW))}
    assert [answer["caveats"] for answer in whole.values()] == [[], []]
    monkeypatch.setattr("catalog.storage.closure.MAX_DEPTH", 1)
    home = shutil.copytree(demo_home, tmp_path / "cut", ignore=shutil.ignore_patterns("snapshots"))
    [caveat] = (wide := steward("sql", "--json", WIDE, catalog=home).json)["caveats"]
    assert caveat.startswith("Lineage is shown to direct flows only; at least ") and wide["message"].endswith(caveat)
    assert wide["rows"][0][0] < whole[WIDE]["rows"][0][0]
    assert caveat in steward("sql", WIDE, catalog=home).out.decode()
    assert steward("sql", "--json", WIDE.replace("lineage", "lineage WHERE depth = 1"), catalog=home).json["caveats"] == []
    proof = tmp_path / "receipt.json"
    named = steward("sql", "--json", "--receipt", str(proof), NARROW, catalog=home).json
    assert (named["caveats"], named["rows"]) == ([], whole[NARROW]["rows"]) and max(depth for _, depth in named["rows"]) > 1
    assert steward("receipt", "verify", str(proof), catalog=home).code == 0
