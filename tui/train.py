"""``steward train``: the embedded model from the phrase files to the exported weights."""

from pathlib import Path

import click

from catalog.errors import UsageError


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("build/training"), show_default=True, help="Checkpoints and log.")
@click.option("--steps", type=click.IntRange(1), default=None, help="Optimiser steps.  [default: the recipe's]")
@click.option("--seed", type=int, default=None, help="Seed of weights and corpus.  [default: the recipe's]")
@click.option("--export", "export_to", type=click.Path(file_okay=False, path_type=Path), help="Where the ONNX files go.  [default: the package]")
def train(out: Path, steps: int | None, seed: int | None, export_to: Path | None) -> None:
    """Train the embedded model anew from the phrase files, or go on from a checkpoint, and export it.

    Takes about an hour and a half on two cores; a kill loses at most a few hundred steps.
    """
    try:
        from nl2sql.training.export import export
        from nl2sql.training.train import MINILM, Recipe
        from nl2sql.training.train import train as run
    except ImportError as missing:
        raise UsageError(f"Training needs more packages: {missing.name} is missing.", "Install them: pip install 'datasteward[train]'") from missing
    from nl2sql.corpus.lexicon import english_words, write_lexicon
    from nl2sql.embedded.parser import WEIGHTS
    from nl2sql.linking.vocabulary import ENGLISH

    chosen = {name: value for name, value in (("steps", steps), ("seed", seed)) if value is not None}
    write_lexicon()
    ENGLISH.write_text("\n".join(english_words(MINILM / "tokenizer.json")) + "\n", encoding="utf-8")
    run(out, Recipe(**chosen))
    export(out / "checkpoint.pt", export_to or WEIGHTS)
    click.echo(f"Exported to {export_to or WEIGHTS}.", err=True)
