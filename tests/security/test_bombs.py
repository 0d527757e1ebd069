"""Resource bombs, with the guard and without: each ends in one of the ways there are, and takes nothing with it."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.engine.engine import Engine, Limits
from catalog.errors import GovernanceError, QueryFailed
from eval.security.bombs import ENDS, GUARDED, OVER_MEMORY, UNGUARDED, blast, guarded, range_of_fire, unguarded

SOON = Limits(deadline_s=0.2, memory_mb=512)


@pytest.fixture(scope="module")
def range_() -> Iterator[tuple[Engine, Path]]:
    with range_of_fire() as place:
        yield place


@pytest.mark.parametrize(
    ("name", "guard"),
    [*((name, False) for name in UNGUARDED), *((name, True) for name in GUARDED)],
    ids=lambda value: value if isinstance(value, str) else "guarded" if value else "bare",
)
def test_a_bomb_ends_and_leaves_nothing(range_: tuple[Engine, Path], name: str, guard: bool) -> None:
    ended = blast(*range_, name, (GUARDED if guard else UNGUARDED)[name], SOON, guard)
    assert ended.end in ENDS
    assert ended.next_runs
    assert ended.left == ()
    assert ended.peak_mb <= SOON.memory_mb * OVER_MEMORY


def test_there_are_enough_bombs() -> None:
    assert len(UNGUARDED) + len(GUARDED) >= 50


def test_bombs_for_the_guard_are_what_the_guard_lets_through() -> None:
    refused = []
    for name, sql in GUARDED.items():
        try:
            guarded(sql)
        except GovernanceError as error:
            refused.append((name, str(error)))
    assert refused == [("doubled CTEs", "The SQL reads too many views at once.")]


@pytest.mark.parametrize("rows", [1, 10, 500])
def test_rows_and_bytes_are_capped_while_rows_come(range_: tuple[Engine, Path], rows: int) -> None:
    engine, snapshot = range_
    endless = unguarded("SELECT i, repeat('x', 100) FROM range(1000000000000) t(i)")
    result = engine.run(endless, snapshot, replace(SOON, deadline_s=60.0, rows=rows, output_bytes=2000))
    assert result.truncated
    assert len(result.rows) == min(rows, 18)


def test_a_query_that_is_over_time_is_gone_when_that_is_said(range_: tuple[Engine, Path]) -> None:
    engine, snapshot = range_
    for _ in range(3):
        process = engine._child.process
        engine.run(unguarded("SELECT 1"), snapshot, replace(SOON, deadline_s=60.0))
        with pytest.raises(Exception, match="within"):
            engine.run(unguarded(UNGUARDED["long range"]), snapshot, replace(SOON, deadline_s=0.05))
        with pytest.raises(ProcessLookupError):
            os.kill(process.pid, 0)


def test_a_deadline_that_passes_as_the_answer_comes_costs_no_other_question(range_: tuple[Engine, Path]) -> None:
    """Deadlines about as long as the query: whatever this one gets, the next is answered."""
    engine, snapshot = range_
    for at in range(16):
        try:
            engine.run(unguarded("SELECT sum(i) FROM range(100000) t(i)"), snapshot, replace(SOON, deadline_s=0.0005 * at))
        except QueryFailed as error:
            pytest.fail(error.what)
        except GovernanceError as error:
            assert "within" in str(error)
        assert engine.run(unguarded("SELECT 1"), snapshot, replace(SOON, deadline_s=60.0)).rows == [(1,)]
