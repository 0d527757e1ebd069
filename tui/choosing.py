"""A question back, on the command line: what it may mean is a list to choose from where somebody sits at a terminal, and a list to read elsewhere."""

import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from tui.safe import safe
from tui.show import NO_ANSWER

if TYPE_CHECKING:
    from nl2sql.session import Session
    from nl2sql.turn import AskedBack, Event
    from tui.turns import Asker

_MEANING = re.compile(r" \([^()]*\)$")
"""The explanation at the end of a choice, which the question does not need."""


def with_choice(question: str, choice: str) -> str:
    """The question as it is asked again once a choice was made."""
    return f"{question} ({_MEANING.sub('', choice)})"


def somebody_sits_here() -> bool:
    """Whether a question back would be read and answered."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def chosen(asked: "AskedBack", question: str, session: "Session", again: "Asker") -> "Iterator[Event]":
    """What comes of the choice that is made; the question back itself where none is.

    A choice that carries its SQL runs as it was read, through the same guard; other words are asked as the whole question.
    """
    from nl2sql.pipeline import ask_sql
    from tui.narration import hush

    hush()
    click.echo(safe(asked.message), err=True)
    for number, choice in enumerate(asked.choices, 1):
        click.echo(f"  {number}. {safe(choice)}", err=True)
    said = click.prompt("A number, or other words; Enter for none", default="", show_default=False, err=True).strip()
    if not said:
        click.echo("Nothing is asked.", err=True)
        raise click.exceptions.Exit(NO_ANSWER)
    if not said.isdecimal():
        yield from again(said, session)
    elif not 1 <= int(said) <= len(asked.choices):
        click.echo(f"There is no choice {said}.", err=True)
        raise click.exceptions.Exit(NO_ANSWER)
    elif asked.statements:
        yield from ask_sql(asked.statements[int(said) - 1], session)
    else:
        yield from again(with_choice(question, asked.choices[int(said) - 1]), session)
