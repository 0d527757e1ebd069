"""What was measured: figures with their units and goals, printed as a table and kept as JSON; and the peak memory of a measurement."""

import importlib
import json
import multiprocessing
import resource
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from time import clock_gettime, perf_counter, process_time
from typing import Any, Self

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number; ``goal`` is the most that it should be, where there is a goal."""

    name: str
    value: float
    unit: str
    goal: float | None = None

    @property
    def missed(self) -> bool:
        """Whether it is past its goal."""
        return self.goal is not None and self.value > self.goal


@dataclass(frozen=True, slots=True)
class Spent:
    """What something took, in ms: by the clock, and of the processor, which other work on the machine does not lengthen."""

    wall: float
    processor: float

    @classmethod
    def by(cls, work: Callable[[], object]) -> Self:
        """What a call takes, this process and its children together."""
        before, started = _processor_s(), perf_counter()
        work()
        ended = perf_counter()
        return cls((ended - started) * 1000, (_processor_s() - before) * 1000)

    @classmethod
    def least(cls, several: Iterable["Spent"]) -> Self:
        """The least of each."""
        found = list(several)
        return cls(min(spent.wall for spent in found), min(spent.processor for spent in found))

    @property
    def at_least(self) -> float:
        """What it takes where nothing else runs, or less: two threads take more of the processor, other work more of the clock."""
        return min(self.wall, self.processor)


def _processor_s() -> float:
    """Seconds of processor time of this process and of those that it started and that live."""
    children = 0.0
    for listed in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):  # a thread or a child that ends meanwhile
            children += sum(clock_gettime(~int(pid) << 3 | 2) for pid in listed.read_text().split())  # the clock that clock_getcpuclockid(3) tells of a process
    return process_time() + children


def ratio(name: str, ours: float, other: float, goal: float) -> Figure:
    """One figure over another."""
    return Figure(name, ours / max(other, 1e-9), "times", goal)


def progress_to_stderr(started: float) -> Progress:
    """Says on stderr what is being done, with the seconds since ``started``."""
    return lambda step: print(f"{perf_counter() - started:8.1f} s  {step}", file=sys.stderr, flush=True)


def apart(name: str, module: str, *arguments: Any, peak_goal: float | None = None) -> list[Figure]:
    """Figures that ``measure`` of a module makes in a process of its own, and the peak memory of it and of those that it started."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_measured, args=(there, module, arguments))
    process.start()
    there.close()
    try:
        figures, peak = here.recv()
    except EOFError:
        process.join()
        raise RuntimeError(f"{name} ended with exit code {process.exitcode} and no figures") from None
    process.join()
    return [*figures, Figure(f"{name}: peak memory", peak, "GB", peak_goal)]


def _measured(reply: Any, module: str, arguments: tuple[Any, ...]) -> None:
    sys.modules["__main__"].__file__ = __file__  # DuckDB, once imported, takes a main module without a file for a notebook and draws bars
    figures = importlib.import_module(module).measure(*arguments, progress_to_stderr(perf_counter()))
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    reply.send((figures, sum(peaks) * 1024 / 1e9))


def table(figures: Iterable[Figure]) -> str:
    """One line for each figure; a goal that is missed says so."""
    lines = []
    for figure in figures:
        goal = "" if figure.goal is None else f"  goal {figure.goal:g}{' MISSED' if figure.missed else ''}"
        lines.append(f"{figure.name:<58} {figure.value:>12,.3f} {figure.unit:<6}{goal}")
    return "\n".join(lines)


def write(path: Path, about: dict[str, object], figures: Iterable[Figure]) -> None:
    """Keep what was measured, and on what, as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**about, "figures": [asdict(figure) | {"missed": figure.missed} for figure in figures]}, indent=1), encoding="utf-8")
