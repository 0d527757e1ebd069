"""Finds spans of time in a question: ``last week``, ``since March``, ``more than 90 days ago``, ``by Friday``.

A span takes its preposition with it. Points in time are resolved by ``dates``; a length of time (``takes 3 days``) is a number.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from nl2sql.linking.dates import MONTHS, POINT, calendar_span, midnight, resolve, shift
from nl2sql.values import Period

COUNTS = {w: n for n, w in enumerate(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"])} | {
    "a": 1, "an": 1, "couple": 2, "a couple of": 2, "few": 3, "a few": 3, "half a": 0.5, "half an": 0.5, "fifteen": 15, "twenty": 20, "thirty": 30, "sixty": 60, "ninety": 90,
}  # fmt: skip
_count = r"(?P<count>\d+|half an?|a couple of|a few|an?|couple|few|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|sixty|ninety)"
_unit = r"(?P<unit>minutes?|mins?|hours?|hrs?|h|days?|d|weeks?|wks?|wk|fortnights?|months?|mths?|quarters?|qtrs?|years?|yrs?)"
_amount = rf"(?:{_count} {_unit}|(?P<digits>\d+)(?P<letter>h|hrs?|d|w|wks?|days?|mths?|months?|y|yrs?))"
_lead = r"(?:(?:in|on|during|over|within|for|from|of|at|throughout|through|as of|dated|the whole of|all of|all) )?(?:the )?"
_clock = r"(?:at )?(?P<hour>\d{1,2})(?:[:.](?P<minute>\d\d))? ?(?:(?P<half>[ap])\.?m(?:\.(?!\w)|(?!\w))|(?<=:\d\d)(?: ?(?:h|utc|o'clock))?)"
LENGTH = re.compile(
    r"(?:takes?|taking|took|needs?|needed|lasts?|lasted|lasting|resolved|fixed|closed|acknowledged|restored|answered|solved|recovered|honou?red|retention(?: period)?|duration|average|keeps?|kept|gaps?|delay)"
    r"(?: of| is| was| are| for)?(?: \w+)? $"
)
"""What a length of time is said of, which is a number and no span."""
TO_COME = re.compile(r"(?:expires?|expiring|due|ends?|ending|runs? out|running out|lapses?|lapsing|upcoming|planned|scheduled|will \w+|valid|in force) $")
"""What is said of times to come, so that November is the next one."""
NEGATED = re.compile(r"(?:\b(?:not|never|no|nobody|none|nothing|without|neither|hasnt|havent|didnt|wasnt|isnt)\b|untouched|unchanged|unseen|unheard|unused|unread|n't\b)(?: [\w'-]+){0,6} $")
NEGATED_AFTER = re.compile(r"(?: [\w'-]+){0,2} (?:not|no|never)\b")
IDLE = re.compile(
    r"\b(?:quiet|silent|stale|idle|offline|down|dark|dead|unreachable|unresolved|outdated|overdue|open|out of sync|untested|unanswered|waiting|pending)"
    r"(?: [\w'-]+)? $"
)
"""States that last, so that ``for two days`` says when they began."""
IN_FORCE = re.compile(r"(?:in force|valid|active|live|effective|applied|applies|apply|applicable|as of|as at|standing|remains?|currently|exists?|still(?: \w+){1,3}) $")
"""What is said of today as of any day: it means now, and no span."""
COUNTED = re.compile(r" (?:rows?|records?|examples?|lines|entries|files|people|persons|subjects|individuals|tokens?|ocean|usdc|euros?|eur|dollars|hours?|minutes?|seconds?|days?|datasets?|[tgmk]b|%|percent|images|items|units)(?!\w)")
"""What follows a number that only looks like a year."""


@dataclass(frozen=True, slots=True)
class Found:
    """A span of time at ``start:end`` of the text."""

    start: int
    end: int
    period: Period


def find_periods(text: str, now: datetime) -> list[Found]:
    """Every span of time in ``text``, left to right, without overlaps. ``text`` is lower case."""
    found: list[Found] = []
    for pattern, make in _RULES:
        for match in pattern.finditer(text):
            if any(match.start() < f.end and f.start < match.end() for f in found):
                continue
            try:
                period = make(match, now)
            except (ValueError, OverflowError):  # a date that no calendar has
                continue
            if period is not None:
                blank = len(match[0]) - len(match[0].lstrip())
                found.append(Found(match.start() + blank, match.end() - len(match[0]) + len(match[0].rstrip()), period))
    return sorted(found, key=lambda f: f.start)


def _amount_of(match: re.Match[str]) -> tuple[float, str]:
    letters = {"h": "hour", "d": "day", "w": "week", "q": "quarter", "y": "year", "f": "fortnight"}
    word = match["unit"] or match["letter"]
    unit = "minute" if word.startswith("mi") else letters.get(word[0], "month")
    count = match["digits"] or match["count"]
    return float(count) if count.isdigit() else COUNTS[count], unit


def _is_length(match: re.Match[str], hours_too: bool = True) -> bool:
    return bool(LENGTH.search(match.string[: match.start()])) or (hours_too and _amount_of(match)[1] in ("hour", "minute"))


def _before(match: re.Match[str], now: datetime) -> Period | None:
    how, text = match["how"], match["point"]
    if _mere_number(match):
        return None
    point = resolve(text, now, ahead=how in ("by", "until", "till"))
    if point is None or point.start is None or point.end is None:
        return None
    if match["since"]:  # not run since before October
        return Period(point.start, None)
    if how in ("by", "until", "till", "up to", "through") or (re.match(r"(?:the )?end|.*-end", text) and point.end > now):
        return Period(now if point.end > now else None, point.end)
    return Period(now if point.start > now else None, point.start)


def _since(match: re.Match[str], now: datetime) -> Period | None:
    if _mere_number(match):
        return None
    point = resolve(match["point"], now)
    if point is None:
        return None
    if match["how"] == "from" and point.start and not re.search(r"(?: on| onwards?)$", match[0]):
        return point if point.start <= now else Period(point.start, None)
    return Period(point.end, None) if match["how"].startswith(("after", "later", "newer")) else Period(point.start, None)


def _between(match: re.Match[str], now: datetime) -> Period | None:
    """``between 3 and 10 October``, ``from March to June 2025``: the left end takes what only the right one says."""
    if whole := resolve(match[0], now):  # 2026-Q3 is no range
        return whole
    right = resolve(match["right"], now)
    left_text = match["left"]
    year = re.search(r"(?:19|20)\d\d", match["right"])
    if left_text.isdigit() and len(left_text) < 3:
        left_text = re.sub(r"\d{1,2}(?:st|nd|rd|th)?(?= |$)", left_text, re.sub(r"((?:19|20)\d\d)", "", match["right"])).strip()
    if year and not re.search(r"(?:19|20)\d\d", left_text) and re.search("|".join(m[:3] for m in MONTHS) + r"|^q\d", left_text):
        left_text = f"{left_text} {year[0]}"
    left = resolve(left_text, now)
    if not left or not right or not left.start or not right.end or left.start >= right.end:
        return None
    return Period(left.start, right.end)


def _rolling(match: re.Match[str], now: datetime) -> Period:
    """``the last 30 days`` is counted back from now, ``the next 30 days`` forward."""
    ahead = match["which"] in ("next", "coming", "following")
    count, unit = _amount_of(match)
    at = shift(now, count if ahead else -count, unit)
    return Period(now, at) if ahead else Period(at, now)


def _ago(match: re.Match[str], now: datetime) -> Period:
    count, unit = _amount_of(match)
    at = shift(now, -count, unit)
    how = match["how"] or ""
    if how.startswith(("more", "over", "longer", "older", ">", "at least")):
        return Period(None, at)
    if how.startswith(("less", "under", "within", "fewer", "<", "not more", "at most", "no more", "up to")):
        return Period(at, now)
    return calendar_span(at, "hour" if unit in ("hour", "minute") else "day")


def _older(match: re.Match[str], now: datetime) -> Period | None:
    count, unit = _amount_of(match)
    surely = re.match(r"older|for|since|.*\bold$", match[0])
    return None if not match[0].startswith(("for", "since")) and _is_length(match, hours_too=not surely) else Period(None, shift(now, -count, unit))


def _lasting(match: re.Match[str], now: datetime) -> Period | None:
    """``not seen for two days`` is not since two days ago, ``silent for two days`` is before that."""
    count, unit = _amount_of(match)
    at = shift(now, -count, unit)
    before, after = match.string[: match.start()], match.string[match.end() :]
    if NEGATED.search(before) or (match["how"] == "since" and NEGATED_AFTER.match(after)):
        return None if match["how"] != "for" and not match["more"] else Period(at, None)
    return Period(None, at) if match["how"] == "for" and IDLE.search(before) else None


def _younger(match: re.Match[str], now: datetime) -> Period | None:
    count, unit = _amount_of(match)
    return None if not re.match(r"younger|newer|.*\bold$", match[0]) else Period(shift(now, -count, unit), now)


def _before_that(match: re.Match[str], now: datetime) -> Period:
    """``more than in the week before`` is the one before this, or before the last one where that is named first."""
    back = 2 if re.search(rf"\b(?:last|previous|past) {match['unit']}\b", match.string[: match.start()]) else 1
    return calendar_span(shift(now, -back, match["unit"]), match["unit"])


def _since_amount(match: re.Match[str], now: datetime) -> Period:
    count, unit = _amount_of(match)
    return Period(shift(now, -count, unit), None)


def _within(match: re.Match[str], now: datetime) -> Period | None:
    count, unit = _amount_of(match)
    sure = re.search(r"next|from now|time$|hence", match[0])
    before = match.string[: match.start()]
    if not sure and re.search(r"(?<!be )\b(?:\w{2,}ed|seen|sold|given|been|run|ran|heard|bought|begun|shown|written|read)(?: (?:on|from|at|it|them|back))? $", before) and not LENGTH.search(before):
        return Period(shift(now, -count, unit), now)
    return None if not sure and _is_length(match) else Period(now, shift(now, count, unit))


def _to_date(match: re.Match[str], now: datetime) -> Period:
    unit = {"ytd": "year", "mtd": "month", "qtd": "quarter"}.get(match[0].strip()) or match["unit"] or match["unit_b"]
    return Period(calendar_span(now, unit).start, now)


def _part_of_day(match: re.Match[str], now: datetime) -> Period:
    """``this morning``, ``yesterday evening``, ``last night``."""
    first, last = {"morning": (0, 12), "afternoon": (12, 18), "evening": (18, 24), "night": (18, 30)}[match["part"] or "night"]
    day = midnight(now) - timedelta(days=1 if match["day"] in ("yesterday", "last") else 0)
    return Period(day + timedelta(hours=first), day + timedelta(hours=last))


def _time(match: re.Match[str], now: datetime, prefix: str = "") -> datetime | None:
    """A time of day, of the day that is named or else of today."""
    day = resolve(match["point"], now) if match["point"] else calendar_span(now, "day")
    half = match[f"{prefix}half"]
    hour = int(match[f"{prefix}hour"]) % 12 + 12 * (half == "p") if half else int(match[f"{prefix}hour"])
    if day is None or day.start is None or day.end is None or day.end - day.start > timedelta(days=1) or hour > 23:
        return None
    return day.start.replace(hour=hour, minute=int(match[f"{prefix}minute"] or 0))


def _between_hours(match: re.Match[str], now: datetime) -> Period | None:
    left, right = _time(match, now, "first_"), _time(match, now)
    return Period(left, right) if left and right and left < right else None


def _at_hour(match: re.Match[str], now: datetime) -> Period | None:
    """``3 October at 3 p.m.`` is that hour; without a day, today's."""
    at = _time(match, now)
    if at is None:
        return None
    how = match["how"]
    if how in ("since", "after", "from"):
        return Period(at, None)
    if how in ("before", "until", "till", "by"):
        return Period(None, at)
    return Period(at, at + timedelta(hours=1))


def _mere_number(match: re.Match[str]) -> bool:
    """A bare year that counts something: ``more than 2000 rows``."""
    point = match["point"].strip()
    counts = COUNTED.match(match.string[match.end() :]) or re.search(r"(?:than|least|most|top|first|under|below|above|exceed\w*|[<>=~]) ?$", match.string[: match.start()])
    return point.isdigit() and bool(counts)


def _plain(match: re.Match[str], now: datetime) -> Period | None:
    bare = match[0].strip() in ("may", "mar", "dec", "the second half", "the first half", "first half", "second half", "sep")
    if (bare and not match.string[: match.start()].rstrip().endswith(",")) or _mere_number(match):
        return None  # far more often the verb or a mere part than the time
    if match["point"] == "today" and IN_FORCE.search(match.string[: match.start()]):
        return None
    if match["point"].isdigit() and match[0].startswith(("over ", "all ", "for ")):
        return None
    ahead = re.match(r"(?:the )?(?:next|coming)", match["point"]) or TO_COME.search(match.string[: match.start()])
    return resolve(match["point"], now, ahead=bool(ahead))


_RULES = tuple(
    (re.compile(rf"(?<![\w@.-])(?:{pattern})(?![\w-])"), make)
    for pattern, make in (
        (r"ytd|mtd|qtd|(?:the )?(?P<unit>year|month|quarter)[- ]to[- ]date|so far this (?P<unit_b>year|month|quarter)", _to_date),
        (rf"(?:between|from) {_clock.replace('?P<', '?P<first_')} (?:and|to|until|till|-) {_clock}(?: (?:on )?(?P<point>{POINT}))?", _between_hours),
        (rf"(?:(?P<how>since|after|from|before|until|till|by|on) )?{_clock} (?:on )?(?P<point>{POINT})", _at_hour),
        (rf"(?:(?P<how>since|after|from|before|until|till|by|on) )?(?:(?P<point>{POINT}),? )?{_clock}", _at_hour),
        (r"(?:in the |during the |over )?(?P<day>this|yesterday|last) (?P<part>morning|afternoon|evening|night)|(?P<day_b>tonight)", lambda m, now: _part_of_day(m, now) if m["part"] else None),
        (rf"(?:between|from) (?:the )?(?P<left>{POINT}|\d{{1,2}}(?:st|nd|rd|th)?) ?(?:and|to|until|till|through|[-–]) ?(?:the )?(?P<right>{POINT})", _between),
        (rf"{_lead}(?P<left>{POINT}|\d{{1,2}}) ?(?:to|until|till|through|[-–]) ?(?P<right>{POINT})", _between),
        (r"(?:in |on |during |from )?the (?P<unit>week|month|quarter|year) before(?=\W*(?:$|[?!.;)]| (?:and|or)\b))", _before_that),
        (r"(?:in |on )?the day (?:before yesterday|after tomorrow)", lambda m, now: resolve(re.sub(r"^(?:in|on) ", "", m[0]), now)),
        (rf"(?P<how>more than|over|longer than|older than|at least|less than|under|within|not more than|fewer than|at most|no more than|up to|>|<)? ?{_amount} (?:ago|back)", _ago),
        (rf"(?P<how>for|since|in) (?P<more>at least |more than |over |longer than )?{_amount}", _lasting),
        (rf"(?:older than|for more than|for over|for longer than|longer than|for at least|since more than|since over|beyond) {_amount}(?: (?:old|now))?", _older),
        (rf"(?:more than|over|at least) {_amount} old", _older),
        (rf"(?:younger than|newer than|less than|under) {_amount}(?: old)?", _younger),
        (rf"{_lead}(?P<which>last|past|previous|next|coming|following) {_amount}", _rolling),
        (rf"since {_amount}", _since_amount),
        (rf"(?:within|in) (?:the next )?{_amount}(?: from now|'? time)?|{_amount.replace('?P<', '?P<x_')} (?:from now|hence)", lambda m, now: _within(m, now) if m["unit"] or m["letter"] else None),
        (rf"(?P<since>since )?(?P<how>before|until|till|by|prior to|earlier than|older than|up to|through) (?:the )?(?P<point>{POINT})", _before),
        (rf"(?P<how>since|after|from|(?<!week )starting|later than|newer than) (?:the )?(?P<point>{POINT})(?: onwards?| on(?=\s*(?:$|[,.?!;])))?", _since),
        (rf"{_lead}(?P<point>{POINT})", _plain),
    )
)
