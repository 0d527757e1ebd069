"""Batches of synthetic examples: composed and styled by worker processes, tokenised, sorted by length."""

import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.utils.data import IterableDataset

from nl2sql.corpus.fragments import Example
from nl2sql.embedded.parser import word_pieces
from nl2sql.plan.language import END, vocabulary
from nl2sql.training.stream import examples

TOKEN_IDS = {token: i for i, token in enumerate(vocabulary())}
PAD = -100


@dataclass(frozen=True, slots=True)
class Batch:
    """Question ids and mask [batch, length], plan inputs and targets [batch, length], targets padded with -100."""

    ids: Tensor
    mask: Tensor
    plan: Tensor
    target: Tensor


class Batches(IterableDataset[Batch]):
    """Endless batches; each loader worker has a seed of its own, so order depends on seed and worker count alone."""

    def __init__(self, tokenizer: Tokenizer, seed: int, size: int, heed: Mapping[str, float] | None = None, pool: int = 32) -> None:
        self.tokenizer, self.seed, self.size, self.heed, self.pool = tokenizer, seed, size, heed, pool

    def __iter__(self) -> Iterator[Batch]:
        info = torch.utils.data.get_worker_info()
        seed = self.seed * 1000 + (info.id if info else 0)
        stream, rng = examples(seed, self.heed), random.Random(seed)
        while True:
            pool = list(itertools.islice(stream, self.size * self.pool))
            pool.sort(key=lambda e: (len(e.question) // 12, len(e.plan)))
            batches = [pool[i : i + self.size] for i in range(0, len(pool), self.size)]
            rng.shuffle(batches)
            for batch in batches:
                yield collate(self.tokenizer, batch)


def collate(tokenizer: Tokenizer, batch: list[Example]) -> Batch:
    """Tokenise and pad."""
    questions = [word_pieces(tokenizer, e.question) for e in batch]
    plans = [[TOKEN_IDS[t] for t in e.plan.split()] + [TOKEN_IDS[END]] for e in batch]
    wide, tall = max(map(len, questions)), max(map(len, plans))
    ids = torch.tensor([q + [0] * (wide - len(q)) for q in questions])
    mask = torch.tensor([[1] * len(q) + [0] * (wide - len(q)) for q in questions])
    plan = torch.tensor([[TOKEN_IDS[END], *p[:-1]] + [0] * (tall - len(p)) for p in plans])
    target = torch.tensor([p + [PAD] * (tall - len(p)) for p in plans])
    return Batch(ids, mask, plan, target)
