"""A served model that writes plans: the linked question over HTTP, its plan read and compiled as the embedded model's is.

For checkpoints of ``steward train --variant causal``. What is no plan in the grammar of the question is left out; no schema and no
value leaves this machine, the question with its values lifted out alone does.
"""

from collections.abc import Mapping, Sequence
from math import exp
from typing import Any

from nl2sql.backends.base import Context, Draft
from nl2sql.backends.embedded import EmbeddedBackend
from nl2sql.backends.samples import WARMTH, Sample
from nl2sql.backends.server import Server
from nl2sql.embedded.parser import MAX_PLAN, MAX_QUESTION, WEIGHTS, Candidate
from nl2sql.embedded.words import table
from nl2sql.errors import BadPlan
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Scope


class ServedPlans:
    """Reads a linked question through a model server, as `EmbeddedParser` does it here."""

    about: Mapping[str, Any] = {}
    """Not calibrated."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def read(self, question: str, scope: Scope, beams: int = 4) -> list[Candidate]:
        """Plans that the server writes, likeliest first: the greedy one, or several samples. Raises `BackendUnavailable`."""
        sampling: dict[str, Any] = {"temperature": 0.0} if beams == 1 else {"temperature": WARMTH, "n": beams, "seed": 0}
        samples = self._server.complete(question, max_tokens=MAX_PLAN, logprobs=1, truncate_prompt_tokens=MAX_QUESTION, **sampling)
        found = {candidate.tokens: candidate for sample in samples if (candidate := _candidate(sample, scope)) is not None}
        return sorted(found.values(), key=lambda candidate: -candidate.probability)

    def weight(self, question: str, tokens: Sequence[str]) -> float:
        """As `EmbeddedParser` has it, by the table that ships."""
        return table(WEIGHTS).weight(question, tokens)


class PlanBackend(EmbeddedBackend):
    """The embedded backend with a served reader in place of the shipped one."""

    name = "vllm-plan"

    def __init__(self, server: Server, threshold: float | None = None) -> None:
        """``threshold`` as the embedded backend has it."""
        super().__init__(ServedPlans(server), threshold)
        self._server = server

    def draft(self, context: Context) -> list[Draft]:
        """As the embedded backend drafts. Raises `BackendUnavailable`, and `Stopped`."""
        self._server.begin(context.stop)
        return super().draft(context)


def _candidate(sample: Sample, scope: Scope) -> Candidate | None:
    """The plan of a text, or None where the grammar has none."""
    tokens = tuple(sample.text.split())
    try:
        plan = parse(tokens, scope)
    except BadPlan:
        return None
    return Candidate(plan, tokens, 1.0 if sample.log_probability is None else exp(sample.log_probability))
