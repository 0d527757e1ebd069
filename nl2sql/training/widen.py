"""Puts a second, larger encoder beside the one under a decoder that knows its plans already: what it tells begins as near to what the first tells as a linear map comes."""

from itertools import islice
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from nl2sql.embedded.parser import WEIGHTS
from nl2sql.plan.language import vocabulary
from nl2sql.training.data import Batches
from nl2sql.training.encoders import MPNET_LAYERS, mpnet, states_of
from nl2sql.training.model import Parser
from nl2sql.training.shipped import begin_with, exported
from nl2sql.training.start import load_tokenizer, parser_of

BATCHES = 40
"""Batches of questions on which the map is fitted."""
RIDGE = 1.0
"""Weight of the squared map (Hoerl and Kennard, 1970)."""


def widen(out: Path, folder: Path, seed: int, size: int = 48, layers: int = MPNET_LAYERS, shipped: Path = WEIGHTS) -> float:
    """Let a run in ``out`` start from the parser in ``shipped`` with the lower ``layers`` of the MPNet in ``folder`` beside its encoder; the share of its encoder's variance that the map explains."""
    tokenizer = load_tokenizer()
    known = parser_of(exported(shipped))
    wide = Parser(known.encoder, len(vocabulary()), len(known.layers), second=mpnet(folder, tokenizer, layers)).eval()
    wide.load_state_dict(known.state_dict(), strict=False)
    share: float = _fit(wide, tokenizer, seed, size)
    begin_with(out, wide.state_dict(), vocabulary())
    return share


@torch.no_grad()
def _fit(wide: Parser, tokenizer: Tokenizer, seed: int, size: int) -> float:
    """Set the linear map to the ridge regression of the first encoder's states on the second's."""
    assert wide.second is not None and wide.project is not None
    ours: list[Tensor] = []
    theirs: list[Tensor] = []
    for batch in islice(Batches(tokenizer, seed, size), BATCHES):
        words = batch.mask.bool()
        ours.append(states_of(wide.encoder, batch.ids, batch.mask)[words])
        theirs.append(states_of(wide.second, batch.ids, batch.mask)[words])
    x, y = torch.cat(theirs), torch.cat(ours)
    x = torch.cat([x, torch.ones(len(x), 1)], 1)
    found = torch.linalg.solve(x.T @ x + RIDGE * torch.eye(x.shape[1]), x.T @ y)
    wide.project.weight.copy_(found[:-1].T)
    wide.project.bias.copy_(found[-1])
    share: float = 1 - (x @ found - y).square().sum().item() / (y - y.mean(0)).square().sum().item()
    return share
