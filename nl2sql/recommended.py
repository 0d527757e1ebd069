"""Which public model to serve with how much GPU memory, and why. Knows figures that others published; fetches and starts nothing."""

import tomllib
from datetime import date
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, PositiveInt

TABLE = Path(__file__).with_name("recommended.toml")
CONTEXT = 8192
"""Tokens that a question and its prompt may have at once, at least."""
BESIDE = 2_000_000_000
"""Bytes that a server holds beside weights and cache: activations, logits of a batch, captured graphs, CUDA itself. An estimate."""
SHARE = 0.92
"""Of a GPU's memory that vLLM takes (``--gpu-memory-utilization``, 0.32)."""


class Recommended(BaseModel):
    """A model, what it needs and what is published about it; sizes in bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    weights: PositiveInt
    token: PositiveInt
    form: str
    licence: str
    reason: str
    score: str = ""
    source: str = ""
    published: date | None = None

    @property
    def memory(self) -> int:
        """Least free bytes of one GPU: weights, a cache of `CONTEXT` tokens and `BESIDE`, within the share that vLLM takes. Computed, not measured."""
        return int((self.weights + CONTEXT * self.token + BESIDE) / SHARE)

    @property
    def scored(self) -> str:
        """The published score with its source and day."""
        return f"{self.score} ({self.source}, {self.published})" if self.score else "none published"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    checked: date
    models: tuple[Recommended, ...]


@cache
def models() -> tuple[Recommended, ...]:
    """All of them, from the smallest to the largest."""
    return _Table.model_validate(tomllib.loads(TABLE.read_text(encoding="utf-8"))).models


def for_memory(free: int) -> Recommended | None:
    """The largest that so many free bytes of one GPU hold; None where none fits."""
    return next((model for model in reversed(models()) if model.memory <= free), None)


def named(model: str) -> Recommended | None:
    """The one of that name, if it is among them."""
    return next((known for known in models() if known.id == model), None)
