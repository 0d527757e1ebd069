"""Metrics against values worked out by hand or published, and what holds of them for any input."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.metrics.access import permissions
from eval.metrics.cases import counted, gather
from eval.metrics.intervals import binomial_tail, difference, estimate, mcnemar, upper_bound
from eval.metrics.latency import latency, percentile, tokens
from eval.metrics.passes import consistency, pass_at, pass_rates, repeatability
from eval.metrics.selective import area, auroc, calibration_error, reliability, reliability_score, risk_curve, selective
from eval.metrics.slices import slices
from eval.record import Record

Scored = list[tuple[float, bool]]
SCORED = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=40)


def record(id: str = "q1", right: bool = True, **changes: Any) -> Record:  # noqa: A002
    """An answer to a question that wants one, unless changed."""
    given = {"suite": "s", "question": f"{id}?", "principal": "ana", "expected": ("answer",), "got": "answer", "total_ms": 1.0}
    if changes.get("got") == "infra":
        right, given["reason"] = False, "infra"
    return Record.model_validate({"id": id, "right": right, "reason": "right" if right else "wrong_rows", **given, **changes})


def arrays(scored: Scored) -> tuple[Any, Any]:
    return np.array([c for c, _ in scored], dtype=float), np.array([ok for _, ok in scored], dtype=bool)


# cases


@pytest.mark.parametrize(
    ("turns", "score"),
    [
        pytest.param([True, True], 1.0, id="every turn right"),
        pytest.param([True, False], 0.0, id="one turn wrong"),
        pytest.param([True, None], None, id="infra decides nothing"),
        pytest.param([False, None], None, id="nor does it beside a wrong turn"),
    ],
)
def test_a_dialogue_is_right_when_all_its_turns_are(turns: list[bool | None], score: float | None) -> None:
    records = [
        record(turn=i, turns=2, got="infra") if ok is None else record(turn=i, turns=2, right=ok) for i, ok in enumerate(turns)
    ]
    (case,) = gather(records)
    assert case.score == score


def test_a_dialogue_cut_short_is_undecided_unless_a_turn_is_wrong() -> None:
    assert gather([record(turns=3)])[0].score is None
    assert gather([record(turns=3, right=False)])[0].score == 0


def test_repeats_count_by_their_mean_and_infra_is_no_repeat() -> None:
    records = [record(repeat=0), record(repeat=1, right=False), record(repeat=2), record(repeat=3, got="infra")]
    assert gather(records)[0].score == pytest.approx(2 / 3)


def test_turns_after_infra_do_not_count() -> None:
    records = [record(turn=0, turns=3), record(turn=1, turns=3, got="infra"), record(turn=2, turns=3, right=False)]
    assert [r.turn for r in counted(records)] == [0]
    assert [r.turn for r in counted(reversed(records))] == [0]


# intervals


@pytest.mark.parametrize(
    ("b", "c", "p"),
    [(0, 0, 1.0), (1, 9, 0.021484375), (9, 1, 0.021484375), (0, 6, 0.03125), (5, 5, 1.0), (3, 4, 1.0), (2, 8, 0.109375), (0, 5_000, 0.0)],
)
def test_mcnemar_is_the_exact_binomial_test(b: int, c: int, p: float) -> None:
    assert mcnemar(b, c) == pytest.approx(p, abs=1e-12)


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_a_symmetric_probability(b: int, c: int) -> None:
    assert 0 < mcnemar(b, c) == mcnemar(c, b) <= 1


@pytest.mark.parametrize(
    ("events", "trials", "bound"),
    [
        pytest.param(0, 300, 0.01, id="rule of three"),
        pytest.param(0, 2, 1.0, id="no rate exceeds one"),
        pytest.param(0, 0, None, id="no trial"),
        pytest.param(1, 10, 0.394163, id="Clopper-Pearson 1 of 10"),
        pytest.param(2, 20, 0.282619, id="Clopper-Pearson 2 of 20"),
        pytest.param(7, 7, 1.0, id="every trial"),
    ],
)
def test_the_upper_bound_on_a_rate(events: int, trials: int, bound: float | None) -> None:
    assert upper_bound(events, trials) == (None if bound is None else pytest.approx(bound, abs=1e-5))


@given(st.integers(1, 3_000), st.data())
@settings(max_examples=50)
def test_the_exact_bound_leaves_a_tail_of_five_percent(trials: int, data: st.DataObject) -> None:
    events = data.draw(st.integers(0, min(trials, 200)))
    bound = upper_bound(events, trials)
    assert bound is not None and events / trials <= bound <= 1
    if 0 < events < trials:
        assert binomial_tail(events, trials, bound) == pytest.approx(0.05, abs=1e-6)


def test_the_binomial_tail_by_hand() -> None:
    assert binomial_tail(1, 3, 0.5) == pytest.approx(0.5)
    assert binomial_tail(0, 4, 0.1) == pytest.approx(0.9**4)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([], (0, 0, None, None, None)),
        ([1, 1, 1], (3, 3, 1.0, 1.0, 1.0)),
        ([0], (1, 0, 0.0, 0.0, 0.0)),
    ],
)
def test_degenerate_estimates(scores: list[float], expected: tuple[Any, ...]) -> None:
    found = estimate(enumerate(scores))
    assert (found.n, found.right, found.accuracy, found.low, found.high) == expected


def test_the_interval_is_the_one_of_the_binomial() -> None:
    found = estimate((i, float(i < 70)) for i in range(100))
    assert found.low == pytest.approx(0.61, abs=0.011)  # quantiles of Bin(100, 0.7) / 100
    assert found.high == pytest.approx(0.79, abs=0.011)


def test_units_of_one_cluster_are_drawn_together() -> None:
    apart = estimate((i, float(i < 20)) for i in range(40))
    together = estimate((i // 4, float(i < 20)) for i in range(40))
    assert together.n == apart.n and together.accuracy == apart.accuracy
    assert together.low is not None and apart.low is not None and together.low < apart.low


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([0.0, 1.0, 0.5, 1 / 3])), min_size=1, max_size=40), st.randoms())
@settings(max_examples=50)
def test_the_interval_holds_the_mean_whatever_the_order(units: list[tuple[int, float]], random: Any) -> None:
    found = estimate(units)
    assert found.accuracy is not None and found.low is not None and found.high is not None
    assert 0 <= found.low <= found.accuracy <= found.high <= 1 + 1e-12
    shuffled = list(units)
    random.shuffle(shuffled)
    assert estimate(shuffled) == found


def test_the_seed_decides_the_interval() -> None:
    units = [(i, 1 / (1 + i)) for i in range(50)]
    assert estimate(units, 1) == estimate(units, 1) != estimate(units, 2)


def test_a_paired_difference() -> None:
    mean, low, high = difference([("a", 1.0), ("b", 0.0), ("c", -1.0), ("d", 1.0)])
    assert mean == 0.25 and -1 <= low < mean < high <= 1
    with pytest.raises(ValueError, match="nothing"):
        difference([])


# pass@k, repeatability, paraphrases


@pytest.mark.parametrize(
    ("n", "c", "k", "rate"), [(5, 2, 2, 0.7), (5, 2, 1, 0.4), (5, 0, 5, 0.0), (5, 1, 5, 1.0), (10, 3, 5, 11 / 12), (1, 1, 1, 1.0)]
)
def test_pass_at_k_is_unbiased(n: int, c: int, k: int, rate: float) -> None:
    assert pass_at(n, c, k) == pytest.approx(rate)


@pytest.mark.parametrize("k", [0, 6])
def test_pass_at_more_than_was_tried_is_an_error(k: int) -> None:
    with pytest.raises(ValueError, match="attempts"):
        pass_at(5, 2, k)


def test_pass_rates_are_means_over_cases() -> None:
    records = [record("a", repeat=i, right=i < 1) for i in range(3)] + [record("b", repeat=i) for i in range(3)]
    assert pass_rates(gather(records)) == {"1": pytest.approx(2 / 3), "2": pytest.approx(5 / 6), "3": 1.0}
    assert pass_rates([]) == {}


@pytest.mark.parametrize(
    ("second", "agreeing"),
    [
        pytest.param({}, 1, id="the same"),
        pytest.param({"sql": "SELECT 2"}, 0, id="other SQL"),
        pytest.param({"right": False}, 0, id="other verdict"),
        pytest.param({"got": "ask_back", "right": False, "sql": ""}, 0, id="other outcome"),
    ],
)
def test_repeatability_wants_the_same_verdict_and_sql(second: dict[str, Any], agreeing: int) -> None:
    found = repeatability(gather([record(sql="SELECT 1"), record(**{"sql": "SELECT 1", "repeat": 1, **second}), record("once")]))
    assert (found.cases, found.agreeing, found.share) == (1, agreeing, float(agreeing))


def test_paraphrases_agree_on_the_verdict_not_on_the_sql() -> None:
    records = [
        record("a", group="g", sql="SELECT 1"),
        record("b", group="g", sql="SELECT 2"),
        record("c", group="h"),
        record("d", group="h", right=False),
        record("e", group="alone"),
        record("f", group="g", principal="bob", right=False),
        record("g"),
        record("h"),
    ]
    found = consistency(gather(records))
    assert (found.groups, found.agreeing, found.share) == (2, 1, 0.5)


def test_nothing_repeated_has_no_share() -> None:
    assert repeatability(gather([record()])).share is None
    assert consistency([]).share is None


# selective answering

MIXED = [
    record("a", confidence=0.9),
    record("b", right=False, confidence=0.8),
    record("c", confidence=0.8),
    record("d", right=False, got="ask_back"),
    record("e", got="refuse", expected=("refuse",)),
]


@pytest.mark.parametrize(
    ("penalty", "score"),
    [(0, 60.0), (10, 100 * (3 - 10) / 5), (5, 100 * (3 - 5) / 5)],
)
def test_the_reliability_score_charges_wrong_tables_only(penalty: float, score: float) -> None:
    assert reliability_score(MIXED, penalty) == pytest.approx(score)


def test_a_table_where_something_else_was_right_is_a_wrong_table() -> None:
    shown = record(right=False, expected=("deny",))
    assert reliability_score([shown], 10) == -1000
    assert reliability_score([], 10) is None


def test_selective_by_hand() -> None:
    found = selective(MIXED)
    assert found.rs == {"0": 60.0, "10": -140.0, "N": -40.0}
    assert found.coverage == 0.75
    assert found.precision == pytest.approx(2 / 3)
    assert found.curve == [pytest.approx((1 / 3, 0.0, 0.9)), pytest.approx((1.0, 1 / 3, 0.8))]
    assert found.aurc == pytest.approx(2 / 9)
    assert found.auroc == 0.75  # above the wrong one once, level with it once
    assert found.ece == pytest.approx((1 * 0.1 + 2 * 0.3) / 3)


def test_selective_of_nothing_is_none() -> None:
    found = selective([])
    assert found.rs == {"0": None, "10": None, "N": None}
    assert (found.coverage, found.precision, found.curve, found.aurc, found.ece, found.auroc, found.bins) == (None, None, [], None, None, None, [])


def test_a_run_without_tables_has_no_precision() -> None:
    found = selective([record(right=False, got="ask_back")])
    assert (found.coverage, found.precision) == (0.0, None)


def test_tables_without_a_confidence_are_off_the_curve() -> None:
    found = selective([record("a"), record("b", confidence=math.nan), record("c", confidence=0.5)])
    assert found.curve == [(1.0, 0.0, 0.5)] and found.precision == 1


def test_aurc_is_the_mean_risk() -> None:
    curve = risk_curve(*arrays([(0.9, True), (0.8, False), (0.7, True), (0.6, False)]))
    assert area(curve) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)


@pytest.mark.parametrize(
    ("scored", "ece"),
    [
        pytest.param([(0.95, True)] * 19 + [(0.95, False)], 0.0, id="calibrated"),
        pytest.param([(1.0, False)] * 3, 1.0, id="sure and wrong"),
        pytest.param([(0.2, True), (0.6, True)], 0.6, id="two bins"),
        pytest.param([(0.75, True), (0.78, False)], 0.265, id="one bin"),
    ],
)
def test_calibration_error_by_hand(scored: Scored, ece: float) -> None:
    assert calibration_error(reliability(*arrays(scored))) == pytest.approx(ece)


def test_bins_are_open_below_and_closed_above() -> None:
    bins = reliability(*arrays([(0.0, False), (0.1, True), (0.11, True), (1.0, True)]))
    assert [(round(b.low, 1), b.n) for b in bins] == [(0.0, 2), (0.1, 1), (0.9, 1)]


@pytest.mark.parametrize(
    ("scored", "value"),
    [
        pytest.param([(0.9, True), (0.1, False)], 1.0, id="told apart"),
        pytest.param([(0.5, True), (0.5, False)], 0.5, id="a tie"),
        pytest.param([(0.1, False), (0.4, False), (0.35, True), (0.8, True)], 0.75, id="the textbook four"),
        pytest.param([(0.9, True)], None, id="right only"),
        pytest.param([], None, id="nothing"),
    ],
)
def test_auroc_by_hand(scored: Scored, value: float | None) -> None:
    assert auroc(*arrays(scored)) == value


@given(SCORED)
def test_auroc_is_a_share_and_mirrors_flipped_labels(scored: Scored) -> None:
    confidence, right = arrays(scored)
    value, mirrored = auroc(confidence, right), auroc(confidence, ~right)
    if value is None:
        assert mirrored is None
    else:
        assert 0 <= value <= 1 and mirrored == pytest.approx(1 - value)


@given(SCORED, st.randoms())
def test_confidence_metrics_do_not_depend_on_the_order(scored: Scored, random: Any) -> None:
    shuffled = list(scored)
    random.shuffle(shuffled)
    one, other = arrays(scored), arrays(shuffled)
    assert risk_curve(*one) == risk_curve(*other)
    assert reliability(*one) == reliability(*other)
    assert auroc(*one) == auroc(*other)


@given(SCORED)
def test_the_curve_ends_with_every_table(scored: Scored) -> None:
    curve, bins = risk_curve(*arrays(scored)), reliability(*arrays(scored))
    assert sum(b.n for b in bins) == len(scored)
    if scored:
        wrong = sum(not ok for _, ok in scored) / len(scored)
        assert curve[-1][:2] == pytest.approx((1.0, wrong))
        assert 0 <= (area(curve) or 0) <= 1 + 1e-12 and 0 <= (calibration_error(bins) or 0) <= 1 + 1e-12


# access


def test_the_permission_confusion_by_hand() -> None:
    verdicts = {"C": 6, "W": 2, "VC": 1, "VW": 1, "OR": 2, "PR": 5, "UNKNOWN": 3}
    records = [
        record(f"{name}{i}", access=name, expected=("deny",) if name in ("VC", "VW", "PR") else ("answer",))
        for name, n in verdicts.items()
        for i in range(n)
    ]
    found = permissions(records)
    assert found.verdicts == verdicts
    assert found.ac_f1 == pytest.approx(16 / (16 + 2 + 2))
    assert found.safe_ex == pytest.approx(6 / 13)  # what cannot be analysed is no pass
    assert (found.false_permits, found.judged) == (2, 17)
    assert found.bound == pytest.approx(upper_bound(2, 17))
    assert set(found.as_dict()) == {*verdicts, "ac_f1", "safe_ex", "false_permits", "judged", "bound"}


def test_repeats_are_no_further_evidence() -> None:
    found = permissions([record(repeat=i, access="VW" if i == 3 else "W") for i in range(5)])
    assert (found.verdicts["W"], found.false_permits, found.judged) == (4, 1, 1)


def test_no_permission_judged() -> None:
    found = permissions([])
    assert (found.ac_f1, found.safe_ex, found.false_permits, found.judged, found.bound) == (None, None, 0, 0, None)


# latency and tokens


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([15, 20, 35, 40, 50], 30, 20),
        ([15, 20, 35, 40, 50], 40, 20),
        ([15, 20, 35, 40, 50], 50, 35),
        ([15, 20, 35, 40, 50], 100, 50),
        ([40, 10, 30, 20], 50, 20),
        (range(1, 21), 95, 19),
        ([7], 99, 7),
        ([7, 8], 0, 7),
    ],
)
def test_percentiles_by_nearest_rank(values: list[float], percent: int, expected: float) -> None:
    assert percentile(list(values), percent) == expected


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(0, 100))
def test_a_percentile_is_a_time_that_somebody_waited(values: list[float], percent: int) -> None:
    assert percentile(values, percent) in values


def test_cold_and_warm_are_apart_and_stages_are_warm() -> None:
    records = [
        record("a", cold=True, total_ms=900, stages_ms={"generate": 800}),
        record("b", total_ms=30, stages_ms={"generate": 20, "run": 5}),
        record("c", total_ms=10, stages_ms={"generate": 8}),
    ]
    found = latency(records)
    assert (found.cold.n, found.cold.p50, found.warm.n, found.warm.p50, found.warm.p95) == (1, 900, 2, 10, 30)
    assert {name: (t.n, t.p99) for name, t in found.stages.items()} == {"generate": (2, 20), "run": (1, 5)}


def test_no_time_and_no_token_is_none() -> None:
    found = latency([])
    assert (found.cold.n, found.cold.p50, found.warm.p99, found.stages) == (0, None, None, {})
    assert tokens([]) is None and tokens([record()]) is None


def test_tokens_are_summed() -> None:
    found = tokens([record("a", prompt_tokens=100, completion_tokens=20), record("b", prompt_tokens=50), record("c")])
    assert found is not None and (found.prompt, found.completion) == (150, 20)


# slices


def test_a_slice_counts_cases_and_by_turn_counts_turns() -> None:
    tags = {"style": "terse", "view": ("datasets", "columns"), "hops": 10}
    records = [
        record("a", turn=0, turns=2, tags=tags),
        record("a", turn=1, turns=2, tags=tags, right=False, expected=("ask_back", "answer")),
        record("b", tags={"hops": 2, "turn": "mine"}, principal="bob"),
        record("c", got="infra"),
    ]
    found = {tag: {value: [u.score for u in units] for value, units in values.items()} for tag, values in slices(gather(records)).items()}
    assert found == {
        "expected": {"answer": [1.0, 1.0], "ask_back": [0.0]},
        "hops": {"2": [1.0], "10": [0.0]},
        "role": {"ana": [0.0], "bob": [1.0]},
        "style": {"terse": [0.0]},
        "suite": {"s": [0.0, 1.0]},
        "turn": {"1": [1.0, 1.0], "2": [0.0]},
        "view": {"columns": [0.0], "datasets": [0.0]},
    }
    assert list(found["hops"]) == ["2", "10"]
