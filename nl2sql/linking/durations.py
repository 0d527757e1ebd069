"""Finds spans that are said by a length of time: ``last 30 days``, ``more than 90 days ago``, ``silent for two days``.

A length that something takes or has (``takes 3 days``, ``retention of 5 years``) is a number and no span.
"""

import re
from datetime import datetime

from nl2sql.linking.dates import MONTHS
from nl2sql.linking.numbers import TENS, UNITS
from nl2sql.linking.units import calendar_span, shift
from nl2sql.values import Period

COUNTS = UNITS | TENS | {f"{ten}-{one}": TENS[ten] + UNITS[one] for ten in TENS for one in [*UNITS][1:10]} | {
    "a": 1, "an": 1, "couple": 2, "couple of": 2, "a couple of": 2, "few": 3, "a few": 3, "half": 0.5, "half a": 0.5, "half an": 0.5, "one and a half": 1.5, "two and a half": 2.5,
    "hundred": 100, "a hundred": 100, "one hundred": 100,
}  # fmt: skip
_counted = "|".join(sorted((count.replace("-", "[- ]") for count in COUNTS), key=len, reverse=True))
_count = rf"(?P<count>\d+(?:\.\d+)?|{_counted})"
_unit = r"(?P<unit>minutes?|mins?|hours?|hrs?|h|days?|d|weeks?|wks?|wk|fortnights?|months?|mths?|quarters?|qtrs?|years?|yrs?)"
AMOUNT = rf"(?:{_count}(?:\+? (?:full |whole |calendar |consecutive )?|(?<=half)-){_unit}|(?P<digits>\d+)\+?(?P<letter>h|hrs?|d|w|wks?|days?|mths?|months?|y|yrs?)|(?:an? |one )?(?P<long>hour|day|week|month|quarter|year) and a half)"
ENDED = re.compile(r"\b(?:was|were|went|stayed|remained) (?:[\w-]+ ){0,2}(?:down|offline|dark|unreachable|unavailable) (?:for )?$")
"""A state that is over: how long a node was down is a number, where one that is down has been so since."""
_lead = r"(?:(?:in|on|during|over|within|for|from|of|at|throughout|through|the whole of|all of|all) )?(?:the |these )?"
_months = "|".join(MONTHS)
_more = r"more than |over |longer than |at least |upwards of |(?<!>)>=? ?"
LENGTH = re.compile(
    r"(?<!\w)(?:takes?|taking|took|needs?|needed|lasts?|lasted|lasting|resolved|fixed|closed|acknowledged|restored|answered|responded|replied|reacted|solved|recovered|honou?red|retention(?: period)?|duration|average|keeps?|kept|gaps?|delay)"
    r"(?: of| is| was| are| for)?(?: \w+)? $"
)
"""What a length of time is said of, which is a number and no span."""
LENGTH_FOR = re.compile(r"(?:retention|\bretain|\bkeep|\bran|\bruns?|\blasts?|\blasted|\b(?:drag(?:s|ged)?|went|go(?:es)?) on|be (?:kept|stored|retained))(?: it| them| data)? $")
"""What a length is said of with ``for``, where a state (closed for more than a year) has begun so long ago."""
TO_COME = re.compile(
    r"(?:expires?|expiring|due|ends?|ending|runs? out|running out|lapses?|lapsing|upcoming|planned|scheduled|will (?:be )?\w+|valid|in force|(?:must|shall|has to|have to|needs? to|(?<!had )(?<!needed )to) be \w+|(?:must|shall|has to|have to) \w+) $"
)
"""What is said of times to come, so that November is the next one."""
IN_FORCE = re.compile(r"(?:in force|valid|active|live|effective|applied|applies|apply|applicable|as of|as at|standing|remains?|currently|exists?|still(?: \w+){1,6}|\b(?:may|can|allowed to|permitted to|entitled to|able to)(?: (?!have\b)\w+){1,6}|\bha(?:s|ve) (?:\w+ )?access(?: \w+){0,4}) $")
"""What is said of today as of any day: it means now, and no span."""
SUPPOSED = re.compile(r"\b(?:if|suppose|supposing|assum(?:e|ing)|imagine|say|what happens when|in case)\b(?:(?!\b(?:which|what|who|how|runs?|expires?|expiring|due|valid|still|is|are)\b)[^?.!;:,]){1,60} $")
"""What is only supposed: if C4 had to go tomorrow."""
DEADLINE = re.compile(r"(?:\b(?:must|shall|should|(?:had |needed )?to)(?: already)? (?:be|have been)(?: \w+){1,3}|\boverdue|\balready \w+) $")
"""What is to be done by a time, be it long overdue, where a grant that expires by then is in force yet."""
FUTURE = re.compile(r"\b(?:expir\w*|due|end(?:s|ing)?|run(?:s|ning)? out|laps\w+|will|be|going)\b")
NEGATED = re.compile(r"(?:\b(?:not|never|no|nobody|none|nothing|without|neither|hasnt|havent|didnt|wasnt|isnt)\b|untouched|unchanged|unseen|unheard|unused|unread|n't\b)(?: [\w'-]+){0,6} $")
NEGATED_AFTER = re.compile(r"(?: [\w'-]+){0,2} (?:not|no|never)\b")
_states = r"\b(?:lag(?:s|ged|ging)?(?: behind)?(?: by)?|behind(?: by)?|quiet|silent|stale|idle|offline|down|dark|dead|unreachable|unresolved|outdated|overdue|open|out of sync|untested|unanswered|waiting|pending|outstanding)"
IDLE = re.compile(rf"{_states}(?: [\w'-]+)? $")
"""States that last, so that ``for two days`` says when they began."""
IDLE_JUST_BEFORE = re.compile(rf"{_states} $")
SIGN_OF_LIFE = re.compile(r"\b(?:heart ?beats?|hb|seen|contact|sync(?:ed|s)?|updates?|updated|refresh(?:ed)?|backups?|backed up|signs? of life) $")
"""What was that long ago, or has not been since: last heartbeat > 2d, no backup > 30d."""


def amount_of(match: re.Match[str]) -> tuple[float, str]:
    letters = {"h": "hour", "d": "day", "w": "week", "q": "quarter", "y": "year", "f": "fortnight"}
    if match["long"]:
        return 1.5, match["long"]
    word = match["unit"] or match["letter"]
    unit = "minute" if word.startswith("mi") else letters.get(word[0], "month")
    count = match["digits"] or match["count"]
    return float(count) if count[0].isdigit() else COUNTS.get(count) or COUNTS[count.replace(" ", "-")], unit


def _is_length(match: re.Match[str], hours_too: bool = True) -> bool:
    return bool(LENGTH.search(match.string[: match.start()])) or (hours_too and amount_of(match)[1] in ("hour", "minute"))


def _rolling(match: re.Match[str], now: datetime) -> Period:
    """``the last 30 days`` is counted back from now, ``the next 30 days`` forward."""
    ahead = match["which"] in ("next", "coming", "upcoming", "following")
    count, unit = amount_of(match)
    at = shift(now, count if ahead else -count, unit)
    return Period(now, at) if ahead else Period(at, now)


def _to_now(match: re.Match[str], now: datetime) -> Period:
    """``the twelve months to date`` is counted back from now."""
    count, unit = amount_of(match)
    return Period(shift(now, -count, unit), now)


def _ago(match: re.Match[str], now: datetime) -> Period:
    count, unit = amount_of(match)
    is_past = match["way"] in ("ago", "back")
    at = shift(now, -count if is_past else count, unit)
    how = match["how"] or ""
    if how.startswith(("more", "over", "longer", "older", ">", "at least", "upwards")):
        return Period(None, at) if is_past else Period(at, None)
    if how.startswith(("less", "under", "within", "fewer", "<", "not more", "at most", "no more", "up to")):
        return Period(at, now) if is_past else Period(now, at)
    return calendar_span(at, "hour" if unit in ("hour", "minute") else "day")


def _between_ago(match: re.Match[str], now: datetime) -> Period | None:
    count, unit = amount_of(match)
    least = float(match["least"]) if match["least"].isdigit() else COUNTS[match["least"]]
    return Period(shift(now, -count, unit), shift(now, -least, unit)) if least < count else None


def _older(match: re.Match[str], now: datetime) -> Period | None:
    count, unit = amount_of(match)
    before = match.string[: match.start()]
    if ENDED.search(before) or (match[0].startswith("for") and LENGTH_FOR.search(before)):
        return None
    surely = re.match(r"older|for|since|.*\bold$", match[0])  # acknowledged alerts older than a week: no length of anything
    return None if not surely and _is_length(match) else Period(None, shift(now, -count, unit))


def _lasting(match: re.Match[str], now: datetime) -> Period | None:
    """``not seen for two days`` is not since two days ago, ``silent for two days`` is before that."""
    count, unit = amount_of(match)
    at = shift(now, -count, unit)
    before, after = match.string[: match.start()], match.string[match.end() :]
    if match["more"] and ENDED.search(before):
        return None
    if NEGATED.search(before) or (match["how"] == "since" and NEGATED_AFTER.match(after)):
        return None if match["how"] != "for" and not match["more"] else Period(at, None)
    return Period(None, at) if match["how"] == "for" and (match["now"] or IDLE.search(before)) else None


def _idle(match: re.Match[str], now: datetime) -> Period | None:
    """``silent 48h``, ``offline more than 3 days``, ``no hb > 1d``: the state stands right before."""
    count, unit = amount_of(match)
    at, before = shift(now, -count, unit), match.string[: match.start()]
    if match["more"] and ENDED.search(before):
        return None
    if SIGN_OF_LIFE.search(before) and NEGATED.search(before):
        return Period(at, None)
    return Period(None, at) if IDLE_JUST_BEFORE.search(before) or (match["more"] and SIGN_OF_LIFE.search(before)) else None


def _lacking(match: re.Match[str], now: datetime) -> Period | None:
    """``> 1d without heartbeat``: none since then."""
    count, unit = amount_of(match)
    return None if _is_length(match, hours_too=False) else Period(shift(now, -count, unit), None)


def _younger(match: re.Match[str], now: datetime) -> Period | None:
    count, unit = amount_of(match)
    return None if not re.match(r"younger|newer|not? older|.*\bold$", match[0]) else Period(shift(now, -count, unit), now)


def _since_amount(match: re.Match[str], now: datetime) -> Period:
    count, unit = amount_of(match)
    return Period(shift(now, -count, unit), None)


def _within(match: re.Match[str], now: datetime) -> Period | None:
    """``expire in 30 days`` is ahead, ``seen within two weeks`` and ``no update in six months`` are behind, ``resolved within 4 hours`` is a length."""
    count, unit = amount_of(match)
    before = match.string[: match.start()]
    sure = re.search(r"next|from now|time$", match[0])
    ahead = TO_COME.search(before)
    if not sure and re.match(r" (?:of|after)\b", match.string[match.end() :]):
        return None
    if not sure and not ahead and not LENGTH.search(before):
        done = re.search(r"(?<!be )\b(?:\w{2,}ed|seen|sold|given|been|run|ran|heard|bought|begun|shown|written|read)(?: (?:on|from|at|it|them|back|in))? $", before)
        if not match["less"] and (done or (NEGATED.search(before) and not FUTURE.search(before))):
            return Period(shift(now, -count, unit), now)
    if not sure and match["less"] and not ahead:
        return None
    return None if not sure and not ahead and _is_length(match) else Period(now, shift(now, count, unit))


RULES = (
    (rf"between (?P<least>\d+|{'|'.join(w for w in COUNTS if w.isalpha())}) and {AMOUNT} ago", _between_ago),
    (rf"(?P<how>more than|over|longer than|older than|at least|upwards of|less than|under|within|not more than|fewer than|at most|no more than|up to|(?<!>)>|<)? ?{AMOUNT} (?P<way>ago|back|from now|from today|hence)(?: today)?", _ago),
    (rf"(?P<how>for|since|in) (?P<more>{_more})?{AMOUNT}(?P<now> now)?", _lasting),
    (rf"(?:(?:no|not) (?:older|more) than|up to|at most) {AMOUNT}(?: old)?", _younger),
    (rf"(?:older than|for more than|for over|for longer than|longer than|for at least|since more than|since over|beyond) {AMOUNT}(?: (?:old|now))?", _older),
    (rf"(?:{_more}){AMOUNT} old", _older),
    (rf"(?:for )?(?P<more>{_more})?{AMOUNT}(?: or (?:more|longer)| and more| now)?", _idle),
    (rf"(?:with )?(?:{_more}){AMOUNT}(?= (?:without|with no)\b)", _lacking),
    (rf"(?:younger than|newer than|less than|under) {AMOUNT}(?: old)?", _younger),
    (rf"{_lead}(?P<which>last|past|previous|preceding|prior|trailing|most recent|next|coming|upcoming|following) {AMOUNT}(?! of (?:\d{{4}}|(?:the|this|last|next) \w|(?:{_months})\b))", _rolling),
    (rf"(?:since |{_lead}){AMOUNT} (?:(?:up )?(?:to|till|until) (?:date|now|today|the present(?: day)?)|ending (?:today|now))", _to_now),
    (rf"since {AMOUNT}", _since_amount),
    (rf"(?:within|in) (?:the next )?(?P<less>less than |under |at most |max(?:imum)? )?{AMOUNT}(?: from now|'? time)?", _within),
)
"""Patterns and what they make of a match, the more telling ones first."""
