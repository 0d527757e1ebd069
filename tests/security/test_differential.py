"""Views with the policy's predicates over the whole catalog give what the snapshot gives, and the guard alone keeps settled statements."""

import pytest

from eval.security.differential import explore, explore_guard_alone


def test_views_over_everything_and_snapshots_give_the_same() -> None:
    found = explore(300, 600, seed=21, queries=75, catalogs=2, askers=("cuno", "ana"))
    assert not found.differences
    assert found.compared >= 300
    assert found.failed == 0, "no value makes a settled statement fail"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_asker_gets_the_same_from_views_and_snapshots() -> None:
    found = explore(8_000, 1700, seed=22, queries=330, catalogs=4)
    assert not found.differences
    assert found.compared >= 8_000


def test_without_snapshots_the_guard_keeps_settled_statements() -> None:
    tally = explore_guard_alone(200, 600, seed=23, queries=35, variants=3, askers=("ana", "hana"))
    assert tally.pairs >= 200
    assert not tally.violations
