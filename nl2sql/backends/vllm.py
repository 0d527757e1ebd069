"""A served causal model as a backend: prompt, grammar and samples over HTTP; its replies as drafts with their share of the vote.

Works with vLLM and with what speaks the same protocol; what a server does not have (grammar, chat template, log-probabilities) is
done without. Nothing that a model writes is trusted: the guard reads all of it.
"""

from collections.abc import Mapping
from math import exp
from typing import Any

from nl2sql.backends.base import Context, Draft
from nl2sql.backends.samples import (
    CHARACTERS_A_TOKEN,
    CLEAR,
    LONGEST,
    MOST_TOKENS,
    SAMPLES,
    WARMTH,
    Sample,
    counted,
    messages_of,
    plain_of,
)
from nl2sql.backends.server import Rejected, Server
from nl2sql.errors import BackendUnavailable
from nl2sql.grammar import grammar_of
from nl2sql.prompt import CUTS, fitting


class VllmBackend:
    """Question to SQL through a model server.

    The prompt and the grammar name what the asker may see and nothing else. They are the same for everyone of one scope up to the
    question, so that the server's prefix and grammar caches hold them.
    """

    name = "vllm"
    reads_schema = True
    samples = True

    def __init__(self, server: Server, samples: int = SAMPLES) -> None:
        """At most ``samples`` are drawn for a question."""
        self.server = server
        self._most = samples
        self._lacks: set[str] = set()
        """What the server was found to do without: ``grammar``, ``chat``, ``extras``."""
        self._cut = 0

    def draft(self, context: Context) -> list[Draft]:
        """What most samples say, best first. Raises `BackendUnavailable`, and `BadReply` where none of them can be read."""
        if not context.attempts:  # mending has what time is left
            self.server.begin()
        first = self._drawn(context, 1, 0.0)
        found = first[0].log_probability
        if self._most == 1 or (found is not None and exp(found) >= CLEAR):
            shares = [exp(found) if found is not None else 1.0]
            return counted(context, first, shares)
        samples = first + self._drawn(context, self._most - 1, WARMTH)
        return counted(context, samples, [1 / len(samples)] * len(samples))

    def _drawn(self, context: Context, wanted: int, temperature: float) -> list[Sample]:
        """So many samples; from a server that gives one at a time, one after the other, as far as the time goes."""
        samples = self._asked(context, n=wanted, temperature=temperature, seed=0)
        while len(samples) < wanted:
            try:
                samples += self._asked(context, n=wanted - len(samples), temperature=temperature, seed=len(samples))
            except BackendUnavailable:
                break
        return samples[:wanted]

    def _asked(self, context: Context, **sampling: float) -> list[Sample]:
        """One request, sent anew without what the server turns out not to have."""
        while True:
            try:
                return self._request(context, sampling)
            except Rejected as rejected:
                if not self._learn(rejected.said.lower()):
                    raise

    def _request(self, context: Context, sampling: Mapping[str, float]) -> list[Sample]:
        room = int(((self.server.model.longest or LONGEST) - MOST_TOKENS) * CHARACTERS_A_TOKEN)
        prompt = fitting(context, room, self._cut)
        options: dict[str, Any] = {"max_tokens": MOST_TOKENS, **sampling}
        if "grammar" not in self._lacks and context.schema is not None:
            options["structured_outputs"] = {"grammar": grammar_of(context.schema, foreign=bool(context.schema_text))}
        if "chat" in self._lacks:
            options |= {} if "extras" in self._lacks else {"logprobs": 1}
            return self.server.complete(plain_of(prompt, context), stop=["\n\n"], **options)
        options |= {} if "extras" in self._lacks else {"logprobs": True, "chat_template_kwargs": {"enable_thinking": False}}
        return self.server.chat(messages_of(prompt, context), **options)

    def _learn(self, said: str) -> bool:
        """Whether a complaint tells what to leave out next; the grammar goes last but for what only it can mean."""
        if "chat_template_kwargs" in said:
            lacking = "extras"
        elif "chat template" in said or "chat_template" in said:
            lacking = "chat"
        elif "context length" in said or "maximum model length" in said or "max_model_len" in said:
            self._cut += 1
            return self._cut < len(CUTS)
        elif "grammar" in said or "structured" in said or "extras" in self._lacks:
            lacking = "grammar"
        else:
            lacking = "extras"
        if lacking in self._lacks:
            return False
        self._lacks.add(lacking)
        return True
