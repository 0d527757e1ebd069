"""Finds numbers and their units in a question: ``10 GB``, ``1.5k``, ``two hundred``, ``90 %``, ``10-20``.

The unit word stays in the text after the slot, which is how the model knows it.
"""

import re
from collections.abc import Iterator

from nl2sql.linking.mentions import Draft
from nl2sql.readings.conversation import NEXT
from nl2sql.values import Number

UNITS = {w: n for n, w in enumerate(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"])}
TENS = {w: 10 * n for n, w in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)}
MULTIPLIERS = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
SCALES = {
    **{"k": 1e3, "thousand": 1e3, "lac": 1e5, "lakh": 1e5, "m": 1e6, "mn": 1e6, "mil": 1e6, "mill": 1e6, "mln": 1e6, "mio": 1e6, "million": 1e6, "crore": 1e7},
    **{"b": 1e9, "bn": 1e9, "mrd": 1e9, "billion": 1e9, "t": 1e12, "trillion": 1e12},
}
BYTES = {"p": 1e15, "t": 1e12, "g": 1e9, "m": 1e6, "k": 1e3, "b": 1.0}
BINARY = {"p": 2.0**50, "t": 2.0**40, "g": 2.0**30, "m": 2.0**20, "k": 2.0**10}

_byte = r"[ptgmk](?:i?bs?|bytes?)|(?:peta|tera|giga|mega|kilo)bytes?|gigs?|bytes"
_unit = rf"(?P<unit> ?(?:%|percents?|per cent|perc|pct|percentage points?|{_byte})(?!\w))?"
_counted = r"(?:rows?|records?|lines|entries|people|users|subjects|customers|patients|files|eur|euros?|€)(?!\w)"
_glued = r"(?:h|hrs?|d|w|s|secs?|ms|mins?|days?|weeks?|months?|years?|yrs?|hours?|eur|euros?|usd|chf|kwh|rows?|records?|stars?|tokens?)(?!\w)"
_digits = (
    r"(?P<digits>\d{1,3}(?:[ ,']\d{3})+(?!\d)(?:\.\d+)?|\d{1,3}(?:\.\d{3}){2,}(?!\d)|[1-9]\d{0,2}\.\d{3},\d\d?(?!\d)|"
    rf"[1-9]\d{{0,2}}\.\d{{3}}(?= {_counted})|\d+(?:\.\d+)?e\d\d?(?!\w)|\d+(?:[.,]\d+)?|\.\d+)"
)
FIGURES = re.compile(
    rf"(?<![\w.,]){_digits}(?P<scale> ?(?:k|(?:thousand|million|billion|trillion|lakh|crore)s?|mn|mil|mill|mln|mio|mrd|bn|lac|m|b)(?!\w)|t(?!\w))?(?:{_unit}(?!\w)|(?={_glued}))"
)
ASKED = re.compile(r"(?<![\w.-])(?P<unit>[ptgmk]b|(?:peta|tera|giga|mega|kilo)bytes?|gigs|bytes)(?![\w-])")
ASKED_TIME = re.compile(r"(?<!\w)(?:in (?P<unit>seconds|minutes|hours|days)|how many (?P<long>minutes|hours)(?! (?:ago|since|old|from)))(?!\w)")
"""The unit that a length of time is asked in."""
AMOUNT_BEFORE = re.compile(r"(?:(?<!\w)(?:an?|one|half|per|each|every|few|several|single|multi|hundreds of|thousands of)|/|\d)[ -]?$")
_many = "|".join(MULTIPLIERS)
_word = "|".join([*UNITS, *TENS, *MULTIPLIERS])
_and = rf"(?:(?<=hundred)|(?<=thousand)|(?<=million)|(?<=billion)) and (?!\w+[ -](?:{_many}))"
WORDS = re.compile(rf"(?<![\w-])(?P<words>(?:(?:an? |half an? |half )(?={_many}))?(?:{_word})(?:(?:[ -]|{_and})(?:{_word}|thousands|millions|billions)(?!\w))*)(?![\w-]){_unit}")
ALONE = ("one", "zero", *MULTIPLIERS)
"""Words that are no amount on their own: ``this one``."""
MEASURED = re.compile(r"(?:(?<!\w)(?:than|over|above|below|under|least|most|exceed(?:s|ing)?|beyond|top|first|last|to)|[<>≥≤=]) ?$")
"""What makes even such a word an amount, and a dash before a figure a minus: more than hundred, below -3."""
LABELS = (
    *("iso(?:/iec)?", "rfc", "din", "article", "articles", "art", "section", "sections", "sec", "§", "chapter", "recital", "clause", "paragraph", "annex", "appendix"),
    *("version", "python", "java", "tls", "ssl", "web", "industry", "windows", "http", "error", "status code", "port", "room", "level", "tier", "phase", "stage", "type"),
    *("zip", "zip code", "postcode", "phone", "tel", "extension", "no", "number", "nr", "#"),
)
"""Words whose number tells one of many apart and counts nothing: article 9, port 8080, number 1."""
_ranked = r"most|least|more|top|first|last|by|best|worst|(?:larg|bigg|small|high|low|old|new|lat|earli|fast|slow|cheap|long|short|few|great|busi|strict)est"
_things = r"(?:tables|data ?sets|models|nodes|runs|policies|groups|sellers|organi[sz]ations)"
_some = r"\d[\w.]*(?:\(\w+\))*"
NO_AMOUNTS = re.compile(
    rf"(?<!\w)(?:{'|'.join(LABELS)})(?:(?<=\w)\.?(?: ?[:#]? ?)|(?<!\w) ?)(?={_some}){_some}(?:(?:, | and | or |-){_some}(?! ?(?:%|{_byte}|{_counted})))*|"
    r"\+\d[\d ()/-]{6,}\d|(?<![\w.,-])(?<!\d )0\d{2,}[ /-]?\d{3,}|(?<![\w.])\d+(?:\.\d{1,2}){2,}(?![\w])|\b\d+/\d+\b|"
    r"\w+ (?:in the (?:morning|afternoon|evening)|o'clock)|\bthe(?:se|ose) (?:two|three|four|2|3|4)\b|"
    rf"\bthe (?:two|three|four|2|3|4) (?!{_things}\b)(?=(?:[\w-]+ ){{1,2}}{_things}\b)(?!.*\b(?:{_ranked})\b)"
)
"""Figures that are none: labels, phone numbers, versions and addresses, 24/7, times of day, these two, the two finance tables unless something ranks them."""
COUNTED = re.compile(f" {_counted}")
LASTING = re.compile(r"[ -]?(?:(?P<seconds>seconds?|secs?|s)|(?P<minutes>minutes?|mins?)|(?P<hours>hours?|hrs?|h)|(?P<days>days?|d)|(?P<weeks>weeks?|wks?|w))(?!\w)")
"""A unit of time behind a number, which counts a length of time then."""
RANGE = re.compile(r" ?(?:-|–|to|and) ?")
PARTS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "tenth": 10}
_parts = "|".join(PARTS)
_than = r"(?<!\w)(?:than|least|most|over|under|above|below|beyond|exceeds?) "
_more = r"(?:(?:(?:more|longer|less|shorter) than|over|under|at least|at most|up to) )"
_n = rf"(?:\d{{1,3}}|{'|'.join([*UNITS][1:])})(?!\w)"
_end = r"(?= ?(?:$|[?!.,;)]))"
REWRITES = tuple(
    (re.compile(pattern, re.I), text)
    for pattern, text in (
        # fractions and rates, as percentages
        (rf"(?P<lead>{_than})(?:a )?(?P<part>half)(?:(?: of)?(?= (?!an? |of |{_many})\w)|{_end})", "share"),
        (rf"(?P<lead>{_than})(?P<n>an?|{_n})[- ](?P<part>{_parts})s?(?: of(?= (?!an hour\b))|{_end})", "share"),
        (rf"(?P<n>two|three|four)[- ](?P<part>{_parts})s of(?! an? (?:hour|{_many}))(?= )", "share"),
        (r"(?<![\w/.])(?P<n>[1-9])/(?P<m>[1-9]0?) of(?= )", "share"),
        (rf"(?<![\w.-])(?P<n>{_n}) out of (?:every )?(?P<m>{_n})(?: of)?(?= (?!stars|of )\w)", "share"),
        (rf"(?P<lead>{_than})(?P<n>one|1) in (?:every )?(?P<m>{_n})(?: of)?(?= (?!days|weeks|months|years|hours|of )\w)", "share"),
        (r"(?<![\w/.])(?P<n>\d{1,3})/100(?![\w/])", r"\g<n> percent"),
        (rf"(?<!\w)(?P<lead>rat(?:ed|ing)(?: of| is| at)? )(?P<n>{_n})(?:/| out of )(?:5|five)(?![\w/])", r"\g<lead>\g<n>"),
        # amounts
        *((rf"(?<![\w-]){parts} an? {unit}(?!\w)", text) for parts, unit, text in (("half", "hour", "30 minutes"), ("half", "minute", "30 seconds"), ("half", "day", "12 hours"))),
        (r"(?<![\w-])(?:(?:an? |one )?quarter of an|quarter) hour(?!\w)", "15 minutes"),
        (r"(?<![\w-])three[- ]quarters of an hour(?!\w)", "45 minutes"),
        (r"(?<![\w-])(?:an?|one) (?P<n>minute|hour|day|week|month|year) and a half(?!\w)", r"1.5 \g<n>s"),
        (rf"(?<![\w-])(?P<n>an?|{_n}) (?P<scale>thousand|million|billion) and a half(?!\w)", "scaled"),
        (rf"(?<![\w.-])(?P<n>{_n}) and a half(?= )", "half more"),
        (r"(?<!\w)(?:a )?quarter (?:of a )?(?=(?:million|billion)(?!\w))", "0.25 "),
        (rf"(?<!\w)half an? (?=(?:{_byte}|terabyte)(?!\w))", "0.5 "),
        (rf"(?P<lead>{_than})an? (?=(?:{_byte})(?!\w))", r"\g<lead>1 "),
        (rf"(?P<lead>(?<!\w)(?:took|takes?|taking|lasted|lasts?|lasting) (?:us |them |it )?{_more})an? (?=(?:minute|hour|day|week)(?!\w| and a half))", r"\g<lead>1 "),
        (rf"(?P<n>(?<![\w-])(?:{_word})|(?<![\w.,])\d+) \((?:\d+|{_word})\)", r"\g<n>"),
        (r"(?<![\w.-])(?P<n>\d+[km]) ?[-–] ?(?=\d+[km](?![\w-]))", r"\g<n> to "),
        (r"(?<![\w-])(?P<lead>top|first|last|eur|usd|gbp|chf)(?=\d+(?![\w-]))", r"\g<lead> "),
        (r"[€$£] ?(?=\d)", ""),
    )
)
"""Fractions and rates are said as the percentages that the model knows; a sum is a number whatever its currency."""


def plainer(question: str) -> Iterator[tuple[int, int, str]]:
    """Where amounts are said in another way, and the plain one: two thirds of, half a gigabyte, five (5), €100."""
    for pattern, text in REWRITES:
        for match in pattern.finditer(question):
            said = match.groupdict()
            start = match.end("lead") if "lead" in said else match.start()
            if text == "half more":
                yield start, match.end(), f"{_counted_out(said['n']) + 0.5:g}"
            elif text == "scaled":
                yield start, match.end(), f"{_counted_out(said['n']) + 0.5:g} {said['scale']}"
            elif text != "share":
                yield match.start(), match.end(), match.expand(text)
            elif (share := _counted_out(said.get("n")) / (PARTS[said["part"].lower()] if said.get("part") else _counted_out(said["m"]))) < 1:
                yield start, match.end(), f"{100 * share:.3g} percent" + (" of" if question[match.end() : match.end() + 1] == " " and question[match.end() + 1 :] else "")


def _counted_out(word: str | None) -> float:
    return 1 if word is None or word.lower() in ("a", "an") else float(word) if word.isdigit() else UNITS[word.lower()]


def find_numbers(draft: Draft) -> None:
    """Take every number that nothing else has taken."""
    labels = [m.span() for m in NO_AMOUNTS.finditer(draft.text)]
    found: list[tuple[int, int, float, str]] = []
    for match in FIGURES.finditer(draft.text):
        start, end = match.start(), match.end("scale") if match["scale"] else match.end("digits")
        if _inside_identifier(draft.text, start, end) or draft.question[end : end + 1] == "D":
            continue
        minus = draft.text[max(0, start - 2) : start] == " -" and MEASURED.search(draft.before(start - 1))
        value = _figure(match["digits"], COUNTED.match(draft.text, match.end("digits")) is not None) * _scale(match["scale"])
        found.append((start - 1, end, -value, match["unit"] or "") if minus else (start, end, value, match["unit"] or ""))
    for match in WORDS.finditer(draft.text):
        if match["words"] not in ALONE or match["unit"] or (match["words"] in MULTIPLIERS and MEASURED.search(draft.before(match.start()))):
            found.append((match.start(), match.end("words"), spoken(match["words"]), match["unit"] or ""))
    found = [f for f in sorted(found) if draft.free(f[0], f[1]) and not any(start < f[1] and f[0] < end for start, end in labels)]
    for at, (start, end, value, unit) in enumerate(found):
        following = found[at + 1] if at + 1 < len(found) else None
        if following and not unit and RANGE.fullmatch(draft.text[end : following[0]]) and following[3] and value <= following[2]:
            unit = following[3]
        lasting = LASTING.match(draft.text, end)
        draft.add(start, end, "number", Number(value, lasting.lastgroup or "") if lasting else _number(value, unit.strip()))


def asked_unit(draft: Draft) -> str:
    """The unit that a result is asked in, a key of `BYTES_IN` or `SECONDS_IN`: ``how many terabytes``, ``size in GB``, ``duration in hours``.

    Not one that belongs to an amount: ``more than 10 GB``, ``over a terabyte``, ``price per GB``.
    """
    at = draft.text.rfind(NEXT)  # of a dialogue the last turn that names one
    for match in sorted(ASKED.finditer(draft.text), key=lambda match: match.start() < at):
        amount = AMOUNT_BEFORE.search(draft.before(match.start())) or any(m.kind == "number" and 0 <= match.start() - m.end <= 1 for m in draft.found)
        if not amount and draft.free(match.start(), match.end()):
            first = match["unit"][0]
            return "bytes" if first == "b" else f"{first.upper()}B"
    length = ASKED_TIME.search(draft.text, max(0, at)) or ASKED_TIME.search(draft.text)
    return length["unit"] or length["long"] if length else ""


def spoken(text: str) -> float:
    """The value of number words: ``two hundred and fifty`` → 250."""
    total, group = 0.0, 0.0
    for word in re.split(r"[ -]", text.replace(" and ", " ").replace("half a ", "half ").removeprefix("a ")):
        word = word.removesuffix("s") if word.removesuffix("s") in MULTIPLIERS else word
        if word == "half":
            group = 0.5
        elif word in MULTIPLIERS:
            group = (group or 1) * MULTIPLIERS[word]
            if MULTIPLIERS[word] >= 1000:
                total, group = total + group, 0.0
        else:
            group += UNITS.get(word, TENS.get(word, 0))
    return total + group


def _inside_identifier(text: str, start: int, end: int) -> bool:
    """``sentinel-2`` and ``2-letter`` are words; ``10-20`` is a range, ``top-5`` a number."""
    left, right = text[max(0, start - 2) : start], text[end : end + 2]
    word = re.search(r"([^\W\d_]+)-$", text[:start])
    glued_left = left[-1:] in ("-", "/", "@") and left[:1].isalpha() and not (word and word[1] in ("top", "first", "last"))
    glued_right = right[:1] == "-" and right[1:].isalpha() and not re.match(r"-stars?(?!\w)", text[end:])
    return glued_left or glued_right


def _figure(digits: str, counted: bool) -> float:
    """Commas, blanks, apostrophes and several points between groups of three divide thousands, and one point where whole things are counted; any other comma is a decimal one."""
    if re.fullmatch(r"\d{1,3}(?:\.\d{3}){2,}|[1-9]\d{0,2}\.\d{3},\d+", digits) or (counted and re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", digits)):
        return float(digits.replace(".", "").replace(",", "."))
    if re.fullmatch(r"\d{1,3}(?:[ ,']\d{3})+(?:\.\d+)?", digits):
        return float(re.sub("[ ,']", "", digits))
    return float(digits.replace(",", "."))


def _scale(word: str | None) -> float:
    said = (word or "").strip()
    return SCALES.get(said, SCALES.get(said.removesuffix("s"), 1.0))


def _number(value: float, unit: str) -> Number:
    if unit.startswith(("%", "per", "pct")):
        return Number(value, "percent")
    if unit:
        table = BINARY if re.fullmatch(r"[ptgmk]ibs?", unit) else BYTES
        return Number(value * table[unit[0]], "bytes")
    return Number(value)
