"""What reads a linked question into plans: the shipped model, or one that is served."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from nl2sql.embedded.parser import Candidate
from nl2sql.plan.language import Scope


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
