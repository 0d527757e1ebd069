"""Which way data flow: what is made of a dataset has it upstream, what feeds one has it downstream.

The model knows both ways, and mistakes one for the other in questions of a wording that it has seldom seen.
"""

import re
from dataclasses import replace

from nl2sql.errors import BadPlan
from nl2sql.linking.mentions import Linked
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Condition, Exists, Item, Or, Predicate, Query, Segment
from nl2sql.plan.tokens import spelled
from nl2sql.readings.conversation import NEXT
from nl2sql.said.flows import DOWNSTREAM, SIDES, UPSTREAM
from nl2sql.said.parts import plain, tests_of

KINDS = ("lineage.upstream_kind", "lineage.downstream_kind")
_thing = r"(?:the |our |my )?(?:(?:data ?set|table|model|corpus|report|dashboard) )?(?P<slot>(?:dataset|model)\d)\b"
_things = r"(?: (?:datasets?|models?|reports?|things|assets|tables|data|sources))?"
MADE = (
    r"(?:built|based|made|derive[ds]?|deriving|generated|filtered|extracted|copied|translated|annotated|aggregated|computed|calculated|created|produced|distilled|cleaned|drawn|sampled"
    r"|assembled|compiled|composed|constructed|put together|descend(?:s|ed)?|stems?|originates?|come|comes|came|coming|taken|sourced)"
)
"""How a thing is made of another one."""
YOUNG = rf"(?:children|child|descendants?|offspring|consumers?|dependents?|dependants?|derivatives?|derivations?|successors?|spin-?offs?|end products?|downstreams?{_things})"
OLD = rf"(?:parents?|ancestors?|ancestry|sources?|inputs?|origins?|ingredients?|predecessors?|feeders?|provenance|upstreams?{_things})"
"""What things are to what is made of them, and what they are made of."""
_is = r"(?: ?[-,:–]+)?(?: (?:is|are|was|were|be|been|has|have|had|it|they|being|made|directly|originally|itself|only|data|actually|partly|once)){0,3}"
_direct = r"(?:direct |immediate |raw |original )?"
_article = r"(?:directly )?(?:the |an? )?"
SAYS_UPSTREAM = tuple(
    map(
        re.compile,
        (
            rf"\b{MADE}(?: \w+ly)? (?:from|out of|on|upon|off|on top of|with|by)(?: data (?:from|of|in))? {_thing}",
            rf"\b{YOUNG} (?:of|from|to) {_thing}",
            rf"\b(?:annotations?|translations?|(?:annotated|translated|filtered|cleaned) (?:versions?|copies)) (?:of|from) {_thing}",
            rf"\b(?:depend(?:s|ing)?|rel(?:y|ies|ying)|rests?|sits?|sitting|hangs?|hanging) (?:\w+ly )?(?:on|upon|off|on top of) {_thing}",
            rf"{_thing}(?:'s?)? {_direct}(?:children|descendants|offspring|consumers|dependents|dependants|derivatives)\b",
            rf"{_thing} (?:directly |also |still )?(?:feeds?(?! (?:on|from|off)\b)|flows? (?:in)?to|goes? into|supplies)\b",
            rf"\b(?<!is )(?<!are )(?:downstream (?:of|from)|below|underneath) {_thing}",
            rf"{_thing} (?:is |are |was )?{_article}(?:upstream|source|input|parent|ancestor|origin) (?:of|for|to)\b",
        ),
    )
)
"""What says that something is made of a dataset."""
SAYS_DOWNSTREAM = tuple(
    map(
        re.compile,
        (
            rf"\b(?:feeds?|feeding|supply|supplies|supplying|populates?|populating) (?:directly )?(?:into )?{_thing}",
            rf"\b(?:flow(?:s|ing|ed)?|goes|go|went|going|poured|comes|come)(?: \w+ly| straight)? (?:in)?to {_thing}",
            rf"\b(?<!open )(?<!data ){OLD} (?:of|for|to|behind) {_thing}",
            rf"{_thing}(?:'s?)? {_direct}(?:parents|sources?|inputs|ancestors|ancestry|origins?|ingredients|provenance|upstreams?)\b(?! (?:of|for)\b)",
            rf"{_thing}{_is} {MADE}(?: \w+ly)? (?:from|out of|of|on|upon|off)(?! the owner)\b",
            rf"{_thing} (?:\w+ly )?(?:(?:depends?|rel(?:y|ies)|rests?|draws?) (?:on|upon|from)|uses?)\b",
            rf"\b(?<!is )(?<!are )(?:upstream (?:of|from)|above) {_thing}",
            rf"{_thing} (?:is |are |was )?{_article}(?:downstream|child|derivative|descendant|dependent) (?:of|from|to)\b",
        ),
    )
)
"""What says that a dataset is made of something."""
_and = r"(?: of (?:dataset|model)\d)?(?:,? and|,? as well as|,? plus| ?&| ?/)(?: \w+)? "
BOTH_WAYS = re.compile(
    rf"\b(?:{OLD}{_and}{YOUNG}|{YOUNG}{_and}{OLD})\b(?! (?:kinds?|columns?|types?))|\b(?:both|either|each|all) (?:directions?|ways|sides)\b|\bneighbou?rs\b"
    r"|\bfeeds (?:dataset|model)\d,? and what (?:does )?(?:dataset|model)\d feeds?\b"
)
"""Asks for what a thing is made of and for what is made of it."""

_either = r"(?:from |on |of |in |by )?(?:the |our |my )?((?:dataset|model)\d)\b"
BOTH = re.compile(rf"\bboth {_either},? (?:and|as well as) (?:also )?{_either}")
BUT_NOT = re.compile(rf"\b{_either},? (?:but|and|yet) (?:(?:are |is |was |were |do |does )?not|never|n't) (?:use |also )?{_either}|\b{_either} without (?:also )?(?:using )?{_either}")
"""Names two things that something is made of, or one that it is made of and one that it is not made of."""


def the_right_way(query: Query, linked: Linked) -> Query:
    """Flows in the direction that the words say, where no condition agrees with them: the ends of all flows change places."""
    if NEXT in linked.text:
        return query
    said = _ends(linked.text)
    agree = [said[t.value] == t.column for t in tests_of(query) if isinstance(t, Condition) and t.op == "EQ" and t.column in SIDES and t.value in said]
    return _turned(query) if agree and not any(agree) else query


def both_ways(query: Query, linked: Linked) -> Query:
    """Sources and consumers of a dataset are the flows into it and those out of it."""
    is_list = query.view == "lineage" and not (query.is_grouped or query.joins or query.limit or any(isinstance(p, Exists) for p in query.where))
    if not is_list or NEXT in linked.text or not BOTH_WAYS.search(linked.text):
        return query
    about = [p for p in query.where if _slots(p)]
    slots = {slot for p in about for slot in _slots(p)}
    if len(about) != 1 or len(slots) != 1:
        return query
    (slot,) = slots
    rest = tuple(p for p in query.where if p not in about and not (isinstance(p, Condition) and p.column in KINDS))
    either = Or(Condition(UPSTREAM, "EQ", slot), Condition(DOWNSTREAM, "EQ", slot))
    return replace(query, where=(either, *rest), select=tuple(dict.fromkeys((*(Item("", (side,)) for side in SIDES), *query.select))))


def made_of_both(query: Query, linked: Linked) -> Query:
    """What is made of both of two things, or of one but not of the other, is one thing with two flows, or without the second."""
    both, but_not = BOTH.search(linked.text), BUT_NOT.search(linked.text)
    found = both or but_not
    is_list = query.view == "lineage" and not (query.is_grouped or query.joins or query.limit or Segment("lineage:column_level") in query.where)
    if not is_list or found is None or NEXT in linked.text:
        return query
    one, other = (f"@{slot}" for slot in found.groups() if slot)
    about = [p for p in query.where if _slots(p) & {one, other}]
    sides = {t.column for p in about for t in plain(p) if isinstance(t, Condition) and t.column in SIDES and t.value == one}
    if len(sides) != 1 or any(isinstance(p, Exists) for p in about):
        return query
    (side,) = sides
    first, second = Condition(side, "EQ", one), Condition(side, "EQ", other)
    rest = tuple(p for p in query.where if not any(isinstance(test, Condition) and test.value in (one, other) for test in plain(p)))
    having = (Item("COUNT_DISTINCT", (side,)), "EQ", "2") if both else (Item("COUNT_IF", (), (second,)), "EQ", "0")
    return replace(query, where=(Or(first, second), *rest), select=(Item("", (SIDES[side],)),), having=having, order=None)


def _ends(text: str) -> dict[str, str]:
    """At which end of a flow each thing is said to be, where that is clear."""
    found: dict[str, set[str]] = {}
    for end, says in ((UPSTREAM, SAYS_UPSTREAM), (DOWNSTREAM, SAYS_DOWNSTREAM)):
        for match in (match for pattern in says for match in pattern.finditer(text)):
            found.setdefault(f"@{match['slot']}", set()).add(end)
    return {slot: ends.pop() for slot, ends in found.items() if len(ends) == 1}


def _turned(query: Query) -> Query:
    """The query with all flows the other way round; as it was where there is no such plan."""
    other = {"upstream": "downstream", "downstream": "upstream"}
    tokens = [re.sub(r"(?<=lineage\.)(upstream|downstream)", lambda end: other[end[1]], token) for token in spelled(query).split()]
    try:
        turned = parse(tokens)
    except BadPlan:
        return query
    return turned if isinstance(turned, Query) else query


def _slots(predicate: Predicate) -> set[str]:
    """The things that a condition names as an end of a flow."""
    return {test.value for test in plain(predicate) if isinstance(test, Condition) and test.column in SIDES and test.op == "EQ"}
