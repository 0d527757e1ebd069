"""The weights that ship, in 8 bits, back as the tensors that training goes on from: each within half a step of its scale.

Weights of products have names of the exporter's own; the bias that is added to their product says whose they are.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor

from nl2sql.embedded.parser import WEIGHTS

PREFIX = "parser."
BY_COLUMN, IN_BLOCKS, ROWS = "_quantized", "_Q8", ".rows"
"""Ends of the names of weights in 8 bits: one scale a column, one a block, one a word piece."""
MIDDLE = 128
"""What stands for 0 in blocks."""


def begin(out: Path, folder: Path = WEIGHTS) -> None:
    """Let a run in ``out`` start from the exported weights in ``folder``."""
    begin_with(out, exported(folder), json.loads((folder / "parser.json").read_text(encoding="utf-8"))["vocabulary"])


def begin_with(out: Path, weights: Mapping[str, Tensor], tokens: Sequence[str]) -> None:
    """Let a run in ``out`` start from these weights for these plan tokens: a checkpoint at step 0 without an optimizer's state."""
    saved = {"parser": dict(weights), "average": {f"module.{name}": value for name, value in weights.items()}, "vocabulary": list(tokens), "step": 0}
    out.mkdir(parents=True, exist_ok=True)
    scratch = out / "checkpoint.tmp"
    torch.save(saved, scratch)
    scratch.replace(out / "checkpoint.pt")


def exported(folder: Path) -> dict[str, Tensor]:
    """Weights by their names in `nl2sql.training.model.Parser`."""
    return {name: torch.from_numpy(value.copy()) for file in ("reader.onnx", "writer.onnx") for name, value in _weights(onnx.load(folder / file).graph)}


def _weights(graph: onnx.GraphProto) -> Iterator[tuple[str, NDArray[np.float32]]]:
    constants = {one.name: one for one in graph.initializer}
    consumers = {name: node for node in graph.node for name in node.input}

    def read(name: str) -> NDArray[np.float32]:
        value: NDArray[np.float32] = numpy_helper.to_array(constants[name]).astype(np.float32)
        return value

    for name, one in constants.items():
        if name.endswith(BY_COLUMN):
            stem = name.removesuffix(BY_COLUMN)
            value = (read(name) - read(f"{stem}_zero_point")) * read(f"{stem}_scale")
            yield (stem.removeprefix(PREFIX), value) if stem.startswith(PREFIX) else (_named(consumers[name], consumers), value.T)
        elif name.endswith(IN_BLOCKS):
            scales = read(f"{name.removesuffix(IN_BLOCKS)}_scales").reshape(one.dims[0], -1, 1)
            yield _named(consumers[name], consumers), ((read(name) - MIDDLE) * scales).reshape(one.dims[0], -1)
        elif name.endswith(ROWS):
            stem = name.removesuffix(ROWS)
            yield f"{stem.removeprefix(PREFIX)}.weight", read(name) * read(f"{stem}.scale")
        elif name.startswith(PREFIX) and one.data_type == onnx.TensorProto.FLOAT and not name.endswith(("_scale", ".scale")):
            yield name.removeprefix(PREFIX), read(name)


def _named(node: onnx.NodeProto, consumers: dict[str, onnx.NodeProto]) -> str:
    """The name of the weight that ``node`` multiplies by."""
    return _bias(node, consumers).removeprefix(PREFIX).removesuffix("bias") + "weight"


def _bias(node: onnx.NodeProto, consumers: dict[str, onnx.NodeProto]) -> str:
    """The name of the constant that is added to what ``node`` makes."""
    while node.op_type != "Add":
        node = consumers[node.output[0]]
    return next(str(name) for name in node.input if name.endswith(".bias"))
