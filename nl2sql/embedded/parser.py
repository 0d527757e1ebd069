"""Runs the embedded parser: ONNX Runtime, own beam search with cached keys and values, constrained by the plan grammar.

Knows plans and probabilities; nothing about SQL, policies or catalogs.
"""

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nl2sql.embedded.runtime import onnx_runtime
from nl2sql.embedded.words import table
from nl2sql.errors import BackendUnavailable, BadPlan
from nl2sql.plan.grammar import Reader
from nl2sql.plan.language import END, Plan, Scope, vocabulary
from nl2sql.plan.sense import is_sensible

WEIGHTS = Path(__file__).parent / "weights"
MAX_QUESTION = 128
"""Word pieces of a question; of a longer one its end, where people ask."""
MAX_PLAN = 70
NEGLIGIBLE = 0.05
"""How likely an unfinished plan is, beside the likeliest finished one, for it to be left where it is."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plan, its tokens, and the model's probability of the whole sequence."""

    plan: Plan
    tokens: tuple[str, ...]
    probability: float


@dataclass(slots=True)
class _Beam:
    tokens: tuple[str, ...]
    score: float
    reader: Reader


class EmbeddedParser:
    """The exported model in ``folder``; loading it takes about a tenth of a second.

    Raises `BackendUnavailable` when the files are missing or belong to another semantic layer.
    """

    def __init__(self, folder: Path = WEIGHTS) -> None:
        try:
            self.about = json.loads((folder / "parser.json").read_text(encoding="utf-8"))
        except OSError as missing:
            raise BackendUnavailable(f"The embedded model is not in {folder.name}.") from missing
        if tuple(self.about["vocabulary"]) != vocabulary():
            raise BackendUnavailable("The embedded model was trained for another semantic layer.", "Run 'steward train' to train it anew.")
        runtime = onnx_runtime()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = min(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = ["CPUExecutionProvider"]
        self._reader = runtime.InferenceSession(str(folder / "reader.onnx"), options, providers=providers)
        self._writer = runtime.InferenceSession(str(folder / "writer.onnx"), options, providers=providers)
        self._folder = folder
        self._last: tuple[str | None, Floats] = (None, np.empty(0, dtype=np.float32))
        self._ids = {token: i for i, token in enumerate(vocabulary())}

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer

    def read(self, question: str, scope: Scope, beams: int = 4) -> list[Candidate]:
        """Plans for a linked question, likeliest first; at most ``beams``, each one that the grammar has within ``scope``."""
        memory = self._encoded(question)
        layers, heads, width = self.about["layers"], self.about["heads"], self.about["width"]
        cache: Floats = np.zeros((layers, 2, 1, heads, 0, width // heads), dtype=np.float32)
        alive = [_Beam((), 0.0, Reader(scope))]
        done: list[Candidate] = []
        last = np.zeros(1, dtype=np.int64)
        for position in range(MAX_PLAN):
            inputs = {"token": last, "position": np.array([position]), "cache": cache, "memory": memory}
            logits, cache = self._writer.run(None, inputs)
            scores = _log_softmax(logits)
            ranked = sorted(self._next(alive, scores), key=lambda n: -n[0])[:beams]
            chosen: list[tuple[int, _Beam]] = []
            for score, row, token in ranked:
                beam = alive[row]
                if token == END:
                    plan = _finish(beam.reader)
                    if is_sensible(plan):
                        done.append(Candidate(plan, beam.tokens, math.exp(score)))
                else:
                    chosen.append((row, _Beam((*beam.tokens, token), score, _advanced(beam, token, ranked, row))))
            alive = [beam for _, beam in chosen]
            if not alive or _is_settled(done, math.exp(max(b.score for b in alive)), beams):
                break
            cache = cache[:, :, [row for row, _ in chosen]]
            last = np.array([self._ids[beam.tokens[-1]] for beam in alive], dtype=np.int64)
        return sorted(done, key=lambda c: -c.probability)[:beams]

    def _encoded(self, question: str) -> Floats:
        """What the encoder makes of a question; kept for the last one, which is read with more beams where one is unsure."""
        text, memory = self._last
        if text != question:
            ids = np.array([word_pieces(self._tokenizer, question)], dtype=np.int64)
            (memory,) = self._reader.run(None, {"ids": ids, "mask": np.ones_like(ids)})
            self._last = question, memory
        return memory

    def weight(self, question: str, tokens: Sequence[str]) -> float:
        """What the words of a linked question add to the log-probability of a plan. Raises `BackendUnavailable`."""
        return table(self._folder).weight(question, tokens)

    def _next(self, alive: Sequence[_Beam], scores: Floats) -> list[tuple[float, int, str]]:
        """Every allowed continuation of every beam with its score, the few best of each."""
        found = []
        for row, beam in enumerate(alive):
            allowed = sorted(beam.reader.allowed)
            values = scores[row, [self._ids[t] for t in allowed]]
            for at in np.argsort(-values)[:4]:
                found.append((beam.score + float(values[at]), row, allowed[at]))
        return found


def _is_settled(done: Sequence[Candidate], alive: float, beams: int) -> bool:
    """No plan that is still being written can come among the ``beams`` likeliest, or matter beside the likeliest."""
    best = sorted((c.probability for c in done), reverse=True)
    return bool(best) and (alive < best[0] * NEGLIGIBLE or (len(best) >= beams and alive <= best[beams - 1]))


def word_pieces(tokenizer: Any, question: str) -> list[int]:
    """Ids of a question as training and use both read it, at most `MAX_QUESTION`."""
    start, *pieces = tokenizer.encode(question).ids
    return [start, *pieces[1 - MAX_QUESTION :]]


def _advanced(beam: _Beam, token: str, ranked: Sequence[tuple[float, int, str]], row: int) -> Reader:
    """The beam's grammar state one token further; replayed where several continuations share the beam."""
    is_alone = sum(1 for _, other, _ in ranked if other == row) == 1
    reader = beam.reader if is_alone else beam.reader.again(beam.tokens)
    reader.push(token)
    return reader


def _finish(reader: Reader) -> Plan:
    reader.push(END)
    if reader.plan is None:
        raise BadPlan("the plan does not end where it says so")
    return reader.plan


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)), dtype=np.float32)
