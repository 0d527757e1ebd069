"""Finds numbers and their units in a question: ``10 GB``, ``1.5k``, ``two hundred``, ``90 %``, ``10-20``.

The unit word stays in the text after the slot, which is how the model knows it.
"""

import re

from nl2sql.linking.mentions import Draft
from nl2sql.values import Number

UNITS = {w: n for n, w in enumerate(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"])}
TENS = {w: 10 * n for n, w in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)}
MULTIPLIERS = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
SCALES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9, "billion": 1e9, "trillion": 1e12}
BYTES = {"t": 1e12, "g": 1e9, "m": 1e6, "k": 1e3, "b": 1.0}
BINARY = {"t": 2.0**40, "g": 2.0**30, "m": 2.0**20, "k": 2.0**10}

_unit = r"(?P<unit> ?(?:%|percents?|per cent|pct|[tgmk]i?b|terabytes?|gigabytes?|megabytes?|kilobytes?|gigs?|bytes)(?!\w))?"
_digits = r"(?P<digits>\d{1,3}(?:[ ,]\d{3})+(?!\d)(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+)"
FIGURES = re.compile(rf"(?<![\w.,]){_digits}(?P<scale> ?(?:k|mn|mio|million|bn|billion|trillion|thousand|m|b)(?!\w))?(?:{_unit}(?!\w)|(?=(?:h|hrs?|d|w|s|secs?|ms|mins?)(?!\w)))")
ASKED = re.compile(r"(?<![\w.-])(?P<unit>[ptgmk]b|(?:peta|tera|giga|mega|kilo)bytes?|gigs|bytes)(?![\w-])")
AMOUNT_BEFORE = re.compile(r"(?:(?<!\w)(?:an?|one|half|per|each|every|few|several|single|multi|hundreds of|thousands of)|/|\d)[ -]?$")
_word = "|".join([*UNITS, *TENS, *MULTIPLIERS])
WORDS = re.compile(rf"(?<![\w-])(?P<words>(?:(?:a|half a) (?={'|'.join(MULTIPLIERS)}))?(?:{_word})(?:(?:[ -]| and )(?:{_word}))*)(?![\w-]){_unit}")
ALONE = ("one", "zero", "hundred", "thousand", "million", "billion", "dozen")
"""Words that are no amount on their own: ``this one``."""


def find_numbers(draft: Draft) -> None:
    """Take every number that nothing else has taken."""
    for match in FIGURES.finditer(draft.text):
        end = match.end("scale") if match["scale"] else match.end("digits")
        if _inside_identifier(draft.text, match.start(), end) or not draft.free(match.start(), end):
            continue
        value = _figure(match["digits"]) * SCALES.get((match["scale"] or "").strip(), 1.0)
        draft.add(match.start(), end, "number", _number(value, (match["unit"] or "").strip()))
    for match in WORDS.finditer(draft.text):
        if match["words"] not in ALONE and draft.free(match.start(), match.end("words")):
            draft.add(match.start(), match.end("words"), "number", _number(spoken(match["words"]), (match["unit"] or "").strip()))


def asked_unit(draft: Draft) -> str:
    """The unit that a result is asked in, a key of `BYTES_IN`: ``how many terabytes``, ``size in GB``.

    Not one that belongs to an amount: ``more than 10 GB``, ``over a terabyte``, ``price per GB``.
    """
    for match in ASKED.finditer(draft.text):
        amount = AMOUNT_BEFORE.search(draft.before(match.start())) or any(m.kind == "number" and 0 <= match.start() - m.end <= 1 for m in draft.found)
        if not amount and draft.free(match.start(), match.end()):
            first = match["unit"][0]
            return "bytes" if first == "b" else f"{first.upper()}B"
    return ""


def spoken(text: str) -> float:
    """The value of number words: ``two hundred and fifty`` → 250."""
    total, group = 0.0, 0.0
    for word in re.split(r"[ -]", text.replace(" and ", " ").replace("half a ", "half ").removeprefix("a ")):
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
    glued_right = right[:1] == "-" and right[1:].isalpha()
    return glued_left or glued_right


def _figure(digits: str) -> float:
    """Commas and blanks between groups of three divide thousands, any other comma is a decimal one."""
    if re.fullmatch(r"\d{1,3}(?:[ ,]\d{3})+(?:\.\d+)?", digits):
        return float(re.sub(r"[ ,]", "", digits))
    return float(digits.replace(",", "."))


def _number(value: float, unit: str) -> Number:
    if unit.startswith(("%", "per", "pct")):
        return Number(value, "percent")
    if unit:
        table = BINARY if re.fullmatch(r"[tgmk]ib", unit) else BYTES
        return Number(value * table[unit[0]], "bytes")
    return Number(value)
