"""How many plans of unseen synthetic questions a model writes exactly, without writing them.

Greedy decoding writes a plan exactly if and only if each of its tokens is the likeliest after the true tokens before it, so one
pass over the true plans tells it. The same holds under the grammar, where the likeliest of the tokens that it admits is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from nl2sql.corpus.fragments import Example
from nl2sql.corpus.styles import SLOT_WORD
from nl2sql.plan.grammar import Reader
from nl2sql.plan.language import END, Scope, full_scope, vocabulary
from nl2sql.training.data import PAD, TOKEN_IDS, Batch, collate
from nl2sql.training.stream import examples


@dataclass(frozen=True, slots=True)
class Unseen:
    """A batch, and what the grammar admits at each place of its plans [batch, length, plan vocabulary]."""

    batch: Batch
    allowed: Tensor


@dataclass(frozen=True, slots=True)
class Exactness:
    """Shares of plans that greedy decoding writes exactly, freely and under the grammar."""

    free: float
    in_grammar: float


def unseen(tokenizer: Tokenizer, seed: int, how_many: int = 480, size: int = 48) -> list[Unseen]:
    """Synthetic examples from a seed that training does not draw from."""
    pool = sorted(islice(examples(seed * 1000 + 999), how_many), key=lambda e: len(e.question))
    batches = [pool[i : i + size] for i in range(0, how_many, size)]
    return [Unseen(collate(tokenizer, batch), _allowed(batch)) for batch in batches]


def _allowed(batch: Sequence[Example]) -> Tensor:
    plans = [[*e.plan.split(), END] for e in batch]
    allowed = torch.zeros(len(batch), max(map(len, plans)), len(vocabulary()), dtype=torch.bool)
    for row, (example, plan) in enumerate(zip(batch, plans, strict=True)):
        slots = frozenset(f"@{found[0]}" for found in SLOT_WORD.finditer(example.question))
        reader = Reader(Scope(columns=full_scope().columns, slots=slots))
        for at, token in enumerate(plan):
            allowed[row, at, [TOKEN_IDS[t] for t in reader.allowed]] = True
            if token not in reader.allowed:
                break  # the plan uses a value that the question does not hold
            reader.push(token)
    return allowed


@torch.no_grad()
def exactness(model: nn.Module, held_out: Sequence[Unseen]) -> Exactness:
    """How often ``model(ids, mask, plan)``, whose first logits are those of the plan tokens, is right at every token."""
    was_training = model.training
    model.eval()
    free = in_grammar = total = 0
    for one in held_out:
        batch = one.batch
        logits = model(batch.ids, batch.mask, batch.plan)  # in float32: bfloat16 has ties, which no reader writes alike
        admitted = logits[..., : one.allowed.shape[-1]].masked_fill(~one.allowed, -torch.inf)
        free += _right(logits.argmax(-1), batch.target)
        in_grammar += _right(admitted.argmax(-1), batch.target)
        total += len(logits)
    model.train(was_training)
    return Exactness(free / total, in_grammar / total)


def _right(written: Tensor, target: Tensor) -> int:
    return int(((written == target) | (target == PAD)).all(1).sum())
