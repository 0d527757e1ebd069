"""The population stability index against worked examples, and what chance alone may do."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.node.drift import BUCKETS, Shape, drift, quantiles


def numbers(values: list[float]) -> Shape:
    return Shape(len(values), quantiles=quantiles(sorted(values)))


def gauss(seed: int, shift: float = 0.0, count: int = 10_000) -> Shape:
    source = random.Random(seed)
    return numbers([source.gauss(shift, 1) for _ in range(count)])


def test_a_worked_example() -> None:
    before, after = Shape(1000, buckets=(500, 300, 200, *[0] * 13)), Shape(1000, buckets=(250, 450, 300, *[0] * 13))
    found = drift(before, after)
    assert found is not None
    exact = (0.25 - 0.5) * math.log(0.25 / 0.5) + (0.45 - 0.3) * math.log(0.45 / 0.3) + (0.3 - 0.2) * math.log(0.3 / 0.2)
    assert found.psi == pytest.approx(exact, rel=0.01)
    assert found.drifted


def test_the_same_again_is_no_drift() -> None:
    found = drift(gauss(1), gauss(2))
    assert found is not None
    assert found.psi < 0.01
    assert not found.drifted


@pytest.mark.parametrize(("shift", "drifted"), [(0.1, False), (0.3, False), (0.7, True), (2.0, True)])
def test_a_shift_of_standard_deviations(shift: float, drifted: bool) -> None:
    found = drift(gauss(1), gauss(2, shift))
    assert found is not None
    # Two normal distributions a shift s apart have a symmetric divergence of s², which bins approach from below.
    assert 0.5 * shift**2 < found.psi < 1.2 * shift**2 + 0.01
    assert found.drifted == drifted


def test_small_samples_differ_by_chance() -> None:
    alarms = 0
    for seed in range(200):
        source = random.Random(seed)
        pair = [numbers([source.random() for _ in range(40)]) for _ in range(2)]
        found = drift(pair[0], pair[1])
        assert found is not None
        alarms += found.drifted
    assert alarms <= 4


def test_many_of_one_value_are_one_bin() -> None:
    before, after = numbers([0.0] * 900 + [1.0] * 100), numbers([0.0] * 500 + [1.0] * 500)
    found = drift(before, after)
    assert found is not None and found.drifted
    same = drift(before, numbers([0.0] * 1800 + [1.0] * 200))
    assert same is not None and same.psi < 0.01


@pytest.mark.parametrize("other", [Shape(0), Shape(5), Shape(5, buckets=(5, *[0] * (BUCKETS - 1)))])
def test_what_cannot_be_compared(other: Shape) -> None:
    assert drift(numbers([1.0, 2.0]), other) is None


shapes = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60).map(numbers)


@given(shapes, shapes)
def test_the_index_is_finite_and_never_below_zero(before: Shape, after: Shape) -> None:
    found = drift(before, after)
    assert found is not None
    assert found.psi >= 0 and math.isfinite(found.psi)


@given(shapes)
def test_nothing_drifts_from_itself(shape: Shape) -> None:
    found = drift(shape, shape)
    assert found is not None and found.psi == 0
