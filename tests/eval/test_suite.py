"""Suites load, say where they are bad, are described by a schema, and the shipped ones are what the README says."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from catalog.access.policy import ANONYMOUS, POLICY_FILE, authorise, load_policy
from catalog.errors import UsageError
from catalog.semantic import views
from eval.features import derived_tags
from eval.suite import SUITES, Case, find_suite, json_schema, load_suite, shipped_suites, split_of
from nl2sql.guard import approve, schema_of
from nl2sql.session import read_clock

FILES = sorted(SUITES.glob("*.jsonl"))
ASKED = {"id": "a", "question": "q", "outcome": "refuse"}


def cases(name: str) -> list[Case]:
    return [case for path in find_suite(name, "all") for case in load_suite(path)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("not json", "line 1: this is not JSON"),
        ({**ASKED, "outcome": "answer"}, "line 1, gold: an answer has golds"),
        ({**ASKED, "gold": ["SELECT 1"]}, "line 1, gold: an answer has golds"),
        ({**ASKED, "question": ""}, "line 1, question"),
        ({**ASKED, "outcome": "maybe"}, "line 1, outcome"),
        ({**ASKED, "colour": 1}, "line 1, colour"),
        ({**ASKED, "compare": {"tolerance": 2}}, "line 1, compare.tolerance"),
        ({**ASKED, "choices": [["a"]]}, "line 1, choices: only asking back"),
        ({**ASKED, "id": "two words"}, "line 1, id"),
        ({"id": "a"}, "line 1, question"),
        ({"id": "a", "turns": []}, "line 1, turns"),
        ({"id": "a", "turns": [{"question": "q"}]}, "line 1, outcome"),
        ([ASKED, ASKED], "line 2, id: 'a' is the id of line 1 too"),
        ("", "holds no case"),
        ([1], "line 1, case"),
    ],
)
def test_a_bad_suite_says_where(tmp_path: Path, line: Any, said: str) -> None:
    path = tmp_path / "suite.jsonl"
    entries = line if isinstance(line, list) else [line]
    path.write_text("".join((e if isinstance(e, str) else json.dumps(e)) + "\n" for e in entries), encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_suite(path)
    assert said in caught.value.what


TOML = """
[[case]]
id = "one"
question = "who owns C4"
outcome = "answer"
gold = "SELECT owner FROM datasets WHERE name = 'c4'"
tags = {style = "terse"}

[[case]]
id = "two"
[[case.turns]]
question = "failed checks"
outcome = ["answer", "ask_back"]
gold = ["SELECT check_name FROM quality_checks"]
"""


def test_toml_is_a_suite_too(tmp_path: Path) -> None:
    path = tmp_path / "suite.toml"
    path.write_text(TOML, encoding="utf-8")
    one, two = load_suite(path)
    assert (one.turns[0].gold, one.tags["style"], len(two.turns)) == (("SELECT owner FROM datasets WHERE name = 'c4'",), "terse", 1)
    path.write_text(TOML.replace('id = "two"', 'id = "two"\ncolour = 1'), encoding="utf-8")
    with pytest.raises(UsageError, match="line 9, colour"):
        load_suite(path)
    for text in ("[[case]", "[other]\nx = 1", "case = 1"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match=r"suite\.toml"):
            load_suite(path)


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no suite 'nothing'"):
        find_suite("nothing")
    (tmp_path / "x.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="cannot be read"):
        load_suite(tmp_path / "x.jsonl")


def test_the_schema_file_is_that_of_the_code() -> None:
    assert json.loads((SUITES / "schema.json").read_text(encoding="utf-8")) == json.loads(json.dumps(json_schema()))


def test_splits_are_by_hash() -> None:
    assert Counter(split_of(str(n)) for n in range(1000))["test"] == pytest.approx(400, abs=50)
    for path in FILES:
        assert {case.split for case in load_suite(path)} == {path.name.split(".")[1]}, path.name


@pytest.mark.parametrize(
    ("name", "least"),
    [("governance", 400), ("abstain", 150), ("ambiguous", 80), ("permissions", 200), ("injection", 100), ("conversation", 40), ("strangers", 200)],
)
def test_a_shipped_suite_is_as_large_as_promised(name: str, least: int) -> None:
    assert name in shipped_suites()
    assert len(cases(name)) >= least


def test_governance_covers_views_personas_and_styles() -> None:
    suite = cases("governance")
    assert {view for case in suite for view in derived_tags(case)["view"]} == set(views())  # type: ignore[union-attr]
    assert {case.principal for case in suite} == {None, "ada", "max", "clara", "oleg", "mia", "ivy"}
    styles = Counter(case.tags["style"] for case in suite)
    assert all(styles[style] >= 15 for style in ("fragment", "imperative", "question", "narrative", "typos", "non-native", "business", "terse"))


def test_every_dialogue_has_two_to_five_turns() -> None:
    assert {len(case.turns) for case in cases("conversation")} <= {2, 3, 4, 5}


def test_ids_are_unique_across_splits_and_questions_across_suites() -> None:
    asked: Counter[tuple[str, str | None]] = Counter()
    for name in shipped_suites():
        suite = cases(name)
        assert len({case.id for case in suite}) == len(suite), name
        asked.update((case.turns[0].question.lower(), case.principal) for case in suite if len(case.turns) == 1 and not case.plants)
    assert [question for question, times in asked.items() if times > 1] == []


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_gold_of_a_suite_is_allowed(path: Path, demo_home: Path) -> None:
    policy = load_policy(demo_home / POLICY_FILE)
    for case in load_suite(path):
        authorisation = authorise(policy.principal(case.principal or ANONYMOUS.name), policy)
        for gold in (gold for turn in case.turns for gold in turn.gold):
            assert approve(gold, schema_of(authorisation), read_clock(demo_home)).sql, case.id
