"""The shipped model as a backend: reads the linked question into plans and compiles them."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from nl2sql.backends.base import Clarify, Context, Decline, Draft, SqlDraft
from nl2sql.backends.reply import asked_or_declined
from nl2sql.change import says_delete
from nl2sql.embedded.parser import Candidate, EmbeddedParser
from nl2sql.errors import BadPlan
from nl2sql.explain import explain
from nl2sql.linking.asked import asking_sentence, turns
from nl2sql.linking.mentions import ROW_ID, Linked, Mention
from nl2sql.linking.unheard import as_known
from nl2sql.plan.language import AskBack, Query, Scope, full_scope
from nl2sql.plan.language import Decline as DeclinePlan
from nl2sql.plan.results import unit_meant
from nl2sql.plan.sql import compile_query
from nl2sql.plan.tokens import spelled
from nl2sql.readings.asking_back import left_open, names, only_named, several
from nl2sql.readings.attack import is_attack
from nl2sql.readings.choice import HALF, by_meaning, is_fuller, is_rather_named, query_or_refusal, weighed
from nl2sql.readings.conversation import ITSELF, NEXT, POINTS
from nl2sql.readings.follows import NARROWS, Before, followed, in_its_place, is_another, looks_back
from nl2sql.readings.named import OFFERED_NAMES
from nl2sql.readings.reader import PlanReader
from nl2sql.readings.reworded import in_full, reworded
from nl2sql.readings.ruled_out import is_ruled_out, possible
from nl2sql.readings.settled import flow_between, named_choice, settled
from nl2sql.readings.told import rows_of, told_otherwise
from nl2sql.readings.unlisted import as_chosen, unlisted
from nl2sql.readings.used import unused, used, uses_more
from nl2sql.said.own_span import in_own_span
from nl2sql.said.own_time import in_own_time
from nl2sql.said.rules import as_said
from nl2sql.values import Number

KEPT_TEXTS = 16
"""Texts of one dialogue whose readings are kept."""
READINGS = 6
"""Beams searched where the greedy reading is unsure."""
UNSURE = 0.95
"""Probability of a greedy reading below which others are searched: one of them is often likelier, and right."""
LEAST = 0.3
"""Probability that the reading of a question in other words has at least."""
MOST = 0.999
"""Probability that a reading has at most which is settled."""
OFFERED = 5
"""Readings offered at most."""
AMOUNTS = ("number", "period")
"""Kinds of values that name nothing that a question could be about."""
TOPIC = "term"
"""The kind of words that say what data is about, and may be a name as well."""
ALL_OF_THEM = re.compile(r"\b(?:of (?:the|those|these|all|them)|those|these|all|the) (number[1-3])(?= *(?:$|[?.!,]))")
"""A number that counts what a dialogue has found before, and limits nothing: the lowest of the three."""


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
        self._slope, self._offset = calibration["slope"], calibration["offset"]
        self._known: dict[tuple[object, ...], list[Candidate]] = {}
        self._threshold: float = calibration["threshold"] if threshold is None else threshold

    def draft(self, context: Context) -> list[Draft]:
        """The likeliest draft; a question back with several readings when it is below the calibrated threshold."""
        if is_attack(context.question, [m.surface for m in context.linked.mentions.values()]):
            return [Decline("out_of_scope", 1.0)]
        if NEXT not in context.linked.text:
            self._known.clear()
        said, (found, linked) = context.linked, self._likeliest(as_known(as_chosen(context.linked)))
        alone, last = self._alone(linked)
        if _says_more(alone, last, found, linked):
            found, linked = alone, last
        else:
            found = self._followed(found, linked)
        context = replace(context, linked=linked)
        if refusal := self._refusal(found, alone, context):
            return [refusal]
        if (query := _query(found)) and (other := unlisted(query, linked.text)):
            return [Clarify(other.message, other.values, self._confidence(found[0].probability))]
        if asked := left_open(found, linked.text, said.text):
            found = [replace(found[0], plan=asked, tokens=tuple(spelled(asked).split()))]
        drafts = self._drafts(found, context)
        if drafts and isinstance(drafts[0], SqlDraft) and _stands_alone(alone, last) and any(m.kind not in AMOUNTS for m in last.mentions.values()):
            drafts[0] = replace(drafts[0], is_whole=drafts[0].sql == self._rows(alone, replace(context, linked=last)))
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

    def _refusal(self, found: list[Candidate], read_alone: list[Candidate], context: Context) -> Draft | None:
        """The refusal of what follows a question and is none: read with it, the model takes ``drop the old ones for good`` for more of it.

        It is one where it is refused alone, and either leaves the question before as it was or says outright that something is to be deleted.
        """
        parts = turns(context.linked)
        if parts is None or not found or not isinstance(found[0].plan, Query):
            return None
        last, before = parts
        alone = next(iter(read_alone), None)  # what has half of the probability is the greedy reading
        if alone is None or not isinstance(alone.plan, DeclinePlan) or alone.probability < HALF:
            return None
        is_deletion = alone.plan.kind == "CHANGE" and says_delete(last.text)
        rows = self._rows(found, context)
        if not is_deletion and (not rows or rows != self._rows(self._read(before), replace(context, linked=before))):
            return None
        return self._drafted(alone, replace(context, linked=last))

    def _alone(self, linked: Linked) -> tuple[list[Candidate], Linked]:
        """The greedy reading of the last question of a dialogue without those before it; nothing where there are none."""
        parts = turns(linked)
        return (by_meaning(self._parser.read(parts[0].text, _scope(parts[0]), 1)), parts[0]) if parts else ([], linked)

    def _followed(self, found: list[Candidate], linked: Linked) -> list[Candidate]:
        """Readings of the last question of a dialogue, the likeliest with what it keeps of those before, which are read where it leans on them or is unsure."""
        *earlier, said = (turn.strip() for turn in linked.text.split(NEXT))
        query = _query(found)
        if query is None or not earlier:
            return found
        probability, shown, before = found[0].probability, [], None
        if looks_back(query, earlier, said, probability):
            asked = replace(linked, text=f" {NEXT} ".join(earlier))
            read = self._read(asked)
            shown = self._followed(read, asked)
            if (plan := _query(shown)) and (alone := _query(read)):
                before = Before(plan, alone, is_sure=shown[0].probability >= HALF)
        if before and (placed := in_its_place(before, said, probability)):
            return [replace(shown[0], plan=placed, tokens=tuple(spelled(placed).split())), *found[1:]]
        kept = followed(query, earlier, said, before, probability)
        return [replace(found[0], plan=kept, tokens=tuple(spelled(kept).split())), *found[1:]] if kept != query else found

    def _rows(self, found: list[Candidate], context: Context) -> str:
        """The SQL of the likeliest reading; empty where it is none."""
        draft = self._drafted(found[0], context) if found else None
        return draft.sql if isinstance(draft, SqlDraft) else ""

    def _likeliest(self, linked: Linked) -> tuple[list[Candidate], Linked]:
        """The likelier reading where everyday words may be names, if it is about what they name."""
        plain = self._clearest(linked)
        if linked.also is None:
            return plain
        found, also = self._clearest(linked.also)
        about = len(used(found[0], also) - {(m.start, m.end) for m in linked.mentions.values() if m.kind != TOPIC}) if found else 0
        is_all_read = NEXT not in linked.text and plain[1] is linked
        if found and plain[0] and about and is_all_read and is_fuller(found[0], plain[0][0], uses_more(used(found[0], also), used(plain[0][0], linked), linked)):
            return found, also
        return (found, also) if is_rather_named(found, plain[0], about or int(NEXT in linked.text)) else plain

    def _clearest(self, linked: Linked) -> tuple[list[Candidate], Linked]:
        """What the whole question is read as, or its asking sentence alone where that is clearer and leaves out no value."""
        linked = in_full(linked)
        whole = self._read(linked)
        if other := self._otherwise(whole, linked):
            return other
        alone = asking_sentence(linked)
        if alone is None:
            return whole, linked
        asked = self._read(alone)
        if not asked or not isinstance(asked[0].plan, Query):
            return whole, linked
        if whole and (asked[0].probability <= whole[0].probability or not used(whole[0], linked) <= used(asked[0], alone)):
            return whole, linked
        return asked, alone

    def _otherwise(self, whole: list[Candidate], linked: Linked) -> tuple[list[Candidate], Linked] | None:
        """What the question is read as in other words, with what those leave out put back."""
        other = reworded(linked, is_sure=bool(whole) and whole[0].probability >= HALF)
        read = self._read(other[0]) if other else []
        query = _query(read)
        if other is None or query is None or read[0].probability < LEAST or (plan := other[1](query)) is None:
            return None
        return [replace(read[0], plan=plan, tokens=tuple(spelled(plan).split()))], replace(other[0], text=linked.text)

    def _read(self, linked: Linked) -> list[Candidate]:
        """Readings, likeliest first; those of a dialogue are kept, since it is read again with each of its turns."""
        key = (linked.text, *linked.bindings.items(), *linked.mentions.items(), linked.metrics, linked.detectors)
        if key not in self._known:
            while len(self._known) >= KEPT_TEXTS:
                self._known.pop(next(iter(self._known)))
            self._known[key] = self._read_anew(linked)
        return list(self._known[key])

    def _read_anew(self, linked: Linked) -> list[Candidate]:
        """Readings, likeliest first: the greedy one alone where it is sure, in a third of the time."""
        scope = _scope(linked)
        greedy = self._parser.read(linked.text, scope, 1)
        if greedy and (settled_as := self._settled(greedy[0], linked, scope)):
            return settled_as
        if greedy and not is_ruled_out(greedy[0].plan, linked.text) and greedy[0].probability >= UNSURE and self._is_sure(greedy[0]):
            return by_meaning(greedy)
        found = {candidate.tokens: candidate for candidate in [*greedy, *self._parser.read(linked.text, scope, READINGS)]}
        readings = rows_of(told_otherwise(self._weighed(possible(tuple(found.values()), linked.text), linked), linked), linked)
        if readings and isinstance(readings[0].plan, AskBack) and (settled_as := self._settled(readings[0], linked, scope)):
            return settled_as
        return query_or_refusal(readings, tuple(found.values()), is_unsure=not (readings and self._is_sure(readings[0])))

    def _settled(self, greedy: Candidate, linked: Linked, scope: Scope) -> list[Candidate]:
        """What a question back is read as that the question settles itself, at least as likely as that is."""
        if named := flow_between(greedy, linked) or named_choice(greedy, linked):
            return [named]
        narrower = settled(greedy, linked, scope)
        queries = [c for c in self._parser.read(linked.text, narrower, READINGS) if isinstance(c.plan, Query)] if narrower else []
        share = max(1.0, greedy.probability / sum(c.probability for c in queries)) if queries else 1.0
        return self._weighed([replace(c, probability=min(c.probability * share, MOST)) for c in queries], linked)

    def _weighed(self, candidates: Sequence[Candidate], linked: Linked) -> list[Candidate]:
        """Readings by meaning, likeliest first, with a second opinion of the queries among them."""
        return weighed(by_meaning(candidates), lambda tokens: self._parser.weight(linked.text, tokens))

    def _is_sure(self, candidate: Candidate) -> bool:
        """Whether a reading is taken without asking."""
        return self._confidence(candidate.probability) >= self._threshold

    def _drafts(self, candidates: list[Candidate], context: Context) -> list[Draft]:
        return [draft for c in candidates if (draft := self._drafted(c, context)) is not None]

    def _drafted(self, candidate: Candidate, context: Context) -> Draft | None:
        confidence = self._confidence(candidate.probability)
        bindings = context.linked.bindings
        match candidate.plan:
            case Query() as query:
                query = in_own_time(query, bindings, [slot for slot in bindings if slot not in candidate.tokens])
                query = as_said(in_own_span(query, bindings, context.linked.text), context.linked)
                candidate = replace(candidate, plan=query, tokens=tuple(spelled(query).split()))
                if fits := several(candidate, context.linked):
                    return _which(fits, confidence)
                unit = unit_meant(query, context.linked.unit)
                try:
                    sql = compile_query(query, bindings, context.now, unit)
                except BadPlan:
                    return None
                return SqlDraft(sql, explain(query, bindings, unit), confidence, unused(candidate, context.linked))
            case AskBack() if fits := only_named(context.linked):
                return _which(fits, confidence)
            case plan:
                return asked_or_declined(plan, context.now, confidence)

    def _confidence(self, probability: float) -> float:
        """Platt's scaling (1999) of the sequence's log-odds, fitted on development questions."""
        p = min(max(probability, 1e-6), 1 - 1e-6)
        return 1 / (1 + math.exp(-(self._slope * math.log(p / (1 - p)) + self._offset)))


def _says_more(alone: Sequence[Candidate], last: Linked, found: Sequence[Candidate], linked: Linked) -> bool:
    """Whether the last question of a dialogue has a use for all its values by itself alone: what was asked before is left behind."""
    if not _stands_alone(alone, last) or alone[0].probability < HALF or _query(found) is None or unused(alone[0], last):
        return False
    return bool(unused(found[0], linked)) or ITSELF.search(last.text) is not None or is_another(_query(alone), _query(found), linked)


def _stands_alone(alone: Sequence[Candidate], last: Linked) -> bool:
    """Whether the last question of a dialogue can be read by itself: it points at nothing."""
    return _query(alone) is not None and alone[0].probability >= LEAST and not POINTS.search(last.text) and not NARROWS.search(last.text)


def _query(readings: Sequence[Candidate]) -> Query | None:
    """The likeliest reading, where that is a query."""
    plan = readings[0].plan if readings else None
    return plan if isinstance(plan, Query) else None


def _scope(linked: Linked) -> Scope:
    """What a plan for the question may name."""
    return Scope(
        columns=full_scope().columns,
        slots=frozenset(linked.bindings) - {ROW_ID} - {f"@{slot}" for slot in ALL_OF_THEM.findall(linked.text) if NEXT in linked.text},
        units={slot: value.unit for slot, value in linked.bindings.items() if isinstance(value, Number)},
        unknown=frozenset(slot for slot, mention in linked.mentions.items() if not mention.known),
    )


def _which(fits: Mention, confidence: float) -> Clarify:
    """Asks back which of the things is meant that a name stands for."""
    return Clarify(f"'{fits.surface}' fits more than one {fits.kind}. Which one?", names(fits)[:OFFERED_NAMES], confidence)
