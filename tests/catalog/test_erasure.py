"""A person who is erased is nowhere in the catalog's state: not in merges, alerts, or the generation that shows them."""

from datetime import datetime, timedelta
from pathlib import Path

from catalog.audit.log import AuditLog
from catalog.claims.merges import Merges
from catalog.quality.alerts import Alerts
from catalog.quality.watch import look
from catalog.storage.generations import current, writing
from catalog.storage.records import Dataset, Node, QualityCheck
from catalog.storage.rows import upsert

NOW = datetime(2026, 3, 1, 12)
LEAVER, STAYER = "leaver of the house", "stayer"


def made(home: Path) -> None:
    at = NOW - timedelta(hours=1)
    check = QualityCheck(node="n", sensitivity="public", check_id="c1", dataset="orders", check_name="unique", status="failed", opened=at, as_of=at)
    with writing(home) as connection:
        upsert(connection, [Node(node="n"), *(Dataset(node="n", name=name, sensitivity="public") for name in ("orders", "order", "buyers", "buyer"))])
        upsert(connection, [check])
    look(home, NOW)
    (episode,) = [e for e in Alerts(home).all() if e.check_id == "c1"]
    Alerts(home).acknowledge(episode, LEAVER, NOW, assignee=LEAVER)
    Alerts(home).resolve(episode, LEAVER, NOW)
    merges = Merges(home)
    merges.merge("orders", "order", LEAVER)
    merges.split("orders", "order", STAYER)
    merges.merge("buyers", "buyer", STAYER)
    merges.split("buyers", "buyer", LEAVER)


def test_who_is_erased_is_in_no_merge_and_no_alert(tmp_path: Path) -> None:
    made(tmp_path)
    log = AuditLog(tmp_path)
    log.end(log.begin(LEAVER, None, "query", "q", None), "allowed")
    assert any(LEAVER.encode() in path.read_bytes() for path in tmp_path.glob("state.sqlite*"))
    before = current(tmp_path).number
    log.erase(LEAVER)
    assert [(m.by, m.split_by) for m in Merges(tmp_path).all()] == [("erased", STAYER), (STAYER, "erased")]
    (episode,) = [e for e in Alerts(tmp_path).all() if e.check_id == "c1"]
    assert (episode.acked_by, episode.resolved_by, episode.assignee, episode.status) == ("erased", "erased", "erased", "resolved")
    assert current(tmp_path).number > before
    named = [path.name for path in tmp_path.rglob("*") if path.is_file() and LEAVER.encode() in path.read_bytes()]
    assert named == [], "in no byte of the folder"
    assert log.verify().ok


def test_who_has_no_alert_costs_no_generation(tmp_path: Path) -> None:
    made(tmp_path)
    log = AuditLog(tmp_path)
    log.end(log.begin("ada", None, "query", "q", None), "allowed")
    before = current(tmp_path).number
    log.erase("ada")
    assert current(tmp_path).number == before
    assert {m.by for m in Merges(tmp_path).all()} == {LEAVER, STAYER}
