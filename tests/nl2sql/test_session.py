"""What a session reads from the catalog's folder may be damaged by others: it is made anew or named."""

import shutil
from pathlib import Path

import pytest

from catalog.access.policy import ANONYMOUS, POLICY_FILE, authorise, load_policy
from catalog.audit.log import AuditLog
from catalog.errors import CatalogUnavailable
from catalog.storage.generations import pinned
from nl2sql.session import read_clock, read_names


@pytest.mark.parametrize("damage", ["", "{", "[]", "5", '{"names": 1}', '{"names": {}, "columns_of": {}, "text_words": 5}'])
def test_a_damaged_index_of_names_is_made_anew(demo_home: Path, tmp_path: Path, damage: str) -> None:
    home = Path(shutil.copytree(demo_home, tmp_path / "home"))
    allowed = authorise(ANONYMOUS, load_policy(home / POLICY_FILE))
    with pinned(home) as generation:
        made = read_names(home, generation, AuditLog(home), allowed, read_clock(home))
        (kept,) = home.glob("snapshots/*/*.json")
        kept.write_text(damage, encoding="utf-8")
        assert made.names and read_names(home, generation, AuditLog(home), allowed, read_clock(home)) == made


@pytest.mark.parametrize("text", [b"", b"soon", b"\xff", b"9999-12-31T23:59:59-12:00"])
def test_a_clock_that_tells_no_time_is_named(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "clock").write_bytes(text)
    with pytest.raises(CatalogUnavailable, match="not a date"):
        read_clock(tmp_path)
