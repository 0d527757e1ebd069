"""Decisions on claims: by weight, clipped, shared by operators; invariants of them, and trust that agreement moves."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from catalog.claims.consensus import KAPPA, LEAST_TRUST, NEWCOMER, UNSTAKED, Vote, decide, judgements, meaning, moved

EXACT = 1e-9
STAKED = (
    # attribute, (operator, value, stake) …, value held, agreement, disputed, quorum
    ("licence", [("a", "MIT", 1000)], "MIT", 1.0, False, False),
    ("licence", [("a", "mit ", 1000), ("b", "MIT", 5000)], "MIT", 1.0, False, True),
    ("licence", [("a", "MIT", 1000), ("b", "GPL", 1000)], None, 0.5, True, True),
    ("licence", [("a", "MIT", 2000), ("b", "MIT", 1000), ("c", "GPL", 2000)], "MIT", 0.6, True, True),
    ("licence", [("a", "MIT", 1), ("b", "GPL", 1), ("c", "BSD", 1)], None, 1 / 3, True, True),
    # A rich one is clipped to what the others weigh: it decides nothing alone, and nobody decides against it.
    ("licence", [("a", "MIT", 90_000), ("b", "GPL", 1000), ("c", "GPL", 1000)], None, 0.5, True, True),
    ("licence", [("a", "MIT", 90_000), ("b", "MIT", 1000), ("c", "GPL", 1000)], "MIT", 0.75, True, True),
    # Who staked nothing shares a tenth of what the stakers weigh, however many they are.
    ("licence", [("a", "MIT", 1000), ("b", "MIT", 1000), *((f"n{i}", "GPL", 0) for i in range(50))], "MIT", 1 / (1 + UNSTAKED), True, True),
    ("licence", [("a", "MIT", 1000), *((f"n{i}", "GPL", 0) for i in range(50))], None, 0.5, True, True),
    ("licence", [("a", "MIT", 0), ("b", "MIT", 0), ("c", "GPL", 0)], "MIT", 2 / 3, True, True),
    ("row_count", [("a", "100", 1), ("b", "105", 1), ("c", "4000", 1)], "105", 1 / 3, True, True),
    ("row_count", [("a", "100", 1), ("b", "4000", 1)], None, 0.5, True, True),
    ("row_count", [("a", "1e9", 1), ("b", "many", 1), ("c", "7", 1)], "7", 1.0, False, False),
    ("row_count", [("a", "7", 1), ("b", "7.0", 2), ("c", "8", 2)], "7.0", 0.6, True, True),
    ("last_updated", [("a", "2024-01-01", 1), ("b", "2024-03-01T00:00:00Z", 1), ("c", "2024-03-01 01:00+01:00", 1)], "2024-03-01 01:00+01:00", 2 / 3, True, True),
    ("languages", [("a", "English, Latin", 1), ("b", "latin,english", 1)], "English, Latin", 1.0, False, True),
    ("licence", [("a", None, 1), ("b", " ", 1)], None, None, False, False),
    ("licence", [], None, None, False, False),
)


def voted(*told: tuple[str, str | None, float]) -> list[Vote]:
    return [Vote(value, operator, operator, stake=stake, trust=1.0) for operator, value, stake in told]


@pytest.mark.parametrize(("attribute", "told", "value", "agreement", "disputed", "quorum"), STAKED)
def test_decisions(attribute: str, told: list[tuple[str, str, float]], value: str, agreement: float, disputed: bool, quorum: bool) -> None:
    found = decide(attribute, voted(*told))
    assert (found.value, found.disputed, found.quorum_met) == (value, disputed, quorum)
    assert found.agreement == (None if agreement is None else pytest.approx(agreement))


def test_nodes_of_one_operator_share_its_weight() -> None:
    alone = decide("licence", voted(("x", "GPL", 1000), ("a", "MIT", 800), ("b", "MIT", 300)))
    many = [Vote("GPL", f"x-{i}", "x", stake=1000, trust=1.0) for i in range(20)]
    crowd = decide("licence", [*many, *voted(("a", "MIT", 800), ("b", "MIT", 300))])
    assert alone.value == crowd.value == "MIT"
    assert math.fsum(crowd.weights[:20]) == pytest.approx(alone.weights[0]) == 1.0
    assert decide("licence", many).quorum_met is False


def test_sources_that_a_node_quotes_share_its_weight_as_it_says() -> None:
    quoted = [Vote("MIT", "n", "n", "curators", 1000, 1.0, 2.0), Vote("GPL", "n", "n", "badge", 1000, 1.0, 1.0)]
    assert decide("licence", quoted).weights == (2.0, 1.0) and decide("licence", quoted).quorum_met
    among = decide("licence", [*quoted, *voted(("a", "GPL", 900))])
    assert among.value == "GPL" and among.weights == pytest.approx((0.6, 0.3, 0.9))


def test_trust_counts_and_what_is_no_number_does_not() -> None:
    votes = voted(("a", "MIT", 1000), ("b", "GPL", 1000))
    third = voted(("c", "BSD", 1000))
    assert decide("licence", [replace(votes[0], trust=0.9), replace(votes[1], trust=0.1), *third]).weights == (0.9, 0.1, 1.0)
    for odd in (math.nan, math.inf, -1.0):
        found = decide("licence", [*votes, replace(third[0], stake=odd, trust=odd)])
        assert found.weights[2] == 0 and found.value is None
    assert decide("licence", [Vote("x", str(i), str(i), stake=1e308, stated=1e308) for i in range(9)]).value == "x"


ATTRIBUTES = st.sampled_from(["licence", "row_count", "languages"])
WEIGHTS = st.one_of(st.just(0.0), st.floats(1, 1e6))
VOTES = st.lists(
    st.builds(
        Vote,
        value=st.sampled_from(["1", "2", "3", "10"]),
        node=st.sampled_from([f"n{i}" for i in range(8)]),
        operator=st.sampled_from(["o1", "o2", "o3", "o4", "o5"]),
        source=st.one_of(st.none(), st.sampled_from(["web", "badge"])),
        stake=WEIGHTS,
        trust=st.floats(0.05, 1),
        stated=st.one_of(st.none(), st.floats(0.1, 10)),
    ),
    min_size=1,
    max_size=9,
)


@given(ATTRIBUTES, VOTES, st.randoms())
def test_order_does_not_count(attribute: str, votes: list[Vote], random: "object") -> None:
    order = list(range(len(votes)))
    random.shuffle(order)  # type: ignore[attr-defined]
    found, other = decide(attribute, votes), decide(attribute, [votes[at] for at in order])
    assert (found.value, found.agreement, found.disputed, found.quorum_met) == (other.value, other.agreement, other.disputed, other.quorum_met)
    assert tuple(found.weights[at] for at in order) == other.weights


@given(ATTRIBUTES, VOTES, st.sampled_from([0.25, 2.0, 1024.0]))
def test_scale_does_not_count(attribute: str, votes: list[Vote], scale: float) -> None:
    found = decide(attribute, votes)
    other = decide(attribute, [replace(vote, stake=(vote.stake or 0) * scale, stated=(1.0 if vote.stated is None else vote.stated) * scale) for vote in votes])
    assert found.value == other.value
    assert found.agreement == pytest.approx(other.agreement)


@given(ATTRIBUTES, VOTES)
def test_nobody_among_several_weighs_more_than_kappa(attribute: str, votes: list[Vote]) -> None:
    found = decide(attribute, votes)
    total = math.fsum(found.weights)
    operators = {vote.operator for vote in votes}
    assert all(weight >= 0 for weight in found.weights)
    if len(operators) > 1 and total:
        for operator in operators:
            assert math.fsum(w for w, v in zip(found.weights, votes, strict=True) if v.operator == operator) <= KAPPA * total + EXACT * total


def behind(votes: Sequence[Vote], weights: Sequence[float], attribute: str, value: str | None) -> float:
    return math.fsum(w for w, v in zip(weights, votes, strict=True) if meaning(attribute, v.value) == meaning(attribute, value))


@given(VOTES)
def test_a_minority_never_decides(votes: list[Vote]) -> None:
    found = decide("licence", votes)
    total = math.fsum(found.weights)
    if found.value is not None:
        assert behind(votes, found.weights, "licence", found.value) > KAPPA * total
        operators: dict[str, float] = {}
        for vote in votes:
            operators[vote.operator] = max(operators.get(vote.operator, 0.0), (vote.stake or 0.0) * (vote.trust or 0.0))
        staked = math.fsum(operators.values())
        supporters = {vote.operator for vote in votes if vote.value == found.value}
        if staked and len(operators) > 1:
            # Those without a stake are worth a tenth; without them the stakers behind it may lack that much, and no more.
            assert math.fsum(operators[o] for o in supporters) >= (KAPPA * (1 + UNSTAKED) - UNSTAKED) * staked * (1 - EXACT)
            assert len(supporters) > 1


@given(VOTES)
def test_a_median_stays_within_what_any_majority_says(votes: list[Vote]) -> None:
    found = decide("row_count", votes)
    total = math.fsum(found.weights)
    if found.value is not None:
        for bound in ("1", "2", "3", "10"):
            for side in (1, -1):
                coalition = [w for w, v in zip(found.weights, votes, strict=True) if side * int(v.value or 0) <= side * int(bound)]
                if math.fsum(coalition) > KAPPA * total + EXACT * total:
                    assert side * int(found.value) <= side * int(bound)


@given(ATTRIBUTES, VOTES, VOTES)
@example("licence", voted(("a", "1", 10), ("b", "2", 1)), voted(("c", "1", 5)))
def test_an_agreeing_claim_never_lowers_agreement(attribute: str, votes: list[Vote], more: list[Vote]) -> None:
    before = decide(attribute, votes)
    assume(before.value is not None and len({vote.operator for vote in votes}) > 1)
    # Of a newcomer: what an operator gains by another node of its own is another matter.
    newcomer = replace(more[0], value=before.value, node="new", operator="new")
    after = decide(attribute, [*votes, newcomer])
    assert before.agreement is not None and after.agreement is not None
    assert after.agreement >= before.agreement - EXACT
    assert after.value is not None and meaning(attribute, after.value) == meaning(attribute, before.value)


def test_a_node_is_judged_by_what_others_hold_without_it() -> None:
    votes = voted(("a", "MIT", 1000), ("b", "MIT", 1000), ("c", "GPL", 50_000))
    assert judgements("licence", votes) == {"c": 0.0}  # a and b: the others hold nothing
    assert judgements("licence", voted(("a", "MIT", 1000), ("b", "MIT", 1000))) == {}
    equal = voted(*((name, value, 1000) for name, value in (("a", "MIT"), ("b", "MIT"), ("c", "GPL"), ("d", "MIT"))))
    assert judgements("licence", equal) == {"a": 1.0, "b": 1.0, "c": 0.0, "d": 1.0}
    own = [*(Vote("GPL", f"c{i}", "c", stake=9000) for i in range(5)), *voted(("a", "MIT", 1), ("b", "MIT", 1))]
    assert {judgements("licence", own)[f"c{i}"] for i in range(5)} == {0.0}


@given(st.one_of(st.none(), st.floats(LEAST_TRUST, 1)), st.lists(st.floats(0, 1), max_size=5))
def test_trust_moves_towards_agreement_within_bounds(trust: float | None, shares: list[float]) -> None:
    after = moved(trust, shares)
    if not shares:
        assert after is trust
        return
    before, share = NEWCOMER if trust is None else trust, math.fsum(shares) / len(shares)
    assert after is not None and LEAST_TRUST <= after <= 1
    assert min(before, share) - EXACT <= after <= max(before, share, LEAST_TRUST) + EXACT
    for _ in range(100):
        after = moved(after, [0.0])
    assert after == LEAST_TRUST


def test_what_a_node_states_of_its_own_claims_takes_nothing_from_another_of_its_operator() -> None:
    honest = Vote("MIT", "a", "acme", trust=0.8)
    posing = Vote("GPL", "x", "acme", trust=0.8, stated=1e15)
    found = decide("licence", [honest, posing, *voted(("b", "MIT", 0), ("c", "GPL", 0))])
    assert found.weights[0] == found.weights[1] and found.value is None
    assert decide("licence", [honest, posing]).value is None
