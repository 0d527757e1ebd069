"""Mutation test of what decides: guard, policy, audit verifier, receipt verifier, against their own tests of a checkout.

pytest collects the tests and runs them once, which tells which functions each one calls. Then, for each mutant, a forked child puts
the fault into the loaded module and runs the tests that call that function until one fails. Needs the ``tests`` folder and POSIX.
"""

import gc
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from eval.security.kept import Kept
from eval.security.mutate import Mutant, Source
from eval.security.report import Row

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[2]
GUARD = ("", "binder", "expressions", "functions", "identifiers", "kinds", "literals", "naming", "parse", "render", "schema", "scope", "shapes", "tree")
AREAS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "guard": (
        tuple(f"nl2sql.guard.{name}".rstrip(".") for name in GUARD),
        tuple(f"tests/nl2sql/guard/test_{name}.py" for name in ("golden", "approve", "functions", "generic", "everywhere", "attacks", "kinds")),
    ),
    "policy": (("catalog.access.policy", "catalog.access.policy_rules", "catalog.reserved"), tuple(f"tests/catalog/test_{name}.py" for name in ("policy", "policy_kinds", "cubes", "policy_model"))),
    "audit and receipt verifiers": (
        ("catalog.audit.verify", "catalog.audit.merkle", "catalog.audit.signed_note", "catalog.audit.receipt"),
        tuple(f"tests/catalog/test_{name}.py" for name in ("merkle", "signed_note", "receipt", "audit_log", "audit_witness", "audit_rotation")),
    ),
}
"""Modules to mutate and the test files that are to notice."""

EQUIVALENTS = Path("tests/security/equivalent_mutants.txt")
"""Mutants that change nothing that can be observed, with the reason: ``name  # reason``."""

ABOUT_THE_TREE = "makes_approvals"
"""Tests of what is in the source tree, which no fault in a loaded module changes."""
NOT_QUICK = "engine or model or widens or overrides or order_of or killed or processes or torn or every_ or altered or literal_that_fits or threads or hypothesis"
"""Words of tests that take seconds; a quick run does without them."""
SLOW_S = 1.0
"""Seconds of processor time; a test that takes longer comes last, and not at all in a quick run."""
ENDLESS_S = 5
"""Seconds of processor time after which a child of quick tests counts as stuck, which is noticed too."""
STUCK_S = 120
"""Seconds of processor time after which any child does: by a clock, a busy machine would look like a fault that is noticed."""
ASLEEP = 30
"""So many times as long by the clock, for a child that only waits."""
PACKAGES = ("catalog.", "nl2sql.")
MARK = "__called__"
KILLED, SURVIVED, UNREACHED, NO_PROGRAM = KINDS = ("killed", "survived", "not reached", "no program")


def run(seconds: float, seed: int, progress: Callable[[str], None], state: Path | None = None, quick: bool = False, most: int | None = None) -> list[Row]:
    """A row for each area. Mutants are drawn in an order of ``seed`` until the time is over or ``most`` are done in an area."""
    if not (ROOT / "tests").is_dir():
        return [Row("mutants noticed by tests", "100 %", "no tests folder here", False, "run it in a checkout")]
    rows = []
    for area in AREAS:
        kept = Kept(state and state.with_suffix(f".{area.split()[0]}.json"), part="mutation", area=area, seed=seed)
        found = run_area(area, seconds / len(AREAS), seed, quick, most, progress, kept)
        rows.append(_row(area, found))
    return rows


def equivalents() -> dict[str, str]:
    """Names of mutants known to change nothing, and why."""
    lines = (ROOT / EQUIVALENTS).read_text(encoding="utf-8").splitlines()
    return {name.strip(): reason.strip() for name, _, reason in (line.rpartition("  # ") for line in lines if line.strip() and not line.startswith("#"))}


def _row(area: str, found: dict[str, list[str]]) -> Row:
    known = equivalents()
    alive = [name for kind in (SURVIVED, UNREACHED) for name in found[kind] if name not in known]
    done = sum(len(found[kind]) for kind in (KILLED, SURVIVED, UNREACHED))
    same = done - len(found[KILLED]) - len(alive)
    share = 100 * len(found[KILLED]) / max(done - same, 1)
    figure = f"{share:.1f} % ({len(found[KILLED]):,} of {done - same:,}; {same} of {done:,} drawn are equivalent)"
    said = f"of {found['all'][0]} mutants; not noticed: {'; '.join(alive) or 'none'}"
    return Row(f"mutants of {area} noticed by tests", "100 %", figure, not alive and done > 0, said)


def run_area(area: str, seconds: float, seed: int, quick: bool, most: int | None, progress: Callable[[str], None], kept: Kept | None = None) -> dict[str, list[str]]:
    """Names of an area's mutants by what became of them, in a process of its own, since pytest loads what is mutated.

    A unit is one mutant; what was kept of earlier runs is left out of this one and in what is returned.
    """
    kept = kept or Kept()
    found: dict[str, list[str]] = defaultdict(list, kept.load() or {})
    asked = json.dumps([area, seconds, seed, quick, most, sum(len(found[kind]) for kind in KINDS)])
    found.pop("all", None)
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); from eval.security.mutation import main; main(sys.argv[1])", asked]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.startswith("{"):
                said = json.loads(line)
                found[said["kind"]].append(said["name"])
                kept.save(found)
                if (count := sum(map(len, found.values()))) % 50 == 0:
                    progress(f"mutants of {area}: {count:,} of {found['all'][0]}, {len(found[SURVIVED]) + len(found[UNREACHED])} not noticed")
            else:
                progress(line.strip())
    if child.returncode or "all" not in found:
        raise RuntimeError(f"the tests of {area} do not pass as they are (status {child.returncode})")
    return found


def main(asked: str) -> None:
    """The process that tests one area: prints a JSON object for each mutant."""
    import pytest

    area, seconds, seed, quick, most, done = json.loads(asked)
    out = os.fdopen(os.dup(1), "w", buffering=1)
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "pytest.log"
        os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT), 1)
        tester = _Tester(area, seconds, seed, quick, most, done, lambda kind, name: print(json.dumps({"kind": kind, "name": name}), file=out))
        options = ["-q", "-x", "-p", "no:cacheprovider", "--timeout", "0", "-m", "not slow", "--basetemp", f"{folder}/t", "-W", "ignore::DeprecationWarning"]
        options += ["-k", f"not ({ABOUT_THE_TREE}{f' or {NOT_QUICK}' if quick else ''})"]
        ended = pytest.main([*options, *AREAS[area][1]], plugins=[tester])
        if not tester.ran or ended == pytest.ExitCode.INTERNAL_ERROR:
            raise SystemExit(said.read_text(encoding="utf-8", errors="replace")[-4000:])


class _Tester:
    """The pytest plugin that runs tests for mutants instead of once."""

    def __init__(self, area: str, seconds: float, seed: int, quick: bool, most: int | None, done: int, tell: Callable[[str, str], None]) -> None:
        self.modules = [import_module(name) for name in AREAS[area][0]]
        self.sources = [Source(module.__name__, Path(str(module.__file__))) for module in self.modules]
        self.seconds, self.quick, self.most, self.done, self.tell = seconds, quick, most, done, tell
        self.rng = random.Random(seed)
        self.ran = False
        self.failed = ""
        self.slow: set[str] = set()
        self.calls: dict[str, list[pytest.Item]] = defaultdict(list)
        """Tests by the function that they call, the quick ones first."""
        self.kills: dict[str, int] = defaultdict(int)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note that a test failed."""
        if report.failed:
            self.failed = report.nodeid

    def pytest_runtestloop(self, session: Any) -> bool:
        """Run every test once, then the mutants."""
        items = self._baseline(session.items)
        if self.failed:
            return True
        self.ran = True
        todo = [(source, mutant) for source in self.sources for mutant in source.mutants]
        self.tell("all", f"{len(todo):,}")
        self.rng.shuffle(todo)
        until = time.monotonic() + self.seconds
        for source, mutant in todo[self.done : self.most]:
            if time.monotonic() > until:
                break
            self.tell(self._judge(source, mutant, items), mutant.name)
        return True

    def _baseline(self, items: list["pytest.Item"]) -> list["pytest.Item"]:
        """The tests that are used, the quick ones first; fills ``calls``."""
        spent, seen = dict[str, float](), dict[str, set[str]]()
        called: set[str] = set()
        whole = [(function, function.__code__) for module in self.modules for function in _functions(module)]
        for module, source in zip(self.modules, self.sources, strict=True):
            module.__dict__[MARK] = lambda name, module=module: called.add(f"{module.__name__}:{name}")
            marked = {code.co_qualname: code for code in _codes(source.marked(MARK))}
            for function in _functions(module):
                if function.__code__.co_qualname in marked and function.__code__.co_filename == module.__file__:
                    function.__code__ = marked[function.__code__.co_qualname]
        for at, item in enumerate(items):
            for module in self.modules:
                _forget(module)  # what is kept from an earlier test would hide that this one asks for it too
            called.clear()
            started = time.process_time()
            self._one(item, items[(at + 1) % len(items)])
            spent[item.nodeid], seen[item.nodeid] = time.process_time() - started, set(called)
            if self.failed:
                return []
        for function, code in whole:
            function.__code__ = code
        used = sorted((i for i in items if not self.quick or spent[i.nodeid] < SLOW_S), key=lambda i: (spent[i.nodeid] > SLOW_S, spent[i.nodeid]))
        self.slow = {item.nodeid for item in used if spent[item.nodeid] > SLOW_S}
        for item in used:
            for name in seen[item.nodeid]:
                self.calls[name].append(item)
        return used

    def _one(self, item: "pytest.Item", following: "pytest.Item") -> None:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)

    def _judge(self, source: Source, mutant: Mutant, items: Sequence["pytest.Item"]) -> str:
        try:
            code = source.code(mutant.edits)
        except (SyntaxError, ValueError, TypeError):
            return NO_PROGRAM
        module = sys.modules[source.module]
        tests = self.calls[f"{source.module}:{mutant.function}"] if mutant.function else list(items)
        if not tests:
            return UNREACHED
        tests = sorted(tests, key=lambda item: (item.nodeid in self.slow, -self.kills[item.nodeid]))
        killer = self._in_child(module, mutant.function, code, tests)
        self.kills[killer] += bool(killer)
        return KILLED if killer else SURVIVED

    def _in_child(self, module: ModuleType, function: str, code: CodeType, tests: Sequence["pytest.Item"]) -> str:
        """The first test that fails, empty where all pass; a fault that ends or stops the process is noticed as well."""
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            ended = b"!"
            try:
                ended = self._try(module, function, code, tests).encode() or b"-"
            finally:
                os.write(writing, ended)
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            said = pipe.read().decode()
        os.waitpid(pid, 0)
        return "" if said == "-" else said or "ended"

    def _try(self, module: ModuleType, function: str, code: CodeType, tests: Sequence["pytest.Item"]) -> str:
        gc.disable()
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 2)
        signal.setitimer(signal.ITIMER_PROF, STUCK_S)
        signal.alarm(STUCK_S * ASLEEP)
        try:
            put_in(module, function, code)
        except Exception:  # a module that cannot even be loaded is noticed by whatever imports it
            return "import"
        limited = False
        for item in tests:
            if not limited and item.nodeid not in self.slow:
                resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + ENDLESS_S * 4, resource.RLIM_INFINITY))
            limited = True
            self._one(item, item)
            if self.failed:
                return self.failed
        return ""


def put_in(module: ModuleType, function: str, code: CodeType) -> None:
    """Put the fault of a compiled module into the loaded one: into the function, or into every constant that comes out otherwise."""
    if function:
        new = next(found for found in _codes(code) if found.co_qualname == function)
        for old in _functions(module):
            if old.__code__.co_qualname == function and old.__code__.co_firstlineno == new.co_firstlineno:
                old.__code__ = new
    else:
        fresh = dict[str, Any](__name__=module.__name__, __file__=module.__file__, __package__=module.__package__)
        exec(code, fresh)
        for name, value in fresh.items():
            before = module.__dict__.get(name)
            if name.startswith("__") or isinstance(value, FunctionType | type | ModuleType) or hasattr(value, "cache_clear") or value == before:
                continue
            for other in list(sys.modules.values()):
                if getattr(other, "__name__", "").startswith(PACKAGES) and other.__dict__.get(name) is before:
                    other.__dict__[name] = value
    for name, other in list(sys.modules.items()):
        if name.startswith(PACKAGES):
            _forget(other)


def _forget(module: ModuleType) -> None:
    """Empty the caches of a module's functions."""
    for value in list(vars(module).values()):
        if hasattr(value, "cache_clear"):
            value.cache_clear()


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def _functions(module: ModuleType) -> Iterator[FunctionType]:
    """The functions and methods of a module, out of whatever they are wrapped in."""
    waiting = [value for value in vars(module).values() if getattr(value, "__module__", None) == module.__name__ or hasattr(value, "__wrapped__")]
    while waiting:
        value = waiting.pop()
        if isinstance(value, type):
            waiting.extend(vars(value).values())
        elif isinstance(value, property):
            waiting.extend(part for part in (value.fget, value.fset) if part)
        elif isinstance(value, cached_property):
            waiting.append(value.func)
        elif isinstance(value, staticmethod | classmethod):
            waiting.append(value.__func__)
        elif hasattr(value, "__wrapped__"):
            waiting.append(value.__wrapped__)
        elif isinstance(value, FunctionType) and value.__module__ == module.__name__:
            yield value
