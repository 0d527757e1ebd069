"""What the verbs about verified queries and feedback share: who acts, and how pairs and entries are shown."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import click

from tui.envelope import dumps
from tui.safe import safe

if TYPE_CHECKING:
    from catalog.review.feedback import Feedback
    from catalog.review.verified import VerifiedQuery
    from nl2sql.reviewing import Shown
    from nl2sql.session import Session

NOT_OPEN = "(not open to you)"


@contextmanager
def acting(ctx: click.Context, token: str | None) -> Iterator["Session"]:
    """The session of whoever the token proves, over the catalog of the command line."""
    from catalog.storage.generations import default_home, pinned
    from nl2sql.session import open_session

    home = ctx.obj or default_home()
    with pinned(home) as generation, closing(open_session(home, generation, token)) as session:
        session.renew()
        yield session


def about(session: "Session") -> dict[str, Any]:
    """Who looked at what, as JSON has it."""
    return {"principal": session.principal.name, "generation": session.generation.number}


def fields_of(query: "VerifiedQuery", shown: "Shown | None" = None) -> dict[str, Any]:
    """A verified query as JSON has it; ``shown`` says what of it its reader may see."""
    pair = shown.pair if shown else query.pair
    return {
        "id": query.number,
        "status": shown.state if shown else query.status,
        "question": pair.question if pair else None,
        "sql": pair.sql if pair else None,
        "parameters": parameters_of(pair.parameters) if pair else [],
        "author": query.author,
        "proposed": query.proposed.isoformat(),
        "reviewer": query.reviewer,
        "reviewed": query.reviewed.isoformat() if query.reviewed else None,
        "note": query.note or None,
        "layer": query.pair.layer,
        "layer_changed": shown.is_older if shown else False,
    }


def parameters_of(holes: tuple[str, ...]) -> list[dict[str, str]]:
    """Holes with the kind of value that each takes."""
    kinds = {hole: hole.rstrip("23") for hole in holes}
    return [{"name": hole, "kind": kind, "type": kind if kind in ("number", "period") else "text"} for hole, kind in kinds.items()]


def show_fields(fields: dict[str, Any], as_json: bool) -> None:
    """One thing, a line for each field that says something."""
    if as_json:
        click.echo(dumps(fields))
        return
    for key, value in fields.items():
        if isinstance(value, list):
            value = ", ".join(f"{one['name']} ({one['type']})" for one in value)
        if value not in (None, "", False):
            click.echo(f"{key.replace('_', ' '):<14}  {safe(str(value))}")


def entry_fields(entry: "Feedback") -> dict[str, Any]:
    """An entry of the feedback queue as JSON has it."""
    return {
        "id": entry.number,
        "status": entry.status,
        "verdict": entry.verdict,
        "question": entry.said.question or None,
        "sql": entry.said.sql or None,
        "corrected": entry.said.corrected or None,
        "note": entry.said.note or None,
        "action": entry.said.seq,
        "author": entry.author,
        "given": entry.given.isoformat(),
        "closed_by": entry.closed_by,
        "closed": entry.closed.isoformat() if entry.closed else None,
    }
