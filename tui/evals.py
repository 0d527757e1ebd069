"""``steward eval``: run suites, judge runs anew, compare two, report. The work is ``eval``'s; this shows it."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal

import click

from catalog.errors import UsageError
from tui.envelope import dumps
from tui.options import json_option
from tui.safe import safe
from tui.settings import BACKENDS

if TYPE_CHECKING:
    from eval.record import Manifest, Record

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
LINE_EVERY_S = 5.0
"""Seconds between progress lines where nobody watches a terminal."""
NOT_GOOD_ENOUGH = 1


@click.group("eval")
def evals() -> None:
    """Measure how often answers are right, and prove it.

    \b
    steward eval run governance                        # the development split on the embedded model
    steward eval run my-questions.jsonl --out runs/mine
    steward eval run --resume runs/mine                # after a kill
    steward eval compare runs/before runs/after        # exit code 1 when a case is newly failing
    steward eval report runs/after --out report.html
    """  # noqa: D301  click reads the backspace


@evals.command()
@click.argument("suites", nargs=-1)
@click.option("--split", type=click.Choice(["dev", "test", "all"]), default="dev", show_default=True, help="Part of a shipped suite.")
@click.option("--backend", default="embedded", show_default=True, help=f"Drafts: {BACKENDS}.")
@click.option("--filter", "filters", multiple=True, metavar="TAG=VALUE", help="Only cases that have it, such as style=typos,fragment or id=gov-0*.")
@click.option("--limit", type=click.IntRange(1), help="Ask so many cases, drawn by --seed.")
@click.option("--repeat", "repeats", type=click.IntRange(1, 100), default=1, show_default=True, help="Ask every case so often.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of drawn cases, seeded catalogs and resampling.")
@click.option("--instances", type=click.IntRange(0, 100), default=20, show_default=True, help="Seeded catalogs on which an answer must hold too.")
@click.option("--scorer", default="steward", show_default=True, help="How rows are compared: see 'steward eval scorers'.")
@click.option("--always-answer", is_flag=True, help="Show the best reading whatever its confidence (embedded, vllm-plan).")
@click.option("--own-catalog", is_flag=True, help="Ask a copy of your catalog, not the demo.")
@click.option("--out", type=FOLDER, help="Folder for the run.  [default: eval-runs/TIME]")
@click.option("--resume", type=FOLDER, help="Go on with the run in this folder; takes no other option.")
@click.option("--threshold", type=click.FloatRange(0, 100), help="Exit with 1 when accuracy is below so many percent.")
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON object.")
@click.pass_context
def run(ctx: click.Context, /, suites: tuple[str, ...], out: Path | None, resume: Path | None, threshold: float | None, as_json: bool, **options: Any) -> None:
    """Ask every case of SUITES: shipped ones by name, your own by file, Spider or BIRD folders; 'governance' if none is named.

    Every answer is one line of records.jsonl at once; a run that was stopped goes on with --resume.

    \b
    steward eval run governance
    steward eval run my-questions.jsonl --out runs/mine
    steward eval run --resume runs/mine
    """  # noqa: D301  click reads the backspace
    from eval import store
    from eval.record import Manifest
    from eval.run import backend_of, plan
    from eval.run import run as run_cases

    if resume is not None:
        given = [name for name, source in _sources(ctx) if source == click.core.ParameterSource.COMMANDLINE]
        if set(given) - {"resume", "threshold", "as_json"} or suites:
            raise UsageError("--resume goes on with what was asked for; it takes no suite and no other option.")
        folder = resume
        manifest, found = store.read(folder)
        done = store.whole_dialogues(found)
        backend = backend_of(manifest)
        again, cases = plan(manifest)
        if again != manifest:
            changed = [name for name in Manifest.model_fields if getattr(again, name) != getattr(manifest, name)]
            raise UsageError(f"This run cannot go on: {', '.join(changed)} changed since it began.", "Start it anew with --out.")
        store.rewrite(folder, done)
    else:
        own = options.pop("own_catalog")
        names = suites or ("governance",)
        wanted = Manifest(suite_names=names, own_catalog=str(_home(ctx)) if own else None, **options)
        backend = backend_of(wanted)
        manifest, cases = plan(wanted)
        folder = out or Path("eval-runs") / datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        store.create(folder, manifest)
        done = []
    click.echo(f"{_count(manifest.cases, 'case')}, {_count(manifest.turns * manifest.repeats, 'question')}, {safe(manifest.backend)}; records in {folder}", err=True)
    try:
        fresh = _watch(run_cases(manifest, cases, folder, backend, done), manifest.turns * manifest.repeats, done)
    except KeyboardInterrupt:
        click.echo(f"\nStopped. Go on with: steward eval run --resume {folder}", err=True)
        raise
    ctx.exit(_conclude(manifest, [*done, *fresh], threshold, as_json))


@evals.command()
@click.argument("folder", type=FOLDER)
@click.option("--scorer", help="How rows are compared.  [default: the run's]")
@click.option("--out", type=FOLDER, help="Folder for the new verdicts.  [default: FOLDER-SCORER]")
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON object.")
@click.pass_context
def rescore(ctx: click.Context, /, folder: Path, scorer: str | None, out: Path | None, as_json: bool) -> None:
    """Judge the answers of the run in FOLDER anew, by another scorer or by golds that changed; no model is asked.

    Example: steward eval rescore runs/mine --scorer bird-set
    """
    from eval import store
    from eval.run import plan
    from eval.run import rescore as rescore_records

    manifest, found = store.read(folder)
    asked = store.whole_dialogues(found)
    manifest, cases = plan(manifest.model_copy(update={"scorer": scorer or manifest.scorer}))
    target = out or folder.with_name(f"{folder.name}-{manifest.scorer}")
    store.create(target, manifest)
    records = _watch(rescore_records(manifest, cases, asked), len(asked), [])
    store.rewrite(target, records)
    click.echo(f"Verdicts in {target}", err=True)
    ctx.exit(_conclude(manifest, records, None, as_json))


@evals.command()
@click.argument("before", type=FOLDER)
@click.argument("after", type=FOLDER)
@click.option("--allow", type=click.IntRange(0), default=0, show_default=True, help="So many newly failing cases are no failure.")
@click.option("--significant", is_flag=True, help="Fail only when the run is worse beyond chance (McNemar, p < 0.05).")
@click.option("--seed", type=int, default=0, show_default=True, help="Of resampling.")
@json_option
@click.pass_context
def compare(ctx: click.Context, /, before: Path, after: Path, allow: int, significant: bool, seed: int, as_json: bool) -> None:
    """What got better and what got worse between two runs; exit code 1 when cases are newly failing.

    Example: steward eval compare runs/before runs/after
    """
    from eval import store
    from eval.compare import as_text
    from eval.compare import compare as contrast_of

    contrast = contrast_of(store.read(before)[1], store.read(after)[1], seed)
    click.echo(dumps(contrast.as_dict()) if as_json else _shown(as_text(contrast)))
    worse = contrast.difference < 0 and contrast.mcnemar_p < 0.05 if significant else len(contrast.newly_failing) > allow
    ctx.exit(NOT_GOOD_ENOUGH if worse else 0)


@evals.command()
@click.argument("folder", type=FOLDER)
@click.option("--against", type=FOLDER, help="An earlier run to compare with.")
@click.option("--out", type=FILE, help="The page.  [default: report.html in FOLDER]")
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON object, and no page.")
def report(folder: Path, against: Path | None, out: Path | None, as_json: bool) -> None:
    """Write the run in FOLDER as one HTML page that needs no network.

    Example: steward eval report runs/mine
    """
    from eval import store
    from eval.compare import compare as contrast_of
    from eval.report.page import html
    from eval.summary import summarise

    manifest, records = store.read(folder)
    summary = summarise(records, manifest, manifest.seed).as_dict()
    if as_json:
        click.echo(dumps(summary))
        return
    contrast = contrast_of(store.read(against)[1], records, manifest.seed).as_dict() if against else None
    page = out or folder / "report.html"
    page.write_text(html(summary, records, manifest, contrast), encoding="utf-8")
    click.echo(page)


@evals.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@click.pass_context
def parity(ctx: click.Context, /, file: Path, as_json: bool) -> None:
    """How far our scorers agree with the official verdicts stored in FILE; exit code 1 on any difference.

    Example: steward eval parity verdicts.jsonl
    """
    from eval.parity import check

    found = check(file)
    if as_json:
        click.echo(dumps(found.as_dict()))
    for mode, agreement in () if as_json else found.modes.items():
        share = f"{agreement.agree / agreement.total:8.2%}" if agreement.total else "no verdict"
        click.echo(f"{mode:<12} {agreement.agree:>7,} of {agreement.total:>7,}  {share}")
        for d in agreement.disagreements:
            click.echo(f"  line {d.line}, {safe(d.db)} question {d.question_index}: ours {d.ours}, theirs {d.theirs}", err=True)
    ctx.exit(0 if found.total_agreement else NOT_GOOD_ENOUGH)


@evals.command("check")
@click.argument("suites", nargs=-1, required=True)
def check_suites(suites: tuple[str, ...]) -> None:
    """Read SUITES, shipped or your own files, and run every gold as its asker would.

    \b
    steward eval check governance
    steward eval check my-questions.jsonl
    """  # noqa: D301  click reads the backspace
    from eval.ground import open_grounds
    from eval.suite import find_suite, load_suite

    for path in (path for name in suites for path in find_suite(name, "all")):
        cases = load_suite(path)
        golds = 0
        with open_grounds(cases) as grounds:
            for case in cases:
                for gold in (gold for turn in case.turns for gold in turn.gold):
                    grounds.of(case).gold(case.principal, gold)
                    golds += 1
        click.echo(f"{path.name}: {_count(len(cases), 'case')}, {_count(sum(len(c.turns) for c in cases), 'question')}, {_count(golds, 'gold')} run")


@evals.command()
@click.argument("suites", nargs=-1)
@click.option("--split", type=click.Choice(["dev", "test", "all"]), default="dev", show_default=True, help="Part of a shipped suite.")
@click.option("--instances", type=click.IntRange(1, 100), default=20, show_default=True, help="Seeded catalogs.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the seeded catalogs.")
@click.option("--survivors", is_flag=True, help="Print what nothing told from its gold.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object, survivors with it.")
def mutants(suites: tuple[str, ...], split: Literal["dev", "test", "all"], instances: int, seed: int, survivors: bool, as_json: bool) -> None:
    """How much wrong SQL the golds of SUITES catch: each gold with one slip, on the demo alone and on seeded catalogs too.

    Example: steward eval mutants governance
    """
    from catalog.demo.build import DEMO_NOW
    from eval.discrimination import measure
    from eval.instances import open_instances
    from eval.suite import find_suite, load_suite

    cases = [case for name in suites or ("governance",) for path in find_suite(name, split) for case in load_suite(path)]
    golds = [gold for case in cases for turn in case.turns for gold in turn.gold]
    with open_instances(golds, DEMO_NOW, instances, seed) as opened:
        found = measure(cases, opened)
    if as_json:
        kinds = {kind: {"ran": caught.ran, "caught_by_demo": caught.one, "caught_by_all": caught.all} for kind, caught in found.kinds.items()}
        left = [{"case": one.case, "kind": one.mutant.kind, "sql": one.mutant.sql} for one in found.survivors]
        click.echo(dumps({"kinds": kinds, "not_run": found.not_run, "survivors": left}))
        return
    click.echo(found.as_text())
    for survivor in found.survivors if survivors else ():
        click.echo(f"{survivor.case}  {survivor.mutant.kind}  {survivor.mutant.sql}")


@evals.command()
def schema() -> None:
    """Print the JSON Schema of a case.

    Example: steward eval schema > schema.json
    """
    from eval.suite import json_schema

    click.echo(json.dumps(json_schema(), indent=1))


@evals.command()
@json_option
def scorers(as_json: bool) -> None:
    """List the ways in which rows are compared.

    Example: steward eval scorers
    """
    from eval.scorers import SCORERS

    found = {name: (scorer.__doc__ or "").splitlines()[0] for name, scorer in SCORERS.items()}
    if as_json:
        click.echo(dumps({"scorers": found}))
        return
    for name, about in found.items():
        click.echo(f"{name:<12} {about}")


def _watch(records: "Iterable[Record]", total: int, done: "Sequence[Record]") -> "list[Record]":
    """Collect records, with a line of progress: a moving one on a terminal, one now and then elsewhere."""
    started = last = monotonic()
    terminal = sys.stderr.isatty()
    fresh: list[Record] = []
    right = sum(r.right for r in done)
    counted = sum(r.got != "infra" for r in done)
    for record in records:
        fresh.append(record)
        right, counted = right + record.right, counted + (record.got != "infra")
        finished, now = len(done) + len(fresh), monotonic()
        if terminal or now - last >= LINE_EVERY_S or finished == total:
            last = now
            left = (now - started) / len(fresh) * (total - finished)
            share = f"{right / counted:.1%} right" if counted else "none reached"
            line = f"{finished:,} of {total:,}  {share}  {int(left // 60)}:{int(left % 60):02} left "
            click.echo(f"\r{line}" if terminal else line, nl=not terminal, err=True)
    if terminal and fresh:
        click.echo("", err=True)
    return fresh


def _conclude(manifest: "Manifest", records: "Sequence[Record]", threshold: float | None, as_json: bool) -> int:
    """Print the summary; 1 when accuracy is below the threshold, or cannot be told."""
    from eval.summary import as_text, summarise

    summary = summarise(records, manifest, manifest.seed)
    click.echo(dumps(summary.as_dict()) if as_json else _shown(as_text(summary)))
    accuracy = summary.as_dict()["accuracy"]
    return NOT_GOOD_ENOUGH if threshold is not None and (accuracy is None or accuracy * 100 < threshold) else 0


def _count(number: int, thing: str) -> str:
    """``1 case``, ``2 cases``."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _shown(text: str) -> str:
    """Lines without anything that a terminal would act on."""
    return "\n".join(map(safe, text.splitlines()))


def _home(ctx: click.Context) -> Path:
    from catalog.storage.generations import default_home

    home: Path = ctx.obj or default_home()
    return home


def _sources(ctx: click.Context) -> list[tuple[str, Any]]:
    return [(name, ctx.get_parameter_source(name)) for name in ctx.params]
