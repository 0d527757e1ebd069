"""``steward train --similar``: distils MiniLM into one vector per word piece, for `nl2sql.embedded.encoder`.

After Model2Vec (Minish Lab, 2024): a text's vector is the sum of its pieces' vectors, rare pieces weighing more (SIF; Arora, Liang and
Ma, 2017). Unlike there a piece is read among random others, then all are fitted so that their sums point where MiniLM points.
Needs no corpus; two minutes on two cores.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn.functional import normalize
from transformers import BertModel

from nl2sql.embedded.encoder import FILE
from nl2sql.training.encoders import MINILM
from nl2sql.training.start import load_tokenizer

FIRST_PIECE = 999
"""Id of the first piece that text consists of; below are markers and unused places."""
FIRST_WORD = 1996
"""Id of the first piece that is more than one character: ``the``. From here on pieces stand by frequency, roughly."""
OPSET = 18

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides the result apart from MiniLM and the machine."""

    width: int = 128
    group: int = 6
    """Pieces that are read together."""
    passes: int = 4
    """Times that every piece is read."""
    epochs: int = 5
    rate: float = 0.02
    common: float = 1e-4
    """SIF's constant: a piece of this relative frequency weighs half."""
    seed: int = 7


def distil(out: Path, recipe: Recipe | None = None) -> Path:
    """Write the encoder's ONNX file into the folder ``out`` and return its path; the same recipe writes the same file on one machine."""
    recipe = recipe or Recipe()
    torch.manual_seed(recipe.seed)
    size = load_tokenizer().get_vocab_size()
    groups, targets, pieces = _read(recipe, size)
    basis = _principal(pieces[FIRST_PIECE:], recipe.width)
    start = (pieces - pieces[FIRST_PIECE:].mean(0)) @ basis
    goal = normalize((targets - targets.mean(0)) @ basis, dim=-1)
    fitted = _fit(start, groups, goal, recipe)
    fitted *= _weights(size, recipe.common)[:, None]
    fitted[:FIRST_PIECE] = 0  # markers and unused places say nothing
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as scratch:
        draft = Path(scratch) / FILE
        onnx.save(_graph(fitted.numpy()), draft)
        return draft.replace(out / FILE)


@torch.inference_mode()
def _read(recipe: Recipe, size: int, batch: int = 256) -> tuple[Tensor, Tensor, Tensor]:
    """Random groups of pieces, MiniLM's vector of each group, and its mean vector of every piece among others."""
    encoder = BertModel.from_pretrained(MINILM, add_pooling_layer=False)
    encoder.eval()
    tokenizer = load_tokenizer()
    first, last = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    shuffle = torch.Generator().manual_seed(recipe.seed)
    groups, targets = [], []
    total, seen = torch.zeros(size, encoder.config.hidden_size), torch.zeros(size, 1)
    for number in range(recipe.passes):
        order = FIRST_PIECE + torch.randperm(size - FIRST_PIECE, generator=shuffle)
        for chosen in order[: len(order) // recipe.group * recipe.group].view(-1, recipe.group).split(batch):
            ids = nn.functional.pad(nn.functional.pad(chosen, (1, 0), value=first), (0, 1), value=last)
            states = encoder(ids).last_hidden_state
            groups.append(chosen)
            targets.append(normalize(states.mean(1), dim=-1))
            total.index_add_(0, chosen.flatten(), states[:, 1:-1].flatten(0, 1))
            seen.index_add_(0, chosen.flatten(), torch.ones(chosen.numel(), 1))
        print(f"pass {number + 1}/{recipe.passes}: every word piece read among others", flush=True)
    return torch.cat(groups), torch.cat(targets), total / seen.clamp(min=1)


def _principal(vectors: Tensor, width: int) -> Tensor:
    """The directions in which the vectors differ most, as columns."""
    centred = (vectors - vectors.mean(0)).double()
    return torch.linalg.eigh(centred.T @ centred).eigenvectors.flip(1)[:, :width].float()


def _fit(start: Tensor, groups: Tensor, goal: Tensor, recipe: Recipe) -> Tensor:
    """Vectors of pieces whose sums over the groups point to the goals."""
    table = nn.Embedding.from_pretrained(start.clone(), freeze=False)
    optimizer = torch.optim.Adam(table.parameters(), lr=recipe.rate)
    shuffle = torch.Generator().manual_seed(recipe.seed)
    for epoch in range(recipe.epochs):
        far = []
        for chosen in torch.randperm(len(groups), generator=shuffle).split(2048):
            loss = (1 - (normalize(table(groups[chosen]).sum(1), dim=-1) * goal[chosen]).sum(-1)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            far.append(loss.item())
        print(f"epoch {epoch + 1}/{recipe.epochs}: cosine distance {sum(far) / len(far):.3f}", flush=True)
    return table.weight.detach()


def _weights(size: int, common: float) -> Tensor:
    """SIF weights with frequencies by Zipf's law; single characters count as frequent."""
    frequency = 1 / (torch.arange(size).sub(FIRST_WORD).clamp(min=0) + 2.7)
    frequency /= frequency.sum()
    return common / (common + frequency)


def _graph(table: Floats) -> onnx.ModelProto:
    """Piece ids [texts, length], padded with 0, to vectors [texts, width] of length 1; a text without a word is all zero."""
    scale = np.maximum(np.abs(table).max(1, keepdims=True), 1e-9) / 127
    constants = {
        "table": np.rint(table / scale).astype(np.int8),
        "scale": scale.astype(np.float32),
        "pieces": np.array([1]),
        "across": np.array([-1]),
        "least": np.array(1e-9, dtype=np.float32),
    }
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["small"]),
        helper.make_node("Cast", ["small"], ["whole"], to=TensorProto.FLOAT),
        helper.make_node("Gather", ["scale", "ids"], ["scales"]),
        helper.make_node("Mul", ["whole", "scales"], ["vectors"]),
        helper.make_node("ReduceSum", ["vectors", "pieces"], ["sum"], keepdims=0),
        helper.make_node("ReduceL2", ["sum", "across"], ["length"], keepdims=1),
        helper.make_node("Max", ["length", "least"], ["divisor"]),
        helper.make_node("Div", ["sum", "divisor"], ["vector"]),
    ]
    graph = helper.make_graph(
        nodes,
        "encoder",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["texts", "length"])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["texts", table.shape[1]])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.checker.check_model(model)
    return model
