"""``steward train``: trains the embedded parser from the phrase files, resumable and seeded."""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from tokenizers import Tokenizer
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from catalog.errors import UsageError
from nl2sql.plan.language import vocabulary
from nl2sql.training.causal import causal_tokenizer, new_causal
from nl2sql.training.data import PAD, Batches
from nl2sql.training.encoders import hold
from nl2sql.training.mining import heed
from nl2sql.training.start import load_tokenizer, new_parser, parser_of, random_parser
from nl2sql.training.unseen import exactness, unseen

Variant = Literal["encoder-decoder", "random", "causal"]
"""The model that ships, the same from random weights, and a decoder alone (`nl2sql.training.causal`)."""
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
    variant: Variant = "encoder-decoder"


def start(recipe: Recipe, out: Path, saved: Mapping[str, Any] | None = None) -> tuple[nn.Module, Tokenizer, list[nn.Parameter]]:
    """The model of a recipe, or with the weights of a checkpoint, what reads its questions, and the weights that know something and learn slowly.

    A checkpoint of another semantic layer is where weights start: tokens that both layers have keep what they mean.
    A tokenizer of its own is kept in ``out``: what a checkpoint was trained with is what it goes on with.
    """
    if recipe.variant == "causal":
        file = out / "tokenizer.json"
        if not file.exists():
            causal_tokenizer().save(str(file))
        tokenizer = Tokenizer.from_file(str(file))
        model = new_causal(recipe.layers, tokenizer)
        if saved and tuple(saved["vocabulary"]) != vocabulary():
            raise UsageError(f"The run in {out} is of another semantic layer.", "Delete the folder to begin anew, or name another with --out.")
        if saved:
            model.load_state_dict(saved["parser"])
        return model, tokenizer, []
    tokenizer = load_tokenizer()
    if saved:
        parser = parser_of(saved["parser"], saved["vocabulary"], tokenizer)
    else:
        parser = random_parser(recipe.layers) if recipe.variant == "random" else new_parser(recipe.layers, tokenizer)
    if recipe.variant == "random":
        return parser, tokenizer, []
    hold(parser.encoder, parser.second)
    knowing = parser.second or parser.encoder
    return parser, tokenizer, [p for p in knowing.parameters() if p.requires_grad]


def train(out: Path, recipe: Recipe, every: int = 500, judged: int = 480) -> None:
    """Train into ``out`` (``checkpoint.pt``, ``log.jsonl``), going on from a checkpoint that is there.

    Phrases that were weighed (`nl2sql.training.mining`) are drawn by that.
    Saves every ``every`` steps, judged by so many unseen questions; a kill loses at most that many. Raises `UsageError` for a folder that holds another kind of run.
    """
    torch.manual_seed(recipe.seed)
    out.mkdir(parents=True, exist_ok=True)
    _same_variant(out, recipe)
    checkpoint, done = out / "checkpoint.pt", 0
    saved = torch.load(checkpoint, weights_only=True) if checkpoint.exists() else None
    parser, tokenizer, knowing = start(recipe, out, saved)
    slow = {id(p) for p in knowing}
    fresh = [p for p in parser.parameters() if p.requires_grad and id(p) not in slow]
    rates = [{"params": knowing, "lr": recipe.encoder_rate}] if knowing else []
    rates.append({"params": fresh, "lr": recipe.decoder_rate})
    optimizer = torch.optim.AdamW(rates, weight_decay=0.01, betas=(0.9, 0.98), fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, recipe))
    if saved and tuple(saved["vocabulary"]) == vocabulary() and (done := saved["step"]):
        optimizer.load_state_dict(saved["optimizer"])
        schedule.load_state_dict(saved["schedule"])
    average = AveragedModel(parser, multi_avg_fn=get_ema_multi_avg_fn(averaging(recipe)))
    if saved and done:
        average.load_state_dict(saved["average"])
    loader = DataLoader(
        Batches(tokenizer, recipe.seed + done, recipe.batch, heed(out)), batch_size=None, num_workers=recipe.workers, prefetch_factor=64
    )
    held_out = unseen(tokenizer, recipe.seed, judged)
    loss_of = nn.CrossEntropyLoss(ignore_index=PAD, label_smoothing=recipe.smoothing)
    began, running = time.monotonic(), 0.0
    (out / "recipe.json").write_text(json.dumps(asdict(recipe), indent=1), encoding="utf-8")
    parser.train()
    for step, batch in zip(range(done + 1, recipe.steps + 1), loader, strict=False):
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
            print(f"step {step}/{recipe.steps}  loss {running:.3f}  {(step - done) * recipe.batch / seconds:.0f} examples/s", flush=True)
        if step % every == 0 or step == recipe.steps:
            exact = exactness(average.module, held_out)
            print(f"step {step}: {exact.free:.1%} of unseen synthetic plans exact, {exact.in_grammar:.1%} under the grammar", flush=True)
            state = {"parser": parser.state_dict(), "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict(), "step": step}
            state |= {"vocabulary": list(vocabulary()), "average": average.state_dict()}
            torch.save(state, checkpoint.with_suffix(".tmp"))
            checkpoint.with_suffix(".tmp").replace(checkpoint)
            with (out / "log.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps({"step": step, "loss": round(running, 4), "exact": exact.free, "in_grammar": exact.in_grammar}) + "\n")


def _same_variant(out: Path, recipe: Recipe) -> None:
    """Raises `UsageError` where the folder holds a run of another variant."""
    file = out / "recipe.json"
    if file.exists() and (out / "checkpoint.pt").exists():
        held = json.loads(file.read_text(encoding="utf-8")).get("variant", "encoder-decoder")
        if held != recipe.variant:
            raise UsageError(f"The run in {out} is of the variant {held}.", "Name another folder with --out.")


def _rate(step: int, recipe: Recipe) -> float:
    """Linear warm-up, then cosine down to a twentieth."""
    if step < recipe.warmup:
        return (step + 1) / recipe.warmup
    done = (step - recipe.warmup) / max(1, recipe.steps - recipe.warmup)
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def averaging(recipe: Recipe) -> float:
    """Decay of the moving average; a short run's spans as great a part of it as the usual run's."""
    return min(AVERAGING, max(0.5, 1 - (1 - AVERAGING) * Recipe().steps / recipe.steps))
