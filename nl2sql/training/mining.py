"""Which phrases a trained parser reads badly, so that training goes on with those drawn more often.

A phrase counts by the loss of its plan, within bounds: after Katharopoulos and Fleuret, "Not all samples are created equal", ICML 2018.
"""

import json
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import nn

from catalog.errors import UsageError
from nl2sql.corpus.fragments import Example, Fragments
from nl2sql.corpus.phrases import Phrases, load
from nl2sql.plan.language import vocabulary
from nl2sql.training.data import PAD, collate
from nl2sql.training.graphs import averaged
from nl2sql.training.start import load_tokenizer, parser_of
from nl2sql.training.stream import canonical_form, demo_names

HEED = "heed.json"
"""The file beside a checkpoint: phrases to how much each counts."""
BEGUN = "begun.pt"
"""The weights that a run over weighed phrases began from."""
LEAST, MOST = 0.25, 4.0
"""Nats of a plan that count: what is read well stays known, what nobody could read does not crowd out the rest."""


def mine(out: Path, phrases: Mapping[str, Phrases] | None = None) -> int:
    """Weigh every whole question of the phrase files by how the averaged weights in ``out`` read it, and let the next run start from those weights; how many were weighed.

    Writes ``heed.json``, ``begun.pt`` and a checkpoint at step 0 without an optimizer's state. Raises `UsageError` for weights of another semantic layer.
    """
    checkpoint = out / "checkpoint.pt"
    saved = torch.load(checkpoint, weights_only=True)
    if tuple(saved["vocabulary"]) != vocabulary():
        raise UsageError("These weights were trained for another semantic layer, and could not read today's phrases.", "Train first, without --mine.")
    tokenizer = load_tokenizer()
    weights = averaged(saved)
    parser = parser_of(weights)
    found = losses(parser, tokenizer, phrases or load())
    (out / HEED).write_text(json.dumps({ask: round(loss, 2) for ask, loss in found.items()}, ensure_ascii=False), encoding="utf-8")
    torch.save(weights, out / BEGUN)
    torch.save({"parser": weights, "vocabulary": list(vocabulary()), "step": 0}, checkpoint.with_suffix(".tmp"))
    checkpoint.with_suffix(".tmp").replace(checkpoint)
    return len(found)


def heed(out: Path) -> Mapping[str, float]:
    """How much each phrase counts that was weighed, empty without a ``heed.json``; new phrases count by `Composer`'s own measure."""
    file = out / HEED
    read: dict[str, float] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return {ask: min(MOST, max(LEAST, loss)) for ask, loss in read.items()}


def blend(out: Path) -> None:
    """Let the averaged weights of a run over weighed phrases meet those it began from half way, once; without such a run nothing happens.

    What is learnt from hard phrases stays, what was known of others comes back: Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022.
    """
    begun, checkpoint = out / BEGUN, out / "checkpoint.pt"
    if not begun.exists():
        return
    before, saved = torch.load(begun, weights_only=True), torch.load(checkpoint, weights_only=True)
    for name, value in before.items():
        saved["average"][f"module.{name}"].lerp_(value, 0.5)
    torch.save(saved, checkpoint.with_suffix(".tmp"))
    checkpoint.with_suffix(".tmp").replace(checkpoint)
    begun.unlink()


@torch.no_grad()
def losses(parser: nn.Module, tokenizer: Tokenizer, phrases: Mapping[str, Phrases], size: int = 48) -> dict[str, float]:
    """Whole questions, as the phrase files write them, to the loss of their plans in nats, summed over tokens."""
    parser.eval()
    found: dict[str, float] = {}
    weighed = sorted(_asked(phrases), key=lambda one: len(one[1].question))
    for batch in (weighed[at : at + size] for at in range(0, len(weighed), size)):
        read = collate(tokenizer, [example for _, example in batch])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = parser(read.ids, read.mask, read.plan)
        each = nn.functional.cross_entropy(logits.float().flatten(0, 1), read.target.flatten(), ignore_index=PAD, reduction="none")
        for (ask, _), loss in zip(batch, each.view(read.target.shape).sum(1).tolist(), strict=True):
            found[ask] = max(loss, found.get(ask, 0.0))
    return found


def _asked(phrases: Mapping[str, Phrases]) -> Iterator[tuple[str, Example]]:
    """Every whole question with its slots numbered and its plan in canonical form."""
    fragments = Fragments(random.Random(0), phrases, demo_names())
    for ask, plan in _wholes(phrases.values()):
        made = fragments.numbered(fragments.unique(ask, plan), plan)
        if made and (form := canonical_form(made.plan)):
            yield ask, replace(made, plan=form)


def _wholes(files: Iterable[Phrases]) -> Iterator[tuple[str, str]]:
    for file in files:
        for whole in file.whole:
            for ask in whole.ask:
                yield ask, whole.plan
