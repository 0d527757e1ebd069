"""The embedded model as it ships beside the same weights in eager torch: ``python -m eval.eager CHECKPOINT``. Needs the train extra.

Both answer the same questions over the demo through the same pipeline, search and grammar; only what multiplies the matrices differs.
Each run is a process of its own; the two take turns. Linux only.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from catalog.demo.build import build
from catalog.storage.generations import pinned
from eval.bench import QUESTIONS
from nl2sql.backends.embedded import EmbeddedBackend
from nl2sql.embedded.parser import WEIGHTS, EmbeddedParser
from nl2sql.pipeline import ask
from nl2sql.plan.language import vocabulary
from nl2sql.session import Session, open_session
from nl2sql.turn import Stage

RUNS = 3
ROUNDS = 3
"""Times that each question is asked in one process; the first is not counted as warm."""


class TorchParser(EmbeddedParser):
    """The shipped model's search over eager torch modules. ``weights`` are a file of averaged weights."""

    def __init__(self, weights: Path) -> None:
        import torch

        from nl2sql.training.graphs import Reader, Writer
        from nl2sql.training.start import parser_of

        torch.set_num_threads(min(2, len(os.sched_getaffinity(0))))
        parser = parser_of(torch.load(weights, weights_only=True, mmap=True)).eval()
        self.about = json.loads((WEIGHTS / "parser.json").read_text(encoding="utf-8"))
        self._folder = WEIGHTS
        self._ids = {token: i for i, token in enumerate(vocabulary())}
        self._reader, self._writer = _Eager(Reader(parser)), _Eager(Writer(parser))


class _Eager:
    """A torch module behind the call of an ONNX session, its inputs in the order of its arguments."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def run(self, outputs: None, inputs: dict[str, Any]) -> list[Any]:
        import torch

        with torch.inference_mode():
            made = self._module(*(torch.from_numpy(value) for value in inputs.values()))
        return [tensor.numpy() for tensor in (made if isinstance(made, tuple) else (made,))]


def main(arguments: list[str]) -> int:
    """Measure both in turns and print medians; or, told a kind and a home, be one of the measured processes."""
    if len(arguments) == 3:
        print(json.dumps(_measured(*arguments)))
        return 0
    import torch

    from nl2sql.training.graphs import averaged

    with tempfile.TemporaryDirectory() as scratch:
        home, weights = Path(scratch) / "catalog", Path(scratch) / "weights.pt"
        build(home)
        torch.save(averaged(torch.load(arguments[0], weights_only=True)), weights)
        runs: dict[str, list[dict[str, float]]] = {"ONNX int8": [], "eager torch": []}
        for _ in range(RUNS):
            for kind, found in runs.items():
                command = [sys.executable, "-m", "eval.eager", kind, str(home), str(weights)]
                began = time.time()
                told = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
                found.append({"first answer after the start of the process, ms": (told.pop("answered") - began) * 1000, **told})
    for name in runs["ONNX int8"][0]:
        print(f"{name:<50}", *(f"{kind} {statistics.median(run[name] for run in found):>8.1f}" for kind, found in runs.items()), sep="  ")
    return 0


def _measured(kind: str, home: str, weights: str) -> dict[str, float]:
    """What one process takes: the model alone and whole questions, once it is loaded."""
    asked = []
    with pinned(Path(home)) as generation:
        session = open_session(Path(home), generation, None)
        backend = EmbeddedBackend(EmbeddedParser() if kind == "ONNX int8" else TorchParser(Path(weights)))
        _asked(QUESTIONS[0], session, backend)
        answered, first = time.time(), time.process_time() * 1000
        for _ in range(ROUNDS):
            asked += [_asked(question, session, backend) for question in QUESTIONS]
        session.close()
    whole, busy, draft = (statistics.median(values) for values in zip(*asked[len(QUESTIONS) :], strict=True))
    return {
        "answered": answered,
        "first answer, processor time, ms": first,
        "whole question, warm p50, ms": whole,
        "whole question, warm p50, processor time, ms": busy,
        "  of it drafting, p50, ms": draft,
        "peak memory of the process, MB": _peak_mb(),
    }


def _peak_mb() -> float:
    """Most memory that this process ever held. ``ru_maxrss`` would begin with that of the process that started it."""
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    return int(kilobytes) / 1024


def _asked(question: str, session: Session, backend: EmbeddedBackend) -> tuple[float, float, float]:
    """Milliseconds of a question: of the clock, of this process, and of the draft alone."""
    began, busy = time.perf_counter(), time.process_time()
    stages = {event.name: event.elapsed_ms for event in ask(question, session, backend) if isinstance(event, Stage)}
    return (time.perf_counter() - began) * 1000, (time.process_time() - busy) * 1000, stages["draft"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
