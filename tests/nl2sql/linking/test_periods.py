"""Spans of time: what each phrase means on Friday, 16 October 2026, at noon."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nl2sql.linking.dates import POINTS
from nl2sql.linking.periods import find_periods

NOW = datetime(2026, 10, 16, 12)
PHRASES = [
    ("today", "2026-10-16", "2026-10-17"),
    ("yesterday", "2026-10-15", "2026-10-16"),
    ("tomorrow", "2026-10-17", "2026-10-18"),
    ("the day before yesterday", "2026-10-14", "2026-10-15"),
    ("the day after tomorrow", "2026-10-18", "2026-10-19"),
    ("this week", "2026-10-12", "2026-10-19"),
    ("last week", "2026-10-05", "2026-10-12"),
    ("next week", "2026-10-19", "2026-10-26"),
    ("this month", "2026-10-01", "2026-11-01"),
    ("last month", "2026-09-01", "2026-10-01"),
    ("next month", "2026-11-01", "2026-12-01"),
    ("this quarter", "2026-10-01", "2027-01-01"),
    ("last quarter", "2026-07-01", "2026-10-01"),
    ("next quarter", "2027-01-01", "2027-04-01"),
    ("this year", "2026-01-01", "2027-01-01"),
    ("last year", "2025-01-01", "2026-01-01"),
    ("next year", "2027-01-01", "2028-01-01"),
    ("this wk", "2026-10-12", "2026-10-19"),
    ("past week", "2026-10-09 12:00", "2026-10-16 12:00"),
    ("in the past year", "2025-10-16 12:00", "2026-10-16 12:00"),
    ("over the past month", "2026-09-16 12:00", "2026-10-16 12:00"),
    ("the coming month", "2026-10-16 12:00", "2026-11-16 12:00"),
    ("last 7 days", "2026-10-09 12:00", "2026-10-16 12:00"),
    ("in the last 30 days", "2026-09-16 12:00", "2026-10-16 12:00"),
    ("the previous 6 hours", "2026-10-16 06:00", "2026-10-16 12:00"),
    ("last 24h", "2026-10-15 12:00", "2026-10-16 12:00"),
    ("next 90d", "2026-10-16 12:00", "2027-01-14 12:00"),
    ("in the next 30 days", "2026-10-16 12:00", "2026-11-15 12:00"),
    ("in 30 days", "2026-10-16 12:00", "2026-11-15 12:00"),
    ("within the next two weeks", "2026-10-16 12:00", "2026-10-30 12:00"),
    ("the last two quarters", "2026-04-16 12:00", "2026-10-16 12:00"),
    ("last fortnight", "2026-10-02 12:00", "2026-10-16 12:00"),
    ("5 days ago", "2026-10-11", "2026-10-12"),
    ("a couple of weeks ago", "2026-10-02", "2026-10-03"),
    ("12 months ago", "2025-10-16", "2025-10-17"),
    ("half a year ago", "2026-04-16", "2026-04-17"),
    ("2 hours ago", "2026-10-16 10:00", "2026-10-16 11:00"),
    ("more than 90 days ago", None, "2026-07-18 12:00"),
    ("over a year ago", None, "2025-10-16 12:00"),
    ("less than 3 days ago", "2026-10-13 12:00", "2026-10-16 12:00"),
    ("at most 3 days ago", "2026-10-13 12:00", "2026-10-16 12:00"),
    ("older than a year", None, "2025-10-16 12:00"),
    ("older than 5 yrs", None, "2021-10-16 12:00"),
    ("for more than 30 days", None, "2026-09-16 12:00"),
    ("for over a week", None, "2026-10-09 12:00"),
    ("newer than 7 days", "2026-10-09 12:00", "2026-10-16 12:00"),
    ("since monday", "2026-10-12", None),
    ("since last monday", "2026-10-12", None),
    ("since march", "2026-03-01", None),
    ("since 2024", "2024-01-01", None),
    ("since 2023-05", "2023-05-01", None),
    ("since 1 october", "2026-10-01", None),
    ("since yesterday", "2026-10-15", None),
    ("since 3 weeks", "2026-09-25 12:00", None),
    ("since the beginning of the year", "2026-01-01", None),
    ("after 1 june 2026", "2026-06-02", None),
    ("from 2025 on", "2025-01-01", None),
    ("before june", None, "2026-06-01"),
    ("before 2024", None, "2024-01-01"),
    ("before the end of the year", "2026-10-16 12:00", "2027-01-01"),
    ("before next friday", "2026-10-16 12:00", "2026-10-23"),
    ("until 31 december 2026", "2026-10-16 12:00", "2027-01-01"),
    ("by the end of 2028", "2026-10-16 12:00", "2029-01-01"),
    ("since the beginning of 2025", "2025-01-01", None),
    ("before the end of q2 2027", "2026-10-16 12:00", "2027-07-01"),
    ("by the end of q4", "2026-10-16 12:00", "2027-01-01"),
    ("the week before", "2026-10-05", "2026-10-12"),
    ("in the month before", "2026-09-01", "2026-10-01"),
    ("until the end of june 2027", "2026-10-16 12:00", "2027-07-01"),
    ("by friday", "2026-10-16 12:00", "2026-10-17"),
    ("by monday", "2026-10-16 12:00", "2026-10-20"),
    ("by the end of next month", "2026-10-16 12:00", "2026-12-01"),
    ("by 31 dec", "2026-10-16 12:00", "2027-01-01"),
    ("monday", "2026-10-12", "2026-10-13"),
    ("last friday", "2026-10-09", "2026-10-10"),
    ("next tuesday", "2026-10-20", "2026-10-21"),
    ("on monday of last week", "2026-10-05", "2026-10-06"),
    ("friday last week", "2026-10-09", "2026-10-10"),
    ("the week of 5 october", "2026-10-05", "2026-10-12"),
    ("week starting 2026-10-05", "2026-10-05", "2026-10-12"),
    ("the weekend", "2026-10-10", "2026-10-12"),
    ("over the weekend", "2026-10-10", "2026-10-12"),
    ("last weekend", "2026-10-10", "2026-10-12"),
    ("next weekend", "2026-10-24", "2026-10-26"),
    ("in september", "2026-09-01", "2026-10-01"),
    ("last march", "2026-03-01", "2026-04-01"),
    ("in november", "2025-11-01", "2025-12-01"),
    ("next march", "2027-03-01", "2027-04-01"),
    ("september 2025", "2025-09-01", "2025-10-01"),
    ("2026-09", "2026-09-01", "2026-10-01"),
    ("09/2026", "2026-09-01", "2026-10-01"),
    ("2026-10-03", "2026-10-03", "2026-10-04"),
    ("01/10/2026", "2026-10-01", "2026-10-02"),
    ("1.10.2026", "2026-10-01", "2026-10-02"),
    ("3 october", "2026-10-03", "2026-10-04"),
    ("october 3rd", "2026-10-03", "2026-10-04"),
    ("3rd of october 2025", "2025-10-03", "2025-10-04"),
    ("on 3 october at 3 p.m.", "2026-10-03 15:00", "2026-10-03 16:00"),
    ("yesterday at 15:30", "2026-10-15 15:30", "2026-10-15 16:30"),
    ("at 9 am today", "2026-10-16 09:00", "2026-10-16 10:00"),
    ("after 5pm yesterday", "2026-10-15 17:00", None),
    ("between 9 am and 11 am today", "2026-10-16 09:00", "2026-10-16 11:00"),
    ("this morning", "2026-10-16", "2026-10-16 12:00"),
    ("yesterday evening", "2026-10-15 18:00", "2026-10-16"),
    ("last night", "2026-10-15 18:00", "2026-10-16 06:00"),
    ("q2", "2026-04-01", "2026-07-01"),
    ("q3 2026", "2026-07-01", "2026-10-01"),
    ("2026-q3", "2026-07-01", "2026-10-01"),
    ("q4", "2026-10-01", "2027-01-01"),
    ("the third quarter of 2025", "2025-07-01", "2025-10-01"),
    ("h1 2026", "2026-01-01", "2026-07-01"),
    ("first half of 2026", "2026-01-01", "2026-07-01"),
    ("second half of last year", "2025-07-01", "2026-01-01"),
    ("2025", "2025-01-01", "2026-01-01"),
    ("in 2024", "2024-01-01", "2025-01-01"),
    ("between 01/10/2026 and 10/10/2026", "2026-10-01", "2026-10-11"),
    ("between 3 and 10 october", "2026-10-03", "2026-10-11"),
    ("from march to june 2025", "2025-03-01", "2025-07-01"),
    ("from jan to mar 2026", "2026-01-01", "2026-04-01"),
    ("2024-2025", "2024-01-01", "2026-01-01"),
    ("from monday to wednesday", "2026-10-12", "2026-10-15"),
    ("ytd", "2026-01-01", "2026-10-16 12:00"),
    ("year to date", "2026-01-01", "2026-10-16 12:00"),
    ("so far this month", "2026-10-01", "2026-10-16 12:00"),
    ("in may", "2026-05-01", "2026-06-01"),
    ("29 february 2024", "2024-02-29", "2024-03-01"),
    ("0 days ago", "2026-10-16", "2026-10-17"),
]
NO_SPAN = [
    "may we use this",
    "29 february 2025",
    "31/02/2026",
    "99999 years ago",
    "more than 2000 rows",
    "over 2024 files",
    "takes longer than 3 days",
    "resolved within 4 hours",
    "longer than 4 hours",
    "retention of more than 5 years",
    "datasets marched",
    "version 1.10",
    "q5",
    "sha-256",
    "the second half",
    "which grants remain in force today",
]
IN_CONTEXT = [
    ("not updated in 3 months", "2026-07-16 12:00", "2026-10-16 12:00"),
    ("not seen for 10 days", "2026-10-06 12:00", None),
    ("not touched since more than ten days", "2026-10-06 12:00", None),
    ("are since more than ten days not touched", "2026-10-06 12:00", None),
    ("hasn't been refreshed in over a month", "2026-09-16 12:00", None),
    ("silent for two days", None, "2026-10-14 12:00"),
    ("untouched for more than two days", "2026-10-14 12:00", None),
    ("jobs not run since before october", "2026-10-01", None),
    ("to be deleted in 30 days", "2026-10-16 12:00", "2026-11-15 12:00"),
    ("grants that expire in november", "2026-11-01", "2026-12-01"),
    ("grants that expired in november", "2025-11-01", "2025-12-01"),
    ("expire in 30 days", "2026-10-16 12:00", "2026-11-15 12:00"),
    ("may we use it in may", "2026-05-01", "2026-06-01"),
]


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@pytest.mark.parametrize(("phrase", "start", "end"), PHRASES)
def test_a_phrase_is_one_span(phrase: str, start: str | None, end: str | None) -> None:
    found = find_periods(phrase, NOW)
    assert [(f.period.start, f.period.end) for f in found] == [(moment(start), moment(end))]
    assert (found[0].start, found[0].end) == (0, len(phrase)), "the span takes its preposition with it"


@pytest.mark.parametrize("text", NO_SPAN)
def test_what_is_no_span(text: str) -> None:
    assert find_periods(text, NOW) == []


@pytest.mark.parametrize(("text", "start", "end"), IN_CONTEXT)
def test_what_stands_before_decides(text: str, start: str | None, end: str | None) -> None:
    assert [(f.period.start, f.period.end) for f in find_periods(text, NOW)] == [(moment(start), moment(end))]


def test_two_spans_stay_two() -> None:
    text = "sales this quarter compared to last quarter"
    assert [text[f.start : f.end] for f in find_periods(text, NOW)] == ["this quarter", "last quarter"]


def test_on_belongs_to_what_follows_it() -> None:
    text = "that outage from tuesday on the oslo machine"
    assert [text[f.start : f.end] for f in find_periods(text, NOW)] == ["from tuesday"]


def test_a_leap_day_has_no_neighbour_last_year() -> None:
    assert find_periods("a year ago", datetime(2024, 2, 29))[0].period.start == datetime(2023, 2, 28)


WORDS = st.sampled_from(
    ["in", "on", "since", "before", "by", "until", "the", "last", "next", "this", "between", "and", "from", "to", "of", "3", "31", "february", "29", "2025", "2026-02-30", "13/13/2026", "99999", "days", "years", "week", "monday", "q2", "h1", "at", "25", "pm", "may", "ago", "more", "than"]
)


@given(st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=60), st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)))
def test_any_text_at_any_time(text: str, now: datetime) -> None:
    text = text.lower()
    at = 0
    for found in find_periods(text, now):
        assert at <= found.start < found.end <= len(text)
        assert found.period.start or found.period.end
        if found.period.start and found.period.end:
            assert found.period.start < found.period.end
        at = found.end


def test_every_pattern_of_a_point_is_reached() -> None:
    """A pattern that an earlier one always shadows is dead."""
    points = [*(p[0] for p in PHRASES), "1 october", "october 1", "next fri", "last january of 2020", "march of last year", "end of june", "end of 2028", "weekend", "march", "friday", "new year"]
    bare = [p.removeprefix("in ").removeprefix("on ").removeprefix("since ").removeprefix("until the ").removeprefix("over the ").removeprefix("by the ").removeprefix("the ") for p in points]
    unreached = [p.pattern for n, p in enumerate(POINTS) if not any(p.fullmatch(b) and not any(q.fullmatch(b) for q in POINTS[:n]) for b in bare)]
    assert unreached == []
