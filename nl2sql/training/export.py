"""Exports a trained parser to int8 ONNX: one graph that reads the question, one that writes a token with cached keys and values."""

import json
import tempfile
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from nl2sql.embedded.runtime import onnx_runtime
from nl2sql.plan.language import vocabulary
from nl2sql.training.graphs import Reader, Writer, averaged, layer_of, parser_of
from nl2sql.training.start import MINILM


def export(checkpoint: Path, out: Path, quantised: bool = True) -> None:
    """Write ``reader.onnx``, ``writer.onnx``, ``tokenizer.json`` and ``parser.json`` into ``out``."""
    saved = torch.load(checkpoint, weights_only=True)
    parser = parser_of(averaged(saved))
    layers = len(parser.layers)
    parser.encoder.set_attn_implementation("eager")
    width, heads = parser.embed.weight.shape[1], layer_of(parser.layers[0]).self_attention.heads
    out.mkdir(parents=True, exist_ok=True)
    ids = torch.ones(1, 12, dtype=torch.long)
    cache = torch.zeros(layers, 2, 3, heads, 5, width // heads)
    memory = torch.zeros(layers, 2, 1, heads, 12, width // heads)
    step = (torch.zeros(3, dtype=torch.long), torch.tensor([5]), cache, memory)
    length = torch.export.Dim("length", min=2, max=512)
    beams, past = torch.export.Dim("beams", min=1, max=64), torch.export.Dim("past", min=0, max=512)
    reader_shapes = {"ids": {1: length}, "mask": {1: length}}
    writer_shapes = {"token": {0: beams}, "position": {}, "cache": {2: beams, 4: past}, "memory": {4: length}}
    _write(Reader(parser), (ids, torch.ones_like(ids)), out / "reader.onnx", (["ids", "mask"], ["memory"]), reader_shapes, quantised)
    names = (["token", "position", "cache", "memory"], ["logits", "grown"])
    _write(Writer(parser), step, out / "writer.onnx", names, writer_shapes, quantised)
    (out / "tokenizer.json").write_bytes((MINILM / "tokenizer.json").read_bytes())
    about = {"vocabulary": vocabulary(), "layers": layers, "heads": heads, "width": width, "steps": saved["step"]}
    (out / "parser.json").write_text(json.dumps(about), encoding="utf-8")


def _write(
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    path: Path,
    names: tuple[list[str], list[str]],
    shapes: dict[str, dict[int, torch.export.Dim]],
    quantised: bool,
) -> None:
    module.eval()
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / path.name
        program = torch.onnx.export(module, inputs, input_names=names[0], output_names=names[1], dynamic_shapes=shapes, dynamo=True)
        assert program is not None
        program.save(plain, external_data=False)
        if quantised:
            tools = onnx_runtime("quantization")
            tools.quantize_dynamic(plain, path, weight_type=tools.QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul", "Gemm", "Gather"])
        onnx.save(anonymous(onnx.load(path if quantised else plain)), path)


def anonymous(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without what the exporter notes about where its code stood, which names files of the machine."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    return model
