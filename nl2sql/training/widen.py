"""Puts a larger encoder under a decoder that knows its plans already: what the decoder is told begins as near to what it was told as a linear map comes."""

from itertools import islice
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from nl2sql.embedded.parser import WEIGHTS
from nl2sql.plan.language import vocabulary
from nl2sql.training.data import Batches
from nl2sql.training.encoders import MPNET_LAYERS, mpnet
from nl2sql.training.model import Parser
from nl2sql.training.shipped import begin_with, exported
from nl2sql.training.start import load_tokenizer, parser_of

BATCHES = 40
"""Batches of questions on which the map is fitted."""
RIDGE = 1.0
"""Weight of the squared map (Hoerl and Kennard, 1970)."""


def widen(out: Path, folder: Path, seed: int, size: int = 48, layers: int = MPNET_LAYERS, shipped: Path = WEIGHTS) -> float:
    """Let a run in ``out`` start from the lower ``layers`` of the MPNet in ``folder`` under the decoder in ``shipped``; the share of its encoder's variance that the map explains."""
    tokenizer = load_tokenizer()
    known = parser_of(exported(shipped)).eval()
    wide = Parser(mpnet(folder, tokenizer, layers), len(vocabulary()), len(known.layers)).eval()
    decoder = {name: value for name, value in known.state_dict().items() if not name.startswith(("encoder.", "project."))}
    wide.load_state_dict(wide.state_dict() | decoder)
    share: float = _fit(wide, known, tokenizer, seed, size)
    begin_with(out, wide.state_dict(), vocabulary())
    return share


@torch.no_grad()
def _fit(wide: Parser, known: Parser, tokenizer: Tokenizer, seed: int, size: int) -> float:
    """Set the linear map to the ridge regression of the known encoder's states."""
    linear = wide.project
    assert isinstance(linear, torch.nn.Linear)
    theirs: list[Tensor] = []
    ours: list[Tensor] = []
    wide.project = torch.nn.Identity()
    for batch in islice(Batches(tokenizer, seed, size), BATCHES):
        words = batch.mask.bool()
        theirs.append(wide.encode(batch.ids, batch.mask)[words])
        ours.append(known.encode(batch.ids, batch.mask)[words])
    wide.project = linear
    x, y = torch.cat(theirs), torch.cat(ours)
    x = torch.cat([x, torch.ones(len(x), 1)], 1)
    found = torch.linalg.solve(x.T @ x + RIDGE * torch.eye(x.shape[1]), x.T @ y)
    linear.weight.copy_(found[:-1].T)
    linear.bias.copy_(found[-1])
    share: float = 1 - (x @ found - y).square().sum().item() / (y - y.mean(0)).square().sum().item()
    return share
