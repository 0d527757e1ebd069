"""Processes killed while they write: a few of the kills of `eval.security.kills`, and that it would notice what it looks for."""

import math
import random
import time
from pathlib import Path

import pytest

from eval.security import kills
from eval.security.kills import ACTORS, SLOW, World, flaws, found_world, killed, matrix, next_works, preload


def quiet(_: str) -> None: ...


@pytest.mark.parametrize("kind", sorted(ACTORS))
def test_nothing_acknowledged_is_lost(tmp_path: Path, kind: str) -> None:
    preload()
    rng = random.Random(kind)
    world = found_world(tmp_path / "catalog")
    for _ in range(4 if kind in SLOW else 7):
        killed(world, kind, rng)
        assert list(flaws(world)) == []
        assert next_works(world, kind) == ""
    assert world.said


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_kills_of_every_kind_in_one_folder() -> None:
    done, found = matrix(200, math.inf, 7, quiet)
    assert found == []
    assert done.total() == 200


def early(world: World, name: str, tell: kills.Tell) -> None:
    tell("begun 999999")
    tell("ended 1")
    tell(f"issued token-{name} {name}")
    tell("revoked none")
    tell(f"given {name}")
    tell(f"committed {name} 1")
    time.sleep(60)


def test_what_is_acknowledged_too_early_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ACTORS, "early", early)
    world = found_world(tmp_path / "catalog")
    killed_when_it_has_said_all(world, monkeypatch)
    found = " ".join(flaws(world))
    for said in ("999999 was begun and is not in the log", "proves nothing", "is not live", "and is not in 1"):
        assert said in found


def killed_when_it_has_said_all(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(kills.SLOW, "early", 0.5)
    killed(world, "early", random.Random(3))


def torn(world: World, name: str, tell: kills.Tell) -> None:
    """Rows of one run in two generations: what a kill between them leaves is half of a run."""
    from catalog.storage.generations import writing
    from catalog.storage.records import Dataset
    from catalog.storage.rows import upsert

    with writing(world.home) as connection:
        upsert(connection, [Dataset(node="n", name=f"{name}-0")])


def test_half_a_run_and_a_changed_file_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ACTORS, "torn", torn)
    world = found_world(tmp_path / "catalog")
    assert next_works(world, "torn") == ""
    assert "has 1 of 3 rows" in " ".join(flaws(world))
    (generation,) = (tmp_path / "catalog").glob("gen-2*.duckdb")
    generation.chmod(0o600)
    with generation.open("ab") as file:
        file.write(b"x")
    assert "is not the file that was committed" in " ".join(flaws(world))


def test_a_log_that_lost_its_end_is_noticed(tmp_path: Path) -> None:
    import sqlite3

    world = found_world(tmp_path / "catalog")
    assert next_works(world, "checkpoint") == "" and list(flaws(world)) == []
    with sqlite3.connect(world.home / "audit.sqlite") as connection:
        connection.execute("DELETE FROM audit_leaf WHERE place = (SELECT max(place) FROM audit_leaf)")
    connection.close()
    assert "does not verify" in " ".join(flaws(world))


def test_an_actor_that_fails_is_a_flaw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(world: World, name: str, tell: kills.Tell) -> None:
        raise OSError("disk full")

    monkeypatch.setitem(ACTORS, "fails", fails)
    world = found_world(tmp_path / "catalog")
    assert "OSError" in next_works(world, "fails")
    assert any("disk full" in flaw for flaw in flaws(world))
