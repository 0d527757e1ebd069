"""Views with the policy's predicates over the whole catalog give what the snapshot gives, and the guard alone keeps settled statements."""

import pytest

from eval.security.differential import explore, explore_guard_alone


def test_views_over_everything_and_snapshots_give_the_same() -> None:
    found = explore(130, 600, seed=21, queries=60, askers=("cuno", "ana"))
    assert not found.differences
    assert found.statements >= 130
    assert found.failed == 0, "no value makes a settled statement fail"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_asker_gets_the_same_from_views_and_snapshots() -> None:
    found = explore(1_000, 1700, seed=22, queries=160)
    assert not found.differences
    assert found.statements >= 1_000


def test_without_snapshots_the_guard_keeps_settled_statements() -> None:
    tally = explore_guard_alone(60, 600, seed=23, queries=30, askers=("ana", "hana"))
    assert tally.pairs >= 60
    assert not tally.violations
