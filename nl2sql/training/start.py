"""Where weights start: MiniLM's, its word pieces, and its reading of what each plan token means."""

from collections.abc import Iterable, Mapping, Sequence

import torch
from tokenizers import Tokenizer
from torch import Tensor

from catalog.semantic import views
from nl2sql.plan.language import vocabulary
from nl2sql.training.encoders import MINILM, like, minilm, untrained
from nl2sql.training.model import Parser


def load_tokenizer() -> Tokenizer:
    """MiniLM's uncased WordPiece tokenizer, without padding or truncation."""
    tokenizer = Tokenizer.from_file(str(MINILM / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def new_parser(layers: int, tokenizer: Tokenizer) -> Parser:
    """A parser whose encoder is MiniLM and whose plan tokens start as MiniLM's reading of what they mean."""
    parser = Parser(minilm(), len(vocabulary()), layers)
    introduce(parser, tokenizer, range(len(vocabulary())))
    return parser


def random_parser(layers: int) -> Parser:
    """The same parser, nothing of which knows anything."""
    return Parser(untrained(), len(vocabulary()), layers)


def parser_of(weights: Mapping[str, Tensor], tokens: Sequence[str] = (), tokenizer: Tokenizer | None = None) -> Parser:
    """A parser with these weights; trained for other plan ``tokens``, those that both layers have keep what they mean, and the rest start as the encoder's reading of it."""
    layers = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("layers."))
    first, second = like(weights)
    parser = Parser(first, len(vocabulary()), layers, second=second)
    if not tokens or tuple(tokens) == vocabulary():
        parser.load_state_dict(weights)
        return parser
    place = {token: at for at, token in enumerate(tokens)}
    kept = {at: place[token] for at, token in enumerate(vocabulary()) if token in place}
    adopted = dict(weights)
    for name in ("embed.weight", "bias"):
        adopted[name] = parser.state_dict()[name].clone()
        adopted[name][list(kept)] = weights[name][list(kept.values())]
    parser.load_state_dict(adopted)
    introduce(parser, tokenizer or load_tokenizer(), [at for at in range(len(vocabulary())) if at not in kept])
    return parser


@torch.no_grad()
def introduce(parser: Parser, tokenizer: Tokenizer, which: Iterable[int]) -> None:
    """Let plan tokens start as the encoder's reading of what they mean."""
    parser.eval()
    for at in which:
        ids = torch.tensor([tokenizer.encode(meaning(vocabulary()[at])).ids])
        mean = parser.encode(ids, torch.ones_like(ids)).mean(1)[0]
        parser.embed.weight[at] += mean / mean.norm()
    parser.train()


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
