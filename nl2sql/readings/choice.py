"""Which of several readings of a question is taken: those of one meaning count together, and a refusal is weighed against a query. Asks no model."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from nl2sql.embedded.parser import Candidate
from nl2sql.plan.canonical import canonical
from nl2sql.plan.language import AskBack, AskWhich, Decline, Item, Plan, Query, column_of
from nl2sql.plan.tokens import spelled

HALF = 0.5
"""Probability from which a reading is the greedy one, whatever others there are."""
SURE = 0.8
"""Probability from which a reading that has a name takes the place of a refusal of the one that has not."""
SHOWN = 0.04
"""How likely a reading with other columns is, beside the likeliest of the same rows, for its columns to be shown too: one too many harms nobody."""
MOST_CHOICES = 5
"""Meanings offered at most where the question is which is meant."""
ANSWERED = 0.25
"""Probability from which a query is taken although a refusal is likelier: of what is to be refused the model hardly ever has one so likely."""
FAINT = 0.03
"""How likely a reading has to be at least to be taken in the place of another."""


def by_meaning(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Readings in their canonical form, likeliest first, each as likely as all that find the same rows together.

    Which columns a list shows is seldom said: readings that differ in that alone are one. So are those that differ in the order of all rows,
    and questions back that differ in what they offer.
    """
    found: dict[Plan, float] = {}
    for candidate in candidates:
        plan = canonical(candidate.plan)
        found[plan] = found.get(plan, 0.0) + candidate.probability
    alike: dict[Plan, list[tuple[Plan, float]]] = {}
    for plan, probability in sorted(found.items(), key=lambda entry: -entry[1]):
        alike.setdefault(_meaning(plan), []).append((plan, probability))
    return likeliest_first(map(_together, alike.values()))


def likeliest_first(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Readings by their probability."""
    return sorted(candidates, key=lambda candidate: -candidate.probability)


def weighed(candidates: Sequence[Candidate], weight: Callable[[Sequence[str]], float]) -> list[Candidate]:
    """Queries by what a second opinion says of their tokens too; how likely it is that one of them is meant stays as it was."""
    weights = [c.probability * math.exp(weight(c.tokens)) if isinstance(c.plan, Query) else 0.0 for c in candidates]
    all_queries = sum(c.probability for c in candidates if isinstance(c.plan, Query))
    return likeliest_first(replace(c, probability=all_queries * own / sum(weights)) if own else c for c, own in zip(candidates, weights, strict=True))


def query_or_refusal(readings: list[Candidate], read: Sequence[Candidate], is_unsure: bool) -> list[Candidate]:
    """Readings with the query first where it is likely enough to be answered, else, where none is sure, the refusal that is likelier than each that was ``read``.

    A request for a change stays one: what it names is mostly what a query of the same words finds.
    """
    query = next((c for c in readings if isinstance(c.plan, Query)), None)
    refusal = next((c for c in readings if isinstance(c.plan, Decline)), None)
    if refusal is None:
        return readings
    if query is not None and query.probability >= ANSWERED:
        return _led_by(query, readings) if readings[0] is refusal and refusal.plan != Decline("CHANGE") else readings
    likeliest = max((c.probability for c in read if isinstance(c.plan, Query)), default=0.0)
    return _led_by(refusal, readings) if is_unsure and refusal.probability > max(likeliest, FAINT) else readings


def is_rather_named(named: Sequence[Candidate], plain: Sequence[Candidate], about: int) -> bool:
    """Whether what a question is read as where everyday words are names is the likelier reading, and ``about`` how many of what they name.

    It need not be likelier than a refusal or a question back for a name, which may be for want of it, the less where several are named. A question back of it has to be likelier than any other
    reading, unless that asks back too.
    """
    if not named or isinstance(named[0].plan, Decline | AskWhich):
        return False
    if isinstance(named[0].plan, AskBack):
        least = HALF if plain and isinstance(plain[0].plan, AskBack) else max(plain[0].probability if plain else 1.0, HALF)
        return named[0].probability > least
    if not plain:
        return about > 0
    if isinstance(plain[0].plan, AskWhich):
        return about > 0 and named[0].probability >= ANSWERED
    is_refused = isinstance(plain[0].plan, Decline) and plain[0].plan != Decline("CHANGE")
    least = HALF if about > 1 else SURE
    return about > 0 and named[0].probability > (min(least, plain[0].probability) if is_refused else plain[0].probability)


def is_fuller(named: Candidate, plain: Candidate, uses_more: bool) -> bool:
    """Whether a query where everyday words are names has a use for values that the other query leaves out (``uses_more``), or asks the same by more conditions."""
    one, other = named.plan, plain.plan
    if not isinstance(one, Query) or not isinstance(other, Query):
        return False
    if uses_more:
        return named.probability >= HALF
    is_same = replace(one, where=(), select=()) == replace(other, where=(), select=())
    return is_same and set(other.where) < set(one.where) and named.probability >= HALF * plain.probability


def shown_both(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Readings where one that shows two of the meanings between which the likeliest asks stands for that too: whoever sees both need not choose."""
    first, *others = likeliest_first(candidates)
    if not isinstance(first.plan, AskBack):
        return [first, *others]
    choices = set(first.plan.choices)
    both = next((c for c in others if isinstance(c.plan, Query) and len(choices & set(c.plan.select)) > 1), None)
    if both is None or both.probability < FAINT:
        return [first, *others]
    return [replace(c, probability=c.probability + first.probability) if c is both else c for c in others]


def _meaning(plan: Plan) -> Plan:
    """What the plans of one meaning have in common: neither which columns a list shows, nor in which order all rows stand."""
    match plan:
        case Query(limit="", per="", order=(item, _)) if plan.is_grouped:
            return replace(plan, order=None, select=tuple(sorted({*plan.select, item}, key=str)))
        case Query() if plan.is_grouped:
            return replace(plan, select=tuple(sorted(plan.select, key=str)))
        case Query():
            return replace(plan, order=plan.order if plan.limit or plan.per else None, select=())
        case AskBack():
            return AskBack(())
        case _:
            return plan


def _together(readings: Sequence[tuple[Plan, float]]) -> Candidate:
    """Readings of one meaning as one that shows or offers what any of the likely ones does."""
    plan, most = readings[0]
    likely = [other for other, p in readings if p >= SHOWN * most]
    match plan:
        case Query() if not plan.is_grouped:
            others = (item for other in likely if isinstance(other, Query) for item in other.select if _is_open(item))
            plan = replace(plan, select=tuple(dict.fromkeys((*plan.select, *others))))
        case AskBack():
            plan = AskBack(tuple(dict.fromkeys(item for other in likely if isinstance(other, AskBack) for item in other.choices))[:MOST_CHOICES])
    return Candidate(plan, tuple(spelled(plan).split()), sum(p for _, p in readings))


def _is_open(item: Item) -> bool:
    """Its values need no clearance: a column that nobody asked for must not be what an answer is denied for."""
    return all(column_of(token).sensitivity == "public" for token in item.args if "." in token)


def _led_by(first: Candidate, readings: Sequence[Candidate]) -> list[Candidate]:
    """Readings with one of them first."""
    return [first, *(c for c in readings if c is not first)]
