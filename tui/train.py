"""``steward train``: the embedded model from the phrase files to the exported weights, or another model on the same corpus."""

from pathlib import Path
from typing import Any

import click

from catalog.errors import UsageError

FITS = {
    "lora": {"lora", "out", "steps", "seed", "rank", "target", "batch", "resume", "merge"},
    "corpus": {"corpus", "examples", "target", "seed"},
    "similar": {"similar", "seed", "export"},
    "embedded": {"out", "steps", "seed", "export", "variant", "mine", "anew", "encoder"},
}
"""Options that go together."""


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Checkpoints and log.  [default: a folder in build]")
@click.option("--steps", type=click.IntRange(1), help="Optimiser steps.  [default: the recipe's]")
@click.option("--seed", type=int, help="Seed of weights and corpus.  [default: the recipe's]")
@click.option("--export", type=click.Path(file_okay=False, path_type=Path), help="Where the ONNX files go.  [default: the package]")
@click.option("--variant", type=click.Choice(["encoder-decoder", "random", "causal"]), help="Which small model: the one that ships, it from random weights, or a Llama.")
@click.option("--anew", is_flag=True, help="Begin from MiniLM, not from the weights that are shipped.")
@click.option("--encoder", metavar="MODEL", help="Begin with the lower layers of this MPNet (folder or id) beside the shipped encoder.")
@click.option("--mine", is_flag=True, help="Begin a new run from the weights in --out, or else the shipped ones, with the phrases that they read worst drawn more often.")
@click.option("--lora", metavar="MODEL", help="Fine-tune this Hugging Face causal model (folder or id) instead.")
@click.option("--rank", type=click.IntRange(1, 512), help="Rank of the adapter.  [default: 16]")
@click.option("--target", type=click.Choice(["sql", "plan"]), help="What the model writes.  [default: sql]")
@click.option("--batch", type=click.IntRange(1), help="Examples of a step.  [default: 8]")
@click.option("--resume", is_flag=True, help="Go on with the fine-tuning in --out.")
@click.option("--merge", is_flag=True, help="Also write base and adapter as one model.")
@click.option("--corpus", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write the corpus as JSON lines for another trainer instead.")
@click.option("--examples", type=click.IntRange(1), help="Lines of --corpus.  [default: 10000]")
@click.option("--similar", is_flag=True, help="Only the small encoder of 'steward catalog similar'; two minutes.")
def train(**options: Any) -> None:
    """Train the embedded model on the phrase files, from a checkpoint that is there or else the shipped weights, and export it.

    Takes about an hour and a half on two cores; a kill loses at most a few hundred steps. --lora fine-tunes another model on the
    same corpus, --corpus writes the corpus out. docs/training.md tells more.

    \b
    steward train --steps 2000
    steward train --corpus corpus.jsonl --examples 1000
    """  # noqa: D301  click reads the backspace
    given = {name: value for name, value in options.items() if value is not None and value is not False}
    mode = next((name for name in ("lora", "corpus", "similar") if name in given), "embedded")
    if stray := sorted(given.keys() - FITS[mode]):
        raise UsageError(f"--{stray[0]} does not go with {'the embedded model' if mode == 'embedded' else f'--{mode}'}.", "See steward train --help.")
    try:
        if mode == "lora":
            _lora(**given)
        elif mode == "corpus":
            _corpus(**given)
        elif mode == "similar":
            _similar(**given)
        else:
            _embedded(**given)
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.split(".")[0] in ("catalog", "nl2sql", "tui"):
            raise
        raise UsageError(f"Training needs more packages: {missing.name} is missing.", "Install them: pip install 'datasteward[train]'") from missing


def _embedded(
    out: Path | None = None, export: Path | None = None, variant: str = "encoder-decoder", mine: bool = False, anew: bool = False, encoder: str = "", **chosen: Any
) -> None:
    if variant != "encoder-decoder":
        if stray := next((name for name, given in (("mine", mine), ("anew", anew), ("encoder", encoder)) if given), ""):
            raise UsageError(f"--{stray} is for the encoder and decoder that ship.", "Leave --variant out.")
        _variant(variant, out or Path(f"build/training-{variant}"), export, **chosen)
        return
    if anew and encoder:
        raise UsageError("--anew and --encoder begin a run each in its own way.", "Leave one of them out.")
    from nl2sql.corpus.lexicon import english_words, write_lexicon
    from nl2sql.embedded.parser import WEIGHTS
    from nl2sql.linking.vocabulary import ENGLISH
    from nl2sql.training.encoders import MINILM
    from nl2sql.training.mining import blend
    from nl2sql.training.shipped import begin
    from nl2sql.training.train import Recipe
    from nl2sql.training.train import train as run

    write_lexicon()
    ENGLISH.write_text("\n".join(english_words(MINILM / "tokenizer.json")) + "\n", encoding="utf-8")
    out = out or Path("build/training")
    if (out / "checkpoint.pt").exists():
        if anew or encoder:
            raise UsageError(f"There is a run in {out}.", "Delete the folder to begin anew, or name another with --out.")
    elif encoder:
        _widen(encoder, out, Recipe(**chosen).seed)
    elif not anew:
        begin(out)
    if mine:
        _mine(out)
    run(out, Recipe(**chosen))
    blend(out)
    recipe = Recipe(**chosen)
    _export(out, export or WEIGHTS, recipe.seed, recipe.steps * recipe.batch)


def _export(out: Path, export: Path, seed: int, questions: int) -> None:
    """The graphs of a run's checkpoint, and the table of words from as many questions as the run has read."""
    from nl2sql.training.export import export as write
    from nl2sql.training.words import write_words

    write(out / "checkpoint.pt", export)
    click.echo("Counting which words are said for which parts of a plan, some minutes after a long run…", err=True)
    write_words(export, seed, questions)
    click.echo(f"Exported to {export}.", err=True)


def _widen(encoder: str, out: Path, seed: int) -> None:
    from nl2sql.training.widen import widen
    from nl2sql.weights import located

    folder = located(encoder)
    click.echo("Fitting the larger encoder's states to those of the one that ships, a minute…", err=True)
    click.echo(f"A linear map explains {widen(out, folder, seed):.0%} of them; training begins there.", err=True)


def _mine(out: Path) -> None:
    from nl2sql.training.mining import mine

    if not (out / "checkpoint.pt").exists():
        raise UsageError(f"There is no run in {out} whose weights could read the phrases.", "Train first, without --mine; or leave --anew out.")
    click.echo("Weighing every phrase, about a quarter of an hour…", err=True)
    click.echo(f"{mine(out):,} phrases are weighed; training begins anew from those weights.", err=True)


def _variant(variant: str, out: Path, export: Path | None, **chosen: Any) -> None:
    """Another small model on the same stream, exported beside its checkpoint: never into the package unless asked to."""
    from nl2sql.training import causal
    from nl2sql.training.train import Recipe, train

    export = export or out / "model"
    if variant == "causal":
        train(out, Recipe(variant="causal", layers=causal.LAYERS, **chosen))
        causal.export_causal(out / "checkpoint.pt", export)
        click.echo(f"Exported to {export}.", err=True)
    else:
        recipe = Recipe(variant="random", **chosen)
        train(out, recipe)
        _export(out, export, recipe.seed, recipe.steps * recipe.batch)


def _lora(lora: str, out: Path | None = None, resume: bool = False, merge: bool = False, **chosen: Any) -> None:
    from nl2sql.training.lora import LoraRecipe, train_lora

    out = out or Path("build/lora") / Path(lora).name
    train_lora(out, LoraRecipe(model=lora, **chosen), resume=resume, merge=merge, say=lambda line: click.echo(line, err=True))
    more = f", base and adapter in one in {out / 'merged'}" if merge else ""
    click.echo(f"The adapter is in {out / 'adapter'}{more}.", err=True)


def _corpus(corpus: Path, examples: int = 10_000, seed: int = 7, target: str = "sql") -> None:
    from nl2sql.training.prompts import export_corpus

    export_corpus(corpus, examples, seed, "plan" if target == "plan" else "sql")
    click.echo(f"{examples:,} examples are in {corpus}.", err=True)


def _similar(similar: bool, export: Path | None = None, **chosen: int) -> None:
    from nl2sql.embedded.parser import WEIGHTS
    from nl2sql.training.similar import Recipe, distil

    click.echo(f"The encoder is {distil(export or WEIGHTS, Recipe(**chosen))}.", err=True)
