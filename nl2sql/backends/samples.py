"""What causal language models are asked and how their samples become drafts, whoever runs the model. Imports neither torch nor HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import Any

from nl2sql.backends.base import Context, Draft, SqlDraft
from nl2sql.backends.reply import read_reply
from nl2sql.errors import BadReply
from nl2sql.grammar import grammar_of
from nl2sql.prompt import CUTS, Prompt, fitting, template

SAMPLES = 5
"""Drawn where one alone is not clear; as many again at each mending."""
CLEAR = 0.5
"""Probability of one text at which no other can outnumber it, so that no vote is held."""
WARMTH = 0.7
"""Temperature of a vote; the first sample is the likeliest text."""
MOST_TOKENS = 512
"""Of a reply. The longest SQL of the development suites has 460 characters."""
CHARACTERS_A_TOKEN = 3.0
"""At least; English and SQL have about 3.6 with the tokenizers of common models."""
END_OF_PLAIN = "\n\n"
"""Ends the reply of a model without a chat template."""
LONGEST = 8192
"""Tokens that a model reads and writes at once where its server does not say."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a model wrote, and the natural logarithm of how probable it held that to be; None where it does not say."""

    text: str
    log_probability: float | None = None


def messages_of(prompt: Prompt, context: Context) -> list[dict[str, str]]:
    """The chat so far: the question, and each attempt with what is wrong with it."""
    messages = prompt.messages
    for attempt in context.attempts:
        complaint = template("repair").format(what=attempt.what, hint=attempt.hint)
        messages += [{"role": "assistant", "content": attempt.sql}, {"role": "user", "content": complaint}]
    return messages


def plain_of(prompt: Prompt, context: Context) -> str:
    """The same for a model without a chat template."""
    parts = [prompt.plain]
    for attempt in context.attempts:
        parts.append(f"{attempt.sql}\n{template('repair').format(what=attempt.what, hint=attempt.hint)}\nAnswer:\n")
    return "".join(parts)


def tokens_of(tokenizer: Any, context: Context, longest: int) -> list[int]:
    """What a model in this process reads, so that it and a reply are at most ``longest`` tokens; ``tokenizer`` is Hugging Face's.

    As much of the schema is told as there is room for. Where the question alone is longer, its beginning goes.
    """
    room = max(64, longest - MOST_TOKENS)
    for first in range(len(CUTS)):
        ids = _tokens(tokenizer, fitting(context, int(room * CHARACTERS_A_TOKEN), first), context)
        if len(ids) <= room:
            break
    return ids[-room:]


def _tokens(tokenizer: Any, prompt: Prompt, context: Context) -> list[int]:
    if tokenizer.chat_template:
        text = tokenizer.apply_chat_template(messages_of(prompt, context), tokenize=False, add_generation_prompt=True, enable_thinking=False)
        return list(tokenizer(text, add_special_tokens=False).input_ids)
    ids = list(tokenizer(plain_of(prompt, context)).input_ids)
    return ids[:-1] if ids and ids[-1] == tokenizer.eos_token_id else ids


def grammar_for(context: Context) -> str | None:
    """What the reply to a question is held to, as GBNF; None where nobody says what may be read."""
    return None if context.schema is None else grammar_of(context.schema, foreign=bool(context.schema_text))


def is_clear(first: Sample, most: int) -> bool:
    """Whether the likeliest text stands alone: no other could outnumber it, or ``most`` are drawn already."""
    return most == 1 or (first.log_probability is not None and exp(first.log_probability) >= CLEAR)


def drafts_of(context: Context, samples: Sequence[Sample]) -> list[Draft]:
    """Drafts of what was drawn: one clear sample with its probability, of several each with its share. Raises `BadReply`."""
    if len(samples) == 1:
        found = samples[0].log_probability
        return counted(context, samples, [1.0 if found is None else exp(found)])
    return counted(context, samples, [1 / len(samples)] * len(samples))


def counted(context: Context, samples: Sequence[Sample], shares: Sequence[float]) -> list[Draft]:
    """The samples as drafts, equal ones as one with their shares added; other replies than SQL win only where they outnumber all SQL.

    Raises `BadReply` where none can be read.
    """
    votes: dict[Draft, float] = {}
    for sample, share in zip(samples, shares, strict=True):
        draft = read_reply(sample.text, context.now, 0.0)
        if draft is not None:
            votes[draft] = votes.get(draft, 0.0) + share
    if not votes:
        raise BadReply("The model wrote neither SQL nor a reply that is known.", "Ask in other words, or choose a larger model.")
    ranked: list[Draft] = [replace(draft, confidence=min(1.0, share)) for draft, share in sorted(votes.items(), key=lambda vote: -vote[1])]
    sql = [draft for draft in ranked if isinstance(draft, SqlDraft)]
    others = [draft for draft in ranked if not isinstance(draft, SqlDraft)]
    if sum(draft.confidence for draft in others) > sum(draft.confidence for draft in sql):
        return [*others[:1]]
    return [*sql]
