"""What is an alert and what is not, rule by rule, and how the rules do on the labelled synthetic log."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from catalog.audit.misuse import ANONYMOUS, CROWD, ERASED, RULES, alerts
from catalog.storage.records import AuditEntry
from eval.misuse import labelled, score

NOON = datetime(2026, 5, 4, 12)


def entries(count: int, gap_s: float, first: datetime = NOON, actor: str = "ada", **fields: Any) -> list[AuditEntry]:
    return [
        AuditEntry(node="steward", seq=i, at=first + timedelta(seconds=gap_s * i), actor=actor, **{"action": "query", "decision": "allowed", **fields})
        for i in range(count)
    ]


DENIED = {"decision": "denied"}
REFUSED_TOKEN = {"decision": "denied", "action": "login"}
NO_SUCH_NAME = {"decision": "declined", "sql_hash": "0" * 64, "row_count": 0}


@pytest.mark.parametrize(
    ("count", "gap_s", "fields", "kind"),
    [
        (8, 60, DENIED, None),
        (9, 60, DENIED, "denials"),
        (9, 600, DENIED, None),
        (33, 1800, DENIED, "denials"),
        (10, 50, REFUSED_TOKEN, None),
        (11, 50, REFUSED_TOKEN, "token guessing"),
        (10, 50, NO_SUCH_NAME, None),
        (11, 50, NO_SUCH_NAME, "probing"),
        (61, 1000, NO_SUCH_NAME, "probing"),
        (50, 5, {"decision": "declined", "row_count": 0}, None),  # asked back, or not a question for the catalog
        (5, 60, {"row_count": 10_000}, None),
        (6, 60, {"row_count": 10_000}, "scraping"),
        (26, 3000, {"row_count": 10_000}, "scraping"),
        (9, 60, {"row_count": 10_000, "decision": "denied"}, "denials"),
        (200, 10, {"dataset": "C4"}, None),  # one dataset, however often
    ],
)
def test_a_rule_bears_what_it_says_and_no_more(count: int, gap_s: float, fields: dict[str, Any], kind: str | None) -> None:
    found = alerts(entries(count, gap_s, **fields))
    assert [a.rule.kind for a in found] == ([kind] if kind else [])


@pytest.mark.parametrize(("count", "gap_s", "found"), [(40, 60, 0), (41, 60, 1), (41, 100, 0)])
def test_scraping_is_many_different_datasets(count: int, gap_s: float, found: int) -> None:
    log = [AuditEntry(**{**vars(e), "dataset": f"dataset-{e.seq}"}) for e in entries(count, gap_s)]
    assert [a.count for a in alerts(log)] == [count] * found


def test_an_alert_says_who_when_and_how_much() -> None:
    log = entries(30, 10, **DENIED) + entries(30, 10, NOON + timedelta(days=2), **DENIED)
    first, second = alerts(log)
    assert (first.actor, first.first, first.last, first.count, first.first_seq, first.last_seq) == ("ada", NOON, NOON + timedelta(seconds=290), 30, 0, 29)
    assert first.severity == "high" and second.first == NOON + timedelta(days=2)
    assert alerts(entries(12, 10, **DENIED))[0].severity == "medium"


def test_anonymous_is_a_crowd_and_the_erased_are_nobody() -> None:
    assert alerts(entries(9 * CROWD - CROWD, 1, actor=ANONYMOUS, **DENIED)) == []
    assert len(alerts(entries(9 * CROWD, 1, actor=ANONYMOUS, **DENIED))) == 1
    assert len(alerts(entries(11, 1, actor=ANONYMOUS, **REFUSED_TOKEN))) == 1
    assert alerts(entries(100, 1, actor=ERASED, **DENIED)) == []


def habit(days: int) -> list[AuditEntry]:
    """Five questions a day, from nine in the morning."""
    return [e for day in range(days) for e in entries(5, 1800, datetime(2026, 4, 1, 9) + timedelta(days=day))]


@pytest.mark.parametrize(
    ("days", "hour", "count", "found"),
    [(20, 3, 6, 1), (20, 3, 5, 0), (20, 10, 6, 0), (20, 12, 6, 0), (9, 3, 6, 0)],
)
def test_odd_hours_need_a_habit_to_differ_from(days: int, hour: int, count: int, found: int) -> None:
    night = entries(count, 600, datetime(2026, 4, 28, hour))
    assert [a.rule.kind for a in alerts(habit(days) + night)] == ["odd hours"] * found


def test_actors_do_not_add_up() -> None:
    log = [e for i in range(20) for e in entries(5, 10, actor=f"person-{i}", **DENIED)]
    assert alerts(log) == []


def test_the_labelled_log_is_the_same_every_time_and_marked_synthetic() -> None:
    log = labelled(7)
    assert log == labelled(7) and {e.origin for e in log.entries} == {"synthetic"}


def test_the_rules_find_most_bold_episodes_and_raise_few_false_alarms() -> None:
    raised, right, planted, found = map(sum, zip(*score(range(100, 106)).values(), strict=True))
    assert found / planted > 0.6 and right / raised > 0.6
    assert {rule.kind for rule in RULES} == set(score([100]))
