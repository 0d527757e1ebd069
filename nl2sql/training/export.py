"""Exports a trained parser to ONNX in 8 bits: one graph that reads the question, one that writes a token with cached keys and values.

The reader's products have a scale for each block of weights, and of what they are multiplied with: an encoder such as MPNet has single states so
large that one scale for all of them leaves nothing of the rest (Dettmers et al., "LLM.int8()", NeurIPS 2022).
"""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import onnx
import torch
from onnx.external_data_helper import set_external_data
from torch import Tensor, nn

from nl2sql.embedded.runtime import onnx_runtime
from nl2sql.plan.language import vocabulary
from nl2sql.training.encoders import MINILM
from nl2sql.training.graphs import Reader, Writer, averaged, layer_of
from nl2sql.training.start import parser_of

BLOCK = 64
"""Weights of a row that share a scale."""
LARGEST_FILE = 45_000_000
"""Bytes of weights that lie in one file beside a graph."""
LARGE = 100_000
"""Bytes of a tensor from which on it lies beside the graph, where the graph is too large with it."""


def export(checkpoint: Path, out: Path, quantised: bool = True) -> None:
    """Write ``reader.onnx`` and ``writer.onnx``, beside them their weights where those are large, ``tokenizer.json`` and ``parser.json`` into ``out``."""
    saved = torch.load(checkpoint, weights_only=True)
    parser = parser_of(averaged(saved)).eval()
    layers = len(parser.layers)
    for encoder in filter(None, (parser.encoder, parser.second)):
        encoder.set_attn_implementation("eager")
        if quantised:
            encoder.set_input_embeddings(Rounded(encoder.get_input_embeddings().weight))
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
    _write(Reader(parser), (ids, torch.ones_like(ids)), out / "reader.onnx", (["ids", "mask"], ["memory"]), reader_shapes, in_blocks if quantised else None)
    names = (["token", "position", "cache", "memory"], ["logits", "grown"])
    _write(Writer(parser), step, out / "writer.onnx", names, writer_shapes, by_column if quantised else None)
    (out / "tokenizer.json").write_bytes((MINILM / "tokenizer.json").read_bytes())
    about = {"vocabulary": vocabulary(), "layers": layers, "heads": heads, "width": width, "steps": saved["step"]}
    (out / "parser.json").write_text(json.dumps(about), encoding="utf-8")


class Rounded(nn.Module):
    """Vectors of word pieces in 8 bits, each with a scale of its own."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        scale = weight.detach().abs().amax(1, keepdim=True).clamp_min(1e-9) / 127
        self.register_buffer("rows", (weight.detach() / scale).round().to(torch.int8))
        self.register_buffer("scale", scale)

    def forward(self, ids: Tensor) -> Tensor:
        """The vectors of ``ids``, in float32."""
        rows, scale = self.get_buffer("rows"), self.get_buffer("scale")
        return nn.functional.embedding(ids, rows).float() * nn.functional.embedding(ids, scale)


def in_blocks(plain: Path, path: Path) -> None:
    """Weights of products in 8 bits, a scale for each block of a row."""
    tools = onnx_runtime("quantization.matmul_nbits_quantizer")
    config = tools.DefaultWeightOnlyQuantConfig(block_size=BLOCK, is_symmetric=True, accuracy_level=4, bits=8)
    quantizer = tools.MatMulNBitsQuantizer(onnx.load(plain), algo_config=config)
    quantizer.process()
    onnx.save(quantizer.model.model, path)


def by_column(plain: Path, path: Path) -> None:
    """Weights of products and of embeddings in 8 bits, a scale for each column."""
    tools = onnx_runtime("quantization")
    tools.quantize_dynamic(plain, path, weight_type=tools.QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul", "Gemm", "Gather"])


def _write(
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    path: Path,
    names: tuple[list[str], list[str]],
    shapes: dict[str, dict[int, torch.export.Dim]],
    quantise: Callable[[Path, Path], None] | None,
) -> None:
    module.eval()
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / path.name
        program = torch.onnx.export(module, inputs, input_names=names[0], output_names=names[1], dynamic_shapes=shapes, dynamo=True)
        assert program is not None
        program.save(plain, external_data=False)
        if quantise:
            quantise(plain, path)
        _save(anonymous(onnx.load(path if quantise else plain)), path)


def _save(model: onnx.ModelProto, path: Path) -> None:
    """The graph with its weights, or beside them in files of at most `LARGEST_FILE` bytes, as many as it takes."""
    for old in path.parent.glob(f"{path.stem}.*.bin"):
        old.unlink()
    if model.ByteSize() <= LARGEST_FILE:
        onnx.save(model, path)
        return
    parts: list[bytearray] = [bytearray()]
    for one in model.graph.initializer:
        if len(one.raw_data) < LARGE:
            continue
        if parts[-1] and len(parts[-1]) + len(one.raw_data) > LARGEST_FILE:
            parts.append(bytearray())
        set_external_data(one, f"{path.stem}.{len(parts)}.bin", len(parts[-1]), len(one.raw_data))
        parts[-1] += one.raw_data
        one.ClearField("raw_data")
    for number, part in enumerate(parts, 1):
        path.with_name(f"{path.stem}.{number}.bin").write_bytes(part)
    onnx.save(model, path)


def anonymous(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without what the exporter notes about where its code stood, which names files of the machine."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    return model
