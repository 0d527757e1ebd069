"""What only the asker knows and the likeliest reading makes up or leaves out: since when, how much, of which things, owner or steward. Asks no model."""

import re
from functools import cache

from catalog.semantic import views
from nl2sql.embedded.parser import Candidate
from nl2sql.linking.mentions import SENTENCE_END
from nl2sql.linking.vocabulary import words
from nl2sql.plan.language import NUMBERS, AskBack, AskWhich, Item, Query, column_of
from nl2sql.plan.tokens import spelled

_AMOUNT = r"(?<!how )(?<!as )(?<!a )(?:few|slow|cheap|expensive|old|poor|weak|large|big|small|short|bad)(?! as)(?! (?:enough|or)\b)"
VAGUE = re.compile(rf"\b{_AMOUNT}\b")
"""Words for an amount that tell none."""
HAS_OR_IS = rf"(?:is|are|was|were|too|very|really|quite|rather|with|without|have|has|had|having)(?: an?)? {_AMOUNT}\b"
"""Where such a word tells rows apart, and is no part of a name: large language models."""
MANY = re.compile(r"(?<!how )(?<!as )(?<!a )\b(?:many|few|lots of|a lot of|plenty of|loads of|tons of|hardly any)\b(?! as\b)")
"""Counts that tell none."""
TOO = re.compile(r"\btoo (?:long|slow|slowly|large|big|small|short|old|many|few|high|low|expensive|often|late|much|little|rarely|seldom)\b")
"""Amounts beyond a bound that is not told."""
TELLS = re.compile(r"\d|\b(?:one|two|three|four|five|ten|single|once|twice|only a|no)\b")
"""What tells an amount after all."""
RECENT = re.compile(r"(?:^|\b(?:the|any|our|my|some|all|show|list) )recent (?!\w+ is\b)|(?<!most )(?<!least )(?<!more )\b(?:lately|recently|of late)\b")
"""Words for a time that tell none."""
BOUND = re.compile(r"(?:period|number)\d")
"""A time or an amount that is told."""
AS_USUAL = re.compile(r"\b(?:averages?|avg|half|par|mean|typical(?:ly)?|usual(?:ly)?|normal(?:ly)?|median|most|others?|rest|than)\b")
"""What an amount is held against after all."""
SIZED = re.compile(r"\b(?:low|high|small|large|big|little|poor|weak|cheap|expensive|slow|fast|long|short|old|good|bad|heavy|strong|unreliable|shaky)\b")
"""Words for an amount that a plan may take for one beyond the mean."""
SOON = re.compile(r"(?<!as )(?<!how )\b(?:soon|shortly)\b(?! (?:as|after|before|afterwards)\b)|\bbefore long\b|\bin the near future\b")
"""Words for a time to come that tell none."""
LONG_AGO = re.compile(r"\b(?:in|for) (?:ages|forever|an eternity|a (?:very |really )?long (?:time|while))\b|\bages ago\b|(?<!how )\blong ago\b|\ba (?:good )?while (?:ago|back)\b")
"""Words for a time past that tell none."""
THEM = re.compile(r"(?P<before>[^.?!;:]*?)\b(?:of (?:these|those)(?! \w+s\b)|them|they)(?!\w)")
"""A question about things that stand for others, up to where it says so."""
ASKING = frozenset(("and", "so", "but", "ok", "okay", "then", "now", "of", "how", "many", "much", "number", "which", "what", "list", "show", "most", "some", "any", "all", "both", "each", "are", "is", "do", "does", "did", "has", "have"))
"""Words that name no things."""
TURN_TO = re.compile(
    r"\b(?:responsible|in charge|accountable|person to (?:ask|call|talk)|(?:turn|talk|speak|write|go|complain|reach out) to|(?:yell|shout) at|get in touch with|go-to|whom? (?:do|should|can|must|shall) (?:i|we) (?:ask|call|ping|e?-?mail|chase|bother))\b"
)
"""What one has a person for, be it the owner or the steward."""
OWN_OR_LOOK_AFTER = re.compile(r"\b(?:own|owns|owner|owned|stewards?|looks? after|person)\b")
"""What tells which of them is meant."""
OWNERS = ("datasets.owner", "datasets.steward")
"""Whom a dataset has."""


def untold(first: Candidate, text: str, said: str) -> AskBack | AskWhich | None:
    """The question back for what the likeliest reading leaves out or makes up; ``said`` is all that was said, the text what was read of it."""
    return _things_untold(first, said) or _time_untold(first, text) or _amount_untold(first, text) or _contact_untold(first, text)


def is_time(item: Item) -> bool:
    """Whether it is the value of a time column."""
    return bool(item.args) and "." in item.args[0] and column_of(item.args[0]).is_time


def _things_untold(first: Candidate, said: str) -> AskWhich | None:
    """Of which things, where the question only points at some: and how many of them are in Europe?"""
    found = THEM.match(said) if isinstance(first.plan, Query) else None
    before = set(words(found["before"])) if found else set()
    return AskWhich("dataset") if before and before <= ASKING else None


def _time_untold(first: Candidate, text: str) -> AskWhich | None:
    """Since or until when, where a word for it is read as a number of rows that the question does not have, as one of several times, or not at all."""
    is_told = bool(TELLS.search(text))
    is_vague = LONG_AGO.search(text) or SOON.search(text)
    if not is_told and is_vague and isinstance(first.plan, Query) and not _bounds_time(first.plan):
        return AskWhich("period")
    if not RECENT.search(text) and not SOON.search(text):
        return None
    if isinstance(first.plan, Query) and not BOUND.search(text) and _is_for_any_time(first.plan, SENTENCE_END.split(text)[-1]):
        return AskWhich("period")
    match first.plan:
        case AskBack(choices) if all(map(is_time, choices)):
            return AskWhich("period")
        case Query(order=(item, _), limit=limit) if not is_told and is_time(item) and limit in NUMBERS:
            return AskWhich("period")
    return None


def _is_for_any_time(query: Query, asking: str) -> bool:
    """Whether a query has no time at all where its question has a word for one that is past, or but the time to come where it has one for that."""
    said = spelled(query).split()
    if SOON.search(asking):
        return "FUTURE" in said and query.order is None
    return bool(RECENT.search(asking)) and not query.limit and _timed().isdisjoint(said)


@cache
def _timed() -> frozenset[str]:
    """The time columns of all views, and the named conditions that hold until now."""
    columns = {f"{name}.{column}" for name, view in views().items() for column in view.columns if column_of(f"{name}.{column}").is_time}
    return frozenset(columns | {f"{name}:{segment}" for name, view in views().items() for segment, meant in view.segments.items() if "{now}" in meant.sql})


def _bounds_time(query: Query) -> bool:
    """Whether rows are in the order of a time, or a condition is on one or has a name: stale."""
    if query.order is not None and is_time(query.order[0]):
        return True
    said = spelled(query).split()
    conditions = said[said.index("WHERE") : said.index("SELECT")] if "WHERE" in said else []
    return any(":" in token or (re.fullmatch(r"[a-z_]+\.[a-z_]+", token) and column_of(token).is_time) for token in conditions)


def _amount_untold(first: Candidate, text: str) -> AskWhich | None:
    """From which amount on, where the plan makes up a number for a word such as few, or has no condition at all for it."""
    query = first.plan
    if isinstance(query, Query) and "MEAN" in first.tokens and SIZED.search(text) and not BOUND.search(text) and not AS_USUAL.search(text):
        return AskWhich("number")
    if not isinstance(query, Query) or TELLS.search(text):
        return None
    is_counted = bool(MANY.search(text)) and query.order is not None and query.order[0].is_aggregate
    if (is_counted or TOO.search(text)) and query.limit in NUMBERS and not query.per:
        return AskWhich("number")
    if query.having is not None:
        is_vague = VAGUE.search(text) or MANY.search(text) or TOO.search(text)
        return AskWhich("number") if is_vague and query.having[2] in NUMBERS else None
    is_all = not query.where and query.order is None and not query.is_grouped
    return AskWhich("number") if is_all and re.search(rf"\b(?:{HAS_OR_IS}|{_AMOUNT} (?:{rows_said(query.view)})\b)", text) else None


@cache
def rows_said(view: str) -> str:
    """How the rows of a view are called, as one pattern."""
    return "|".join(re.escape(name.replace("_", " ").removesuffix("s")) + "s?" for name in (view, *views()[view].synonyms))


def _contact_untold(first: Candidate, text: str) -> AskBack | None:
    """Owner or steward, where the question asks for one to turn to and has neither word."""
    match first.plan:
        case Query(view="datasets", joins=(), order=None, select=(Item("", (column,)),)) if column in OWNERS and TURN_TO.search(text) and not OWN_OR_LOOK_AFTER.search(text):
            return AskBack(tuple(Item("", (c,)) for c in OWNERS))
    return None
