"""Sets of numbers: what numpy's slower functions say."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from catalog.graph.number_sets import among, distinct, firsts

NUMBERS = st.lists(st.integers(-5, 5) | st.integers(-(2**63), 2**63 - 1)).map(lambda listed: np.array(listed, dtype=np.int64))


@given(NUMBERS)
def test_distinct_is_ascending_and_holds_each_once(numbers: NDArray[np.int64]) -> None:
    assert distinct(numbers).tolist() == sorted(set(numbers.tolist()))


@given(st.lists(st.integers(0, 5) | st.integers(0, 2**40)))
def test_firsts_tell_where_each_stands_first(numbers: list[int]) -> None:
    expected = sorted(set(numbers))
    assert [found.tolist() for found in firsts(np.array(numbers, dtype=np.int64))] == [expected, [numbers.index(number) for number in expected]]


@given(NUMBERS, NUMBERS)
def test_among_tells_of_each(numbers: NDArray[np.int64], others: NDArray[np.int64]) -> None:
    assert among(numbers, others).tolist() == [number in set(others.tolist()) for number in numbers.tolist()]
