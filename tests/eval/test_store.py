"""The folder of a run survives a kill at any byte."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import UsageError
from eval import store
from eval.record import Manifest, Record

MANIFEST = Manifest(backend="scripted:x", suite_names=("toy",))


def record(case: str, turn: int = 0, turns: int = 1, repeat: int = 0) -> Record:
    return Record(
        id=case, suite="toy", turn=turn, turns=turns, repeat=repeat, question="who? … \u2028 \x1b[0m", principal="ada",
        expected=("refuse",), got="refuse", right=True, reason="right", total_ms=1.0,
    )  # fmt: skip


def test_what_is_appended_is_read(tmp_path: Path) -> None:
    store.create(tmp_path / "run", MANIFEST)
    records = [record("a"), record("b", 0, 2), record("b", 1, 2)]
    for one in records:
        store.append(tmp_path / "run", one)
    assert store.read(tmp_path / "run") == (MANIFEST, records)


@settings(max_examples=60)
@given(cut=st.integers(0, 3000))
def test_a_kill_at_any_byte_loses_at_most_the_last_record(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    folder = tmp_path_factory.mktemp("run")
    store.create(folder, MANIFEST)
    records = [record(str(n)) for n in range(4)]
    store.rewrite(folder, records)
    whole = (folder / store.RECORDS).read_bytes()
    (folder / store.RECORDS).write_bytes(whole[:cut])
    found = store.read(folder)[1]
    assert found == records[: len(found)]
    assert len(found) >= whole[:cut].count(b"\n")


def test_a_dialogue_without_its_end_is_asked_again() -> None:
    half, whole = [record("a", 0, 3), record("a", 1, 3)], [record("b", 0, 2), record("b", 1, 2)]
    assert store.whole_dialogues([*half, *whole]) == whole


def test_a_folder_holds_one_run(tmp_path: Path) -> None:
    store.create(tmp_path, MANIFEST)
    with pytest.raises(UsageError, match="holds a run already"):
        store.create(tmp_path, MANIFEST)


def test_what_is_no_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not the folder of a run"):
        store.read(tmp_path)
    store.create(tmp_path, MANIFEST)
    (tmp_path / store.RECORDS).write_text('{"id": 1}\n', encoding="utf-8")
    with pytest.raises(UsageError, match="line 1"):
        store.read(tmp_path)
    (tmp_path / store.MANIFEST).write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be read"):
        store.read(tmp_path)
