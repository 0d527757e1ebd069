"""Curated attacks with one layer after the other taken away, in two worlds that are the same to the asker."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from eval.security import canaries, gates
from eval.security.attacks import Attack, attacks, spread
from eval.security.gates import ALL, GATES, NO_GUARD, NO_SANDBOX, NO_SNAPSHOT, NOTHING, Side, Tally, attempt

Pair = tuple[Side, Side]
CI, NIGHT = 40, 1_500


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with gates.sides() as opened:
        yield opened


def tried(which: list[Attack], pair: Pair, gates_: tuple[str, ...] = GATES) -> Tally:
    tally = Tally()
    before = [canaries.fingerprint(side.world.home, gates.KEPT) for side in pair]
    for attack in which:
        attempt(attack, pair, tally, gates_)
    assert [canaries.fingerprint(side.world.home, gates.KEPT) for side in pair] == before
    assert {gate: tally.leaks[gate] for gate in GATES} == {gate: [] for gate in GATES}
    assert tally.crashes == []
    return tally


def test_no_layer_is_the_only_one(pair: Pair) -> None:
    tally = tried([attack for attack in spread(attacks(), CI) if attack.after != "resource"], pair)
    assert tally.ran[NO_GUARD] == tally.tried
    assert tally.ran[ALL] == tally.ran[NO_SNAPSHOT] == tally.ran[NO_SANDBOX] == tally.accepted > CI // 20
    assert tally.asked >= CI // 20


def test_approved_attacks_find_nothing_over_policy_views(pair: Pair) -> None:
    """The hardest gate: the rows are there, behind a filter, and the errors of others tell of them where a guard lets them."""
    failing = [attack for attack in attacks() if attack.id.startswith("failing")]
    tally = tried(spread(failing, 30), pair, (ALL, NO_SNAPSHOT, NO_SANDBOX))
    assert tally.accepted > 15


def test_neither_snapshots_nor_audit_log_hold_a_canary(pair: Pair) -> None:
    tried(spread(attacks(), 10, seed=3), pair, (ALL,))
    assert gates.in_bytes(pair) == []
    assert [entry for side in pair for entry in side.session.audit.entries() if canaries.found(repr(entry))] == []


def test_the_harness_sees_a_leak(pair: Pair) -> None:
    """Over all rows and without a guard the same attacks bring canaries out, tell the worlds apart, and the files do hold them."""
    tally = Tally()
    for attack in spread([a for a in attacks() if a.id.startswith(("placed: column", "placed: closed", "placed: hidden-number", "pasted: text / union"))], 24):
        attempt(attack, pair, tally, (NOTHING,))
    said = [leak for leak in tally.leaks[NOTHING] if canaries.MARK in leak]
    assert len(said) >= 6
    assert len(tally.leaks[NOTHING]) - len(said) >= 2
    assert canaries.found_in_bytes(pair[0].everything.read_bytes())


def test_a_filter_without_its_test_is_a_leak(pair: Pair, tmp_path: Path) -> None:
    """Were a policy view to forget its rows, this harness would say so."""
    side = pair[0]
    open_file = tmp_path / "views.duckdb"
    open_file.write_bytes(side.everything.read_bytes())
    permits = {name: replace(permit, row_filter="") for name, permit in side.session.authorisation.permits.items()}
    gates.policy_views(open_file, replace(side.session.authorisation, permits=permits))
    with duckdb.connect(str(open_file), read_only=True) as connection:
        assert canaries.found(repr(connection.execute("SELECT name FROM datasets").fetchall()))
        with pytest.raises(duckdb.Error):
            connection.execute("SELECT steward FROM datasets")


def test_the_policy_views_show_what_the_snapshot_shows(pair: Pair) -> None:
    """With the snapshot off, something is on: views of the same rows and columns."""
    side = pair[0]
    for view in side.session.authorisation.permits:
        left_out = {"datasets": "aliases", "models": "trained_on"}.get(view)
        sql = f'SELECT * {f"EXCLUDE ({left_out})" if left_out else ""} FROM "{view}" ORDER BY ALL'
        assert side.worker(sql, side.filtered) == side.worker(sql, side.redacted), view


def test_the_report_says_what_was_tried() -> None:
    rows = gates.rows(Tally(), [])
    assert {row.measure for row in rows} >= {"curated attacks", *(f"attacks, {gate}" for gate in GATES), "files changed by attacks"}
    assert next(row for row in rows if row.measure == "curated attacks").ok
    assert not next(row for row in rows if row.measure == f"attacks, {ALL}").ok, "nothing was tried"


@pytest.mark.slow
def test_no_layer_is_the_only_one_at_length(pair: Pair) -> None:
    tally = tried(spread(attacks(), NIGHT, seed=11), pair, (ALL, NO_SNAPSHOT, NO_SANDBOX, gates.NO_REWRITE))
    assert tally.accepted >= NIGHT // 10


@pytest.mark.slow
def test_the_sandbox_and_the_snapshot_hold_without_a_guard(pair: Pair) -> None:
    assert tried(spread(attacks(), 800, seed=13), pair, (NO_GUARD,)).ran[NO_GUARD] == 800
