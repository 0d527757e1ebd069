"""Finds spans of time in a question and resolves them against a clock: ``last week``, ``since March``, ``more than 90 days ago``.

Weeks start on Monday (ISO 8601), quarters are calendar quarters, spans are half open and in UTC.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta

from nl2sql.values import Period

MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WORDS = {w: n for n, w in enumerate(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"])} | {
    "a": 1, "an": 1, "couple": 2, "a couple of": 2, "few": 3, "a few": 3, "half a": 0.5, "fifteen": 15, "twenty": 20, "thirty": 30, "sixty": 60, "ninety": 90,
}  # fmt: skip

_month = r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
_weekday = rf"(?P<weekday>{'|'.join(WEEKDAYS)})"
_unit = r"(?P<unit>hours?|hrs?|days?|d|weeks?|wks?|wk|months?|mths?|quarters?|qtrs?|years?|yrs?)"
_count = r"(?P<count>\d+|half an?|a couple of|a few|an?|couple|few|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|sixty|ninety)"
_POINTS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?P<iso>\d{4}-\d{2}-\d{2})",
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_month}(?:,? (?P<year>(?:19|20)\d\d))?",
        rf"{_month} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\d)(?:,? (?P<year>(?:19|20)\d\d))?",
        rf"{_month}(?:,? (?:of )?(?P<year>(?:19|20)\d\d))",
        r"q(?P<quarter>[1-4])(?:[ /-]*(?P<year>(?:19|20)\d\d))?",
        r"(?:the )?(?P<end>end|start|beginning) of (?:the |this )?(?P<span>week|month|quarter|year)|(?P<end_b>year|month|quarter)[- ]end",
        rf"(?P<which>this|current|the current|last|previous|the previous|the past|the last|past|next|coming|the coming|the next) (?P<span>{_unit[7:-1]}|weekend)",
        rf"(?P<which>this|last|past|next|coming|previous)? ?{_weekday}",
        r"(?P<word>today|yesterday|tomorrow|the day before yesterday)",
        rf"(?P<which>this|last|next|past)? ?{_month}",
        r"(?P<year>(?:19|20)\d\d)",
    )
)
_point = "|".join(re.sub(r"\?P<\w+>", "?:", p.pattern) for p in _POINTS)
_lead = r"(?:in|on|during|over|within|for|from|of|at|throughout|through|as of|dated|the whole of|all of|all)? ?(?:the )?"


@dataclass(frozen=True, slots=True)
class Found:
    """A span of time at ``start:end`` of the text."""

    start: int
    end: int
    period: Period


def find_periods(text: str, now: datetime) -> list[Found]:
    """Every span of time in ``text``, left to right, without overlaps. ``text`` is lower case."""
    found: list[Found] = []
    for pattern, resolve in _RULES:
        for match in pattern.finditer(text):
            if any(match.start() < f.end and f.start < match.end() for f in found):
                continue
            period = resolve(match, now)
            if period is not None:
                found.append(Found(match.start(), match.end(), period))
    return sorted(found, key=lambda f: f.start)


def _day(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _months(at: datetime, count: int) -> datetime:
    month = at.month - 1 + count
    year, month = at.year + month // 12, month % 12 + 1
    return at.replace(year=year, month=month, day=min(at.day, monthrange(year, month)[1]))


def _unit_of(word: str) -> str:
    letters = {"h": "hour", "d": "day", "w": "week", "q": "quarter", "y": "year"}
    return letters.get(word[0], "month")


def _shift(at: datetime, count: float, unit: str) -> datetime:
    match unit:
        case "hour":
            return at + timedelta(hours=count)
        case "day":
            return at + timedelta(days=count)
        case "week":
            return at + timedelta(weeks=count)
    months = count * {"month": 1, "quarter": 3, "year": 12}[unit]
    return _months(at, int(months)) if months == int(months) else at + timedelta(days=30.44 * months)


def _span(at: datetime, unit: str, offset: int) -> Period:
    """The calendar unit that holds ``at``, moved by ``offset`` units."""
    day = _day(at)
    if unit == "hour":
        first = at.replace(minute=0, second=0, microsecond=0)
    elif unit == "week":
        first = day - timedelta(days=day.weekday())
    elif unit == "month":
        first = day.replace(day=1)
    elif unit == "quarter":
        first = day.replace(day=1, month=3 * ((day.month - 1) // 3) + 1)
    elif unit == "year":
        first = day.replace(day=1, month=1)
    else:
        first = day
    start = _shift(first, offset, unit)
    return Period(start, _shift(start, 1, unit))


def _point_period(text: str, now: datetime, ahead: bool = False) -> Period | None:
    """The span that a point in time covers: a day, a month, a year."""
    for pattern in _POINTS:
        match = pattern.fullmatch(text.strip())
        if match:
            return _resolve_point(match.groupdict(), now, ahead)
    return None


def _resolve_point(part: dict[str, str | None], now: datetime, ahead: bool) -> Period | None:
    today = _day(now)
    year = int(part.get("year") or 0) or None
    try:
        if iso := part.get("iso"):
            return _span(datetime.fromisoformat(iso), "day", 0)
        if part.get("end") or part.get("end_b"):
            span = _span(now, part.get("span") or part.get("end_b") or "year", 0)
            assert span.start and span.end
            edge = span.start if part.get("end") in ("start", "beginning") else span.end - timedelta(days=1)
            return _span(edge, "day", 0)
        if month := part.get("month"):
            return _month_period(part, MONTHS.index(next(m for m in MONTHS if m.startswith(month[:3]))) + 1, year, now, ahead)
        if quarter := part.get("quarter"):
            start = datetime(year or now.year, 3 * int(quarter) - 2, 1)
            if year is None and start > now and not ahead:
                start = start.replace(year=now.year - 1)
            return _span(start, "quarter", 0)
        if weekday := part.get("weekday"):
            behind = (today.weekday() - WEEKDAYS.index(weekday)) % 7
            day = today - timedelta(days=behind)
            if part.get("which") == "last" and behind == 0:
                day -= timedelta(days=7)
            if part.get("which") in ("next", "coming") or (ahead and behind):
                day += timedelta(days=7)
            return _span(day, "day", 0)
        if word := part.get("word"):
            return _span(today, "day", {"today": 0, "yesterday": -1, "tomorrow": 1}.get(word, -2))
        if unit := part.get("span"):
            which = (part.get("which") or "this").removeprefix("the ")
            offset = {"this": 0, "current": 0, "next": 1, "coming": 1}.get(which, -1)
            if unit == "weekend":
                week = _span(now, "week", offset)
                assert week.end
                return Period(week.end - timedelta(days=2), week.end)
            return _span(now, _unit_of(unit), offset)
        if year:
            return _span(datetime(year, 1, 1), "year", 0)
    except ValueError:
        return None
    return None


def _month_period(part: dict[str, str | None], month: int, year: int | None, now: datetime, ahead: bool) -> Period:
    """A named month or a day of it; without a year the latest one that has begun, or the next one when looking ahead."""
    day = int(part.get("day") or 0) or None
    start = datetime(year or now.year, month, day or 1)
    if year is None:
        last = part.get("which") in ("last", "past")
        if (start > now and not ahead) or (last and start.month == now.month):
            start = start.replace(year=start.year - 1)
        elif ahead and _shift(start, 1, "day" if day else "month") <= now:
            start = start.replace(year=start.year + 1)
    return _span(start, "day" if day else "month", 0)


def _number(word: str) -> float:
    if word.isdigit():
        return float(word)
    return WORDS.get(word, WORDS.get(word.removesuffix("n").strip(), 1))


def _before(match: re.Match[str], now: datetime) -> Period | None:
    ahead = match["how"] in ("by", "until", "till", "before")
    point = _point_period(match["point"], now, ahead=ahead and match["how"] != "before")
    if point is None or point.end is None or point.start is None:
        return None
    if match["how"] == "before" and point.start > now:
        return Period(now, point.start if "end of" not in match["point"] and "end" not in match["point"] else point.end)
    if match["how"] in ("by", "until", "till", "up to", "through"):
        return Period(now if point.end > now else None, point.end)
    return Period(None, point.start)


def _since(match: re.Match[str], now: datetime) -> Period | None:
    point = _point_period(match["point"], now)
    if point is None:
        return None
    return Period(point.end, None) if match["how"].startswith("after") else Period(point.start, None)


def _between(match: re.Match[str], now: datetime) -> Period | None:
    left, right = _point_period(match["left"], now), _point_period(match["right"], now)
    return Period(left.start, right.end) if left and right else None


def _rolling(match: re.Match[str], now: datetime) -> Period:
    """``the last 30 days`` is counted back from now, ``the next 30 days`` forward."""
    count, unit = _number(match["count"]), _unit_of(match["unit"])
    if match["which"] in ("next", "coming", "following"):
        return Period(now, _shift(now, count, unit))
    return Period(_shift(now, -count, unit), now)


def _ago(match: re.Match[str], now: datetime) -> Period:
    at = _shift(now, -_number(match["count"]), _unit_of(match["unit"]))
    how = match["how"] or ""
    if how.startswith(("more", "over", "longer", "older", ">", "at least")):
        return Period(None, at)
    if how.startswith(("less", "under", "within", "fewer", "<", "not more")):
        return Period(at, now)
    return _span(at, "hour" if _unit_of(match["unit"]) == "hour" else "day", 0)


def _older(match: re.Match[str], now: datetime) -> Period:
    return Period(None, _shift(now, -_number(match["count"]), _unit_of(match["unit"])))


def _younger(match: re.Match[str], now: datetime) -> Period:
    return Period(_shift(now, -_number(match["count"]), _unit_of(match["unit"])), now)


def _within(match: re.Match[str], now: datetime) -> Period:
    return Period(now, _shift(now, _number(match["count"]), _unit_of(match["unit"])))


def _to_date(match: re.Match[str], now: datetime) -> Period:
    unit = {"ytd": "year", "mtd": "month", "qtd": "quarter"}.get(match[0].strip()) or match["unit"] or match["unit_b"]
    return Period(_span(now, unit, 0).start, now)


def _plain(match: re.Match[str], now: datetime) -> Period | None:
    if match[0].strip() == "may":
        return None  # far more often the verb than the month
    return _point_period(match["point"], now, ahead=bool(re.match(r"next|coming", match["point"])))


_RULES = tuple(
    (re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])"), resolve)
    for pattern, resolve in (
        (r"ytd|mtd|qtd|(?:the )?(?P<unit>year|month|quarter)[- ]to[- ]date|so far this (?P<unit_b>year|month|quarter)", _to_date),
        (rf"(?:between|from) (?P<left>{_point}) (?:and|to|until|till|through) (?P<right>{_point})", _between),
        (rf"(?P<how>more than|over|longer than|older than|at least|less than|under|within|not more than|fewer than|>|<)? ?{_count} {_unit} (?:ago|back)", _ago),
        (rf"(?:older than|for more than|for over|for longer than|longer than|for at least|since more than|since over|beyond) {_count} {_unit}(?: (?:old|now))?", _older),
        (rf"(?:more than|over) {_count} {_unit} old", _older),
        (rf"(?:younger than|newer than|less than) {_count} {_unit}(?: old)?", _younger),
        (rf"{_lead}(?P<which>last|past|previous|next|coming|following) {_count} {_unit}", _rolling),
        (rf"(?:within|in) (?:the next )?{_count} {_unit}(?: from now| time)?", _within),
        (rf"(?P<how>before|until|till|by|prior to|earlier than|older than|up to|through) (?:the )?(?P<point>{_point})", _before),
        (rf"(?P<how>since|after|from|starting|later than|newer than) (?:the )?(?P<point>{_point})(?: on| onwards?)?", _since),
        (rf"{_lead}(?P<point>{_point})", _plain),
    )
)
