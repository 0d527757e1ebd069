"""``steward policy``: what is wrong with the rules, why somebody sees what they see, and whether that is what was meant."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.completion import names
from tui.envelope import dumps
from tui.options import json_option
from tui.safe import safe

if TYPE_CHECKING:
    from catalog.access.policy import LiveGrant, Policy
    from catalog.access.policy_explain import Explanation

_POLICY = click.option(
    "--policy", "policy_file", type=click.Path(path_type=Path, dir_okay=False), help="Another policy file than the catalog's own."
)


@click.group()
def policy() -> None:
    """Check, explain and test the rules of policy.yaml."""


@policy.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--strict", is_flag=True, help="Exit code 1 for warnings too.")
@json_option
@click.pass_context
def check(ctx: click.Context, file: Path | None, strict: bool, as_json: bool) -> None:
    """Read a policy FILE, or the catalog's, and say what in it is wrong, does nothing or shows too much.

    One line per finding: FILE:LINE rule: what. Exit code 1 for a file that cannot be used.

    \b
    steward policy check
    steward policy check new-policy.yaml --strict
    """  # noqa: D301  click reads the backspace
    from datetime import UTC, datetime

    from catalog.access.policy import POLICY_FILE
    from catalog.access.policy_lint import check as findings_of
    from catalog.storage.generations import default_home
    from catalog.storage.state import State

    home = ctx.obj or default_home()
    path = file or home / POLICY_FILE
    of_catalog = path.resolve() == (home / POLICY_FILE).resolve() and (home / "state.sqlite").exists()
    findings = findings_of(path, State(home).tokens() if of_catalog else (), datetime.now(UTC))
    errors = sum(finding.severity == "error" for finding in findings)
    if as_json:
        listed = [{"line": f.line, "severity": f.severity, "about": f.about, "what": f.what} for f in findings]
        click.echo(dumps({"file": str(path), "findings": listed}))
    else:
        for finding in findings:
            click.echo(safe(f"{path}:{finding.line} {finding.about}: {finding.what}"))
        click.echo(f"{errors} errors, {len(findings) - errors} warnings.", err=True)
    ctx.exit(1 if errors or (strict and findings) else 0)


@policy.command()
@click.argument("principal")
@click.argument("target", metavar="VIEW[.COLUMN]", shell_complete=names("view"))
@click.option("--purpose", default="", help="As if this purpose were stated.")
@_POLICY
@json_option
@click.pass_context
def explain(ctx: click.Context, principal: str, target: str, purpose: str, policy_file: Path | None, as_json: bool) -> None:
    """What PRINCIPAL may see of a view or of one column, and why: every rule in order, the rows, each column.

    \b
    steward policy explain clara consents
    steward policy explain max datasets.steward
    """  # noqa: D301  click reads the backspace
    from dataclasses import asdict, replace

    from catalog.access.policy_explain import explain as explained
    from catalog.storage.generations import default_home

    home = ctx.obj or default_home()
    rules = _load(home, policy_file)
    asker = replace(rules.principal(principal), purpose=purpose, grants=_grants(home, principal))
    found = explained(rules, asker, target)
    if as_json:
        click.echo(dumps({**asdict(found), "policy_version": rules.version}))
        return
    _show(found, single="." in target)


def _show(found: "Explanation", single: bool) -> None:
    """An explanation for people."""
    from tui.output import on_terminal
    from tui.table import table

    seen = [cell for cell in found.columns if cell.treatment != "hidden"]
    verdict = f"may see {found.view}" if found.permitted else f"may not see {found.view}"
    click.echo(f"{safe(found.principal)} {verdict}, by {safe(', '.join(found.rules))}")
    if found.permitted:
        if not single:
            click.echo(f"columns  {len(seen)} of {len(found.columns)}")
        click.echo(f"rows     {safe(found.rows)}")
        click.echo(f"SQL      {safe(found.row_filter) or 'TRUE'}")
    for note in found.notes:
        click.echo(safe(note))
    reasons: list[list[str | None]] = [
        [safe(r.rule), r.kind, "cited" if r.cited else "applies" if r.applies else "-", safe(r.why)] for r in found.reasons
    ]
    click.echo("\n" + table(["rule", "kind", "counts", "why"], ["VARCHAR"] * 4, reasons, on_terminal()), nl=False)
    cells: list[list[str | None]] = [[c.column, c.treatment, safe(c.why)] for c in found.columns if single or found.permitted]
    if cells:
        click.echo("\n" + table(["column", "seen", "why"], ["VARCHAR"] * 3, cells, on_terminal()), nl=False)


@policy.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_POLICY
@json_option
@click.pass_context
def test(ctx: click.Context, file: Path, policy_file: Path | None, as_json: bool) -> None:
    """Hold the policy against a table of expectations, a YAML FILE; exit code 1 where it decides otherwise.

    Example: steward policy test expectations.yaml
    """
    from catalog.access.policy_test import run_table
    from catalog.storage.generations import default_home

    outcomes = run_table(file, _load(ctx.obj or default_home(), policy_file))
    failed = [outcome for outcome in outcomes if not outcome.is_met]
    if as_json:
        listed: list[dict[str, Any]] = [
            {"line": o.line, "principal": o.principal, "view": o.view, "expected": o.expected, "found": o.found, "rules": list(o.rules)} for o in failed
        ]
        click.echo(dumps({"file": str(file), "cases": len(outcomes), "differ": listed}))
    else:
        for o in failed:
            click.echo(safe(f"{file}:{o.line} {o.principal} {o.view}"))
            click.echo(safe(f"- {o.expected}"))
            click.echo(safe(f"+ {o.found}"))
        click.echo(f"{len(outcomes) - len(failed)} of {len(outcomes)} as expected.", err=True)
    ctx.exit(1 if failed else 0)


def _load(home: Path, policy_file: Path | None) -> "Policy":
    from catalog.access.policy import POLICY_FILE, load_policy

    return load_policy(policy_file or home / POLICY_FILE)


def _grants(home: Path, principal: str) -> "tuple[LiveGrant, ...]":
    """What the principal holds in this catalog now; nothing where no catalog keeps grants."""
    if not (home / "state.sqlite").exists():
        return ()
    from catalog.access.grants import Grants

    return Grants(home).live(principal)
