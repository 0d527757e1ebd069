"""Readings that the words of the question rule out: asking which one is meant of who points at nothing, refusing as a change what changes nothing."""

import re
from collections.abc import Sequence
from dataclasses import replace

from nl2sql.embedded.parser import Candidate
from nl2sql.linking.mentions import SENTENCE_END
from nl2sql.plan.language import AskBack, AskWhich, Decline, Plan, Query
from nl2sql.readings.choice import shown_both
from nl2sql.readings.conversation import NEXT
from nl2sql.said.flows import ANY_DEPTH

POINTING = {
    "person": re.compile(r"(?<!\w)(?:i|i'm|i've|me|my|mine|he|him|his|she|her|hers|they|them|their|this|that|these|those|person|somebody|someone|user|colleague|boss|guy|one|x)(?!\w)"),
    "": re.compile(r"(?<!\w)(?:i|me|my|mine|we|us|our|ours|it|its|he|she|they|them|their|this|that|these|those|there|here|one|ones|the|both|x|y|am)(?!\w)"),
}
"""Words that point at something without naming it; at a person not those of all who ask."""
_POLITE = r"(?:(?:(?:could|can|would|will) (?:you|somebody|someone|anybody|we)|please|pls|kindly|and|now|i'd like to|i want to|let's) )*"
OF_OURS = re.compile(r"(?<!\w)(?:which|what|how many|all|any|each|every|none|most|one|who) of (?:our|my) (?=\w+s(?!\w))")
"""What points at nothing although it has a word that does: which of our owners."""
NO_CHANGE = re.compile(rf"{_POLITE}(?:translate|explain|read (?:out|aloud|me)|summari[sz]e)(?!\w)")
"""How a wish begins for what is only to be said, which changes nothing in a catalog."""
CHANGE = re.compile(
    rf"{_POLITE}(?:(?:turn|switch) (?:off|on)|disable|enable|deactivate|activate|revoke|assign|reassign|extend|rename|lower|raise|unpublish|publish|approve|withdraw|suspend|cancel|set|mark|close"
    r"|ack(?:nowledge)?|resolve|add|create|remove|delete|erase|grant|give)(?!\w)"
)
"""How a request for a change begins."""
THING = re.compile(r"\b(?:dataset|model)\d\b")
"""What may be one end of a flow."""
FLOW = re.compile(r"\b(?:feeds?|fed|from|into|upstream|downstream|flows?|built|made|sources?|comes?|assembled|parents?|child(?:ren)?|ancestors?|inputs?)\b")
"""Words for what goes from one thing into another."""
LEAST = 0.1
"""How likely a request for a change has to be for the verb that it begins with to tell it, and a query for a name told before to need no asking."""
REFUSED = 0.5
"""How likely it is that what has no other reading is to be refused."""
ALL_ONE = frozenset(("lineage.downstream", "models.trained_on", "lineage.depth", "lineage.downstream_kind"))
"""What a flow says all of: where it goes, models among it, and how far that is."""
FAINT = 0.03
"""How likely a query has to be for a question back about flows to be none."""


def is_ruled_out(plan: Plan, text: str) -> bool:
    """Whether the words of the question cannot mean a plan that is no query; those of a dialogue may point at what was said before."""
    if NEXT in text:
        return False
    match plan:
        case AskWhich(kind):
            return not POINTING.get(kind, POINTING[""]).search(OF_OURS.sub(" ", text))
        case AskBack(choices):
            return _is_one_flow({item.args[0] for item in choices if item.args}, text)
        case Decline("CHANGE"):
            return bool(NO_CHANGE.match(text))
        case _:
            return False


def _is_one_flow(asked: set[str], text: str) -> bool:
    """Whether one answer holds all of what is asked: the flows of a thing that the question names, those between two of them, all of where it goes, or all that is behind it."""
    if "lineage.downstream" in asked and asked <= ALL_ONE:
        return True
    if {"lineage.upstream", "lineage.downstream"} & asked and ANY_DEPTH.search(text):
        return True
    of_flows = {token for token in asked if token.startswith("lineage.")}
    has_two_ends = bool(of_flows) and len(set(THING.findall(text))) > 1
    return has_two_ends or (of_flows == asked and bool(THING.search(text) and FLOW.search(text)))


def possible(candidates: Sequence[Candidate], text: str) -> list[Candidate]:
    """Readings without those that the words rule out, whose probability the others share."""
    if NEXT in text or not candidates:
        return list(candidates)
    candidates = shown_both(candidates)
    is_told = len(SENTENCE_END.split(text)) > 1 and any(isinstance(c.plan, Query) and c.probability >= LEAST for c in candidates)
    is_answered = any(isinstance(c.plan, Query) and c.probability >= FAINT for c in candidates)
    kept = [c for c in candidates if not _is_out(c.plan, text, is_told, is_answered)]
    if not kept:
        return [Candidate(Decline("REFUSE"), ("REFUSE",), REFUSED)]
    rest = 1.0 - sum(c.probability for c in candidates if c not in kept)
    shared = [replace(c, probability=min(c.probability / max(rest, c.probability), 1.0)) for c in kept]
    return _change_told(shared, text)


def _is_out(plan: Plan, text: str, is_told: bool, is_answered: bool) -> bool:
    """Whether a reading is none beside the others: what was told before needs no asking, and a question back stays where there is no query in its place."""
    match plan:
        case AskWhich():
            return is_told or is_ruled_out(plan, text)
        case AskBack():
            return is_answered and is_ruled_out(plan, text)
        case _:
            return is_ruled_out(plan, text)


def _change_told(candidates: list[Candidate], text: str) -> list[Candidate]:
    """Readings with a request for a change, where its verb tells it, as likely as all together that are no query."""
    change = next((c for c in candidates if c.plan == Decline("CHANGE") and c.probability >= LEAST), None)
    if change is None or isinstance(max(candidates, key=lambda c: c.probability).plan, Query) or not CHANGE.match(text):
        return candidates
    unanswered = sum(c.probability for c in candidates if not isinstance(c.plan, Query))
    return [replace(change, probability=unanswered), *(c for c in candidates if isinstance(c.plan, Query))]
