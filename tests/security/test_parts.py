"""The smaller parts of the security report: each runs, notices what it looks for, and leaves what others wrote."""

from pathlib import Path
from random import Random

import pytest

from eval.security import golds, latency, proofs, tested, together
from eval.security.__main__ import SHARES, main
from eval.security.golds import Gold
from eval.security.proofs import Claim, Whole
from eval.security.report import load


def quiet(_: str) -> None: ...


def test_every_proof_holds_and_none_that_was_altered() -> None:
    tree, random = Whole(1000), Random(1)
    true = proofs.claims(tree, random, 60)
    assert all(claim.holds() for claim in true)
    changed = [proofs.altered(claim, random) for claim in true for _ in range(40)]
    assert sum(one not in true for one in changed) > 2000
    assert not [one for one in changed if one not in true and one.holds()]


def test_a_verifier_that_takes_anything_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Claim, "holds", lambda claim: True)
    rows = {row.measure: row for row in proofs.run(1, 1, quiet, records=50, changes=100)}
    assert not rows["altered proofs taken"].ok
    assert rows["altered proofs taken"].figure == "100 of 100"


def test_golds_are_of_the_development_split_and_judged() -> None:
    found = golds.golds()
    assert len(found) > 800
    assert sum(bool(gold.denied) for gold in found) > 50
    some = Random(2).sample([gold for gold in found if gold.denied], 12)
    judged = golds.judge([*some, Gold("wrong", "SELECT nope FROM datasets", "ada", ()), Gold("open", "SELECT name FROM datasets", "ada", ("ivy",))], quiet)
    assert judged.accepted == len(some) + 1
    assert [text.partition(":")[0] for text in judged.refused] == ["wrong"]
    assert judged.permitted == ["open by ivy"], "what is open to somebody whom a suite calls denied is told"


def test_what_protection_costs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("STATEMENTS", 4), ("ATTACKS", 20), ("FIRST", 1)):
        monkeypatch.setattr(latency, name, value)
    rows = latency.run(0, 1, quiet)
    assert len(rows) == 5
    assert all("ms" in row.figure for row in rows)


def test_one_writer_and_askers() -> None:
    rows = {row.measure: row for row in together.run(3, 1, quiet)}
    assert rows["one writer and askers at once: errors"].ok, rows
    assert rows["age of what an asker read"].ok
    assert not rows["how long they were at it"].ok, "three seconds are no day"


def test_groups_of_tests_are_there_and_a_failure_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert all((tested.ROOT / path).is_file() for group in tested.GROUPS for path in group.paths)
    (tmp_path / "test_some.py").write_text("def test_a(): pass\ndef test_b(): assert False\n", encoding="utf-8")
    row = tested._row(tested.Group("some", "0", (str(tmp_path / "test_some.py"),), "how"))
    assert (row.figure, row.ok) == ("1 of 2 tests pass", False)


def test_a_part_that_was_not_chosen_keeps_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eval.security.together.READERS", 1)
    kept, page = tmp_path / "s.json", tmp_path / "page.md"
    page.write_text("## DuckDB versions\n\nby hand\n", encoding="utf-8")
    for part in ("together", "latency"):
        for name, value in (("STATEMENTS", 2), ("ATTACKS", 5), ("FIRST", 1)):
            monkeypatch.setattr(latency, name, value)
        main(["--parts", part, "--seconds", "1", "--json", str(kept), "--page", str(page)])
    assert [*load(kept)] == [name for name in SHARES if name in ("latency", "together")]
    written = page.read_text(encoding="utf-8")
    assert written.index("## latency") < written.index("## together") < written.index("by hand")
