"""``steward train --lora``: fine-tunes a Hugging Face causal model on the synthetic corpus with low-rank adapters (Hu et al., 2021).

One example at a time, so nothing is padded; gradients add up over a batch. The loss is on the completion alone. Code that comes
with a model and weights that are no safetensors are never loaded.
"""

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from torch import Tensor, nn

from catalog.errors import UsageError
from nl2sql.prompt import Prompt, Target
from nl2sql.training.base_model import accepts, device_of, load_base, load_tokenizer, memory_explained
from nl2sql.training.card import lora_card
from nl2sql.training.prompts import Pair, pairs

STATE = "state.pt"
HELD_OUT = 16
"""Synthetic pairs, of a seed that training does not draw from, whose loss is measured at every checkpoint."""
PATIENCE = 50
"""Pairs in a row that may be too long for the model before it is said to be too small."""
SAID_EVERY_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoraRecipe:
    """Everything that decides the result, apart from the phrase files and the machine. ``longest`` is in tokens, prompt included."""

    model: str
    target: Target = "sql"
    steps: int = 1000
    batch: int = 8
    rank: int = 16
    seed: int = 7
    rate: float = 2e-4
    warmup: int = 20
    longest: int = 6144


@dataclass(frozen=True, slots=True)
class Encoded:
    """Token ids of a prompt and of what is to follow, its end included."""

    prompt: list[int]
    completion: list[int]


def train_lora(
    out: Path,
    recipe: LoraRecipe,
    *,
    resume: bool = False,
    merge: bool = False,
    every: int = 100,
    say: Callable[[str], None] = print,
    drawn: Callable[[int], Iterator[Pair]] | None = None,
) -> None:
    """Train into ``out``: ``adapter/``, ``README.md``, ``log.jsonl``, ``state.pt`` to go on from and, with ``merge``, ``merged/``.

    Saves every ``every`` steps; a kill loses at most that many. ``drawn`` gives the pairs of a seed, by default those of the corpus.
    Raises `UsageError` for a model that cannot be loaded or is too big, and for a folder that holds another run.
    """
    saved = _saved(out, recipe, resume)
    stream = drawn or (lambda seed: pairs(seed, recipe.target))
    torch.manual_seed(recipe.seed)
    with memory_explained():
        tokenizer = load_tokenizer(recipe.model)
        base, stored = load_base(recipe.model)
        longest = min(recipe.longest, getattr(base.config, "max_position_embeddings", None) or recipe.longest)
        config = LoraConfig(r=recipe.rank, lora_alpha=2 * recipe.rank, lora_dropout=0.05, target_modules="all-linear", task_type="CAUSAL_LM")
        model = get_peft_model(base, config)
        run = _Run(out, recipe, model, tokenizer, say)
        start = run.restore(saved) if saved else 0
        held_out = list(islice(_encoded(tokenizer, stream(recipe.seed * 1000 + 999), longest), HELD_OUT))
        run.learn(start, _encoded(tokenizer, stream(recipe.seed + start), longest), held_out, every)
        if merge:
            merged = model.merge_and_unload(safe_merge=True).to(stored)
            merged.save_pretrained(out / "merged")
            tokenizer.save_pretrained(out / "merged")
            (out / "merged" / "README.md").write_text((out / "README.md").read_text(encoding="utf-8"), encoding="utf-8")


def encode(tokenizer: Any, prompt: Prompt, completion: str) -> Encoded:
    """A pair as tokens: through the chat template where the tokenizer has one, plain otherwise, just as a server does it."""
    end = tokenizer.eos_token
    if not tokenizer.chat_template:
        ids = tokenizer(prompt.plain).input_ids
        ids = ids[:-1] if ids and ids[-1] == tokenizer.eos_token_id else ids
        return Encoded(ids, tokenizer(completion + end, add_special_tokens=False).input_ids)

    def chat(messages: list[dict[str, str]], more: bool) -> str:
        return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=more, enable_thinking=False))

    before = chat(prompt.messages, True)
    whole = chat([*prompt.messages, {"role": "assistant", "content": completion}], False)
    after = whole.removeprefix(before).rstrip() if whole.startswith(before) else completion
    if after == completion:  # the template does not end a turn, so the model would never stop
        after += end
    return Encoded(*(tokenizer(text, add_special_tokens=False).input_ids for text in (before, after)))


def _encoded(tokenizer: Any, stream: Iterator[Pair], longest: int) -> Iterator[Encoded]:
    """The pairs that fit into ``longest`` tokens."""
    skipped = 0
    for pair in stream:
        encoded = encode(tokenizer, pair.prompt, pair.completion)
        size = len(encoded.prompt) + len(encoded.completion)
        skipped = 0 if size <= longest else skipped + 1
        if skipped == PATIENCE:
            raise UsageError(f"The model reads {longest:,} tokens at most, and a prompt has about {size:,}.", "Choose a model with a longer context.")
        if not skipped:
            yield encoded


class _Run:
    """The adapter being trained, its optimiser and where they are saved."""

    def __init__(self, out: Path, recipe: LoraRecipe, model: nn.Module, tokenizer: Any, say: Callable[[str], None]) -> None:
        self.out, self.recipe, self.model, self.tokenizer, self.say = out, recipe, model, tokenizer, say
        self.device = device_of(model)
        self.keeps = accepts(model, "logits_to_keep")
        trained = [p for p in model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(trained, lr=recipe.rate, weight_decay=0.0, betas=(0.9, 0.99))
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, self._rate)

    def restore(self, saved: dict[str, Any]) -> int:
        """Go on from a checkpoint; the steps that were done."""
        set_peft_model_state_dict(self.model, saved["adapter"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.schedule.load_state_dict(saved["schedule"])
        return int(saved["step"])

    def learn(self, start: int, stream: Iterator[Encoded], held_out: list[Encoded], every: int) -> None:
        """The steps from ``start``, with a line of progress now and then and a checkpoint every ``every`` steps."""
        recipe, began, told, running = self.recipe, time.monotonic(), 0.0, math.nan
        self.model.train()
        for step in range(start + 1, recipe.steps + 1):
            loss = self._step(list(islice(stream, recipe.batch)))
            running = loss if math.isnan(running) else 0.9 * running + 0.1 * loss
            seconds = time.monotonic() - began
            if step in (start + 1, recipe.steps) or seconds - told > SAID_EVERY_S:
                told = seconds
                self.say(f"step {step}/{recipe.steps}  loss {running:.3f}  {(step - start) * recipe.batch / seconds:.1f} examples/s")
            if step % every == 0 or step == recipe.steps:
                self._save(step, running, self._held_out_loss(held_out))
                self.model.train()

    def _step(self, batch: list[Encoded]) -> float:
        """One optimiser step; the mean loss of a completion token of the batch."""
        tokens = sum(len(e.completion) for e in batch)
        total = 0.0
        self.optimizer.zero_grad(set_to_none=True)
        for encoded in batch:
            loss = self._loss(encoded) / tokens
            loss.backward()
            total += loss.item()
        nn.utils.clip_grad_norm_([p for p in self.model.parameters() if p.requires_grad], 1.0)
        self.optimizer.step()
        self.schedule.step()
        return total

    def _loss(self, encoded: Encoded) -> Tensor:
        """Summed cross-entropy of the completion, given the prompt and its own true beginning."""
        ids = torch.tensor([encoded.prompt + encoded.completion], device=self.device)
        target = ids[0, len(encoded.prompt) :]
        kept = {"logits_to_keep": len(target) + 1} if self.keeps else {}  # logits of a long prompt would fill the memory
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            logits = self.model(input_ids=ids, use_cache=False, **kept).logits[0, -len(target) - 1 : -1]
        return nn.functional.cross_entropy(logits.float(), target, reduction="sum")

    @torch.no_grad()
    def _held_out_loss(self, held_out: list[Encoded]) -> float:
        self.model.eval()
        return float(sum(self._loss(e) for e in held_out)) / max(1, sum(len(e.completion) for e in held_out))

    def _save(self, step: int, loss: float, held_out: float) -> None:
        """The state to go on from, in one move, and the adapter as it is."""
        self.out.mkdir(parents=True, exist_ok=True)
        state = {"adapter": get_peft_model_state_dict(self.model, save_embedding_layers=False), "step": step, "recipe": asdict(self.recipe)}
        state |= {"optimizer": self.optimizer.state_dict(), "schedule": self.schedule.state_dict()}
        torch.save(state, self.out / "state.tmp")
        (self.out / "state.tmp").replace(self.out / STATE)
        with (self.out / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps({"step": step, "loss": round(loss, 4), "held_out_loss": round(held_out, 4)}) + "\n")
        self.model.save_pretrained(self.out / "adapter", save_embedding_layers=False)
        self.tokenizer.save_pretrained(self.out / "adapter")
        card = lora_card(asdict(self.recipe), step, loss, held_out, chat=bool(self.tokenizer.chat_template))
        for folder in (self.out, self.out / "adapter"):  # over the empty form that peft leaves there
            (folder / "README.md").write_text(card, encoding="utf-8")
        self.say(f"step {step}: loss {held_out:.3f} on unseen synthetic pairs; saved")

    def _rate(self, step: int) -> float:
        """Linear warm-up, then cosine down to a tenth."""
        if step < self.recipe.warmup:
            return (step + 1) / self.recipe.warmup
        done = (step - self.recipe.warmup) / max(1, self.recipe.steps - self.recipe.warmup)
        return 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def _saved(out: Path, recipe: LoraRecipe, resume: bool) -> dict[str, Any] | None:
    """The checkpoint to go on from; None for a new run."""
    file = out / STATE
    if not file.exists():
        if resume:
            raise UsageError(f"{out} holds no run to resume.", "Leave --resume away, or name the folder with --out.")
        return None
    if not resume:
        raise UsageError(f"{out} already holds a run.", "Go on with it with --resume, or name another folder with --out.")
    saved: dict[str, Any] = torch.load(file, weights_only=True, map_location="cpu")
    for name in ("model", "target", "rank"):
        if saved["recipe"][name] != getattr(recipe, name):
            raise UsageError(f"The run in {out} has {name} {saved['recipe'][name]}, not {getattr(recipe, name)}.", "Resume with what it began with.")
    return saved
