"""The vote among samples: the share that agrees wins, and nobody is asked once it is decided."""

from hypothesis import given
from hypothesis import strategies as st

from catalog.engine.engine import ResultSet
from nl2sql.election import UNCLEAR, elect, fingerprint

VOTES = st.lists(st.tuples(st.sampled_from(["", "a", "b", "c"]), st.integers(1, 5)), min_size=1, max_size=6)


@given(VOTES)
def test_the_winner_is_the_one_that_a_full_count_elects(votes: list[tuple[str, int]]) -> None:
    total = sum(n for _, n in votes)
    candidates = [((at, found), n / total) for at, (found, n) in enumerate(votes)]
    asked: list[int] = []

    def find(candidate: tuple[int, str]) -> str:
        asked.append(candidate[0])
        return candidate[1]

    elected = elect(candidates, find)
    counted = {found: sum(n for other, n in votes if other == found) for found, _ in votes if found}
    assert len(asked) == len(set(asked))
    if len(votes) == 1 or not counted:
        assert elected.winner == candidates[0][0]
        return
    assert counted[elected.winner[1]] == max(counted.values())
    assert elected.share <= max(counted.values()) / total + 1e-9
    assert elected.winner[1] not in {found for _, found in elected.others}
    assert not elected.others or elected.is_clear == (elected.share >= UNCLEAR)


def test_nobody_is_asked_once_it_is_decided() -> None:
    asked: list[str] = []

    def find(candidate: str) -> str:
        asked.append(candidate)
        return candidate

    assert elect([("b", 0.2), ("a", 0.6), ("c", 0.2)], find).winner == "a"
    assert asked == ["a"]


def test_rows_are_the_same_in_any_order_and_under_any_name() -> None:
    one = ResultSet(("n",), ("VARCHAR",), [("a",), (None,)], False, 1.0)
    other = ResultSet(("name",), ("VARCHAR",), [(None,), ("a",)], False, 2.0)
    third = ResultSet(("n",), ("VARCHAR",), [("a",), ("a",)], False, 1.0)
    assert fingerprint(one) == fingerprint(other) != fingerprint(third)
