"""The shipped model as a backend: reads the linked question into plans and compiles them."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Protocol

from catalog.semantic import views
from nl2sql.backends.base import Clarify, Context, Decline, Draft, SqlDraft
from nl2sql.backends.reply import asked_or_declined
from nl2sql.change import says_delete
from nl2sql.conversation import NEXT
from nl2sql.embedded.parser import Candidate, EmbeddedParser
from nl2sql.errors import BadPlan
from nl2sql.explain import explain
from nl2sql.linking.asked import asking_sentence, turns
from nl2sql.linking.mentions import Linked, Mention
from nl2sql.linking.vocabulary import stems, words
from nl2sql.plan import AskBack, Condition, Plan, Query, Scope, column_of, full_scope
from nl2sql.plan import Decline as DeclinePlan
from nl2sql.plan_canonical import canonical
from nl2sql.plan_own_time import in_own_time
from nl2sql.plan_parts import ENTITIES
from nl2sql.plan_sql import compile_query
from nl2sql.plan_tokens import spelled
from nl2sql.values import Number, Text

READINGS = 6
"""Beams searched where the greedy reading is unsure."""
UNSURE = 0.95
"""Probability of a greedy reading below which others are searched: one of them is often likelier, and right."""
HALF = 0.5
"""Probability from which a reading is the greedy one, whatever others there are."""
SHOWN = 0.04
"""How likely a reading with other columns is, beside the likeliest of the same rows, for its columns to be shown too: one too many harms nobody."""
SURE = 0.8
"""Probability from which a question back is asked, whatever words the question has for one of its choices."""
OFFERED = 3
"""Readings offered at most."""
OFFERED_NAMES = 8
"""Names offered at most."""


class PlanReader(Protocol):
    """What reads a linked question into plans; ``about`` may hold a ``calibration``."""

    @property
    def about(self) -> Mapping[str, Any]:
        """What is known of the model."""
        ...

    def read(self, question: str, scope: Scope, beams: int = 4) -> list[Candidate]:
        """Plans within ``scope``, likeliest first. Raises `BackendUnavailable`."""
        ...

    def weight(self, question: str, tokens: Sequence[str]) -> float:
        """A second opinion: what the words of the question add to the log-probability of a plan."""
        ...


class EmbeddedBackend:
    """Question to SQL through the plan language.

    The grammar spans the whole public schema: what this asker may not use is for the guard to deny by name of the rule, where a
    grammar cut to their scope would answer another question in its place. Values are linked from their own snapshot only.
    """

    name = "embedded"
    reads_schema = False
    samples = False
    tells = False

    def __init__(self, parser: PlanReader | None = None, threshold: float | None = None) -> None:
        """``threshold`` is the confidence below which it asks back, by default the calibrated one."""
        self._parser: PlanReader = parser or EmbeddedParser()
        calibration = self._parser.about.get("calibration", {"slope": 1.0, "offset": 0.0, "threshold": 0.5})
        self._slope, self._offset, self._threshold = (calibration[k] for k in ("slope", "offset", "threshold"))
        if threshold is not None:
            self._threshold = threshold

    def draft(self, context: Context) -> list[Draft]:
        """The likeliest draft; a question back with several readings when it is below the calibrated threshold."""
        found, linked = self._likeliest(context.linked)
        context = replace(context, linked=linked)
        if refusal := self._refusal(found, context):
            return [refusal]
        drafts = self._drafts(found, context)
        if drafts and (not isinstance(drafts[0], SqlDraft) or drafts[0].confidence >= self._threshold):
            return drafts[:1]
        readings: dict[str, SqlDraft] = {}
        for draft in drafts:
            if isinstance(draft, SqlDraft):
                readings.setdefault(draft.reading, draft)
        if readings:
            confidence = drafts[0].confidence if drafts else 0.0
            message = "I am not sure that I read this right. Did you mean one of these?"
            return [Clarify(message, tuple(readings)[:OFFERED], confidence, tuple(readings.values())[:OFFERED])]
        return drafts or [Decline("out_of_scope", 0.0)]

    def _refusal(self, found: list[Candidate], context: Context) -> Draft | None:
        """The refusal of what follows a question and is none: read with it, the model takes ``drop the old ones for good`` for more of it.

        It is one where it is refused alone, and either leaves the question before as it was or says outright that something is to be deleted.
        """
        parts = turns(context.linked)
        if parts is None or not found or not isinstance(found[0].plan, Query):
            return None
        last, before = parts
        alone = next(iter(self._parser.read(last.text, _scope(last), 1)), None)  # what has half of the probability is the greedy reading
        if alone is None or not isinstance(alone.plan, DeclinePlan) or alone.probability < HALF:
            return None
        is_deletion = alone.plan.kind == "CHANGE" and says_delete(last.text)
        rows = self._rows(found, context)
        if not is_deletion and (not rows or rows != self._rows(self._read(before), replace(context, linked=before))):
            return None
        return self._drafted(alone, replace(context, linked=last))

    def _rows(self, found: list[Candidate], context: Context) -> str:
        """The SQL of the likeliest reading; empty where it is none."""
        draft = self._drafted(found[0], context) if found else None
        return draft.sql if isinstance(draft, SqlDraft) else ""

    def _likeliest(self, linked: Linked) -> tuple[list[Candidate], Linked]:
        """The likelier reading where everyday words may be names, if it is about what they name."""
        plain = self._clearest(linked)
        if linked.also is None:
            return plain
        named = self._clearest(linked.also)
        found = named[0][0] if named[0] else None
        if found is None or not isinstance(found.plan, Query) or not _values(found, named[1]) - {(m.start, m.end) for m in linked.mentions.values()}:
            return plain
        return named if not plain[0] or found.probability > plain[0][0].probability else plain

    def _clearest(self, linked: Linked) -> tuple[list[Candidate], Linked]:
        """What the whole question is read as, or its asking sentence alone where that is clearer and leaves out no value."""
        whole = self._read(linked)
        alone = asking_sentence(linked)
        if alone is None:
            return whole, linked
        asked = self._read(alone)
        if not asked or not isinstance(asked[0].plan, Query):
            return whole, linked
        if whole and (asked[0].probability <= whole[0].probability or not _values(whole[0], linked) <= _values(asked[0], alone)):
            return whole, linked
        return asked, alone

    def _read(self, linked: Linked) -> list[Candidate]:
        """Readings, likeliest first: the greedy one alone where it is sure, in a third of the time."""
        scope = _scope(linked)
        greedy = self._parser.read(linked.text, scope, 1)
        if greedy and (named := _named_choice(greedy[0], linked)):
            return [named]
        if greedy and greedy[0].probability >= UNSURE and self._confidence(greedy[0].probability) >= self._threshold:
            return _by_meaning(greedy)
        found = {candidate.tokens: candidate for candidate in [*greedy, *self._parser.read(linked.text, scope, READINGS)]}
        return self._weighed(_by_meaning(found.values()), linked.text)

    def _weighed(self, candidates: list[Candidate], question: str) -> list[Candidate]:
        """Queries by what a second opinion says of them too; how likely it is that one of them is meant stays as it was."""
        weights = [c.probability * math.exp(self._parser.weight(question, c.tokens)) if isinstance(c.plan, Query) else 0.0 for c in candidates]
        all_queries = sum(c.probability for c in candidates if isinstance(c.plan, Query))
        found = [replace(c, probability=all_queries * weight / sum(weights)) if weight else c for c, weight in zip(candidates, weights, strict=True)]
        return sorted(found, key=lambda candidate: -candidate.probability)

    def _drafts(self, candidates: list[Candidate], context: Context) -> list[Draft]:
        return [draft for c in candidates if (draft := self._drafted(c, context)) is not None]

    def _drafted(self, candidate: Candidate, context: Context) -> Draft | None:
        confidence = self._confidence(candidate.probability)
        bindings = context.linked.bindings
        match candidate.plan:
            case Query() as query:
                query = in_own_time(query, bindings, [slot for slot in bindings if slot not in candidate.tokens])
                candidate = replace(candidate, plan=query, tokens=tuple(spelled(query).split()))
                if several := _several(candidate, context.linked):
                    return Clarify(f"'{several.surface}' fits more than one {several.kind}. Which one?", _names(several)[:OFFERED_NAMES], confidence)
                try:
                    sql = compile_query(query, bindings, context.now, context.linked.unit)
                except BadPlan:
                    return None
                return SqlDraft(sql, explain(query, bindings, context.linked.unit), confidence, _unused(candidate, context.linked))
            case plan:
                return asked_or_declined(plan, context.now, confidence)

    def _confidence(self, probability: float) -> float:
        """Platt's scaling (1999) of the sequence's log-odds, fitted on development questions."""
        p = min(max(probability, 1e-6), 1 - 1e-6)
        return 1 / (1 + math.exp(-(self._slope * math.log(p / (1 - p)) + self._offset)))


def _scope(linked: Linked) -> Scope:
    """What a plan for the question may name."""
    return Scope(
        columns=full_scope().columns,
        slots=frozenset(linked.bindings),
        units={slot: value.unit for slot, value in linked.bindings.items() if isinstance(value, Number)},
        unknown=frozenset(slot for slot, mention in linked.mentions.items() if not mention.known),
    )


def _named_choice(candidate: Candidate, linked: Linked) -> Candidate | None:
    """The one choice of a question back that the question names itself, asked of the one thing that it mentions: whoever says "owns" does not mean the steward."""
    if not isinstance(candidate.plan, AskBack) or candidate.probability >= SURE or len(linked.bindings) != 1:
        return None
    (slot,) = linked.bindings
    said = {form for word in words(linked.text) for form in _forms(word)}
    named = [i for i in candidate.plan.choices if not i.fn and "." in i.args[0] and said & _names_of(i.args[0])]
    view = named[0].args[0].split(".")[0] if len(named) == 1 else ""
    if view not in ENTITIES:
        return None
    key = f"{view}.{views()[view].key[0]}"
    if column_of(key).slot != slot[1:-1]:
        return None
    plan = Query(view=view, where=(Condition(key, "EQ", slot),), select=(named[0],))
    return Candidate(plan, tuple(spelled(plan).split()), candidate.probability)


def _forms(word: str) -> tuple[str, ...]:
    """A word and what it may be a form of, short verbs too: owns, own."""
    return (word, word.removesuffix("s"), *stems(word))


@cache
def _names_of(column: str) -> frozenset[str]:
    """The words that are the name of a column or another name for it, and what they are forms of."""
    view, name = column.split(".")
    single = [w for text in (name, *views()[view].columns[name].synonyms) if len(w := words(text)) == 1]
    return frozenset(form for (word,) in single for form in _forms(word))


def _by_meaning(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Readings in their canonical form, likeliest first, each as likely as all that find the same rows together.

    Which columns a list shows is seldom said: readings that differ in that alone are one.
    """
    found: dict[Plan, float] = {}
    for candidate in candidates:
        plan = canonical(candidate.plan)
        found[plan] = found.get(plan, 0.0) + candidate.probability
    alike: dict[Plan, list[tuple[Plan, float]]] = {}
    for plan, probability in sorted(found.items(), key=lambda entry: -entry[1]):
        rows = replace(plan, select=()) if isinstance(plan, Query) and not plan.is_grouped else plan
        alike.setdefault(rows, []).append((plan, probability))
    return sorted(map(_together, alike.values()), key=lambda candidate: -candidate.probability)


def _together(readings: Sequence[tuple[Plan, float]]) -> Candidate:
    """Readings of the same rows as one that shows what any of the likely ones shows."""
    plan, most = readings[0]
    if isinstance(plan, Query):
        shown = [item for other, p in readings if isinstance(other, Query) and p >= SHOWN * most for item in other.select]
        plan = replace(plan, select=tuple(dict.fromkeys(shown)))
    return Candidate(plan, tuple(spelled(plan).split()), sum(p for _, p in readings))


NAMED_THINGS = ("dataset", "model", "node", "run", "org")
"""Kinds of which a question about one means one."""
PLURAL = re.compile(r"(?:datasets|data sets|tables|sets|versions|corpora|models|nodes|machines|servers|runs|companies|organisations|family|ones)\b")


def _values(candidate: Candidate, linked: Linked) -> set[tuple[int, int]]:
    """Where the values stand that a plan uses."""
    return {(mention.start, mention.end) for slot, mention in linked.mentions.items() if slot in candidate.tokens}


def _unused(candidate: Candidate, linked: Linked) -> tuple[str, ...]:
    """Values of the question, of a dialogue those of its last turn, that a plan has no use for; ``those two`` is none."""
    said = set(re.findall(r"\w+", re.sub(r"\b(?:those|these|the) number\d\b", "", linked.text.rpartition(NEXT)[2])))
    used = [mention.value for slot, mention in linked.mentions.items() if slot in candidate.tokens]
    return tuple(m.surface for slot, m in linked.mentions.items() if slot[1:] in said and m.known and slot not in candidate.tokens and m.value not in used)


def _several(candidate: Candidate, linked: Linked) -> Mention | None:
    """A name in the plan that stands for several things, unless the question says that it means them all: ``the MIMIC tables``."""
    for slot, mention in linked.mentions.items():
        if mention.known and mention.kind in NAMED_THINGS and slot in candidate.tokens and len(_names(mention)) > 1:
            at = linked.text.find(slot[1:])
            after = linked.text[at + len(slot) - 1 :].lstrip(" -")
            if not PLURAL.match(after) and not re.search(r"\b(?:all|both|every|any)(?: of)?(?: the| our)? $", linked.text[:at]):
                return mention
    return None


def _names(mention: Mention) -> tuple[str, ...]:
    """What a mention stands for, spellings of one name as one."""
    values = mention.value.values if isinstance(mention.value, Text) else ()
    return tuple({re.sub(r"\W|_", "", value).casefold(): value for value in reversed(values)}.values())[::-1]
