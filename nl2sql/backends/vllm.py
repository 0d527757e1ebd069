"""A served causal model as a backend: prompt, grammar and samples over HTTP; its replies as drafts with their share of the vote.

Works with vLLM and with what speaks the same protocol; what a server does not have (grammar, chat template, log-probabilities) is
done without. Nothing that a model writes is trusted: the guard reads all of it.
"""

from collections.abc import Mapping
from typing import Any

from nl2sql.backends.base import Context, Draft, Tell
from nl2sql.backends.samples import (
    CHARACTERS_A_TOKEN,
    END_OF_PLAIN,
    LONGEST,
    MOST_TOKENS,
    SAMPLES,
    WARMTH,
    Sample,
    drafts_of,
    grammar_for,
    is_clear,
    messages_of,
    plain_of,
)
from nl2sql.backends.server import Rejected, Server
from nl2sql.errors import BackendUnavailable
from nl2sql.prompt import CUTS, fitting


class VllmBackend:
    """Question to SQL through a model server.

    The prompt and the grammar name what the asker may see and nothing else. They are the same for everyone of one scope up to the
    question, so that the server's prefix and grammar caches hold them.
    """

    name = "vllm"
    reads_schema = True
    samples = True
    tells = True

    def __init__(self, server: Server, samples: int = SAMPLES) -> None:
        """At most ``samples`` are drawn for a question."""
        self.server = server
        self._most = samples
        self._lacks: set[str] = set()
        """What the server was found to do without: ``grammar``, ``chat``, ``extras``, ``stream``."""
        self._cut = 0

    def draft(self, context: Context) -> list[Draft]:
        """What most samples say, best first; the likeliest is told while it is written.

        Raises `BackendUnavailable`, `Stopped`, and `BadReply` where none of the samples can be read.
        """
        if not context.attempts:  # mending has what time is left
            self.server.begin(context.stop)
        samples = self._asked(context, context.told, n=1, temperature=0.0, seed=0)[:1]
        if not is_clear(samples[0], self._most):
            samples += self._drawn(context, self._most - 1)
        return drafts_of(context, samples)

    def _drawn(self, context: Context, wanted: int) -> list[Sample]:
        """So many samples for a vote; from a server that gives one at a time, one after the other, as far as the time goes."""
        samples = self._asked(context, n=wanted, temperature=WARMTH, seed=0)
        while len(samples) < wanted:
            try:
                samples += self._asked(context, n=wanted - len(samples), temperature=WARMTH, seed=len(samples))
            except BackendUnavailable:
                break
        return samples[:wanted]

    def _asked(self, context: Context, told: Tell | None = None, **sampling: float) -> list[Sample]:
        """One request, sent anew without what the server turns out not to have; ``told`` hears what it writes."""
        while True:
            try:
                return self._request(context, None if "stream" in self._lacks else told, sampling)
            except Rejected as rejected:
                if not self._learn(rejected.said.lower()):
                    raise

    def _request(self, context: Context, told: Tell | None, sampling: Mapping[str, float]) -> list[Sample]:
        room = int(((self.server.model.longest or LONGEST) - MOST_TOKENS) * CHARACTERS_A_TOKEN)
        prompt = fitting(context, room, self._cut)
        options: dict[str, Any] = {"max_tokens": MOST_TOKENS, **sampling}
        if "grammar" not in self._lacks and (grammar := grammar_for(context)):
            options["structured_outputs"] = {"grammar": grammar}
        if "chat" in self._lacks:
            options |= {} if "extras" in self._lacks else {"logprobs": 1}
            return self.server.complete(plain_of(prompt, context), told, stop=[END_OF_PLAIN], **options)
        options |= {} if "extras" in self._lacks else {"logprobs": True, "chat_template_kwargs": {"enable_thinking": False}}
        return self.server.chat(messages_of(prompt, context), told, **options)

    def _learn(self, said: str) -> bool:
        """Whether a complaint tells what to leave out next; grammar and stream go last but for what only they can mean."""
        if "chat_template_kwargs" in said:
            lacking = "extras"
        elif "chat template" in said or "chat_template" in said:
            lacking = "chat"
        elif "context length" in said or "maximum model length" in said or "max_model_len" in said:
            self._cut += 1
            return self._cut < len(CUTS)
        elif ("stream" in said and "stream" not in self._lacks) or {"extras", "grammar"} <= self._lacks:
            lacking = "stream"
        elif "grammar" in said or "structured" in said or "extras" in self._lacks:
            lacking = "grammar"
        else:
            lacking = "extras"
        if lacking in self._lacks:
            return False
        self._lacks.add(lacking)
        return True
