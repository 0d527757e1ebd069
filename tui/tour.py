"""``steward tour``: a walk of eight steps over a demo catalog of its own. Each step is a command that really runs, and could be typed."""

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from catalog.errors import GovernanceError

RECEIPT, ROWS = "answer.receipt.json", "answer.csv"


@dataclass(frozen=True, slots=True)
class Step:
    """What is shown and why; ``who`` asks, nobody in particular where that is empty; ``into`` is the file for what it prints."""

    title: str
    words: str
    command: tuple[str, ...]
    who: str = ""
    after: str = ""
    into: str = ""
    then: tuple[str, ...] = ()
    """A second command, which looks at what the first one left."""


STEPS = (
    Step(
        "Ask",
        "Without a token you are anonymous and see public metadata. Every answer shows its SQL, the rule that allowed it and how old the data is.",
        ("ask", "how many datasets are there per licence class"),
    ),
    Step(
        "Somebody else asks",
        "Clara answers for compliance in the EU. Policy cuts a copy of the catalog for each person: the same question, other rows.",
        ("ask", "how many datasets are there per licence class"),
        who="clara",
    ),
    Step(
        "Not a question for the catalog",
        "What the catalog cannot answer is not made up: it is declined, and no SQL runs.",
        ("ask", "what will the weather be tomorrow"),
    ),
    Step(
        "Denied",
        "Your own SQL goes through the same guard. A denial names the rule, and nothing of what it hides.",
        ("sql", "SELECT principal, dataset FROM grants"),
    ),
    Step(
        "Masked",
        "Clara may see grants, and who they are for only as pseudonyms that are the same in every answer.",
        ("sql", "--limit", "5", "SELECT principal, dataset, permission FROM grants ORDER BY dataset"),
        who="clara",
    ),
    Step(
        "Where it comes from",
        "Lineage of datasets and models, both ways, from the same copy.",
        ("catalog", "lineage", "C4", "--depth", "2"),
    ),
    Step(
        "A receipt",
        "An answer can carry a receipt, which anybody checks offline: that the rows are these, that the policy was that, that it is in the log.",
        ("sql", "-q", "--receipt", RECEIPT, "--format", "csv", "SELECT name, licence FROM datasets WHERE pii ORDER BY name"),
        who="ada",
        into=ROWS,
        then=("receipt", "verify", RECEIPT, "--rows", ROWS),
    ),
    Step(
        "Proof",
        "All of this is in a signed log that nobody can change unseen: recompute it, and prove that the first question of this tour is in it.",
        ("audit", "verify"),
        then=("audit", "prove", "1"),
    ),
)


@click.command()
@click.option("--backend", default="embedded", help="What drafts, as for 'steward ask'.  [default: embedded]")
@click.option("--step", "only", type=click.IntRange(1, len(STEPS)), help="This step alone.")
def tour(backend: str, only: int | None) -> None:
    """Walk through Steward in eight steps over a demo catalog, which is gone afterwards.

    On a terminal each step waits: Enter runs it, s and Enter skip it, q and Enter end the tour. Elsewhere all of them run.

    \b
    steward tour
    steward tour --step 7
    """  # noqa: D301  click reads the backspace
    from catalog.demo.build import build
    from catalog.storage.state import State
    from tui.thread import forget

    waits = sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
    with TemporaryDirectory(prefix="steward-tour-") as folder:
        click.echo("Building the demo catalog…", err=True)
        home = Path(folder) / "catalog"
        build(home)
        tokens = {who: State(home).issue_token(who, 1) for who in sorted({step.who for step in STEPS if step.who})}
        for number, step in enumerate(STEPS, 1):
            if only in (None, number):
                click.echo(f"\n{click.style(f'{number}. {step.title}', bold=True)}\n{step.words}\n")
                for command in filter(None, (step.command, step.then)):
                    click.echo(_typed(step, command))
                key = _key() if waits else ""
                if key == "q":
                    break
                if key != "s":
                    _run(home, Path(folder), step, tokens.get(step.who, ""), backend)
        forget(home)
    click.echo('\nThat was it. On with your own: steward demo, then steward ask "…" or steward chat; steward --help has the rest.')


def _typed(step: Step, command: tuple[str, ...]) -> str:
    """The command as one would type it."""
    who = f"STEWARD_TOKEN=…{step.who} " if step.who and command[0] in ("ask", "sql") else ""
    into = f" > {step.into}" if step.into and command == step.command else ""
    return f"$ {who}steward {shlex.join(command)}{into}"


def _key() -> str:
    said: str = click.prompt("  [enter runs it · s skips it · q ends the tour]", default="", show_default=False, prompt_suffix=" ", err=True)
    return said.strip().lower()[:1]


def _run(home: Path, folder: Path, step: Step, token: str, backend: str) -> None:
    """Run the commands of a step as they stand, files in the tour's own folder, whoever the environment says one is."""
    for command in filter(None, (step.command, step.then)):
        words = [str(folder / word) if word in (RECEIPT, ROWS) else word for word in command]
        words += ["--backend", backend] if command[0] == "ask" else []
        words += ["--token", token] if command[0] in ("ask", "sql", "catalog") else []
        words += ["--format", "table"] if command[0] in ("ask", "sql") and "--format" not in command else []
        if step.into and command == step.command:
            _into(folder / step.into, home, words)
        else:
            _called(home, words)


def _into(file: Path, home: Path, words: list[str]) -> None:
    """Run a command with its standard output in a file, as a shell does."""
    from contextlib import redirect_stdout

    with file.open("w", encoding="utf-8", newline="") as out, redirect_stdout(out):
        _called(home, words)


def _called(home: Path, words: list[str]) -> None:
    from tui.main import cli, report

    try:
        cli.main(["--catalog", str(home), *words], prog_name="steward", standalone_mode=False)
    except GovernanceError as error:
        report(error)
    except click.ClickException as error:
        error.show()
