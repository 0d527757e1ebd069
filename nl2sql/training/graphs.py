"""The trained parser as the two graphs that answering needs: one reads the question, one writes a token with cached keys and values."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from nl2sql.training.model import Layer, Parser


class Reader(nn.Module):
    """Question ids and mask [1, length] to the keys and values of every layer [layers, 2, 1, heads, length, depth]."""

    def __init__(self, parser: Parser) -> None:
        super().__init__()
        self.parser = parser

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        states = self.parser.encode(ids, mask)
        return torch.stack([torch.stack(layer_of(x).cross_attention.keys_values(states)) for x in self.parser.layers])


class Writer(nn.Module):
    """One step: tokens [beams], position [1], cached and question keys and values, to logits [beams, vocabulary] and the longer cache."""

    def __init__(self, parser: Parser) -> None:
        super().__init__()
        self.parser = parser

    def forward(self, token: Tensor, position: Tensor, cache: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        x = (self.parser.embed(token) + self.parser.position(position))[:, None]
        grown = []
        nothing = torch.zeros(1)
        for i, module in enumerate(self.parser.layers):
            layer = layer_of(module)
            keys, values = layer.own_keys_values(x)
            keys, values = torch.cat([cache[i, 0], keys], 2), torch.cat([cache[i, 1], values], 2)
            grown.append(torch.stack([keys, values]))
            x = layer(x, (keys, values), (memory[i, 0], memory[i, 1]), None, nothing)
        logits = self.parser.norm(x)[:, 0] @ self.parser.embed.weight.T + self.parser.bias
        return logits, torch.stack(grown)


def layer_of(module: nn.Module) -> Layer:
    """The module of a list, as the layer that it is."""
    assert isinstance(module, Layer)
    return module


def averaged(saved: Mapping[str, Any]) -> dict[str, Tensor]:
    """The moving average of the weights in a checkpoint, which is what is used."""
    return {name.removeprefix("module."): value for name, value in saved["average"].items() if name.startswith("module.")}
