"""``steward catalog``: verbs that look into the catalog without a question."""

from typing import Any

import click

from tui.claims import claims, disputes
from tui.completion import names
from tui.envelope import dumps
from tui.identity import matches, merge, split
from tui.integrity import check, pii
from tui.lineage import impact, lineage
from tui.listing import list_names, show
from tui.options import json_option, token_option
from tui.safe import safe

SHOWN = 100
"""Characters of a description in the table."""
NAMED = 5
"""Shared words that the table names."""


@click.group()
def catalog() -> None:
    """Look into the catalog; what you may not know of is not there. merge and split decide which names are one dataset."""


for command in (list_names, show, lineage, impact, pii, check, claims, disputes, matches, merge, split):
    catalog.add_command(command)


@catalog.command()
@click.argument("text", nargs=-1, required=True, shell_complete=names("dataset"))
@click.option("--limit", "-k", "k", type=click.IntRange(1, 100), default=10, show_default=True, help="How many to show.")
@click.option("--view", default="datasets", show_default=True, shell_complete=names("view"), help="What to search: datasets, models, columns or policies.")
@json_option
@token_option
@click.pass_context
def similar(ctx: click.Context, text: tuple[str, ...], k: int, view: str, as_json: bool, token: str | None) -> None:
    """Find what is nearest in meaning to TEXT, or like the dataset that TEXT names.

    \b
    steward catalog similar "hospital records of patients"
    steward catalog similar C4 -k 5
    steward catalog similar --view columns "when somebody was born"
    """  # noqa: D301  click reads the backspace
    from contextlib import closing

    from catalog.storage.generations import default_home, pinned
    from nl2sql.session import open_session
    from nl2sql.similar import similar_to

    sought = " ".join(text)
    home = ctx.obj or default_home()
    with pinned(home) as generation, closing(open_session(home, generation, token)) as session:
        hits = similar_to(sought, k, session, view.lower())
        who = session.principal.name
    if as_json:
        found = [
            {"name": h.name, "key": h.key, "score": h.score, "match": h.match, "words": h.words, "description": h.description or None} for h in hits
        ]
        click.echo(dumps({"text": sought, "view": view.lower(), "principal": who, "generation": generation.number, "hits": found}))
        return
    if not hits:
        click.echo(f"There is nothing in {safe(view)} that you may see.", err=True)
        return
    from tui.output import on_terminal
    from tui.table import table

    rows = [[safe(h.name), f"{h.score:.2f}", _why(h), _short(safe(h.description))] for h in hits]
    click.echo(table(["name", "score", "why", "description"], ["VARCHAR", "DOUBLE", "VARCHAR", "VARCHAR"], rows, on_terminal()), nl=False)


def _why(hit: Any) -> str:
    """What made it a hit, in words."""
    if hit.match != "meaning":
        return f"same {hit.match}"
    shared = list(dict.fromkeys(word for found in hit.words.values() for word in found))
    return safe(", ".join(shared[:NAMED]) + ("…" if len(shared) > NAMED else "")) or "meaning"


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1].rstrip() + "…"
