"""Runs suites through the same ``ask()`` that people use, one record per question, resumable at any record."""

import fnmatch
import hashlib
import importlib.metadata
import os
import platform
import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import perf_counter
from typing import Any

from catalog.access.policy import ANONYMOUS, POLICY_FILE, load_policy
from catalog.demo.build import DEMO_NOW, records
from catalog.demo.facts import FACTS
from catalog.errors import GovernanceError, UsageError
from catalog.storage.generations import current
from eval import store
from eval.ahead import Ahead
from eval.external.formats import load
from eval.external.run import run_external
from eval.features import derived_tags
from eval.ground import Ground, Grounds, finish, open_grounds
from eval.instances import open_instances
from eval.judge import Asked, Judge
from eval.record import Manifest, Record
from eval.scorers import SCORERS
from eval.suite import Case, find_suite, load_suite
from nl2sql.backends import open_backend
from nl2sql.backends.base import Backend, Context
from nl2sql.context import context_of
from nl2sql.pipeline import ask
from nl2sql.readings.conversation import Earlier
from nl2sql.turn import earlier

Planned = tuple[str, Case]
"""A case and the name of its suite."""
ONLY_OURS = ("filters", "always_answer", "own_catalog")
"""What a public benchmark in a folder knows nothing of."""


def plan(manifest: Manifest) -> tuple[Manifest, list[Planned]]:
    """The cases of a run and its manifest filled in. Raises `UsageError` for a suite, filter or scorer that is not there."""
    if manifest.scorer not in SCORERS:
        raise UsageError(f"There is no scorer {manifest.scorer!r}.", f"Choose one of: {', '.join(SCORERS)}.")
    if external := _external(manifest):
        return _filled(manifest, {f"{folder.name}/dev.json": folder / "dev.json" for folder in external}, questions=_questions(manifest)), []
    files = [path for name in manifest.suite_names for path in find_suite(name, manifest.split)]
    cases = [(path.name.split(".")[0], case) for path in files for case in load_suite(path)]
    for asked_for in manifest.filters:
        cases = [(suite, case) for suite, case in cases if _fits(asked_for, suite, case)]
    if manifest.limit is not None and manifest.limit < len(cases):
        kept = set(random.Random(manifest.seed).sample(range(len(cases)), manifest.limit))
        cases = [entry for at, entry in enumerate(cases) if at in kept]
    if not cases:
        raise UsageError("No case is left to ask.", "See --filter, --split and --limit.")
    return _filled(manifest, {path.name: path for path in files}, cases), cases


def run(manifest: Manifest, cases: Sequence[Planned], folder: Path, backend: Backend, done: Sequence[Record] = ()) -> Iterator[Record]:
    """Ask ``backend`` what is not among ``done`` and yield each record once it is in the folder.

    Raises `UsageError` for a gold that does not run.
    """
    if external := _external(manifest):
        keys = {record.key for record in done}
        for place in external:
            options: Any = {"limit": manifest.limit, "seed": manifest.seed, "scorer": _named(manifest.scorer), "done": keys}
            for record in run_external(place, backend, **options):
                store.append(folder, record)
                yield record
        return
    asked_before = {(r.suite, r.id, r.repeat) for r in done}
    left = [
        (suite, case, repeat)
        for repeat in range(manifest.repeats)
        for suite, case in cases
        if (suite, case.id, repeat) not in asked_before
    ]
    if not left:
        return
    with _court(manifest, [case for _, case in cases]) as (grounds, judge):
        ahead = Ahead(backend)
        cold = True
        for suite, case, repeat in ahead.over(left, lambda entry: _contexts(entry[1], grounds, backend)):
            ground = grounds.of(case)
            before: list[Earlier] = []
            for at in range(len(case.turns)):
                record = _ask(suite, case, at, repeat, ground, ahead, judge, cold, before)
                cold = False
                store.append(folder, record)
                yield record


def _contexts(case: Case, grounds: Grounds, backend: Backend) -> Iterator[Context]:
    """What the backend will be given for the turns of a case, so far as their questions tell."""
    session = grounds.of(case).session(case.principal)
    for at, turn in enumerate(case.turns):
        with suppress(GovernanceError):  # the turn meets it again, and ends in it
            if context := context_of(turn.question, session, backend, [Earlier(said.question) for said in case.turns[:at]]):
                yield context


def rescore(manifest: Manifest, cases: Sequence[Planned], records: Sequence[Record]) -> Iterator[Record]:
    """Judge the answers of a run anew by today's golds and the manifest's scorer: their SQL runs again, no model is asked."""
    known = {(suite, case.id): case for suite, case in cases}
    with _court(manifest, list(known.values())) as (grounds, judge):
        for record in records:
            case = known.get((record.suite, record.id))
            if case is None or record.turn >= len(case.turns):
                continue
            turn, ground = case.turns[record.turn], grounds.of(case)
            table = ground.gold(case.principal, record.sql) if record.got == "answer" else None
            stage = "guard" if record.reason == "rejected" else "run"
            said = {name: getattr(record, name) for name in ("got", "sql", "reading", "message", "choices", "confidence")}
            verdict = judge.judge(Asked(table=table, stage=stage, **said), turn, case.principal, ground)
            yield record.model_copy(update={**dict(verdict), "gold": turn.gold, "expected": turn.outcome, "compare": turn.compare})


@contextmanager
def _court(manifest: Manifest, cases: Sequence[Case]) -> Iterator[tuple[Grounds, Judge]]:
    """The catalogs that the cases are asked of, and who judges; seeded instances are of the demo, so another catalog has none."""
    golds = [gold for case in cases for turn in case.turns for gold in turn.gold]
    counted = manifest.instances if manifest.own_catalog is None and golds else 0
    with ExitStack() as stack:
        grounds = stack.enter_context(open_grounds(cases, Path(manifest.own_catalog) if manifest.own_catalog else None))
        instances = stack.enter_context(open_instances(golds, DEMO_NOW, counted, manifest.seed)) if counted else None
        yield grounds, Judge(manifest.scorer, instances)


def _external(manifest: Manifest) -> list[Path]:
    """Folders of public benchmarks; a run asks either those or suites of ours."""
    folders = [Path(name) for name in manifest.suite_names if Path(name).is_dir()]
    if folders and len(folders) < len(manifest.suite_names):
        raise UsageError("A run asks suites or benchmark folders, not both.", "Run them one after the other.")
    given = [name for name in ONLY_OURS if folders and getattr(manifest, name)]
    if folders and (given or manifest.repeats > 1):
        raise UsageError(f"A benchmark folder takes no {(given or ['repeats'])[0].replace('_', ' ')}.", "Leave that option out.")
    return folders


def _questions(manifest: Manifest) -> int:
    """How many questions the benchmark folders hold, less those that are not drawn."""
    counts = [len(load(folder).items) for folder in _external(manifest)]
    return sum(min(count, manifest.limit or count) for count in counts)


def _named(scorer: str) -> str:
    """A benchmark goes by its own rule unless another than Steward's is named."""
    return "" if scorer == "steward" else scorer


def _filled(manifest: Manifest, files: dict[str, Path], cases: Sequence[Planned] = (), questions: int = 0) -> Manifest:
    return manifest.model_copy(
        update={
            "cases": len(cases) or questions,
            "turns": sum(len(case.turns) for _, case in cases) or questions,
            "suites": {name: _sha256(path) for name, path in files.items()},
            "model_sha256": fingerprint(manifest.backend),
            "catalog_sha256": "" if questions else _catalog(manifest),
            "policy_version": "" if questions else load_policy(_policy(manifest)).version,
            "steward": importlib.metadata.version("datasteward"),
            "python": platform.python_version(),
            "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        }
    )


def _catalog(manifest: Manifest) -> str:
    """Of the records of the demo, or of the file of one's own catalog."""
    if manifest.own_catalog is not None:
        return _sha256(current(Path(manifest.own_catalog)).path)
    digest = hashlib.sha256()
    for record in records(DEMO_NOW):
        digest.update(repr(record).encode())
    return digest.hexdigest()


def _policy(manifest: Manifest) -> Path:
    return (FACTS if manifest.own_catalog is None else Path(manifest.own_catalog)) / POLICY_FILE


def backend_of(manifest: Manifest) -> Backend:
    """The backend that a manifest names. Raises `UsageError` where it cannot always answer and should."""
    return open_backend(manifest.backend, threshold=0.0 if manifest.always_answer else None)


def fingerprint(backend: str) -> str:
    """SHA-256 of the files that a backend answers from, hex; of its name where it has none here, and of the model that a server has."""
    kind, _, argument = backend.partition(":")
    digest = hashlib.sha256(backend.encode())
    if kind == "embedded":
        from nl2sql.embedded.parser import WEIGHTS

        for path in sorted(path for path in WEIGHTS.iterdir() if path.is_file()):
            digest.update(path.name.encode() + path.read_bytes())
    elif kind in ("vllm", "vllm-plan"):
        from nl2sql.backends.server import Server, address

        digest.update(repr(Server(address(argument)).model).encode())
    elif argument and (place := Path(argument).expanduser()).exists():
        for path in [place] if place.is_file() else sorted(path for path in place.iterdir() if path.is_file()):
            with path.open("rb") as file:  # weights have gigabytes
                digest.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _ask(suite: str, case: Case, at: int, repeat: int, ground: Ground, backend: Ahead, judge: Judge, cold: bool, before: list[Earlier]) -> Record:
    """Ask one turn after those ``before`` it, to which it is added as the front doors add it."""
    turn = case.turns[at]
    session = ground.session(case.principal)
    started, spent = perf_counter(), backend.spent_ms
    stages: dict[str, float] = {}
    try:
        outcome, stages = finish(ask(turn.question, session, backend, before=before))
        asked = Asked.of(outcome)
        before += filter(None, [earlier(outcome)])
    except GovernanceError as error:
        asked = Asked("infra", message=error.what)
    share = backend.spent_ms - spent
    elapsed = (perf_counter() - started) * 1000 + share
    if share:
        stages["draft"] = round(stages.get("draft", 0.0) + share, 3)
    verdict = judge.judge(asked, turn, case.principal, ground)
    return Record(
        id=case.id,
        suite=suite,
        turn=at,
        turns=len(case.turns),
        repeat=repeat,
        question=turn.question,
        principal=case.principal or ANONYMOUS.name,
        group=case.group,
        tags={**case.tags, **derived_tags(case)},
        expected=turn.outcome,
        gold=turn.gold,
        compare=turn.compare,
        got=asked.got,
        confidence=asked.confidence,
        sql=asked.sql,
        reading=asked.reading,
        message=asked.message,
        choices=asked.choices,
        stages_ms=stages,
        total_ms=round(elapsed, 3),
        cold=cold,
        **dict(verdict),
    )


def _fits(asked_for: str, suite: str, case: Case) -> bool:
    """``style=fragment,typos`` → one of the two; ``id=gov-0*`` → by pattern; a bare word → any tag has it."""
    key, named, values = asked_for.partition("=")
    tags = {**case.tags, **derived_tags(case)}
    outcomes = tuple(outcome for turn in case.turns for outcome in turn.outcome)
    fields = {**tags, "id": case.id, "suite": suite, "principal": case.principal or ANONYMOUS.name, "outcome": outcomes, "group": case.group}
    if named and key not in fields:
        return False
    held = [fields[key]] if named else list(tags.values())
    words = [str(word) for value in held for word in (value if isinstance(value, tuple) else (value,))]
    return any(fnmatch.fnmatchcase(word, wanted.strip()) for word in words for wanted in (values if named else key).split(","))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
