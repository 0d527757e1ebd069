"""``steward verified``, ``suggest`` and ``feedback``: what they print, to whom, and with which exit code."""

from pathlib import Path
from typing import Any

import pytest

from catalog.access.policy import POLICY_FILE
from catalog.storage.state import State

NODES = "SELECT node FROM nodes WHERE country = 'DE'"


@pytest.fixture(scope="module")
def token(home: Path) -> Any:
    """A token of each principal; ada and ivy review."""
    policy = home / POLICY_FILE
    policy.write_text(policy.read_text(encoding="utf-8").replace("\nprincipals:", "\nreviewers: [steward, auditor]\n\nprincipals:", 1), encoding="utf-8")
    issued = {name: f"--token={State(home).issue_token(name, 1)}" for name in ("ada", "ivy", "max")}
    return issued.__getitem__


def test_from_a_question_to_a_badge(steward: Any, token: Any, backend: str) -> None:
    added = steward("verified", "add", "which nodes are in Germany?", "--sql", NODES, "--json", token("max"))
    assert (added.code, added.json["status"], added.json["question"], added.json["author"]) == (0, "proposed", "which nodes are in {country}?", "max")
    assert added.json["sql"] == "SELECT nodes.node FROM nodes WHERE nodes.country = '{country}'"
    assert added.json["parameters"] == [{"name": "country", "kind": "country", "type": "text"}]
    number = str(added.json["id"])
    assert f"verified review {number} --approve" in added.err
    assert steward("ask", backend, "which nodes are in France").code == 6
    assert steward("verified", "review", number, "--approve", token("max")).code == 5
    reviewed = steward("verified", "review", number, "--approve", "--note", "good \x1b[31mone", token("ivy"))
    assert (reviewed.code, reviewed.out, reviewed.err) == (0, b"", f"Verified query {number} is approved.\n")
    answered = steward("ask", backend, "--json", "which nodes are in France", token("ada"))
    assert answered.json["sql"] == "SELECT nodes.node FROM nodes WHERE nodes.country = 'FR'"
    assert (answered.json["confidence"], answered.json["verified"]["id"], answered.json["verified"]["by"]) == (None, int(number), "ivy")
    shown = steward("ask", backend, "which nodes are in France").out.decode()
    assert "allowed for anonymous by public-metadata   verified by a reviewer on 20" in shown
    assert b"verified" not in steward("ask", backend, "how many").out
    assert steward("ask", backend, "--json", "how many").json["verified"] is None
    told = steward("verified", "show", number, token("ada"))
    assert b"reviewer        ivy" in told.out and b"\x1b" not in told.out
    assert number.encode() in steward("verified", "list").out
    assert steward("verified", "list", "--status", "proposed", "--json").json["verified"] == []
    exported = steward("verified", "export", token("max"))
    assert exported.lines == [{"question": "which nodes are in {country}?", "sql": added.json["sql"], "parameters": added.json["parameters"]}]
    assert steward("verified", "export", "--json").json["pairs"] == exported.lines
    suggested = steward("suggest", "nodes", "in", "a", "country", "--json").json["suggestions"]
    assert [(one["question"], one["form"]) for one in suggested] == [("which nodes are in Germany?", "which nodes are in {country}?")]
    assert b"which nodes are in Germany?   (verified by a reviewer on 20" in steward("suggest").out
    assert steward("suggest", "xylophone").err == "No verified query is like this and runs for you.\n"
    assert steward("verified", "remove", number, token("max")).code == 5
    assert steward("verified", "remove", number, token("ada"), "--json").json == {"id": int(number), "removed": True}
    assert steward("verified", "show", number, token("ada")).code == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("add", "q"), 2, "--sql or --last"),
        (("add", "q", "--sql", "SELECT 1", "--last"), 2, "--sql or --last"),
        (("add", "--sql", "SELECT 1"), 2, "Give the question"),
        (("add", "q", "--sql", "SELECT principal FROM grants"), 5, "not open"),
        (("add", "q", "--sql", "SELECT nope FROM datasets"), 6, "nope"),
        (("review", "1"), 2, "--approve or --reject"),
        (("review", "999", "--reject"), 5, "policy names"),
        (("show", "999"), 2, "no verified query 999"),
        (("remove", "999"), 2, "no verified query 999"),
        (("list", "--status", "odd"), 2, "odd"),
    ],
)
def test_what_is_refused(steward: Any, arguments: tuple[str, ...], code: int, said: str) -> None:
    ran = steward("verified", *arguments)
    assert (ran.code, ran.out) == (code, b"")
    assert said in ran.err


def test_the_last_answer_becomes_a_pair(steward: Any, token: Any, backend: str) -> None:
    assert steward("verified", "add", "--last", token("max")).code == 2
    steward("ask", backend, "personal data", token("max"))
    added = steward("verified", "add", "--last", "--json", token("max"))
    assert (added.json["question"], added.json["sql"]) == ("personal data", "SELECT datasets.name, datasets.owner FROM datasets WHERE datasets.pii ORDER BY datasets.name")
    steward("sql", "SELECT name FROM datasets WHERE name = 'C4' AND last_updated < TIMESTAMP '2026-10-16 12:00:00'", token("max"))
    assert "your last answer was to SQL" in steward("verified", "add", "--last", token("max")).err
    own = steward("verified", "add", "is {dataset=C4} older than now", "--last", token("max"))
    assert (own.code, "no {dataset}" in own.err) == (2, True)
    own = steward("verified", "add", "is C4 older than now", "--last", "--json", token("max"))
    assert own.json["sql"].endswith("datasets.name = '{dataset}' AND datasets.last_updated < TIMESTAMP '{now}'")
    steward("ask", backend, "wrong", token("max"))  # no answer: the last one stays
    assert steward("feedback", "good", token("max"), "--json").json["question"] is None


def test_feedback_from_giving_to_promotion(steward: Any, token: Any, backend: str, tmp_path: Path) -> None:
    receipt = tmp_path / "r.json"
    steward("ask", backend, "--receipt", str(receipt), "personal data", token("max"))
    steward("ask", backend, "how many", token("max"))
    bad = steward("feedback", "bad", "--note", "too \x1b]0;many", "--sql", "SELECT count(*) AS n FROM datasets WHERE NOT deprecated", "--json", token("max"))
    assert (bad.code, bad.json["question"], bad.json["status"], bad.json["verdict"], bad.json["author"]) == (0, "how many", "open", "bad", "max")
    assert "waits for a reviewer" in bad.err
    good = steward("feedback", "good", "--receipt", str(receipt), "--json", token("max"))
    assert good.json["question"] == "personal data"
    by_id = steward("feedback", "bad", "--id", str(good.json["action"]), "--json", token("max"))
    assert (by_id.json["question"], by_id.json["sql"]) == ("personal data", None)
    receipt.write_text(receipt.read_text(encoding="utf-8").replace("personal data", "nothing at all"), encoding="utf-8")
    assert steward("feedback", "good", "--receipt", str(receipt), token("max")).code == 1
    assert steward("feedback", "good", "--receipt", str(tmp_path / "none"), token("max")).code == 2
    assert steward("feedback", "good", "--id", str(good.json["action"])).code == 2
    listed = steward("feedback", "list", token("ada"))
    assert b"\x1b" not in listed.out and b"how many   max on 20" in listed.out
    assert steward("feedback", "list").out == b""
    number = str(bad.json["id"])
    assert steward("feedback", "promote", number, token("max")).code == 5
    promoted = steward("feedback", "promote", number, "--json", token("ada"))
    assert (promoted.json["author"], promoted.json["sql"]) == ("max", "SELECT count(*) AS n FROM datasets WHERE NOT datasets.deprecated")
    assert steward("feedback", "dismiss", str(good.json["id"]), token("ivy")).err == f"Feedback {good.json['id']} is dismissed.\n"
    every = {entry["id"]: entry["status"] for entry in steward("feedback", "list", "--all", "--json", token("ada")).json["feedback"]}
    assert (every[int(number)], every[good.json["id"]], every[by_id.json["id"]]) == ("promoted", "dismissed", "open")
    assert b"closed by       ada" in steward("feedback", "show", number, token("ada")).out
    steward("verified", "review", str(promoted.json["id"]), "--approve", token("ivy"))
    assert steward("ask", backend, "--json", "how many", token("max")).json["sql"] == promoted.json["sql"]
    steward("audit", "erase", "max")
    left = steward("feedback", "list", "--all", "--json", token("ada")).json["feedback"]
    assert not {int(number), good.json["id"]} & {entry["id"] for entry in left}


def test_sql_that_no_question_asked_for_is_promoted_with_one(steward: Any, token: Any, home: Path) -> None:
    steward("sql", "SELECT count(*) AS n FROM datasets", token("ada"))
    number = str(steward("feedback", "good", "--json", token("ada")).json["id"])
    asked = steward("feedback", "promote", number, token("ada"))
    assert asked.code == 2 and f'steward feedback promote {number} --question "…"' in asked.err
    assert steward("feedback", "promote", number, "--question", "how many", "--json", token("ada")).json["question"] == "how many"


def test_no_last_answer_is_kept_for_others(steward: Any, token: Any, backend: str, home: Path) -> None:
    steward("ask", backend, "how many", token("ivy"))
    assert steward("feedback", "good").code == 2  # nobody in particular asked nothing
    kept = list(home.glob("snapshots/*/last.json"))
    assert kept and all(path.stat().st_mode & 0o077 == 0 for path in kept)
