"""Finds spans that are said by another one: ``this month and the one before``, ``last week against the week before``, ``this year than last``."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from nl2sql.linking.dates import resolve
from nl2sql.linking.units import calendar_span, shift
from nl2sql.values import Period

_close = r"(?=\W*(?:$|[?!.;)]| (?:and|or)\b))"
_nth = r"(?:first|second|third|fourth|[1-4](?:st|nd|rd|th))"
_against = "|".join(rf"(?<={word} )" for word in ("vs", r"vs\.", "versus", "compared to", "compared with", "against", "than", "and", "or"))
OTHER = re.compile(
    rf"(?<![\w-])(?:(?:in |on |during |from )?the (?:\d+ )?(?P<unit>one|day|week|month|quarter|year|hour)s? before(?: that| it)?{_close}"
    rf"|(?:{_against})(?:in )?(?:the )?(?P<which>last|previous|prior|preceding|next)(?: one)?{_close})"
)
NTH = re.compile(rf"quarter\b.* (?:vs\.?|versus|to|with|against|and|than) (?P<nth>the {_nth}){_close}")
NTH_BEFORE = re.compile(rf"(?<![\w-])(?P<nth>(?:the )?{_nth}) (?:and|or|to|vs\.?|versus) (?:the )?{_nth} (?P<rest>quarter(?: (?:of )?(?:(?:19|20)\d\d|(?:this|last) year))?)")


@dataclass(frozen=True, slots=True)
class Found:
    """A span of time at ``start:end`` of the text."""

    start: int
    end: int
    period: Period


def find_compared(text: str, found: list[Found], now: datetime) -> list[Found]:
    """``found`` with the spans that are said by those of it, left to right."""
    more = []
    for match in OTHER.finditer(text):
        left = max((f for f in found if f.end <= match.start()), key=lambda f: f.end, default=None)
        joint = text[left.end : match.start()].strip() if left else ""
        if match["which"] and joint.endswith(("and", "or")) and joint not in ("and", "or"):
            continue  # this month's first and last
        period = _other(match, left.period, text[left.start : left.end]) if left else _one_before(match, now)
        more.append((match.span(), period))
    for match in NTH.finditer(text) if found else ():
        more.append((match.span("nth"), resolve(f"{match['nth']} quarter".removeprefix("the "), now)))
    for match in NTH_BEFORE.finditer(text):
        more.append((match.span("nth"), resolve(f"{match['nth']} {match['rest']}".removeprefix("the "), now)))
    others = [Found(start, end, period) for (start, end), period in more if period and not any(start < f.end and f.start < end for f in found)]
    return sorted(_apart(text, found + others), key=lambda f: f.start)


def _one_before(match: re.Match[str], now: datetime) -> Period | None:
    """``the week before``, where no span is named that it is before."""
    named = match["unit"] and match["unit"] != "one" and not re.search(r"\d", match[0])
    return calendar_span(now, match["unit"], -1) if named else None


def _other(match: re.Match[str], left: Period, said: str) -> Period | None:
    """The neighbour of ``left``, which is the span that was ``said`` before."""
    unit, which = match["unit"] or "one", match["which"]
    if left.start is None or left.end is None or (which in ("last", "next") and not re.match(r"(?:\w+ )?this ", said)):
        return None
    whole = _calendar_unit(left)
    if not whole:  # the 7 days before the last 7 days
        return Period(left.start - (left.end - left.start), left.start)
    if unit in ("one", whole):
        return calendar_span(left.start, whole, 1 if which == "next" else -1)
    return calendar_span(shift(left.start, -1, unit), unit)


def _calendar_unit(period: Period) -> str:
    """The unit of which the span is one, or none."""
    at = period.start
    return next((u for u in ("day", "week", "month", "quarter", "half", "year") if at and calendar_span(at, u) == period), "")


def _apart(text: str, found: list[Found]) -> list[Found]:
    """``the last 30 days and the previous 30 days`` are not the same ones."""
    told = []
    for f in found:
        period, again = f.period, any(g.end < f.start and g.period == f.period for g in found)
        if again and period.start and period.end and not _calendar_unit(period) and re.search(r"\b(?:previous|preceding|prior) ", text[f.start : f.end]):
            told.append(replace(f, period=Period(period.start - (period.end - period.start), period.start)))
        else:
            told.append(f)
    return told
