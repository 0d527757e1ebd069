"""Which of several statements is the answer: the one whose rows most samples found. Knows nothing about SQL or engines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from catalog.audit.result_hash import result_hash
from catalog.engine.engine import ResultSet

UNCLEAR = 0.4
"""Share of the samples below which the most common answer is not given but asked about."""
Candidate = TypeVar("Candidate")


@dataclass(frozen=True, slots=True)
class Elected(Generic[Candidate]):
    """The candidate that stands for the most samples, their share, and one for each other answer found, most common first."""

    winner: Candidate
    share: float
    others: tuple[Candidate, ...] = ()

    @property
    def is_clear(self) -> bool:
        """Whether it can be given as the answer."""
        return not self.others or self.share >= UNCLEAR


def elect(candidates: Sequence[tuple[Candidate, float]], find: Callable[[Candidate], str]) -> Elected[Candidate]:
    """The winner among candidates with their shares; ``find`` gives the hash of what one finds, empty for nothing.

    A candidate is not asked for once no other answer can catch up. Of equal answers the first one wins.
    """
    shares: dict[str, float] = {}
    first: dict[str, Candidate] = {}
    left = sum(share for _, share in candidates)
    for candidate, share in sorted(candidates, key=lambda entry: -entry[1]):
        best, second = ([*sorted(shares.values(), reverse=True), 0.0, 0.0])[:2]
        if len(candidates) == 1 or best - second > left + 1e-9:
            break
        left -= share
        if found := find(candidate):
            shares[found] = shares.get(found, 0.0) + share
            first.setdefault(found, candidate)
    if not shares:
        return Elected(*candidates[0])
    ranked = sorted(shares, key=lambda found: -shares[found])
    return Elected(first[ranked[0]], min(1.0, shares[ranked[0]]), tuple(first[found] for found in ranked[1:]))


def fingerprint(result: ResultSet) -> str:
    """The same for the same rows, in whatever order and under whatever names."""
    return result_hash([], result.types, sorted(result.rows, key=repr))
