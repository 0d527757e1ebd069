"""The weights that ship, int8 ONNX, back as the tensors that training goes on from: each within half a step of its scale.

``MatMulInteger`` weights have names of the exporter's own; the bias that is added to their product says whose they are.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor

from nl2sql.embedded.parser import WEIGHTS

PREFIX = "parser."
QUANTISED = "_quantized"


def begin(out: Path, folder: Path = WEIGHTS) -> None:
    """Let a run in ``out`` start from the exported weights in ``folder``: a checkpoint at step 0 without an optimizer's state."""
    weights = exported(folder)
    told = json.loads((folder / "parser.json").read_text(encoding="utf-8"))
    saved = {"parser": weights, "average": {f"module.{name}": value for name, value in weights.items()}, "vocabulary": told["vocabulary"], "step": 0}
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
    for name, one in constants.items():
        if not name.endswith(QUANTISED):
            if name.startswith(PREFIX) and one.data_type == onnx.TensorProto.FLOAT and not name.endswith("_scale"):
                yield name.removeprefix(PREFIX), numpy_helper.to_array(one)
            continue
        stem = name.removesuffix(QUANTISED)
        whole, scale, zero = (numpy_helper.to_array(constants[part]).astype(np.float32) for part in (name, f"{stem}_scale", f"{stem}_zero_point"))
        value = (whole - zero) * scale
        if stem.startswith(PREFIX):
            yield stem.removeprefix(PREFIX), value
        else:
            bias = _bias(consumers[name], consumers)
            yield bias.removeprefix(PREFIX).removesuffix("bias") + "weight", value.T


def _bias(node: onnx.NodeProto, consumers: dict[str, onnx.NodeProto]) -> str:
    """The name of the constant that is added to what ``node`` makes."""
    while node.op_type != "Add":
        node = consumers[node.output[0]]
    return next(str(name) for name in node.input if name.endswith(".bias"))
