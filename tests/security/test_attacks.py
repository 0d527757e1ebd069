"""The curated attacks as data, and each of them against the guard alone: refused or within what its asker may read."""

from collections import Counter
from collections.abc import Iterator

import pytest

from catalog.errors import GovernanceError
from catalog.storage.generations import pinned
from catalog.storage.state import State
from eval.security import canaries
from eval.security.attacks import LEAST, THREATS, Attack, attacks, spread
from eval.security.canaries import ASKER, World
from nl2sql.guard import approve
from nl2sql.session import Session, open_session

CI = 300


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Session]]:
    with canaries.opened(tmp_path_factory.mktemp("attacks") / "a", "a") as world, pinned(world.home) as generation:
        session = open_session(world.home, generation, State(world.home).issue_token(ASKER, 1))
        yield world, session
        session.close()


def test_there_are_enough_and_no_two_are_the_same() -> None:
    every = attacks()
    assert len(every) >= LEAST
    assert len({attack.sql for attack in every}) == len({attack.id for attack in every}) == len(every)


def test_they_are_after_everything_that_the_threat_model_has_for_sql() -> None:
    every = Counter(attack.after for attack in attacks())
    assert every.keys() == THREATS.keys()
    assert {attack.threat for attack in attacks()} == {"T1", "T4", "T5", "T6", "T7"}
    assert min(every[after] for after in ("column", "row", "view", "schema", "file", "setting")) >= 250


def test_no_attack_knows_a_canary() -> None:
    """What is found in an answer was read and not typed."""
    assert [attack.id for attack in attacks() if canaries.found(attack.sql)] == []


def test_a_sample_is_from_everywhere_and_the_same_every_time() -> None:
    every = attacks()
    sample = spread(every, CI)
    assert len(set(sample)) == CI == len(spread(every, CI))
    assert sample == spread(every, CI) != spread(every, CI, seed=1)
    assert {attack.after for attack in sample} >= THREATS.keys() - {"resource"}
    assert sorted(attack.id for attack in spread(every, len(every), seed=5)) == sorted(attack.id for attack in every)


def refused(attack: Attack, world: World, session: Session) -> bool:
    """The guard's verdict on one attack; any error that is no refusal fails the test by itself."""
    try:
        approved = approve(attack.filled(dict(world.places)), session.schema, session.now)
    except GovernanceError as refusal:
        assert not canaries.found(refusal.what + refusal.hint), attack
        assert len(refusal.what) < 600, attack
        return True
    assert approved.views <= session.authorisation.permits.keys(), attack
    for hidden in ("steward", "stake", "buyer", "grants", "consents", "audit_log", "duckdb_", "read_", "information_schema"):
        assert hidden not in approved.sql.replace("'", ""), attack
    return False


def test_the_guard_refuses_or_narrows(asker: tuple[World, Session]) -> None:
    verdicts = Counter(refused(attack, *asker) for attack in spread(attacks(), CI))
    assert verdicts[True] > 4 * verdicts[False] > 0


@pytest.mark.slow
def test_the_guard_refuses_or_narrows_every_one(asker: tuple[World, Session]) -> None:
    verdicts = Counter(refused(attack, *asker) for attack in attacks())
    assert verdicts[True] > 4 * verdicts[False] > 0


@pytest.mark.parametrize("after", ["write", "file", "setting"])
def test_nothing_of_a_kind_is_approved(asker: tuple[World, Session], after: str) -> None:
    """A write, a file and a setting are refused wherever they stand."""
    world, session = asker
    for attack in spread([attack for attack in attacks() if attack.after == after], 50):
        assert refused(attack, world, session), attack
