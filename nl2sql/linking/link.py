"""Replaces the values in a question by typed slots, so that the model reads ``datasets derived from dataset1``.

Order: quoted names, names said loosely, names of the index, spans of time, nearly spelt names, what events tell, columns, names that only look like one, numbers, topic words.
Spelling is mended before any of it.
"""

import re
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from nl2sql.linking.happened import find_happened, find_noticed
from nl2sql.linking.index import NameIndex
from nl2sql.linking.loose import find_loose
from nl2sql.linking.mentions import Draft, Linked, Mention
from nl2sql.linking.names import find_names, lookup
from nl2sql.linking.numbers import asked_unit, find_numbers
from nl2sql.linking.periods import find_periods
from nl2sql.linking.several import fold_lists
from nl2sql.linking.spelling import find_nearly_names, mend
from nl2sql.linking.strangers import find_strangers
from nl2sql.linking.topics import find_described, find_topics
from nl2sql.linking.unheard import asked_part, find_row_id
from nl2sql.linking.unknown import find_columns, find_dotted, find_identifiers, find_positioned, find_quoted
from nl2sql.linking.vocabulary import ENGLISH, LEXICON, words
from nl2sql.readings.conversation import NEXT
from nl2sql.values import Text

__all__ = ["ENGLISH", "LEXICON", "Linked", "Mention", "link"]


_filed = r"(?i:ticket|case|request|issue|incident|task|jira|ref(?:erence)?)[ :#-]*(?:[A-Z]{2,6}-)?\d{1,6}"
_note = r" ?[(\[][^)\]]{1,20}[)\]]"
TICKETS = (
    re.compile(rf"^\W*(?:{_filed}|(?P<id>(?!ISO|RFC|SHA)[A-Z]{{2,8}}(?:[-#]\d{{1,6}}|\d{{3,6}})))(?:(?:{_note})? ?(?::|//|\||[–-](?= )|–) ?|{_note} )(?=\w)"),
    re.compile(r"^\[(?:P|S|SEV)-?[0-5]\]\W*(?=\w)(?P<id>)"),
    re.compile(rf"(?:(?<=[.?!;,]) ?|(?<=\w) ?[(\[])(?:{_filed}|(?P<id>[A-Z]{{2,6}}-\d{{1,6}}))[.)\]]*$"),
)
"""What a question is filed under, before it or behind it: AUD-311, ticket 4711, REQ#88 //, [P1]."""
AGAINST = re.compile(r"(?: [\w-]+)?,? (?:and|or|vs\.?|versus|against|compared (?:to|with)) (?:(?:in|from|of|for|on) )?(?:the )?|/")
"""What stands between two places that are compared or listed: EU nodes and US nodes."""
IN_THE_EU = frozenset(("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"))
CLAUSE_END = ";;"
"""Stands for the end of a turn where spans of time are found: as long as its mark, and ends one as a clause does."""
MACHINES = re.compile(r"(?<!\w)(?:nodes?|machines?|servers?|sites?|hosts?|operators?)(?!\w)")
OTHER_THINGS = re.compile(r"(?<!\w)(?:data ?sets?|data|tables?|corpora|models?)(?!\w)")
"""What stands in a country, and what rather is in a language."""
OWN_NODE = re.compile(r"(?<!\w)(?:my|our) (?:own )?(?:nodes?|machines?|servers?|box(?:es)?|sites?)(?!\w)")


def link(question: str, index: NameIndex, now: datetime, own_node: str = "") -> Linked:
    """Find the values in a question; ``my node`` is ``own_node`` where the asker has one.

    Case is kept only for what a quoted or unknown name says.
    """
    draft = mend(_unfiled(" ".join(question.replace("’", "'").replace("‘", "'").split()), index), index)
    again = replace(draft, eager=True, found=[])
    linked = _found(draft, index, now, own_node)
    return replace(linked, also=_found(again, index, now, own_node)) if draft.passed_over else linked


def _unfiled(question: str, index: NameIndex) -> str:
    """The question without the number it is filed under, unless the catalog knows that as a name."""
    for pattern in TICKETS:
        match = pattern.search(question)
        if match and not lookup(index, list(words(match["id"] or ""))):
            question = (question[: match.start()] + question[match.end() :]).strip()
    return question


def _places_alike(draft: Draft) -> None:
    """A country beside a jurisdiction is one too, EU against US, unless it is a part of it."""
    places = sorted((m for m in draft.found if m.kind in ("country", "jurisdiction")), key=lambda m: m.start)
    for left, right in pairwise(places):
        country = left if left.kind == "country" else right
        if left.kind != right.kind and isinstance(country.value, Text) and not IN_THE_EU & {*country.value.values} and AGAINST.fullmatch(draft.text[left.end : right.start]):
            draft.found[draft.found.index(country)] = replace(country, kind="jurisdiction")


def _ones_alike(draft: Draft, index: NameIndex) -> None:
    """The German ones, where the last that was spoken of are machines, stand in Germany."""
    for said in [m for m in draft.found if m.kind == "language" and re.match(r" ones?(?!\w)", draft.right(m.end))]:
        machines = [m.end() for m in MACHINES.finditer(draft.text, 0, said.start)] + [m.end for m in draft.found if m.kind == "node" and m.end <= said.start]
        others = [m.end() for m in OTHER_THINGS.finditer(draft.text, 0, said.start)] + [m.end for m in draft.found if m.kind in ("dataset", "model") and m.end <= said.start]
        country = (lookup(index, list(words(said.surface))) or {}).get("country")
        if country and max(machines, default=0) > max(others, default=0):
            draft.found[draft.found.index(said)] = replace(said, kind="country", value=Text(tuple(country)))


def _found(draft: Draft, index: NameIndex, now: datetime, own_node: str) -> Linked:
    for own in OWN_NODE.finditer(draft.text) if own_node else ():
        draft.add(own.start(), own.end(), "node", Text((own_node,)))
    find_quoted(draft, index)
    find_noticed(draft, index)
    find_loose(draft, index)
    find_names(draft, index)
    find_described(draft, index)
    _places_alike(draft)
    _ones_alike(draft, index)
    row = find_row_id(draft, index)
    for found in find_periods(draft.text.replace(NEXT, CLAUSE_END), now):
        if draft.free(found.start, found.end):
            draft.add(found.start, found.end, "period", found.period)
    find_nearly_names(draft, index)
    find_happened(draft, index)
    find_strangers(draft, index)
    find_columns(draft, index)
    find_dotted(draft)
    find_identifiers(draft, index)
    find_positioned(draft)
    find_numbers(draft)
    find_topics(draft, index)
    fold_lists(draft)
    linked = draft.linked(asked_unit(draft))
    return replace(linked, bindings={**linked.bindings, **row}, part=asked_part(linked.text), metrics=index.metrics, detectors=index.detectors)
