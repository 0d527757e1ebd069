"""Copies of checkpoints outside: they show a log that was cut, rewritten or begun anew, also by somebody with its key."""

import json
import shutil
from pathlib import Path

import pytest

from catalog.audit.log import AuditLog
from catalog.audit.witness import NAME, read_copies, witness
from catalog.errors import UsageError, VerificationFailed


def act(log: AuditLog, times: int = 1) -> None:
    for _ in range(times):
        log.end(log.begin("ada", None, "query", "q", "SELECT 1"), "allowed")


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    log = AuditLog(tmp_path / "home")
    act(log, 3)
    return log


def restored(log: AuditLog, backup: Path) -> AuditLog:
    """The log with the files of an earlier time: what its keeper, who has the key, can always do."""
    log.close()
    shutil.rmtree(log.home)
    shutil.copytree(backup, log.home)
    return AuditLog(log.home)


def backed_up(log: AuditLog) -> Path:
    log.close()
    return Path(shutil.copytree(log.home, log.home.parent / "backup"))


def test_a_copy_grows_with_the_log(log: AuditLog, tmp_path: Path) -> None:
    folder = tmp_path / "outside"
    folder.mkdir()
    assert witness(log, folder) == (folder / NAME, 0, 6)
    act(log, 40)
    assert witness(log, folder) == (folder / NAME, 6, 86)
    assert witness(log, folder) == (folder / NAME, 86, 86)  # nothing new, nothing added
    assert [copied.checkpoint.size for copied in read_copies(folder / NAME, log.keys())] == [6, 86]
    verdict = log.verify()
    assert verdict.ok and verdict.copies == [str(folder / NAME)]


def test_a_cut_log_is_refused_and_named(log: AuditLog, tmp_path: Path) -> None:
    backup = backed_up(log)
    act(log, 2)
    copy = witness(log, tmp_path / "copy")[0]
    log = restored(log, backup)
    assert log.verify().ok  # nothing in the folder tells
    with pytest.raises(VerificationFailed, match="its end is missing"):
        witness(log, copy)
    (flaw,) = log.verify([copy]).flaws
    assert "covers 10 records and the log has 6" in flaw.what


def test_a_fork_is_refused_and_named(log: AuditLog, tmp_path: Path) -> None:
    backup = backed_up(log)
    act(log, 2)
    copy = witness(log, tmp_path / "copy")[0]
    before = copy.read_bytes()
    log = restored(log, backup)
    act(log, 5)
    assert log.verify().ok
    with pytest.raises(VerificationFailed, match="does not continue"):
        witness(log, copy)
    assert copy.read_bytes() == before
    flaws = log.verify([copy]).flaws
    assert len(flaws) == 1 and "another root over 10 records" in flaws[0].what


def test_a_log_begun_anew_is_refused(log: AuditLog, tmp_path: Path) -> None:
    copy = witness(log, tmp_path / "copy")[0]
    log.close()
    shutil.rmtree(log.home)
    anew = AuditLog(log.home)
    act(anew, 4)
    with pytest.raises(VerificationFailed, match="another key"):
        witness(anew, copy)
    assert not anew.verify([copy]).ok


def test_a_copy_that_is_away_is_noted_and_a_named_one_must_be_there(log: AuditLog, tmp_path: Path) -> None:
    copy = witness(log, tmp_path / "copy")[0]
    copy.unlink()
    verdict = log.verify()
    assert verdict.ok and verdict.copies == [] and str(copy) in verdict.notes[0]
    assert not log.verify([copy]).ok


def test_a_line_that_was_cut_off_is_not_there(log: AuditLog, tmp_path: Path) -> None:
    copy = witness(log, tmp_path / "copy")[0]
    whole = copy.read_bytes()
    act(log)
    witness(log, copy)
    copy.write_bytes(copy.read_bytes()[:-20])
    assert len(read_copies(copy, log.keys())) == 1
    assert witness(log, copy)[1:] == (6, 8)
    assert len(read_copies(copy, log.keys())) == 2 and copy.read_bytes().startswith(whole)


@pytest.mark.parametrize("change", ["checkpoint", "vkey"])
def test_a_changed_copy_is_named(log: AuditLog, tmp_path: Path, change: str) -> None:
    copy = witness(log, tmp_path / "copy")[0]
    line = json.loads(copy.read_text(encoding="utf-8"))
    line[change] = line[change].replace("6", "7") + "x"
    copy.write_text(json.dumps(line) + "\n", encoding="utf-8")
    with pytest.raises(VerificationFailed):
        witness(log, copy)
    assert str(copy) in [flaw.where for flaw in log.verify().flaws]


@pytest.mark.parametrize("text", ["\n", "[]\n", "{}\n", "5\n", "[" * 100_000 + "\n", '{"vkey": 1}\n'])
def test_a_file_that_is_no_copy_is_left_alone(log: AuditLog, tmp_path: Path, text: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(VerificationFailed):
        witness(log, path)
    assert path.read_text(encoding="utf-8") == text


def test_a_copy_that_cannot_be_written_is_said_so(log: AuditLog, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        witness(log, tmp_path / "no" / "such" / "folder")
