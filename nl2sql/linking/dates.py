"""Resolves a point in time such as ``3 October``, ``last quarter`` or ``H1 2026`` to the span that it covers.

Weeks start on Monday (ISO 8601), quarters are calendar quarters, dates with slashes or dots have the day first, spans are half open and in UTC.
"""

import re
from calendar import monthrange
from datetime import datetime, timedelta

from nl2sql.values import Period

MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "last": 4}

_month = r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
_weekday = rf"(?P<weekday>{'|'.join(WEEKDAYS)})"
_short_weekday = r"(?P<weekday>mon|tues?|wed|thurs?|thu|fri)"
_year = r"(?P<year>(?:19|20)\d\d)"
_day = r"(?P<day>\d{1,2}|first|second|third)(?:st|nd|rd|th)?"
_which = r"(?P<which>(?:the )?(?:this|current|last|previous|past|next|coming|following))"
_span = r"(?P<span>hour|day|week|wk|month|mth|quarter|qtr|year|yr|weekend|fortnight)"
POINTS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?P<iso>\d{4}-\d{2}-\d{2})(?!-?\d)",
        rf"{_year}[-/](?P<number>0[1-9]|1[0-2])(?!-?\d)",
        r"(?P<day>\d{1,2})[/.](?P<number>\d{1,2})[/.](?P<year>(?:19|20)\d\d)",
        rf"(?P<number>\d{{1,2}})/{_year}",
        rf"{_day}(?: of)? {_month}(?:,? {_year})?(?!\d)",
        rf"{_month} {_day}\b(?!\d| ?%)(?:,? {_year})?",
        rf"{_month}(?:,? (?:of )?{_year})",
        rf"{_month} (?:of )?(?P<of>last year|this year|next year)",
        rf"(?:q(?P<quarter>[1-4])|(?P<nth>first|second|third|fourth|last|1st|2nd|3rd|4th) quarter)(?:[ /-]*(?:of )?(?:{_year}|(?P<of>this year|last year|next year)))?",
        rf"{_year}[ -]?q(?P<quarter>[1-4])",
        rf"(?:h(?P<half>[12])|(?P<half_nth>first|second|1st|2nd) half)(?:[ /-]*(?:of )?(?:the )?(?:{_year}|(?P<of>this year|last year|next year|year)))?",
        r"week (?:of|starting|beginning|commencing)(?: the)? (?P<week_of>(?:\d{1,2}(?:st|nd|rd|th)?(?: of)? [a-z]{3,9}|[a-z]{3,9} \d{1,2}(?:st|nd|rd|th)?|\d{4}-\d\d-\d\d)(?:,? (?:19|20)\d\d)?)",
        rf"(?P<edge>end|start|beginning) of (?:the )?(?:{_which} )?{_span}|(?P<edge_b>year|month|quarter)[- ]end",
        rf"(?P<edge>end|start|beginning) of {_month}(?: {_year})?",
        rf"(?P<edge>end|start|beginning) of (?:q(?P<quarter>[1-4])(?: {_year})?|(?P<whole_year>(?:19|20)\d\d))",
        rf"{_which} {_span}",
        r"(?:the )?(?P<only>weekend)",
        rf"{_weekday} (?:of )?(?P<of>last week|this week|next week)",
        rf"(?:{_which} )?{_weekday}",
        rf"{_which} {_short_weekday}",
        r"(?:the )?(?P<new_year>new year(?:'s(?: day| eve)?)?)",
        r"(?P<word>today|yesterday|tomorrow|the day before yesterday|the day after tomorrow)",
        rf"{_which} {_month}",
        _month,
        _year,
    )
)
POINT = "|".join(re.sub(r"\?P<\w+>", "?:", p.pattern) for p in POINTS)
"""Any of them, for use inside a larger pattern."""
_SHORT = {"wk": "week", "mth": "month", "qtr": "quarter", "yr": "year"}
_OFFSETS = {"this": 0, "current": 0, "next": 1, "coming": 1, "following": 1}
_DAYS = {"today": 0, "yesterday": -1, "tomorrow": 1, "the day before yesterday": -2, "the day after tomorrow": 2}


def resolve(text: str, now: datetime, ahead: bool = False) -> Period | None:
    """The span of a point in time; ``ahead`` reads names without a year as those to come. None for what is no date."""
    for pattern in POINTS:
        match = pattern.fullmatch(text.strip())
        if match:
            try:
                return _resolve(match.groupdict(), now, ahead)
            except (ValueError, OverflowError):
                return None
    return None


def midnight(at: datetime) -> datetime:
    """The start of the day."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def shift(at: datetime, count: float, unit: str) -> datetime:
    """``at`` moved by so many units; a month later than the 31st is the month's last day."""
    match unit:
        case "minute" | "hour" | "day" | "week":
            return at + timedelta(**{f"{unit}s": count})
        case "fortnight":
            return at + timedelta(weeks=2 * count)
    months = count * {"month": 1, "quarter": 3, "half": 6, "year": 12}[unit]
    if months != int(months):
        return at + timedelta(days=30.44 * months)
    month = at.month - 1 + int(months)
    year, month = at.year + month // 12, month % 12 + 1
    return at.replace(year=year, month=month, day=min(at.day, monthrange(year, month)[1]))


def calendar_span(at: datetime, unit: str, offset: int = 0) -> Period:
    """The calendar unit that holds ``at``, moved by ``offset`` units."""
    day = midnight(at)
    first = {
        "hour": at.replace(minute=0, second=0, microsecond=0),
        "week": day - timedelta(days=day.weekday()),
        "month": day.replace(day=1),
        "quarter": day.replace(day=1, month=3 * ((day.month - 1) // 3) + 1),
        "half": day.replace(day=1, month=1 if day.month < 7 else 7),
        "year": day.replace(day=1, month=1),
    }.get(unit, day)
    start = shift(first, offset, unit)
    return Period(start, shift(start, 1, unit))


def _resolve(part: dict[str, str | None], now: datetime, ahead: bool) -> Period | None:
    which = (part.get("which") or "").removeprefix("the ")
    year = int(part.get("year") or 0) or None
    if of := part.get("of"):
        if of.endswith("week"):
            week = calendar_span(now, "week", _OFFSETS.get(of.split()[0], -1))
            assert week.start
            return calendar_span(week.start + timedelta(days=_weekday_number(part["weekday"])), "day")
        year = now.year + (_OFFSETS.get(of.split()[0], -1) if " " in of else 0)
    if iso := part.get("iso"):
        return calendar_span(datetime.fromisoformat(iso), "day")
    if week_of := part.get("week_of"):
        found = resolve(week_of, now, ahead)
        return calendar_span(found.start, "week") if found and found.start else None
    if number := part.get("number"):
        return _named(int(number), part, which, year, now, ahead)
    if part.get("edge") or part.get("edge_b"):
        return _edge(part, which, year, now, ahead)
    if month := part.get("month"):
        return _named(_month_number(month), part, which, year, now, ahead)
    if part.get("quarter") or part.get("nth"):
        quarter = int(part.get("quarter") or ORDINALS[part.get("nth") or ""])
        if part.get("nth") == "last" and year is None:
            return calendar_span(now, "quarter", -1)
        return _begun(datetime(year or now.year, 3 * quarter - 2, 1), "quarter", year, now, ahead)
    if part.get("half") or part.get("half_nth"):
        half = int(part.get("half") or ORDINALS[part.get("half_nth") or ""])
        return _begun(datetime(year or now.year, 6 * half - 5, 1), "half", year, now, ahead)
    if weekday := part.get("weekday"):
        return _on_weekday(_weekday_number(weekday), which, now, ahead)
    if part.get("new_year"):
        return calendar_span(datetime(now.year + (1 if ahead or now.month > 6 else 0), 1, 1), "day")
    if word := part.get("word"):
        return calendar_span(now, "day", _DAYS[word])
    if part.get("only") or part.get("span") == "weekend":
        return _weekend(which, now, ahead)
    if unit := part.get("span"):
        unit = _SHORT.get(unit, unit)
        if unit == "fortnight":
            which = {"last": "past", "previous": "past", "next": "coming"}.get(which, which)
        if which in ("past", "coming", "following"):  # a stretch up to now or from now on, where last and next name the calendar's
            return Period(shift(now, -1, unit), now) if which == "past" else Period(now, shift(now, 1, unit))
        return calendar_span(now, unit, _OFFSETS.get(which, -1))
    return calendar_span(datetime(year, 1, 1), "year") if year else None


def _month_number(month: str) -> int:
    return MONTHS.index(next(m for m in MONTHS if m.startswith(month[:3]))) + 1


def _weekday_number(weekday: str | None) -> int:
    return WEEKDAYS.index(next(w for w in WEEKDAYS if w.startswith((weekday or "")[:3])))


def _begun(start: datetime, unit: str, year: int | None, now: datetime, ahead: bool) -> Period:
    """A unit named without a year is the latest that has begun, or looking ahead the next that has not ended."""
    if year is None and start > now and not ahead:
        start = start.replace(year=start.year - 1)
    elif year is None and ahead and shift(start, 1, unit) <= now:
        start = start.replace(year=start.year + 1)
    return calendar_span(start, unit)


def _named(month: int, part: dict[str, str | None], which: str, year: int | None, now: datetime, ahead: bool) -> Period:
    """A named month or a day of it."""
    said = part.get("day") or "0"
    day = ORDINALS.get(said) or int(said)
    start = datetime(year or now.year, month, day or 1)
    if which in ("last", "past", "previous") and start.month == now.month:
        return calendar_span(start.replace(year=start.year - 1), "month")
    return _begun(start, "day" if day else "month", year, now, ahead or which in ("next", "coming"))


def _edge(part: dict[str, str | None], which: str, year: int | None, now: datetime, ahead: bool) -> Period | None:
    """The first or last day of a span."""
    if month := part.get("month"):
        span = _named(_month_number(month), {}, "", year, now, ahead)
    elif quarter := part.get("quarter"):
        span = _begun(datetime(year or now.year, 3 * int(quarter) - 2, 1), "quarter", year, now, ahead)
    elif whole := part.get("whole_year"):
        span = calendar_span(datetime(int(whole), 1, 1), "year")
    else:
        unit = part.get("span") or part.get("edge_b") or "year"
        span = calendar_span(now, "week" if unit == "weekend" else _SHORT.get(unit, unit), _OFFSETS.get(which or "this", -1))
    assert span.start
    assert span.end
    return calendar_span(span.start if part.get("edge") in ("start", "beginning") else span.end - timedelta(days=1), "day")


def _on_weekday(weekday: int, which: str, now: datetime, ahead: bool) -> Period:
    """The latest such day, today included, or the next one."""
    behind = (now.weekday() - weekday) % 7
    day = midnight(now) - timedelta(days=behind)
    if which in ("last", "previous", "past") and behind == 0:
        day -= timedelta(days=7)
    if which in ("next", "coming", "following") or (ahead and behind):
        day += timedelta(days=7)
    return calendar_span(day, "day")


def _weekend(which: str, now: datetime, ahead: bool) -> Period:
    """Saturday and Sunday: of this week once it has begun, else the latest that was, or the one to come."""
    week = calendar_span(now, "week")
    assert week.end
    begun = now.weekday() >= 5
    offset = {"next": 1, "this": 0, "current": 0, "coming": 0, "following": 0}.get(which, 0 if (ahead or (begun and which == "")) else -1)
    end = week.end + timedelta(weeks=offset)
    return Period(end - timedelta(days=2), end)
