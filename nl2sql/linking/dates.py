"""Resolves a point in time such as ``3 October``, ``last quarter`` or ``H1 2026`` to the span that it covers.

Weeks start on Monday (ISO 8601), quarters are calendar quarters, dates with slashes or dots have the day first, spans are half open and in UTC.
"""

import re
from datetime import datetime, timedelta

from nl2sql.linking.units import calendar_span, midnight, shift
from nl2sql.values import Period

MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ORDINALS = {w: n for n, w in enumerate(["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"], 1)}
QUARTERS = ORDINALS | {"1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "last": 4}
SMALL = {w: n for n, w in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"], 1)} | {"couple of": 2, "few": 3}

_months = r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
_dot = r"(?:(?:(?<=\b\w{3})|(?<=\bsept))(?<!may)\.)?"
"""Only a shortened month has one; another ends the sentence."""
_month = rf"(?P<month>{_months}){_dot}"
_weekday = rf"(?P<weekday>{'|'.join(WEEKDAYS)})"
_short_weekday = r"(?P<weekday>mon|tues?|wed|thurs?|thu|fri)"
_dated = rf"(?:(?:{'|'.join(WEEKDAYS)}|mon|tues?|wed|thurs?|thu|fri|sat|sun)\.?,? (?:the )?)?"
_year = r"(?P<year>(?:19|20)\d\d)"
_that_year = r",? (?:of )?(?P<of>last year|this year|next year)"
_short_year = r" ?'(?P<short>\d\d)(?!\d)"
_day = r"(?P<day>\d{1,2}|first|second|third)(?:st|nd|rd|th)?"
_which = r"(?P<which>(?:the )?(?:this|current|last|previous|preceding|prior|past|most recent|next|coming|upcoming|following))"
_nth = "|".join(ORDINALS)
_whole = rf"(?:{_months}){_dot}(?:,? (?:of )?(?:(?:19|20)\d\d|(?:last|this|next) year))?|(?:19|20)\d\d|q[1-4](?: (?:19|20)\d\d)?|(?:this|last|next) (?:month|quarter|year)"
_span = r"(?P<span>hour|day|week|wk|month|mth|quarter|qtr|year|yr|weekend|fortnight)"
POINTS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?P<third>early|mid(?:dle of)?|late)(?:-| (?:in )?)?(?P<inner>{_whole})",
        rf"(?P<nth_part>{_nth}|last) (?:(?P<parts>\d{{1,2}}|{'|'.join(SMALL)}) )?(?P<part>day|week|month)s? (?:of|in) (?P<inner>{_whole}|(?:the |this )?(?:month|quarter|year))",
        rf"(?P<half_part>first|second|latter) half of (?P<inner>{_whole})",
        r"(?P<iso>\d{4}[-/.]\d{2}[-/.]\d{2})(?!-?\d)",
        rf"{_year}[-/](?P<number>0[1-9]|1[0-2])(?!-?\d)",
        r"(?P<day>\d{1,2})[-/.](?P<number>\d{1,2})[-/.](?P<year>(?:19|20)\d\d)",
        r"(?P<day>\d\d)\.(?P<number>\d\d)\.(?P<short>\d\d)",
        r"(?P<day>\d{1,2})/(?P<number>\d{1,2})/(?P<short>\d\d)",
        r"(?:(?:calendar )?(?:week|wk)|cw|kw)(?: no\.?| number)? ?(?P<iso_week>\d{1,2})(?:(?: of| in|,)? (?P<year>(?:19|20)\d\d))?(?![/.]?\d)",
        rf"(?:{_year}[- ]?)?w(?P<iso_week>[0-5]\d)",
        rf"(?P<number>\d{{1,2}}(?=/)|(?:0[1-9]|1[0-2])(?=\.))[/.]{_year}",
        rf"{_dated}{_day.replace('first|second|third', rf'(?:{_nth})(?= of)')}(?:(?: of)? |-){_month}(?:(?:,? |-){_year}|{_that_year})?(?!\d)",
        rf"{_dated}{_month} (?:the )?{_day}\b(?!\d| ?%)(?:,? {_year}|{_that_year})?",
        rf"{_dated}(?P<only_day>\d{{1,2}})(?:st|nd|rd|th)(?: of (?P<of_month>the|this|last|next) month)?(?=\s*(?:$|[?!.,;)]|\b(?:and|or|to|until|till|through|at|who|what|which|were|was|did)\b))",
        rf"(?P<only_day>{_nth}) of (?P<of_month>the|this|last|next) month",
        rf"{_month}{_short_year}",
        rf"{_month}(?:,? (?:of )?{_year})",
        rf"{_month}{_that_year}",
        rf"(?:q(?P<quarter>[1-4])|(?P<nth>first|second|third|fourth|last|1st|2nd|3rd|4th) quarter)(?:[ /-]*(?:of )?(?:{_year}|(?P<of>this year|last year|next year)))?(?! ?')",
        rf"{_year}[ /-]?q(?P<quarter>[1-4])",
        rf"q(?P<quarter>[1-4]){_short_year}",
        rf"(?P<quarter>[1-4])q(?: ?{_year}|'?(?P<short>\d\d))",
        rf"quarter (?P<nth>[1-4]|one|two|three|four)(?:,?(?: of)? {_year})?",
        rf"{_year}[ /-]?h(?P<half>[12])",
        rf"(?P<half>[12])h(?: ?{_year}|'?(?P<short>\d\d))",
        rf"(?:h(?P<half>[12])|(?P<half_nth>first|second|1st|2nd) half)(?:[ /-]*(?:of )?(?:the )?(?:{_year}|(?P<of>this year|last year|next year|year)))?",
        r"week (?:of|starting|beginning|commencing)(?: the)? (?P<week_of>(?:\d{1,2}(?:st|nd|rd|th)?(?: of)? [a-z]{3,9}|[a-z]{3,9} \d{1,2}(?:st|nd|rd|th)?|\d{4}-\d\d-\d\d)(?:,? (?:19|20)\d\d)?)",
        rf"(?P<edge>end|start|beginning) of (?:the )?(?:{_which} )?{_span}|(?:the )?(?P<edge_b>year|month|quarter|week)(?:[- ]|'s )end|(?P<edge_c>eo[dwmqy])",
        r"(?:the )?(?P<beyond>week|month|quarter|year|weekend) (?P<direction>before last|after next)",
        rf"(?P<edge>end|start|beginning) of {_month}(?: {_year}|{_that_year})?",
        rf"(?P<edge>end|start|beginning) of (?:q(?P<quarter>[1-4])(?: {_year})?|(?P<whole_year>(?:19|20)\d\d))",
        rf"{_which} {_span}",
        r"(?:the )?(?P<only>weekend)",
        rf"{_weekday} (?:of )?(?P<of>last week|this week|next week)",
        rf"(?:{_which} )?{_weekday}",
        rf"{_which} {_short_weekday}",
        r"(?:the )?(?P<new_year>new year(?:'s(?: day| eve)?)?)",
        rf"(?P<christmas>christmas)(?: day)?(?:,? {_year})?",
        rf"(?:{_which} |the )?(?P<season>spring|summer|autumn|winter)(?:(?: of)? {_year})?",
        r"(?:the )?(?P<word>today|yesterday|tomorrow|day before yesterday|day after tomorrow)",
        rf"{_which} {_month}",
        _month,
        rf"(?:year )?{_year}(?!/\d\d(?!\d))",
    )
)
POINT = "|".join(re.sub(r"\?P<\w+>", "?:", p.pattern) for p in POINTS)
"""Any of them, for use inside a larger pattern."""
SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "winter": 12}
"""The months that they begin with, as meteorologists have it in the north."""
_SHORT = {"wk": "week", "mth": "month", "qtr": "quarter", "yr": "year"}
_OFFSETS = {"this": 0, "the": 0, "current": 0, "next": 1, "coming": 1, "upcoming": 1, "following": 1}
_DAYS = {"today": 0, "yesterday": -1, "tomorrow": 1, "day before yesterday": -2, "day after tomorrow": 2}


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


def _resolve(part: dict[str, str | None], now: datetime, ahead: bool) -> Period | None:
    which = (part.get("which") or "").removeprefix("the ")
    year = int(part.get("year") or 0) or (2000 + int(short) if (short := part.get("short")) else None)
    if part.get("inner"):
        return _part_of(part, now, ahead)
    if week_number := part.get("iso_week"):
        return _begun(datetime.fromisocalendar(year or now.year, int(week_number), 1), "week", year, now, ahead)
    if only_day := part.get("only_day"):
        return _day_of_month(ORDINALS.get(only_day) or int(only_day), part.get("of_month"), now, ahead)
    if beyond := part.get("beyond"):
        there = shift(now, -2 if part["direction"] == "before last" else 2, "week" if beyond == "weekend" else beyond)
        return _weekend("this", there, ahead) if beyond == "weekend" else calendar_span(there, beyond)
    if of := part.get("of"):
        if of.endswith("week"):
            week = calendar_span(now, "week", _OFFSETS.get(of.split()[0], -1))
            assert week.start
            return calendar_span(week.start + timedelta(days=_weekday_number(part["weekday"])), "day")
        year = now.year + (_OFFSETS.get(of.split()[0], -1) if " " in of else 0)
    if iso := part.get("iso"):
        return calendar_span(datetime.fromisoformat(re.sub("[/.]", "-", iso)), "day")
    if week_of := part.get("week_of"):
        found = resolve(week_of, now, ahead)
        return calendar_span(found.start, "week") if found and found.start else None
    if number := part.get("number"):
        return _named(int(number), part, which, year, now, ahead)
    if part.get("edge") or part.get("edge_b") or part.get("edge_c"):
        return _edge(part, which, year, now, ahead)
    if month := part.get("month"):
        return _named(_month_number(month), part, which, year, now, ahead)
    if part.get("quarter") or part.get("nth"):
        nth = part.get("nth") or ""
        quarter = int(part.get("quarter") or QUARTERS.get(nth) or SMALL.get(nth) or nth)
        if part.get("nth") == "last" and year is None:
            return calendar_span(now, "quarter", -1)
        return _begun(datetime(year or now.year, 3 * quarter - 2, 1), "quarter", year, now, ahead)
    if part.get("half") or part.get("half_nth"):
        half = int(part.get("half") or QUARTERS[part.get("half_nth") or ""])
        return _begun(datetime(year or now.year, 6 * half - 5, 1), "half", year, now, ahead)
    if weekday := part.get("weekday"):
        return _on_weekday(_weekday_number(weekday), which, now, ahead)
    if part.get("new_year"):
        return calendar_span(datetime(now.year + (1 if ahead or now.month > 6 else 0), 1, 1), "day")
    if part.get("christmas"):
        return _begun(datetime(year or now.year, 12, 25), "day", year, now, ahead)
    if season := part.get("season"):
        return _season(SEASONS[season], which, year, now, ahead)
    if word := part.get("word"):
        return calendar_span(now, "day", _DAYS[word])
    if part.get("only") or part.get("span") == "weekend":
        return _weekend(which, now, ahead)
    if unit := part.get("span"):
        unit = _SHORT.get(unit, unit)
        if unit == "fortnight":
            which = {"last": "past", "previous": "past", "next": "coming"}.get(which, which)
        if which in ("past", "most recent", "coming", "following"):  # a stretch up to now or from now on, where last and next name the calendar's
            return Period(shift(now, -1, unit), now) if which in ("past", "most recent") else Period(now, shift(now, 1, unit))
        return calendar_span(now, unit, _OFFSETS.get(which, -1))
    return calendar_span(datetime(year, 1, 1), "year") if year else None


def _month_number(month: str) -> int:
    return MONTHS.index(next(m for m in MONTHS if m.startswith(month[:3]))) + 1


def _weekday_number(weekday: str | None) -> int:
    return WEEKDAYS.index(next(w for w in WEEKDAYS if w.startswith((weekday or "")[:3])))


def _begun(start: datetime, unit: str, year: int | None, now: datetime, ahead: bool) -> Period:
    """A unit named without a year is the latest that has begun, or looking ahead the next that has not ended."""
    years = 0 if year else -1 if start > now and not ahead else 1 if ahead and shift(start, 1, unit) <= now else 0
    if unit == "week":
        iso_year, week, _ = start.isocalendar()
        start = datetime.fromisocalendar(iso_year + years, week, 1)
    else:
        start = start.replace(year=start.year + years)
    return calendar_span(start, unit)


def _season(month: int, which: str, year: int | None, now: datetime, ahead: bool) -> Period:
    """Three months; the last one is over."""
    year = year or (now.year if which in ("this", "current") else None)
    start = _begun(datetime(year or now.year, month, 1), "month", year, now, ahead or which in ("next", "coming")).start
    assert start
    if which in ("last", "previous", "past") and shift(start, 3, "month") > now:
        start = start.replace(year=start.year - 1)
    return Period(start, shift(start, 3, "month"))


def _named(month: int, part: dict[str, str | None], which: str, year: int | None, now: datetime, ahead: bool) -> Period:
    """A named month or a day of it."""
    said = part.get("day") or "0"
    day = ORDINALS.get(said) or int(said)
    if month > 12 >= day and year:  # the month first, as there is no such month
        month, day = day, month
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
        unit = part.get("span") or part.get("edge_b") or {"d": "day", "w": "week", "m": "month", "q": "quarter"}.get((part.get("edge_c") or "")[2:], "year")
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


def _part_of(part: dict[str, str | None], now: datetime, ahead: bool) -> Period | None:
    """``mid June`` is its middle third, ``the last two weeks of May`` are its last 14 days, the second half of a month begins on the 16th."""
    inner = part.get("inner") or ""
    whole = resolve(re.sub(r"^(?:the )?(?=month|quarter|year)", "this ", inner), now, ahead)
    if whole is None or whole.start is None or whole.end is None:
        return None
    if third := part.get("third"):
        months = round((whole.end - whole.start).days / 30.4)
        first, second = (shift(whole.start, n * months // 3, "month") if months > 1 else whole.start + timedelta(days=10 * n) for n in (1, 2))
        return {"early": Period(whole.start, first), "mid": Period(first, second)}.get(third.removesuffix("dle of"), Period(second, whole.end))
    if half := part.get("half_part"):
        months = round((whole.end - whole.start).days / 30.4)
        if months == 3:  # a quarter has no half that people agree on
            return None
        middle = shift(whole.start, months // 2, "month") if months > 1 else whole.start + timedelta(days=15)
        return Period(whole.start, middle) if half == "first" else Period(middle, whole.end)
    said, unit = part.get("parts") or "1", part.get("part") or "day"
    count, nth = SMALL.get(said) or int(said), part.get("nth_part") or ""
    start = shift(whole.end, -count, unit) if nth == "last" else shift(whole.start, (ORDINALS[nth] - 1) * count, unit)
    return Period(start, shift(start, count, unit)) if whole.start <= start < whole.end else None


def _day_of_month(day: int, which: str | None, now: datetime, ahead: bool) -> Period:
    """``the 12th``: the latest such day, or the next one."""
    first = shift(now.replace(day=1), _OFFSETS.get(which or "this", -1), "month").replace(day=day)
    if which is None and (first > now if not ahead else first.date() < now.date()):
        first = shift(now.replace(day=1), 1 if ahead else -1, "month").replace(day=day)
    return calendar_span(first, "day")
