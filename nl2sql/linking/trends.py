"""Questions whether something goes up or down, as the two amounts, or the amounts over time, that answer them: sales in August compared with September."""

import re
from collections.abc import Iterator

from nl2sql.linking.dates import MONTHS

_amounts = (
    r"(?:numbers?|counts?|amounts?|shares?|rates?|averages?|totals?|sales|revenues?|turnover|prices?|scores?|quality|completeness|freshness|validity|uniqueness|accuracy|trust|uptime|energy|latency"
    r"|incidents|outages|intrusions|denials|queries|questions|alerts|failures|requests|purchases|orders|withdrawals|consents|grants|exports|downloads|checks|violations|disputes|claims|ratings?|events|rounds)"
)
"""What there is more or less of: a node that goes down has an outage."""
_what = rf"(?P<what>(?:(?!\bfrom\b|\bsince\b)[^?.!;:,]){{0,80}}?\b{_amounts}\b(?:(?!\bfrom\b|\bsince\b)[^?.!;:,]){{0,80}}?)"
_moves = (
    r"(?:(?:go|going|gone|went|goes) (?:up|down)|ris(?:e|en|ing)|rose|increas(?:e|ed|ing)|decreas(?:e|ed|ing)|fall(?:en|ing)?|fell|drop(?:ped|ping)?|gr[eo]w(?:n|ing)?|shr[aiu]nk|shrinking"
    r"|climb(?:ed|ing)?|sink(?:ing)?|sank|on the rise|improv(?:e|ed|ing)|worsen(?:ed|ing)?|declin(?:e|ed|ing)|develop(?:ed|ing)?|evolv(?:e|ed|ing)|get(?:ting)? (?:any )?(?:better|worse|more|fewer|less)|got(?:ten)? (?:any )?(?:better|worse))"
)
_head = r"(?:^|(?<=[.!?;:,] )|(?<=see )(?=how )|(?<=know )(?=how )|(?<=show me )(?=how ))(?P<head>(?:(?:and|so|but|tell me|please) )?(?:(?:how )?(?:did|do|does|have|has|had|is|are|was|were) |how (?=the |our ))(?:(?:the|our|we see) )?)"
_time = rf"(?:(?:{'|'.join(MONTHS)})[a-z]*|q[1-4]|(?:this|last|the (?:first|second|third|fourth|last)) (?:week|month|quarter|year)|20\d\d)(?: (?:of )?20\d\d)?"
FROM_TO = re.compile(rf"{_head}{_what} (?P<verb>{_moves} (?:(?:at all|much) )?from )(?P<one>{_time})(?P<to> to ){_time}\b", re.I)
IN_ONE = re.compile(rf"{_head}{_what}(?P<verb> {_moves}(?: at all| much)?)(?: in| over| during)? (?P<which>this|(?:the )?last) (?P<unit>week|month|quarter|year)\b", re.I)
SINCE = re.compile(rf"{_head}{_what} (?P<verb>{_moves}(?: at all| much)?)(?= since {_time})", re.I)
OVER_TIME = re.compile(rf"{_head}{_what} (?P<verb>(?:been )?{_moves}(?: at all| much)?)(?= ?(?:[?.!]|$))", re.I)


MORE_THAN = re.compile(
    rf"^\W*(?P<head>(?:(?:and|so) )?(?:(?:are|were|is|was) there |did we (?:have|see) |have we (?:had|seen) )?(?:any )?more )(?:\w+ ){{0,4}}?{_amounts}(?P<then> than last (?P<unit>week|month|quarter|year))(?=\W*$)", re.I
)
COUNTED = re.compile(r"\b(?:numbers?|counts?) of\b|\b(?:sales|incidents|outages|intrusions|denials|queries|questions|alerts|failures|requests|purchases|orders|withdrawals|exports|downloads|violations|disputes|events)$", re.I)
"""What is counted for each month; other amounts are measured one by one."""


def trends(question: str) -> Iterator[tuple[int, int, str]]:
    """Where a question asks whether something moves, and what stands there in one for the amounts."""
    if found := FROM_TO.search(question):
        yield *found.span("head"), ""
        yield *found.span("verb"), "in "
        yield *found.span("to"), " compared with "
    elif found := IN_ONE.search(question):
        yield *found.span("head"), ""
        yield *found.span("verb"), ""
        before = f"last {found['unit']}" if found["which"].lower() == "this" else f"the {found['unit']} before"
        yield found.end(), found.end(), f" compared with {before}"
    elif found := MORE_THAN.search(question):
        yield *found.span("head"), ""
        yield *found.span("then"), f" this {found['unit']} compared with last {found['unit']}"
    elif (found := SINCE.search(question)) or (found := OVER_TIME.search(question)):
        yield *found.span("head"), ""
        yield *found.span("verb"), "per month" if COUNTED.search(found["what"]) else "over time"
