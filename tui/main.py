"""The ``steward`` command: its verbs, each loaded when it is called, and what every error looks like."""

import importlib
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from catalog.errors import CatalogUnavailable, GovernanceError, UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

VERBS = {
    "ask": ("tui.ask", "Ask a question, get a governed answer."),
    "sql": ("tui.ask", "Run your own SELECT through the same guard."),
    "chat": ("tui.chat.verb", "Ask, read, browse and follow lineage in the terminal."),
    "suggest": ("tui.verified", "Questions that are verified and run for you."),
    "tour": ("tui.tour", "Eight steps over the demo catalog: answers, a denial, a mask, lineage, proofs."),
    "demo": ("tui.verbs", "Build the demo catalog: true facts about public AI datasets, synthetic operations."),
    "ingest": ("tui.verbs", "Read metadata documents into the catalog."),
    "pull": ("tui.pull", "Read what nodes publish: signed, verified, each whole or not at all."),
    "source": ("tui.pull", "Add, list and remove the publications to pull."),
    "node": ("tui.node", "Run a node: profile its own files, publish what is known of them."),
    "views": ("tui.views", "The views and columns that you may ask about."),
    "catalog": ("tui.catalog", "Look into the catalog: similar things, lineage, personal data, checks, claims, names of one dataset."),
    "export": ("tui.export", "Write what you may see as OpenLineage, Croissant, DCAT or Parquet."),
    "verified": ("tui.verified", "Verified queries: propose, review, list, remove, export."),
    "feedback": ("tui.feedback", "Say whether an answer was right; reviewers look at it."),
    "watch": ("tui.watch", "Check the data now and then: alerts open, resolve, and are told."),
    "alerts": ("tui.alerting", "List, show, acknowledge and resolve alerts of quality checks."),
    "status": ("tui.verbs", "What the catalog holds and how old it is."),
    "audit": ("tui.audit", "Verify the audit log, prove, witness, erase; alerts."),
    "receipt": ("tui.receipt", "Check the receipt of an answer, without a catalog."),
    "token": ("tui.verbs", "Issue, list and revoke tokens that prove who asks."),
    "policy": ("tui.policy", "Check, explain and test who may see what."),
    "grant": ("tui.grant", "Give, revoke and list the use of datasets by principals."),
    "backup": ("tui.backup", "Write the whole catalog into one signed file."),
    "restore": ("tui.backup", "Restore a backup, or test that it could be restored."),
    "encrypt": ("tui.encrypt", "Encrypt the catalog's files (needs the 'encryption' extra)."),
    "decrypt": ("tui.encrypt", "Turn an encrypted catalog into a plain one again."),
    "eval": ("tui.evals", "Measure how often answers are right."),
    "serve-model": ("tui.serve", "Serve a language model with vLLM, for --backend vllm."),
    "config": ("tui.config", "Show, check and begin the files of settings."),
    "completion": ("tui.completion", "Print the script that completes commands and names in your shell."),
    "spec": ("tui.spec", "Every command and option, as text or JSON."),
    "doctor": ("tui.doctor", "Which model will draft, why, and what is missing."),
    "train": ("tui.train", "Train the embedded model anew (needs the 'train' extra)."),
}
EXIT_CODES = {
    0: "answered",
    1: "the query failed, or some documents could not be read",
    2: "the command line, a file or a setting is wrong",
    3: "no catalog or no model",
    4: "out of time or memory",
    5: "the policy denies it",
    6: "no answer: asked back, not a question for the catalog, or SQL that cannot be approved",
    130: "interrupted",
}


class Verbs(click.Group):
    """A group that knows its verbs by name and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """``steward help ask`` is ``steward ask --help``."""
        if args == ["help"]:
            click.echo(ctx.get_help())
            ctx.exit()
        return super().resolve_command(ctx, [*args[1:], "--help"] if args[0] == "help" else args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(VERBS[cmd_name][0])
        command = getattr(module, {"eval": "evals", "serve-model": "serve_model"}.get(cmd_name, cmd_name))
        assert isinstance(command, click.Command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list["CompletionItem"]:
        """Verbs that begin like this; none of them is loaded."""
        from click.shell_completion import CompletionItem

        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return [CompletionItem(name, help=about) for name, (_, about) in VERBS.items() if name.startswith(incomplete)]

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb; when the reader of standard output went away there is nothing more to say."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in VERBS.items()])
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), about) for code, about in EXIT_CODES.items()])


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--catalog",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="STEWARD_CATALOG",
    help="Folder of the catalog.  [env: STEWARD_CATALOG; default: the user data folder]",
)
@click.option("--color", type=click.Choice(("auto", "always", "never")), help="Colour and bold type; auto is on a terminal without NO_COLOR.  [env: STEWARD_COLOR]")
@click.version_option(package_name="datasteward", message="%(version)s")
@click.pass_context
def cli(ctx: click.Context, catalog: Path | None, color: str | None) -> None:
    """Ask plain questions about data that lives on many nodes, and get governed answers.

    Answers go to standard output, everything else to standard error.

    \b
    steward tour
    steward demo
    steward ask "which datasets contain personal data stored outside the EU?"
    """  # noqa: D301  click reads the backspace
    from tui.settings import apply, resolve

    ctx.obj = catalog
    if ctx.invoked_subcommand in ("config", "completion", "spec"):  # these work whatever the files say
        return
    found = resolve({"catalog": catalog, "color": color})
    ctx.default_map = apply(found)
    if found["catalog"].source in ("project", "user"):
        ctx.obj = found["catalog"].value
    shown = str(found["color"].value)
    ctx.color = {"always": True, "never": False}.get(shown, False if os.environ.get("NO_COLOR") else None)


def main() -> None:
    """Run the command line and exit: 0 ok, 1 query failed, 2 usage, 3 unreachable, 4 timeout, 5 denied, 6 no answer, 130 interrupt."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")
    try:
        require_text()
        sys.exit(cli.main(prog_name="steward", standalone_mode=False) or 0)
    except GovernanceError as error:
        report(error)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        from tui.usage import wrong

        click.echo(wrong(error), err=True)
        sys.exit(2)
    except OSError as error:
        report(CatalogUnavailable(f"{error}.", "See that the disk has room and the files may be read and written."))
        sys.exit(CatalogUnavailable.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("Stopped.", err=True)
        sys.exit(130)


def require_text() -> None:
    """Raise `UsageError` for an argument, or a variable of Steward's, that is no UTF-8: no name, question or path that is kept could hold it."""
    given = [(f"argument {at}", word) for at, word in enumerate(sys.argv[1:], 1)]
    given += [(name, value) for name, value in os.environ.items() if name.startswith("STEWARD_")]
    for what, text in given:
        if any("\ud800" <= character <= "\udfff" for character in text):  # how Python holds such bytes
            shown = text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\\udc", "\\x")
            raise UsageError(f"{what[0].upper()}{what[1:]} is not UTF-8 text: {shown[:200]}", "Write it in UTF-8; a file with such a name must be renamed, or the folder above it be named.")


def report(error: GovernanceError) -> None:
    """What happened and what to try, on standard error."""
    from tui.safe import safe

    click.echo(f"steward: {safe(error.what)}", err=True)
    if error.hint:
        click.echo(f"  {safe(error.hint)}", err=True)


if __name__ == "__main__":
    main()
