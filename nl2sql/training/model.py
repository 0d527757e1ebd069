"""The embedded parser: an encoder reads the question, or two do, and a small decoder writes plan tokens.

Pre-norm transformer decoder (Vaswani et al., 2017; Xiong et al., 2020) with cross-attention, tied output head over the closed plan
vocabulary. Attention is spelt out so that one decoding step exports as a plain ONNX graph with cached keys and values.
"""

import torch
from torch import Tensor, nn
from transformers import BertModel, MPNetModel

from nl2sql.training.encoders import states_of
from nl2sql.training.stream import MAX_PLAN

WIDTH = 384
"""Of the decoder, which is MiniLM's too."""
ALONE = 0.35
"""Share of questions that the second encoder reads by itself while it is trained, so that it learns to tell what the first tells too."""


class Attention(nn.Module):
    """Multi-head attention over keys and values that were made elsewhere."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def keys_values(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of ``x`` [batch, length, width], each [batch, heads, length, width / heads]."""
        keys, values = self.key_value(x).chunk(2, dim=-1)
        return self._split(keys), self._split(values)

    def forward(self, x: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
        """Attend from ``x`` [batch, length, width]; ``mask`` is added to the scores."""
        query = self._split(self.query(x))
        scores = query @ keys.transpose(-1, -2) * (query.shape[-1] ** -0.5)
        if mask is not None:
            scores = scores + mask
        mixed = scores.softmax(-1) @ values
        return self.out(mixed.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class Layer(nn.Module):
    """Self-attention, cross-attention and feed-forward, each behind a norm and with a residual."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.self_norm, self.cross_norm, self.forward_norm = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.self_attention, self.cross_attention = Attention(width, heads), Attention(width, heads)
        self.feed_forward = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Tensor, own: tuple[Tensor, Tensor], memory: tuple[Tensor, Tensor], causal: Tensor | None, padding: Tensor
    ) -> Tensor:
        """One layer; ``own`` are the keys and values of the normed prefix, ``memory`` those of the question."""
        x = x + self.dropout(self.self_attention(self.self_norm(x), *own, causal))
        x = x + self.dropout(self.cross_attention(self.cross_norm(x), *memory, padding))
        return x + self.dropout(self.feed_forward(self.forward_norm(x)))

    def own_keys_values(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of the prefix for self-attention."""
        return self.self_attention.keys_values(self.self_norm(x))


class Parser(nn.Module):
    """Question word pieces to plan tokens. The start token is the end token, id 0.

    Where there is a second, wider encoder, the decoder is told the mean of the first's states and of what a linear map makes of the second's.
    """

    def __init__(
        self, encoder: BertModel, vocabulary: int, layers: int = 4, heads: int = 6, dropout: float = 0.1, second: MPNetModel | None = None
    ) -> None:
        super().__init__()
        width = WIDTH
        self.encoder = encoder
        self.second = second
        self.project = nn.Linear(second.config.hidden_size, width) if second is not None else None
        self.embed = nn.Embedding(vocabulary, width)
        self.position = nn.Embedding(MAX_PLAN, width)
        self.layers = nn.ModuleList(Layer(width, heads, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        nn.init.normal_(self.embed.weight, std=width**-0.5)
        nn.init.normal_(self.position.weight, std=0.02)

    def encode(self, ids: Tensor, mask: Tensor) -> Tensor:
        """States of the question [batch, length, width]."""
        states = states_of(self.encoder, ids, mask)
        if self.second is None or self.project is None:
            return states
        others: Tensor = self.project(states_of(self.second, ids, mask))
        share = 0.5 * (torch.rand(len(ids), 1, 1) >= ALONE) if self.training else 0.5
        return others + share * (states - others)

    def decode(self, plan: Tensor, states: Tensor, mask: Tensor) -> Tensor:
        """Logits [batch, length, vocabulary] of the token after each prefix of ``plan`` [batch, length]."""
        length = plan.shape[1]
        x = self.embed(plan) + self.position.weight[:length]
        causal = torch.full((length, length), -1e9, device=x.device).triu(1)
        padding = (1.0 - mask[:, None, None, :].float()) * -1e9
        for layer in self.layers:
            assert isinstance(layer, Layer)
            x = layer(x, layer.own_keys_values(x), layer.cross_attention.keys_values(states), causal, padding)
        return self.norm(x) @ self.embed.weight.T + self.bias

    def forward(self, ids: Tensor, mask: Tensor, plan: Tensor) -> Tensor:
        """Logits for teacher forcing."""
        return self.decode(plan, self.encode(ids, mask), mask)
