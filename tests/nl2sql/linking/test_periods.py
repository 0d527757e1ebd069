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
    ("before the first of october this year", None, "2026-10-01"),
    ("since 3 march last year", "2025-03-03", None),
    ("between 1 june and 31 august last year", "2025-06-01", "2025-09-01"),
    ("from march to june this year", "2026-03-01", "2026-07-01"),
    ("in the last fourteen days", "2026-10-02 12:00", "2026-10-16 12:00"),
    ("within the past forty-eight hours", "2026-10-14 12:00", "2026-10-16 12:00"),
    ("in the past twenty one days", "2026-09-25 12:00", "2026-10-16 12:00"),
    ("over the last hundred days", "2026-07-08 12:00", "2026-10-16 12:00"),
    ("since the middle of september", "2026-09-15", None),
    ("in the middle of june", "2026-06-11", "2026-06-21"),
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
    ("since the day before yesterday", "2026-10-14", None),
    ("since this morning", "2026-10-16", None),
    ("on friday night", "2026-10-16 18:00", "2026-10-17 06:00"),
    ("over the last couple of weeks", "2026-10-02 12:00", "2026-10-16 12:00"),
    ("the last half year", "2026-04-16 12:00", "2026-10-16 12:00"),
    ("in the last year and a half", "2025-04-16 12:00", "2026-10-16 12:00"),
    ("in the preceding 30 days", "2026-09-16 12:00", "2026-10-16 12:00"),
    ("in the prior quarter", "2026-07-01", "2026-10-01"),
    ("the week before last", "2026-09-28", "2026-10-05"),
    ("the month after next", "2026-12-01", "2027-01-01"),
    ("so far this week", "2026-10-12", "2026-10-16 12:00"),
    ("later this year", "2026-10-16 12:00", "2027-01-01"),
    ("the rest of the month", "2026-10-16 12:00", "2026-11-01"),
    ("before the month is out", "2026-10-16 12:00", "2026-11-01"),
    ("by year's end", "2026-10-16 12:00", "2027-01-01"),
    ("by eoy", "2026-10-16 12:00", "2027-01-01"),
    ("upwards of a year ago", None, "2025-10-16 12:00"),
    ("between 2 and 4 weeks ago", "2026-09-18 12:00", "2026-10-02 12:00"),
    ("a year from now", "2027-10-16", "2027-10-17"),
    ("not older than 7 days", "2026-10-09 12:00", "2026-10-16 12:00"),
    ("up to 7 days old", "2026-10-09 12:00", "2026-10-16 12:00"),
    ("> 90 days old", None, "2026-07-18 12:00"),
    ("mid-june", "2026-06-11", "2026-06-21"),
    ("since mid-june", "2026-06-15", None),
    ("by mid-november", "2026-10-16 12:00", "2026-11-16"),
    ("from early 2025", "2025-01-01", "2025-05-01"),
    ("late last year", "2025-09-01", "2026-01-01"),
    ("the first two weeks of may", "2026-05-01", "2026-05-15"),
    ("in the last three days of september", "2026-09-28", "2026-10-01"),
    ("in the second half of september", "2026-09-16", "2026-10-01"),
    ("week 41", "2026-10-05", "2026-10-12"),
    ("cw41", "2026-10-05", "2026-10-12"),
    ("week 50", "2025-12-08", "2025-12-15"),
    ("2026-w41", "2026-10-05", "2026-10-12"),
    ("weeks 39 to 41", "2026-09-21", "2026-10-12"),
    ("on the 12th", "2026-10-12", "2026-10-13"),
    ("on the 20th", "2026-09-20", "2026-09-21"),
    ("by the 31st", "2026-10-16 12:00", "2026-11-01"),
    ("on the first of the month", "2026-10-01", "2026-10-02"),
    ("on the twelfth of october", "2026-10-12", "2026-10-13"),
    ("on 12/10/26", "2026-10-12", "2026-10-13"),
    ("on 12.10.26", "2026-10-12", "2026-10-13"),
    ("on 12-10-2026", "2026-10-12", "2026-10-13"),
    ("on 12-oct-2026", "2026-10-12", "2026-10-13"),
    ("on 2026/10/12", "2026-10-12", "2026-10-13"),
    ("on 10/13/2026", "2026-10-13", "2026-10-14"),
    ("on monday, 12 october", "2026-10-12", "2026-10-13"),
    ("on mon", "2026-10-12", "2026-10-13"),
    ("after 2026-10-12t08:00:00z", "2026-10-12 08:00", None),
    ("09.2026", "2026-09-01", "2026-10-01"),
    ("oct '25", "2025-10-01", "2025-11-01"),
    ("q3 '26", "2026-07-01", "2026-10-01"),
    ("3q26", "2026-07-01", "2026-10-01"),
    ("quarter 3", "2026-07-01", "2026-10-01"),
    ("2025 h1", "2025-01-01", "2025-07-01"),
    ("1h 2026", "2026-01-01", "2026-07-01"),
    ("in 2024 or later", "2024-01-01", None),
    ("in september or since", "2026-09-01", None),
    ("in 2023 or before", None, "2024-01-01"),
    ("on or after 1 october 2026", "2026-10-01", None),
    ("no later than 30 june 2026", None, "2026-07-01"),
    ("no earlier than 1 june 2026", "2026-06-01", None),
    ("> 2026-10-01", "2026-10-02", None),
    ("pre-2020", None, "2020-01-01"),
    ("since new year", "2026-01-01", None),
    ("october 1 to 15", "2026-10-01", "2026-10-16"),
    ("oct 1-15", "2026-10-01", "2026-10-16"),
    ("from 1st to 15th oct", "2026-10-01", "2026-10-16"),
    ("between the 5th and the 12th", "2026-10-05", "2026-10-13"),
    ("between january and now", "2026-01-01", "2026-10-16 12:00"),
    ("2026-09-01..2026-09-15", "2026-09-01", "2026-09-16"),
    ("2023-25", "2023-01-01", "2026-01-01"),
    ("between now and the end of the year", "2026-10-16 12:00", "2027-01-01"),
    ("older than the year 2000", None, "2000-01-01"),
    ("older than 1.5 years", None, "2025-04-16 12:00"),
    ("in all of 2025", "2025-01-01", "2026-01-01"),
    ("in the week past", "2026-10-09 12:00", "2026-10-16 12:00"),
    ("the month gone by", "2026-09-16 12:00", "2026-10-16 12:00"),
    ("two fridays ago", "2026-10-02", "2026-10-03"),
    ("two mondays ago", "2026-10-05", "2026-10-06"),
    ("for three weeks now", None, "2026-09-25 12:00"),
    ("last summer", "2026-06-01", "2026-09-01"),
    ("during summer", "2026-06-01", "2026-09-01"),
    ("last autumn", "2025-09-01", "2025-12-01"),
    ("next winter", "2026-12-01", "2027-03-01"),
    ("in winter 2024", "2024-12-01", "2025-03-01"),
    ("tonight", "2026-10-16 18:00", "2026-10-17 06:00"),
    ("in the 30 days before october", "2026-09-01", "2026-10-01"),
    ("in the two weeks after 3 june 2026", "2026-06-04", "2026-06-18"),
    ("of the year so far", "2026-01-01", "2026-10-16 12:00"),
    ("before christmas 2025", None, "2025-12-25"),
    ("since christmas", "2025-12-25", None),
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
    "if c4 had to go tomorrow, what breaks",
    "suppose we dropped it today: who suffers",
    "who may still run compute on C4 today",
    "who has access to C4 today",
    "the march of nodes",
    "denials every monday",
    "the first quarter of the records",
    "2000 or more subjects",
    "iso 27001:2022",
    "the 12th dataset",
    "the second may be used",
    "responded within two days",
    "incidents closed in under 2 days",
    "retention for at least 10 years",
    "open the 30 days report",
    "version 12.10.26",
    "patients aged over 65 years",
    "90-day retention",
    "delete within 30 days of withdrawal",
    "updated within 7 days of each other",
    "denials 2023/24",
    "winter wheat",
    "data on summer tourism",
    "outages > 4h",
    "which nodes were down for more than 12 hours",
    "was berlin-1 offline longer than 2 days",
    "data up to date",
    "last heartbeat 48h",
]
IN_CONTEXT = [
    ("not updated in 3 months", "2026-07-16 12:00", "2026-10-16 12:00"),
    ("not seen for 10 days", "2026-10-06 12:00", None),
    ("not touched since more than ten days", "2026-10-06 12:00", None),
    ("are since more than ten days not touched", "2026-10-06 12:00", None),
    ("hasn't been refreshed in over a month", "2026-09-16 12:00", None),
    ("silent for two days", None, "2026-10-14 12:00"),
    ("the twelve months to date", "2025-10-16 12:00", "2026-10-16 12:00"),
    ("over the 90 days ending today", "2026-07-18 12:00", "2026-10-16 12:00"),
    ("3 weeks up to now", "2026-09-25 12:00", "2026-10-16 12:00"),
    ("untouched for more than two days", "2026-10-14 12:00", None),
    ("jobs not run since before october", "2026-10-01", None),
    ("to be deleted in 30 days", "2026-10-16 12:00", "2026-11-15 12:00"),
    ("grants that expire in november", "2026-11-01", "2026-12-01"),
    ("grants that expired in november", "2025-11-01", "2025-12-01"),
    ("expire in 30 days", "2026-10-16 12:00", "2026-11-15 12:00"),
    ("may we use it in may", "2026-05-01", "2026-06-01"),
    ("silent 48h", None, "2026-10-14 12:00"),
    ("offline more than 3 days", None, "2026-10-13 12:00"),
    ("open for > 5 days", None, "2026-10-11 12:00"),
    ("have been down for more than 2 days", None, "2026-10-14 12:00"),
    ("which are down for more than 2 days", None, "2026-10-14 12:00"),
    ("with > 1d without heartbeat", "2026-10-15 12:00", None),
    ("no update in six months", "2026-04-16 12:00", "2026-10-16 12:00"),
    ("not due in 30 days", "2026-10-16 12:00", "2026-11-15 12:00"),
    ("expire before december", "2026-10-16 12:00", "2026-12-01"),
    ("expiring in less than a month", "2026-10-16 12:00", "2026-11-16 12:00"),
    ("needed to be reminded in march", "2026-03-01", "2026-04-01"),
    ("expire since may", "2026-05-01", None),
    ("quiet since a week", "2026-10-09 12:00", None),
    ("must be deleted before december", None, "2026-12-01"),
    ("has to be deleted by the end of 2028", None, "2029-01-01"),
    ("should have been deleted by march", None, "2026-04-01"),
    ("had to be reviewed by march", None, "2026-04-01"),
    ("already deleted by today", None, "2026-10-17"),
    ("must be kept until december", "2026-10-16 12:00", "2027-01-01"),
    ("grants that lapse by the end of 2028", "2026-10-16 12:00", "2029-01-01"),
    ("withdrawn since before october", None, "2026-10-01"),
    ("no heartbeat > 1d", "2026-10-15 12:00", None),
    ("last heartbeat > 48h", None, "2026-10-14 12:00"),
    ("nobody has acknowledged it for three weeks now", "2026-09-25 12:00", None),
    ("in 2022 or later, by name", "2022-01-01", None),
    ("in 2022 or later: names", "2022-01-01", None),
]
COMPARED = [
    ("logins this month and the one before", "2026-09-01", "2026-10-01"),
    ("in september and the month before", "2026-08-01", "2026-09-01"),
    ("more than last week or the week before", "2026-09-28", "2026-10-05"),
    ("logins this year compared to last", "2025-01-01", "2026-01-01"),
    ("expiring this month or next", "2026-11-01", "2026-12-01"),
    ("this quarter versus the previous one", "2026-07-01", "2026-10-01"),
    ("the last 7 days versus the 7 days before", "2026-10-02 12:00", "2026-10-09 12:00"),
    ("the last 30 days vs the previous 30 days", "2026-08-17 12:00", "2026-09-16 12:00"),
    ("the third quarter compared with the second", "2026-04-01", "2026-07-01"),
]
NOT_COMPARED = ["in september and the one with most rows", "this month, which was last", "in october, the last dataset", "this month's first and last", "in october, the last one"]


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


@pytest.mark.parametrize(("text", "start", "end"), COMPARED)
def test_the_other_of_two_spans_is_said_by_the_first(text: str, start: str, end: str) -> None:
    found = find_periods(text, NOW)
    assert [(f.period.start, f.period.end) for f in found][1:] == [(moment(start), moment(end))]


@pytest.mark.parametrize("text", NOT_COMPARED)
def test_no_second_span(text: str) -> None:
    assert len(find_periods(text, NOW)) == 1


def test_ordinals_share_their_quarter() -> None:
    text = "compare the first and second quarter"
    assert [(text[f.start : f.end], f.period.start) for f in find_periods(text, NOW)] == [("the first", moment("2026-01-01")), ("second quarter", moment("2026-04-01"))]


def test_two_spans_stay_two() -> None:
    text = "sales this quarter compared to last quarter"
    assert [text[f.start : f.end] for f in find_periods(text, NOW)] == ["this quarter", "last quarter"]


@pytest.mark.parametrize(("text", "end"), [("denials in august. who", 17), ("denials in may. who", 14), ("denials on 3 aug. 2026. who", 22), ("denials in aug. who", 15)])
def test_a_full_stop_stays_with_the_sentence(text: str, end: int) -> None:
    assert [f.end for f in find_periods(text, NOW)] == [end]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("who logged in yesterday", "yesterday"),
        ("who signed in since march", "since march"),
        ("who logged in march", "in march"),
        ("what was published in this week", "in this week"),
        # between two turns of a dialogue stand no signs of comparison
        ("denials >> yesterday", "yesterday"),
        ("denials >> 3 days ago", "3 days ago"),
        ("denials > 3 days ago", "> 3 days ago"),
        # what is older has no length
        ("acknowledged alerts older than a week", "older than a week"),
        ("closed alerts that are more than a week old", "more than a week old"),
    ],
)
def test_what_a_span_takes_with_it(text: str, said: str) -> None:
    assert [text[f.start : f.end] for f in find_periods(text, NOW)] == [said]


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
    points = [*(p[0] for p in PHRASES), "1 october", "october 1", "next fri", "last january of 2020", "march of last year", "end of june", "end of 2028", "weekend", "march", "friday", "new year", "12/10/26", "end of week", "end of q2", "monday last week", "2026q3", "the 12th", "christmas", "last summer"]
    bare = [p.removeprefix("in ").removeprefix("on ").removeprefix("since ").removeprefix("until the ").removeprefix("over the ").removeprefix("by the ").removeprefix("the ").removeprefix("by ") for p in points]
    unreached = [p.pattern for n, p in enumerate(POINTS) if not any(p.fullmatch(b) and not any(q.fullmatch(b) for q in POINTS[:n]) for b in bare)]
    assert unreached == []
