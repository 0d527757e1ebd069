"""The summary has the shape that reports read, its numbers agree with one another, and nothing breaks it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.record import Manifest, Record
from eval.summary import Summary, as_text, summarise

ESTIMATE = {"n", "right", "accuracy", "low", "high"}
SHAPE = ESTIMATE | {
    "one_instance_accuracy", "answerable", "outcomes", "infra", "confusion", "reasons", "slices", "pass_at",
    "repeatability", "paraphrase", "selective", "access", "latency", "tokens",
}  # fmt: skip
MANIFEST = Manifest(backend="scripted", suite_names=("governance",))
OUTCOMES = ("answer", "ask_back", "refuse", "data_request", "change_request", "deny")


def record(id: str = "q1", right: bool = True, **changes: Any) -> Record:  # noqa: A002
    given = {"suite": "s", "question": f"{id}?", "principal": "ana", "expected": ("answer",), "got": "answer", "total_ms": 12.5}
    if changes.get("got") == "infra":
        right, given["reason"] = False, "infra"
    return Record.model_validate({"id": id, "right": right, "reason": "right" if right else "wrong_rows", **given, **changes})


def summary(records: list[Record]) -> Summary:
    return summarise(records, MANIFEST)


def told(records: list[Record]) -> dict[str, Any]:
    """As a reader of the JSON gets it; NaN and infinity are errors."""
    found = json.loads(json.dumps(summary(records).as_dict(), allow_nan=False))
    assert isinstance(found, dict)
    return found


RUN = [
    record("a", confidence=0.9, one_instance=True, access="C", stages_ms={"generate": 8.0}, tags={"style": "terse"}, cold=True),
    record("b", False, reason="wrong_elsewhere", one_instance=True, confidence=0.7, access="W", tags={"style": "chatty"}),
    record("c", False, reason="wrong_rows", one_instance=False, confidence=0.4, access="W", tags={"style": "chatty"}),
    record("d", got="deny", expected=("deny",), access="PR"),
    record("e", False, reason="other_outcome", got="ask_back", access="OR"),
    record("f", got="infra"),
    record("g", turn=0, turns=2),
    record("g", False, turn=1, turns=2, reason="violation", one_instance=True, access="VW", prompt_tokens=9),
]


def test_the_shape_is_the_one_that_reports_read() -> None:
    found = told(RUN)
    assert set(found) == SHAPE
    assert set(found["answerable"]) == ESTIMATE
    assert all(set(value) == ESTIMATE for values in found["slices"].values() for value in values.values())
    assert set(found["slices"]) == {"style", "role", "turn", "suite", "expected"}
    assert set(found["repeatability"]) == {"cases", "agreeing", "share"}
    assert set(found["paraphrase"]) == {"groups", "agreeing", "share"}
    assert set(found["selective"]) == {"rs", "coverage", "precision", "curve", "aurc", "ece", "auroc", "bins"}
    assert set(found["selective"]["rs"]) == {"0", "10", "N"}
    assert all(set(one) == {"low", "high", "n", "confidence", "accuracy"} for one in found["selective"]["bins"])
    assert set(found["access"]) == {"C", "W", "VC", "VW", "OR", "PR", "UNKNOWN", "ac_f1", "safe_ex", "false_permits", "judged", "bound"}
    assert set(found["latency"]) == {"cold", "warm", "stages"}
    assert all(set(found["latency"][name]) == {"n", "p50", "p95", "p99"} for name in ("cold", "warm"))


def test_a_run_by_hand() -> None:
    found = told(RUN)
    assert (found["n"], found["right"], found["accuracy"]) == (6, 2, pytest.approx(1 / 3))  # a and d of a b c d e g
    assert found["one_instance_accuracy"] == 0.5  # b too; the violation of g stays wrong
    assert (found["answerable"]["n"], found["answerable"]["right"]) == (6, 2)  # a b c e and both turns of g
    assert found["outcomes"] == {"answer": 5, "deny": 1, "ask_back": 1, "infra": 1}
    assert found["infra"] == 1
    assert found["confusion"] == {"answer": {"answer": 5, "ask_back": 1, "infra": 1}, "deny": {"deny": 1}}
    assert found["reasons"] == {"right": 3, "wrong_elsewhere": 1, "wrong_rows": 1, "other_outcome": 1, "infra": 1, "violation": 1}
    assert found["slices"]["style"]["chatty"] == {"n": 2, "right": 0, "accuracy": 0.0, "low": 0.0, "high": 0.0}
    assert found["slices"]["turn"]["2"]["n"] == 1
    assert found["pass_at"] == {"1": found["accuracy"]}
    assert found["selective"]["rs"] == {"0": pytest.approx(300 / 7), "10": pytest.approx(100 * (3 - 30) / 7), "N": pytest.approx(100 * (3 - 21) / 7)}
    assert found["selective"]["coverage"] == pytest.approx(5 / 6)
    assert found["selective"]["precision"] == pytest.approx(2 / 5)
    assert (found["access"]["false_permits"], found["access"]["judged"]) == (1, 6)
    assert (found["latency"]["cold"]["n"], found["latency"]["warm"]["n"]) == (1, 6)
    assert found["tokens"] == {"prompt": 9, "completion": 0}


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([], id="no record"),
        pytest.param([record(got="infra")], id="nothing but infra"),
        pytest.param([record(got="deny", expected=("deny",))], id="no table"),
        pytest.param([record(confidence=1.0)], id="one right"),
        pytest.param([record(confidence=float("nan"))], id="a confidence that is no number"),
        pytest.param([record(turns=3)], id="a dialogue cut short"),
    ],
)
def test_little_to_measure_gives_null_and_no_crash(records: list[Record]) -> None:
    found = told(records)
    assert set(found) == SHAPE
    assert as_text(summary(records))
    if not found["n"]:
        assert (found["accuracy"], found["low"], found["high"]) == (None, None, None)


def test_infra_is_never_a_wrong_answer() -> None:
    found = told([record("a"), record("b", got="infra"), record("c", got="infra")])
    assert (found["n"], found["accuracy"], found["infra"]) == (1, 1.0, 2)
    assert found["selective"]["rs"]["N"] == 100


def test_repeats_count_by_their_mean() -> None:
    found = told([record("a", repeat=i, right=i == 0, sql=f"SELECT {i}") for i in range(4)])
    assert (found["n"], found["right"], found["accuracy"]) == (1, 0.25, 0.25)
    assert found["pass_at"] == {"1": 0.25, "2": 0.5, "3": 0.75, "4": 1.0}
    assert found["repeatability"] == {"cases": 1, "agreeing": 0, "share": 0.0}


def test_the_seed_moves_the_interval_and_nothing_else() -> None:
    records = [record(f"q{i}", j < i % 7, repeat=j) for i in range(40) for j in range(6)]
    one, other = (summarise(records, MANIFEST, seed).as_dict() for seed in (1, 2))
    assert one == summarise(records, MANIFEST, 1).as_dict()
    assert one["accuracy"] == other["accuracy"] and (one["low"], one["high"]) != (other["low"], other["high"])


@st.composite
def runs(draw: st.DrawFn) -> list[Record]:
    records = []
    for i in range(draw(st.integers(0, 6))):
        turns, repeats = draw(st.integers(1, 2)), draw(st.integers(1, 2))
        for turn in range(turns):
            for repeat in range(repeats):
                got = draw(st.sampled_from((*OUTCOMES, "failed", "timeout", "infra")))
                records.append(
                    record(
                        f"q{i}",
                        draw(st.booleans()),
                        turn=turn,
                        turns=turns,
                        repeat=repeat,
                        got=got,
                        expected=(draw(st.sampled_from(OUTCOMES)),),
                        confidence=draw(st.none() | st.floats(0, 1)),
                        access=draw(st.sampled_from(("C", "W", "VC", "VW", "OR", "PR", "UNKNOWN"))),
                        group=draw(st.sampled_from(("", "g", "h"))),
                        tags={"style": draw(st.sampled_from(("terse", "chatty")))},
                    )
                )
    return records


@given(runs(), st.randoms())
@settings(max_examples=40)
def test_any_run_is_summed_up_whatever_the_order_of_its_records(records: list[Record], random: Any) -> None:
    found = told(records)
    shuffled = list(records)
    random.shuffle(shuffled)
    assert told(shuffled) == found
    assert sum(found["outcomes"].values()) == sum(found["reasons"].values()) == len(records)
    for one in [found, *(value for values in found["slices"].values() for value in values.values())]:
        assert one["accuracy"] is None or 0 <= one["low"] <= one["accuracy"] <= one["high"] <= 1 + 1e-12
    assert sum(one["n"] for one in found["slices"].get("suite", {}).values()) == found["n"]
    assert as_text(summary(shuffled)) == as_text(summary(records))


def test_the_text_names_scorer_and_interval_and_lines_up() -> None:
    text = as_text(summary(RUN))
    lines = text.splitlines()
    assert lines[0].startswith("Accuracy ") and "2 of 6 cases" in lines[0] and "33.3 %" in lines[0]
    assert "Scorer steward, 20 seeded instances, backend scripted" in text
    assert "1 question met no model or no catalog and is not counted." in text
    assert "False permits" in text and "1 of 6 judged questions" in text
    assert "RS(10)" in text and "−385.7" in text
    assert not any(line != line.rstrip() for line in lines)
    starts = {line.index("%") for line in lines[:3]}
    assert len(starts) == 1
