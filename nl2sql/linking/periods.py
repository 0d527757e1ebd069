"""Finds spans of time in a question: ``last week``, ``since March``, ``more than 90 days ago``, ``by Friday``.

A span takes its preposition with it. Points in time are resolved by ``dates``, spans said by their length by ``durations``, those said by another span by ``compared``.
"""

import re
from datetime import datetime, timedelta

from nl2sql.linking.compared import Found, find_compared
from nl2sql.linking.dates import MONTHS, POINT, SEASONS, SMALL, WEEKDAYS, resolve
from nl2sql.linking.durations import AMOUNT, DEADLINE, IN_FORCE, NEGATED, SUPPOSED, TO_COME, amount_of
from nl2sql.linking.durations import RULES as DURATION_RULES
from nl2sql.linking.units import calendar_span, midnight, shift
from nl2sql.values import Period

_lead = r"(?:(?:in|on|during|over|within|for|from|of|at|throughout|through|as of|dated|the whole of|in all of|all of|all) )?(?:the )?"
_now = r"(?:right )?now|date|the present|present"
_to = r"(?:up )?to(?: and including)?|until|till|through|[-–]|\.\."
_unit = "day|week|month|quarter|year"
_month = "|".join(rf"{m[:3]}(?:{m[3:]})?" if m != "may" else m for m in MONTHS)
_clock = r"(?:at )?(?P<hour>\d{1,2})(?:[:.](?P<minute>\d\d))?(?:(?<=:\d\d):\d\d)? ?(?:(?P<half>[ap])\.?m(?:\.(?!\w)|(?!\w))|(?<=:\d\d)(?: ?(?:h|z|utc|o'clock))?)"
PARTICLE = re.compile(rf"in (?=on |between |since |before |after |yesterday|today|last |this |(?:{'|'.join(WEEKDAYS)}))")
COMES_IN = re.compile(r"\b(?:log(?:s|ged|ging)?|sign(?:s|ed|ing)?) $")
"""Logged in yesterday is not logged, in yesterday."""
COUNTED = re.compile(r" (?:or (?:more|less|fewer) )?(?:rows?|records?|examples?|lines|entries|files|people|persons|subjects|individuals|tokens?|ocean|usdc|euros?|eur|dollars|hours?|minutes?|seconds?|days?|datasets?|[tgmk]b|%|percent|images|items|units)(?!\w)")
"""What follows a number that only looks like a year."""


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
                particle = PARTICLE.match(match[0], blank)
                if particle and COMES_IN.search(text[: match.start() + blank]):
                    blank = particle.end()
                found.append(Found(match.start() + blank, match.end() - len(match[0]) + len(match[0].rstrip()), period))
    return find_compared(text, found, now)


def _bound(match: re.Match[str], now: datetime, ahead: bool = False) -> Period | None:
    """The point that a span begins or ends at; mid June is then its 15th."""
    if _mere_number(match):
        return None
    point = resolve(match["point"], now, ahead)
    if point and point.start and point.end and match["point"].startswith("mid") and not match[0].startswith("from"):
        return calendar_span(point.start + (point.end - point.start - timedelta(days=1)) / 2, "day")
    return point


def _before(match: re.Match[str], now: datetime) -> Period | None:
    how, said = match["how"], match.string[: match.start()]
    deadline = DEADLINE.search(said) if how not in ("until", "till", "up to", "through") else None
    missed = deadline and re.search("had|needed|have been|already|overdue", deadline[0])
    point = _bound(match, now, ahead=not missed and (how in ("by", "until", "till") or bool(TO_COME.search(said))))
    if point is None or point.start is None or point.end is None:
        return None
    if match["since"]:  # not run since before October, where what hangs around since then began before
        return Period(point.start, None) if NEGATED.search(said) else Period(None, point.start)
    if deadline:
        return Period(None, point.start if how in ("before", "prior to") else point.end)
    if how in ("by", "until", "till", "up to", "through") or how.endswith("later than") or how.startswith("on or") or (re.match(r"(?:the )?end|.*[- ]end", match["point"]) and point.end > now):
        return Period(now if point.end > now else None, point.end)
    return Period(now if point.start > now else None, point.start)


def _since(match: re.Match[str], now: datetime) -> Period | None:
    point, how = _bound(match, now), match["how"]
    if point is None or point.start is None:
        return None
    if how == "from" and not re.search(r"(?: on| onwards?)$", match[0]):
        return point if point.start <= now else Period(point.start, None)
    if how == "since" and match["point"].endswith("new year") and point.start > now:
        return Period(point.start.replace(year=point.start.year - 1), None)
    return Period(point.end if how.startswith(("after", "later", "newer")) else point.start, None)


def _on_either_side(match: re.Match[str], now: datetime) -> Period | None:
    """``in 2024 or later``, ``> 2026-10-01``, ``pre-2020``."""
    point, how = _bound(match, now), match["how"].strip()
    if point is None or (how[0] in "<>" and match["point"].isdigit()):
        return None
    if how in ("<", "pre-", "pre"):
        return Period(None, point.start)
    if how in (">", "post-", "post"):
        return Period(point.end, None)
    return Period(None, point.end) if how.endswith(("<=", "earlier", "before", "older")) else Period(point.start, None)


def _between(match: re.Match[str], now: datetime) -> Period | None:
    """``between 3 and 10 October``, ``from March to June 2025``: the left end takes what only the right one says."""
    if whole := resolve(match.string[match.start("left") : match.end("right")], now):  # 2026-Q3 is no range
        return whole
    left_text, right_text = match["left"], match["right"]
    if right_text.isdigit() and len(right_text) == 2:  # 2023-25
        right_text = left_text[:2] + right_text
    right = Period(None, now) if re.fullmatch(_now, right_text) else resolve(right_text, now)
    year = re.search(r"(?:19|20)\d\d|(?<=\w )(?:last|this|next) year$", right_text)
    if re.fullmatch(r"\d{1,2}(?:st|nd|rd|th)?", left_text):
        left_text = re.sub(r"\d{1,2}(?:st|nd|rd|th)?(?= |$)", left_text, re.sub(r"((?:19|20)\d\d)", "", right_text)).strip()
    if year and not re.search(r"(?:19|20)\d\d|year", left_text) and re.search("|".join(m[:3] for m in MONTHS) + r"|^q\d", left_text):
        left_text = f"{left_text} {year[0]}"
    left = resolve(left_text, now)
    if not left or not right or not left.start or not right.end or left.start >= right.end:
        return None
    return Period(left.start, right.end)


def _from_now(match: re.Match[str], now: datetime) -> Period | None:
    point = resolve(match["point"], now, ahead=True)
    return Period(now, point.end) if point and point.end and point.end > now else None


def _beside(match: re.Match[str], now: datetime) -> Period | None:
    """``the 30 days before October``, ``the two weeks after 3 June``."""
    point, (count, unit) = resolve(match["point"], now), amount_of(match)
    if point is None or point.start is None or point.end is None:
        return None
    return Period(point.end, shift(point.end, count, unit)) if match["side"] in ("after", "following") else Period(shift(point.start, -count, unit), point.start)


def _weekdays_ago(match: re.Match[str], now: datetime) -> Period | None:
    """``two Fridays ago`` is a week before the last one."""
    count = match["count"]
    last = resolve(f"last {match['weekday']}", now)
    return calendar_span(shift(last.start, 1 - (int(count) if count.isdigit() else SMALL[count]), "week"), "day") if last and last.start else None


def _on_short_weekday(match: re.Match[str], now: datetime) -> Period | None:
    day = resolve(next(w for w in WEEKDAYS if w.startswith(match["day"])), now)
    return day and Period(day.start, None if match[0].startswith("since") else day.end)


def _counted(match: re.Match[str], now: datetime) -> Period | None:
    """``October 1 to 15``, ``weeks 39 to 41``: the right end takes what only the left one says."""
    name = match["name"].replace("weeks", "week")
    left, right = (resolve(f"{name} {match[side]} {match['year'] or ''}", now) for side in ("left", "right"))
    return Period(left.start, right.end) if left and right and left.start and right.end and left.start < right.end else None


def _to_date(match: re.Match[str], now: datetime) -> Period:
    unit = {"ytd": "year", "mtd": "month", "qtd": "quarter"}.get(match[0].strip()) or match["unit"] or match["unit_b"] or match["unit_c"]
    return Period(calendar_span(now, unit).start, now)


def _part_of_day(match: re.Match[str], now: datetime) -> Period | None:
    """``this morning``, ``yesterday evening``, ``since last night``."""
    first, last = {"morning": (0, 12), "afternoon": (12, 18), "evening": (18, 24), "night": (18, 30)}[match["part"]]
    named = {"this": "today", "last": "yesterday"}.get(match["day"], match["day"])
    day = resolve(named, now)
    if day is None or day.start is None:
        return None
    start, end = day.start + timedelta(hours=first), day.start + timedelta(hours=last)
    return Period(start, None) if match["how"] == "since" else Period(end, None) if match["how"] == "after" else Period(start, end)


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
    counts = COUNTED.match(match.string[match.end() :]) or re.search(r"(?:than|least|most|top|first|under|below|above|exceed\w*|(?<!>)[<>=~]) ?$", match.string[: match.start()])
    return point.isdigit() and bool(counts)


def _plain(match: re.Match[str], now: datetime) -> Period | None:
    if re.fullmatch("the (?:march|may)", match[0]) and match.string[match.end() :].startswith(" of"):
        return None
    bare = match[0].strip() in ("may", "mar", "dec", "the second half", "the first half", "first half", "second half", "sep")
    if (bare and not match.string[: match.start()].rstrip().endswith(",")) or _mere_number(match):
        return None  # far more often the verb or a mere part than the time
    if match["point"] in ("today", "tomorrow") and SUPPOSED.search(match.string[: match.start()]):
        return None
    if match["point"] == "today" and IN_FORCE.search(match.string[: match.start()]):
        return None
    if re.fullmatch(rf"(?:(?:on|for|from|at|all) )?(?:the )?(?:{'|'.join(SEASONS)})", match[0]):
        return None  # winter wheat, data on summer tourism
    if match["point"].isdigit() and re.match(r"over |all (?!of)|for ", match[0]):
        return None
    before, after = match.string[: match.start()], match.string[match.end() :]
    if re.search(r"(?:\bevery|\beach|\bper|version|release) $", before) or re.match(r" of (?:the (?!year)|all|our|its|these|those)", after if "quarter" in match[0] else ""):
        return None
    if re.fullmatch(r"\d{1,2}(?:st|nd|rd|th)", match["point"]) and not match[0].startswith("on the "):
        return None  # the 12th of anything
    ahead = re.match(r"(?:the )?(?:next|coming|upcoming)", match["point"]) or TO_COME.search(match.string[: match.start()])
    return resolve(match["point"], now, ahead=bool(ahead))


_RULES = tuple(
    (re.compile(rf"(?<![\w@.-])(?<!\d:)(?:{pattern})(?![\w-])"), make)
    for pattern, make in (
        (
            rf"ytd|mtd|qtd|(?:the )?(?P<unit>year|month|quarter)[- ]to[- ]date|(?:so|thus) far (?:in )?this (?P<unit_b>{_unit})|(?:in |during |of )?(?:this|the) (?P<unit_c>{_unit}) (?:so far|thus far|to date)",
            _to_date,
        ),
        (rf"(?:later (?:on )?(?:in )?this|(?:(?:for|in|over|during) )?(?:the )?(?:rest|remainder) of (?:the|this)|before (?:the|this)(?= \w+ (?:is|ends|closes))) (?P<unit>{_unit})(?: is (?:out|over|up)| ends| closes)?", lambda m, now: Period(now, calendar_span(now, m["unit"]).end)),
        (rf"(?:(?:in|over|during|for) )?the (?P<unit>{_unit}) (?:just )?(?:past|gone by)(?! (?:due|the|its)\b)", lambda m, now: Period(shift(now, -1, m["unit"]), now)),
        (r"tonight", lambda m, now: Period(midnight(now) + timedelta(hours=18), midnight(now) + timedelta(hours=30))),
        (rf"(?:on )?(?P<count>\d|{'|'.join(w for w in SMALL if w.isalpha())}) (?P<weekday>{'|'.join(WEEKDAYS)})s ago", _weekdays_ago),
        (rf"(?:(?:in|during|over|within|for) )?the {AMOUNT} (?P<side>before|prior to|preceding|leading up to|after|following) (?:the )?(?P<point>{POINT})", _beside),
        (rf"(?:between|from) {_clock.replace('?P<', '?P<first_')} (?:and|to|until|till|-) {_clock}(?: (?:on )?(?P<point>{POINT}))?", _between_hours),
        (rf"(?:(?P<how>since|after|from|before|until|till|by|on) )?{_clock} (?:on )?(?P<point>{POINT})", _at_hour),
        (rf"(?:(?P<how>since|after|from|before|until|till|by|on) )?(?:(?P<point>{POINT})(?:,? |t(?=\d)))?{_clock}", _at_hour),
        (rf"(?:(?P<how>since|after) )?(?:in the |during the |over |on )?(?P<day>this|yesterday|tomorrow|last|(?:last )?(?:{'|'.join(WEEKDAYS)})) (?P<part>morning|afternoon|evening|night)", _part_of_day),
        (rf"(?:(?:between|from|in|on|during) )?(?:the )?(?P<name>weeks?|cw|{_month}) (?P<left>\d{{1,2}})(?:st|nd|rd|th)? ?(?:(?<!-){_to}|(?<=\d )and) ?(?:the )?(?P<right>\d{{1,2}})(?:st|nd|rd|th)?(?![\d%]| %)(?:,? (?P<year>(?:19|20)\d\d))?", _counted),
        (rf"(?:between|from|since) (?:the )?(?P<left>{POINT}|\d{{1,2}}(?:st|nd|rd|th)?) ?(?:and|{_to}) ?(?:the )?(?P<right>{POINT}|{_now})", _between),
        (rf"{_lead}(?P<left>{POINT}|\d{{1,2}}(?:st|nd|rd|th)?) ?(?:{_to}) ?(?:the )?(?P<right>{POINT}|{_now}|(?<=20\d\d[-–])(?:1[3-9]|[2-9]\d))", _between),
        (r"(?:on|since) (?P<day>mon|tues?|wed|thurs?|thu|fri)(?=\W*(?:$|[?!.;)]| (?:and|or)\b))", _on_short_weekday),
        (rf"(?:between|from) (?:now|today) (?:and|{_to}) (?:the )?(?P<point>{POINT})", _from_now),
        *DURATION_RULES,
        (rf"{_lead}(?P<point>{POINT})(?P<how> (?:or|and) (?:later|after|since(?: then)?|newer|onwards?|earlier|before|older))(?=[,:]|\W*(?:$|[?!.;)]| (?:and|were|was|are|is|have|has|had|by|with)\b))", _on_either_side),
        (rf"(?P<how>(?<!>)[<>]=? ?|(?:pre|post)-?)(?P<point>{POINT})", _on_either_side),
        (rf"(?P<since>since )?(?P<how>on or before|(?:no|not) later than|(?<!day )(?<!not )before|until|till|by|prior to|(?<!no )(?<!not )(?:earlier|older) than|up to|through) (?:the )?(?P<point>{POINT})", _before),
        (rf"(?P<how>on or after|(?:no|not) (?:earlier|older) than|not before|since|(?<!day )after|from|(?<!week )starting(?: in| on| from)?|later than|newer than) (?:the )?(?P<point>{POINT})(?: onwards?| on(?=\s*(?:$|[,.?!;])))?", _since),
        (rf"{_lead}(?P<point>{POINT})", _plain),
    )
)
