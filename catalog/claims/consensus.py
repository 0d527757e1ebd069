"""What claims about one attribute of one dataset amount to, and what agreement makes of a claimant's trust. Pure functions.

After Bittensor's Yuma consensus (docs.learnbittensor.org, "Yuma Consensus"): weight is stake times trust, what is held is the
stake-weighted median (of categories: the weighted majority) at kappa = 1/2, and what a claimant weighs above it is clipped. Added
to that: nodes of one operator share one weight, and all who staked nothing share a tenth of what the stakers weigh, so that names
made up for the occasion gain nothing. No value is held that lacks the majority of the clipped or of the unclipped weight: one
rich claimant decides nothing alone, and nobody decides against it for having clipped it. A tie is a dispute without a pick.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeAlias

KAPPA = 0.5
"""Share of the weight that a value must exceed to be held, and that no operator among several exceeds."""
NEWCOMER = 0.5
"""Trust of a node of which nothing is known."""
UNSTAKED = 0.1
"""What all operators without a stake weigh together, as a share of what those with one do."""
QUORUM = 2
"""Voices that make a decision count: operators, and sources that they quote."""
JUDGES = 2
"""Other operators that must have decided before a node is judged by what they hold."""
RATE = 0.1
"""How far trust moves towards a node's share of agreement: a new one counts after seven moves as much as all before."""
LEAST_TRUST = 0.05
"""Below this trust does not fall: a node that mends its ways is heard again."""
EXACT = 1e-9
"""Shares nearer to each other than this are the same share."""
MOST = 1e15
"""Tokens, or stated weight, beyond which more counts no more; sums stay finite."""
PER_WEIGHT = 1000.0
"""Staked tokens of full trust that are one unit of weight."""

NUMBERS = frozenset({"row_count"})
TIMES = frozenset({"last_updated"})
LISTS = frozenset({"languages"})
NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?")

Meaning: TypeAlias = Decimal | datetime | str


@dataclass(frozen=True, slots=True)
class Vote:
    """One claim on its way to a decision."""

    value: str | None
    """None abstains."""
    node: str
    operator: str
    """Who runs the node; the node itself where nobody is named."""
    source: str | None = None
    """The source that the node quotes; None when it speaks for itself."""
    stake: float | None = None
    """Tokens; None or 0 is nothing staked."""
    trust: float | None = None
    """0 to 1; None is a newcomer."""
    stated: float | None = None
    """Weight that the node gives the claim among its own; None is 1."""


Weigh: TypeAlias = Callable[[Sequence[Vote]], tuple[list[float], list[float]]]
"""`weights`, or what remembers it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the votes amount to."""

    value: str | None
    """As most of its weight writes it; None where no value has the majority."""
    agreement: float | None
    """Weight of the value with the most over all weight; None without weight."""
    disputed: bool
    """Two votes mean different things."""
    quorum_met: bool
    weights: tuple[float, ...]
    """Effective weight of each vote, in the order given: thousands of staked tokens times trust; trust where nobody staked; what is
    stated where there is one operator only, who has nobody to share with."""


def decide(attribute: str, votes: Sequence[Vote], weigh: Weigh | None = None) -> Decision:
    """The decision on an attribute; its order does not count. Numbers and times go by weighted median, all else by majority.

    ``weigh`` stands in for `weights` where a caller remembers what that returned.
    """
    weigh = weigh or weights
    return _decide(attribute, votes, [meaning(attribute, vote.value) for vote in votes], weigh)


def _decide(attribute: str, votes: Sequence[Vote], meanings: Sequence[Meaning | None], weigh: Weigh) -> Decision:
    counted = [vote for vote, meant in zip(votes, meanings, strict=True) if meant is not None]
    clipped, unclipped = weigh(counted)
    told = [meant for meant in meanings if meant is not None]
    by_value = _sums(told, clipped)
    total = math.fsum(clipped)
    held = _held(attribute, by_value, total)
    if held is None or held != _held(attribute, _sums(told, unclipped), math.fsum(unclipped)):
        held = None
    # Numbers that are held by median need not have most of the weight behind them.
    behind = by_value[held] if held is not None else max(by_value.values(), default=0.0)
    effective = iter(clipped)
    return Decision(
        value=None if held is None else spelling(held, told, [vote.value for vote in counted], clipped),
        agreement=min(1.0, behind / total) if total > 0 else None,
        disputed=len(by_value) > 1,
        quorum_met=quorum((vote.source, vote.operator) for vote in counted),
        weights=tuple(0.0 if meant is None else next(effective) for meant in meanings),
    )


def quorum(voices: Iterable[tuple[str | None, str]]) -> bool:
    """Whether enough voices spoke: a source that is quoted is one whoever quotes it, an operator is one for itself."""
    return len({(source, source or operator) for source, operator in voices}) >= QUORUM


def judgements(attribute: str, votes: Sequence[Vote], weigh: Weigh | None = None) -> dict[str, float]:
    """By node, the share of its statements, by stated weight, that agrees with what the other operators hold without its own.

    A node is left out where fewer than `JUDGES` others spoke or they hold nothing.
    """
    told = [(vote, meant) for vote in votes if (meant := meaning(attribute, vote.value)) is not None]
    operators: dict[str, set[str]] = {}
    for vote in votes:
        operators.setdefault(vote.node, set()).add(vote.operator)
    held: dict[frozenset[str], Meaning | None] = {}
    found: dict[str, float] = {}
    for node in sorted({vote.node for vote, _ in told}):
        own = frozenset(operators[node])
        if own not in held:  # nodes of one operator are judged by the same others
            others = [(vote, meant) for vote, meant in told if vote.operator not in own]
            enough = len({vote.operator for vote, _ in others}) >= JUDGES
            value = _decide(attribute, [vote for vote, _ in others], [meant for _, meant in others], weigh or weights).value if enough else None
            held[own] = meaning(attribute, value)
        if held[own] is None:
            continue
        weight = {True: 0.0, False: 0.0}
        for vote, meant in told:
            if vote.node == node:
                weight[meant == held[own]] += _said(vote)
        if total := weight[True] + weight[False]:
            found[node] = weight[True] / total
    return found


def moved(trust: float | None, shares: Iterable[float]) -> float | None:
    """Trust after it was judged in several matters: one step of an exponential moving average, never below `LEAST_TRUST`.

    Unchanged without a judgement.
    """
    judged = list(shares)
    if not judged:
        return trust
    before = _trust(trust)
    return min(1.0, max(LEAST_TRUST, before + RATE * (math.fsum(judged) / len(judged) - before)))


def meaning(attribute: str, value: str | None) -> Meaning | None:
    """What a claimed value says, whatever its spelling; None where it says nothing, or no number or time where one is due."""
    text = " ".join((value or "").split())
    if not text:
        return None
    if attribute in NUMBERS:
        return Decimal(text) if NUMBER.fullmatch(text) else None
    if attribute in TIMES:
        try:
            time = datetime.fromisoformat(text)
            return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
        except (ValueError, OverflowError):
            return None
    if attribute in LISTS:
        return ", ".join(sorted({part.strip().casefold() for part in text.split(",") if part.strip()})) or None
    return text.casefold()


def weights(votes: Sequence[Vote]) -> tuple[list[float], list[float]]:
    """Weight of each vote, clipped and not: what its operator weighs, shared by its nodes and then by what each of them states.

    A node's own measure of its claims says nothing beside another's: it divides the node's share and makes it no larger.
    """
    said = [_said(vote) for vote in votes]
    if len({(vote.operator, vote.node) for vote in votes}) == 1:
        return said, said
    staked: dict[str, float] = {}
    unstaked: dict[str, float] = {}
    trusts, stakes = [_trust(vote.trust) for vote in votes], [_stake(vote) for vote in votes]
    for vote, trust, stake in zip(votes, trusts, stakes, strict=True):
        if stake > 0:
            staked[vote.operator] = max(staked.get(vote.operator, 0.0), stake * trust)
    for vote, trust in zip(votes, trusts, strict=True):
        if vote.operator not in staked:
            unstaked[vote.operator] = max(unstaked.get(vote.operator, 0.0), trust)
    nodes: dict[tuple[str, str], float] = {}
    stated: dict[tuple[str, str], list[float]] = {}
    for vote, part, trust, stake in zip(votes, said, trusts, stakes, strict=True):
        if part > 0:
            key = vote.operator, vote.node
            nodes[key] = max(nodes.get(key, 0.0), (stake if vote.operator in staked else 1.0) * trust)
            stated.setdefault(key, []).append(part)
    of_operator: dict[str, list[float]] = {}
    for (operator, _), part in nodes.items():
        of_operator.setdefault(operator, []).append(part)
    whole = {operator: math.fsum(parts) for operator, parts in of_operator.items()}
    totals = {key: math.fsum(parts) for key, parts in stated.items()}
    shares = [
        (nodes[key] / whole[vote.operator]) * (part / totals[key]) if part > 0 and whole[vote.operator] > 0 else 0.0
        for vote, part in zip(votes, said, strict=True)
        for key in [(vote.operator, vote.node)]
    ]
    clipped, unclipped = (_of_operators(staked, unstaked, clip) for clip in (True, False))
    return [clipped[v.operator] * share for v, share in zip(votes, shares, strict=True)], [
        unclipped[v.operator] * share for v, share in zip(votes, shares, strict=True)
    ]


def _of_operators(staked: Mapping[str, float], unstaked: Mapping[str, float], clip: bool) -> dict[str, float]:
    """What each operator weighs among the others."""
    weight = dict(staked)
    if clip:
        _clip(weight)
    stakers, together = math.fsum(weight.values()), math.fsum(unstaked.values())
    if stakers:
        weight |= {operator: UNSTAKED * stakers * trust / together if together else 0.0 for operator, trust in unstaked.items()}
    else:
        weight |= unstaked
    if clip:
        _clip(weight)
    return weight


def _clip(weight: dict[str, float]) -> None:
    """Let nobody among several weigh more than all others together, which is `KAPPA` of the whole; only one can."""
    if len(weight) > 1:
        heaviest = max(weight, key=lambda operator: weight[operator])
        rest = math.fsum(w for operator, w in weight.items() if operator != heaviest)
        weight[heaviest] = min(weight[heaviest], rest * KAPPA / (1 - KAPPA))


def _held(attribute: str, by_value: Mapping[Meaning, float], total: float) -> Meaning | None:
    if not total > 0:
        return None
    if attribute in NUMBERS or attribute in TIMES:
        return _median(by_value, total)
    leader = max(by_value, key=lambda value: by_value[value])
    return leader if by_value[leader] / total > KAPPA + EXACT else None


def _median(by_value: Mapping[Meaning, float], total: float) -> Meaning | None:
    """The value with at most half of the weight on either side; None when half lies on each side of a gap."""
    below = 0.0
    for value in sorted(by_value, key=_order):
        below += by_value[value]
        if below / total > KAPPA + EXACT:
            return value
        if below / total > KAPPA - EXACT:
            return None
    return None


def _order(value: Meaning) -> tuple[Decimal, datetime]:
    return (value, datetime.min) if isinstance(value, Decimal) else (Decimal(0), value if isinstance(value, datetime) else datetime.min)


def _sums(told: Sequence[Meaning], weights: Sequence[float]) -> dict[Meaning, float]:
    parts: dict[Meaning, list[float]] = {}
    for value, weight in zip(told, weights, strict=True):
        parts.setdefault(value, []).append(weight)
    return {value: math.fsum(of_value) for value, of_value in parts.items()}  # exact, so that order does not count


def spelling(held: Meaning, told: Sequence[Meaning | None], values: Sequence[str | None], weights: Sequence[float]) -> str:
    """How most of the weight behind a meaning writes it; of two alike, the first in the alphabet."""
    parts: dict[str, list[float]] = {}
    for meant, value, weight in zip(told, values, weights, strict=True):
        if meant == held:
            parts.setdefault(value or "", []).append(weight)
    return min(parts, key=lambda text: (-math.fsum(parts[text]), text)) if len(parts) > 1 else next(iter(parts))


def _said(vote: Vote) -> float:
    return 1.0 if vote.stated is None else _positive(vote.stated)


def _stake(vote: Vote) -> float:
    return _positive(vote.stake or 0.0) / PER_WEIGHT


def _trust(trust: float | None) -> float:
    return NEWCOMER if trust is None else min(1.0, _positive(trust))


def _positive(number: float) -> float:
    return min(number, MOST) if math.isfinite(number) and number > 0 else 0.0
