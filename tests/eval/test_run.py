"""Runs over the real demo with a scripted backend: what is right, what is not and why, going on after a kill, judging anew."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import UsageError
from eval import store
from eval.record import Manifest, Record
from eval.run import backend_of, plan, rescore, run

pytestmark = pytest.mark.usefixtures("demo_once")

OWNER = "SELECT owner FROM datasets WHERE name = 'C4'"
CASES: list[dict[str, Any]] = [
    {"id": "right", "question": "who owns C4", "principal": "ada", "outcome": "answer", "gold": OWNER, "tags": {"style": "terse"}},
    {"id": "wrong-rows", "question": "owner of C4?", "principal": "ada", "outcome": "answer", "gold": OWNER},
    {"id": "lucky", "question": "how many models", "principal": "ada", "outcome": "answer", "gold": "SELECT count(*) FROM models"},
    {"id": "other-outcome", "question": "tell me a joke", "outcome": "answer", "gold": OWNER},
    {"id": "declined", "question": "what is the weather", "outcome": ["refuse", "data_request"]},
    {"id": "denied", "question": "who was denied", "outcome": "deny"},
    {"id": "asked", "question": "best nodes", "outcome": "ask_back", "choices": [["uptime", "availability"], ["trust"]]},
    {"id": "asked-badly", "question": "good nodes", "outcome": "ask_back", "choices": [["uptime"], ["trust"]]},
    {"id": "told", "question": "describe it", "outcome": "refuse", "never": ["catalog knows only about data"]},
    {"id": "broken", "question": "nonsense please", "principal": "ada", "outcome": "answer", "gold": OWNER},
    {
        "id": "talk",
        "principal": "ada",
        "turns": [{"question": "who owns C4", "outcome": "answer", "gold": OWNER}, {"question": "delete it", "outcome": "change_request"}],
    },
]
REPLIES: dict[str, list[dict[str, Any]]] = {
    "who owns C4": [{"sql": OWNER, "confidence": 0.9}],
    "owner of C4?": [{"sql": "SELECT owner FROM datasets WHERE name = 'LAION-5B'"}],
    "how many models": [{"sql": "SELECT count(*) AS n FROM models"}],
    "what is the weather": [{"decline": "out_of_scope"}],
    "who was denied": [{"sql": "SELECT actor FROM audit_log WHERE decision = 'denied'"}],
    "best nodes": [{"clarify": "By what?", "choices": ["average availability", "trust score"]}],
    "good nodes": [{"clarify": "By what?", "choices": ["trust score"]}],
    "describe it": [{"decline": "data_request"}],
    "nonsense please": [{"sql": "SELECT nothing FROM nowhere"}],
    "delete it": [{"decline": "change_request"}],
}
VERDICTS = {
    "right": "right",
    "lucky": "right",
    "wrong-rows": "wrong_rows",
    "other-outcome": "other_outcome",
    "declined": "right",
    "denied": "right",
    "asked": "right",
    "asked-badly": "wrong_choice",
    "told": "shown",
    "broken": "rejected",
    "talk": "right",
}


@pytest.fixture
def toy(tmp_path: Path) -> Manifest:
    return written(tmp_path, CASES, REPLIES)


def written(folder: Path, cases: Iterable[Mapping[str, Any]], replies: Mapping[str, Any], **options: Any) -> Manifest:
    suite, script = folder / "toy.jsonl", folder / "script.json"
    suite.write_text("".join(json.dumps(case) + "\n" for case in cases), encoding="utf-8")
    script.write_text(json.dumps(replies), encoding="utf-8")
    return Manifest(backend=f"scripted:{script}", suite_names=(str(suite),), **{"instances": 3, **options})


def finished(manifest: Manifest, folder: Path) -> list[Record]:
    filled, cases = plan(manifest)
    store.create(folder, filled)
    return list(run(filled, cases, folder, backend_of(filled)))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture
def whole(place: Path, demo_once: None) -> tuple[Path, list[Record]]:
    """A finished run of the toy, made once; nobody changes it."""
    folder = place / "whole"
    if not folder.exists():
        finished(written(place, CASES, REPLIES), folder)
    return folder, store.read(folder)[1]


def test_every_verdict_and_its_reason(toy: Manifest, tmp_path: Path) -> None:
    records = finished(toy, tmp_path / "run")
    found = {record.id: record.reason for record in records if record.id in VERDICTS}
    assert found == VERDICTS
    assert store.read(tmp_path / "run")[1] == records
    first = records[0]
    assert (first.right, first.confidence, first.cold, first.access, first.one_instance) == (True, 0.9, True, "C", True)
    assert first.result is not None
    assert first.result.total == 1
    assert first.instances_right == first.instances_scored > 0
    assert {r.id: r.access for r in records}["denied"] == "PR"
    assert [r.turn for r in records if r.id == "talk"] == [0, 1]


def test_sql_that_is_right_by_luck_is_found_out(tmp_path: Path) -> None:
    lucky = [case for case in CASES if case["id"] == "lucky"]
    (right,) = finished(written(tmp_path, lucky, REPLIES), tmp_path / "a")
    assert right.reason == "right"
    count = right.result.rows[0][0]  # type: ignore[union-attr]
    (found,) = finished(written(tmp_path, lucky, {"how many models": [{"sql": f"SELECT {count}"}]}), tmp_path / "b")
    assert (found.reason, found.one_instance, found.right) == ("wrong_elsewhere", True, False)


@pytest.mark.parametrize(
    ("sql", "right"),
    [("SELECT owner FROM datasets WHERE owner IS NOT NULL GROUP BY owner ORDER BY count(*) > 0, owner DESC LIMIT 3", True),
     ("SELECT owner FROM datasets WHERE owner IS NOT NULL GROUP BY owner ORDER BY count(*), owner LIMIT 3", False),
     ("SELECT owner FROM datasets WHERE owner > 'C' GROUP BY owner ORDER BY owner LIMIT 3", False)],
)  # fmt: skip
def test_a_tie_at_a_limit_is_not_held_against_anybody(tmp_path: Path, sql: str, right: bool) -> None:
    gold = "SELECT owner FROM datasets WHERE owner IS NOT NULL GROUP BY owner ORDER BY count(*) > 0 LIMIT 3"
    case = {"id": "tie", "question": "three owners", "principal": "ada", "outcome": "answer", "gold": gold}
    (record,) = finished(written(tmp_path, [case], {"three owners": [{"sql": sql}]}, instances=0), tmp_path / "run")
    assert record.right is right


def test_a_run_goes_on_after_a_kill_and_ends_the_same(toy: Manifest, whole: tuple[Path, list[Record]], tmp_path: Path) -> None:
    filled, cases = plan(toy)
    folder = tmp_path / "killed"
    store.create(folder, filled)
    for record in run(filled, cases, folder, backend_of(filled)):
        if record.id == "talk":  # between two turns of a dialogue
            break
    with (folder / store.RECORDS).open("a", encoding="utf-8") as file:
        file.write('{"id": "to')
    done = store.whole_dialogues(store.read(folder)[1])
    assert 0 < len(done) < len(whole[1])
    store.rewrite(folder, done)
    rest = list(run(filled, cases, folder, backend_of(filled), done))
    assert [r.id for r in rest] == ["talk", "talk"]
    assert [(r.key, r.reason, r.sql) for r in store.read(folder)[1]] == [(r.key, r.reason, r.sql) for r in whole[1]]


def test_answers_are_judged_anew_by_golds_that_changed(whole: tuple[Path, list[Record]], tmp_path: Path) -> None:
    mended = [{**case, "gold": "SELECT owner FROM datasets WHERE name = 'LAION-5B'"} if case["id"] == "wrong-rows" else case for case in CASES]
    filled, cases = plan(written(tmp_path, mended, {}))
    anew = {record.id: record for record in rescore(filled, cases, whole[1])}
    assert anew["wrong-rows"].reason == "right"
    assert {name: anew[name].reason for name in VERDICTS if name != "wrong-rows"} == {n: v for n, v in VERDICTS.items() if n != "wrong-rows"}


@pytest.mark.parametrize("scorer", ["test-suite", "bird-set", "multiset", "ordered", "spider2", "defog"])
def test_every_scorer_can_judge_a_run(toy: Manifest, tmp_path: Path, scorer: str) -> None:
    records = finished(toy.model_copy(update={"scorer": scorer, "filters": ("id=right,wrong-rows",), "instances": 1}), tmp_path / "run")
    assert [record.right for record in records] == [True, False]


def test_filters_limit_and_repeats(toy: Manifest) -> None:
    def left(**options: Any) -> list[str]:
        return [case.id for _, case in plan(toy.model_copy(update=options))[1]]

    assert left(filters=("style=terse",)) == ["right"]
    assert left(filters=("outcome=deny,refuse",)) == ["declined", "denied", "told"]
    assert left(filters=("id=asked*", "outcome=ask_back")) == ["asked", "asked-badly"]
    assert left(filters=("models",)) == ["lucky"]
    assert len(left(limit=4)) == 4
    assert left(limit=4) == left(limit=4) != left(limit=4, seed=1)
    assert plan(toy.model_copy(update={"repeats": 3}))[0].turns == 12
    for wrong in ({"filters": ("style=haiku",)}, {"scorer": "vibes"}, {"suite_names": ("no-such-suite",)}, {"backend": "oracle"}):
        with pytest.raises(UsageError):
            manifest, cases = plan(toy.model_copy(update=wrong))
            list(run(manifest, cases, Path("unused"), backend_of(manifest)))


def test_a_gold_that_does_not_run_is_the_suites_fault(tmp_path: Path) -> None:
    manifest = written(tmp_path, [{"id": "a", "question": "q", "outcome": "answer", "gold": "SELECT actor FROM audit_log"}], {"q": [{"sql": OWNER}]})
    with pytest.raises(UsageError, match="does not run for anonymous"):
        finished(manifest, tmp_path / "run")
    unknown = written(tmp_path, [{"id": "a", "question": "q", "principal": "zoe", "outcome": "refuse"}], {})
    with pytest.raises(UsageError, match="zoe"):
        finished(unknown, tmp_path / "other")
