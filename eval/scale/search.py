"""How long exact search by meaning takes, beside one matrix-vector product in numpy."""

import json
from itertools import islice
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from eval.metrics.latency import percentile
from eval.scale.figures import Figure, Progress, ratio
from nl2sql.embedded.encoder import shipped
from nl2sql.similar import Entries, _descending, _nearest

TOP = 10
ROUNDS = 30


def measure(count: int, width: int, progress: Progress) -> list[Figure]:
    """Top ten of so many random vectors; of width 0, which is the encoder's, also a whole search with its names, words and ranking."""
    own, width = not width, width or shipped().width
    random = np.random.default_rng(0)
    progress(f"{count:,} vectors of {width}")
    vectors = random.standard_normal((count, width), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    targets = vectors[random.integers(0, count, ROUNDS)] + 0.1 * random.standard_normal((ROUNDS, width), dtype=np.float32)
    plain, ours, right = [], [], 0
    for target in targets:
        started = perf_counter()
        nearness = vectors @ target
        plain.append((perf_counter() - started) * 1000)
        started = perf_counter()
        found = list(islice(_descending(vectors @ target, TOP), TOP))
        ours.append((perf_counter() - started) * 1000)
        right += len(set(found) & set(np.argsort(-nearness, kind="stable")[:TOP].tolist()))
    named = f"search, {count:,} × {width}:"
    figures = [
        Figure(f"{named} numpy's product p50", percentile(plain, 50), "ms"),
        Figure(f"{named} exact top ten p50", percentile(ours, 50), "ms"),
        ratio(f"{named} top ten / product", percentile(ours, 50), percentile(plain, 50), 1.5),
        Figure(f"{named} share of the true top ten missed", 1 - right / (TOP * ROUNDS), "share", 0.0),
    ]
    if own:
        entries = _entries(vectors)
        spent = []
        for at in range(ROUNDS):
            started = perf_counter()
            _nearest(f"sensor readings of machine {at}", TOP, entries)
            spent.append((perf_counter() - started) * 1000)
        figures.append(Figure(f"{named} whole search with words and names p50", percentile(spent, 50), "ms"))
    return figures


def _entries(vectors: NDArray[np.float32]) -> Entries:
    """Entries of synthetic names around these vectors, none of which is spelt as a text is."""
    written = [json.dumps({"name": f"set {at}", "description": "synthetic readings"}).encode() for at in range(len(vectors))]
    return Entries(
        vectors,
        np.frombuffer(b"".join(written), dtype=np.uint8),
        np.cumsum([len(part) for part in written], dtype=np.int64),
        np.zeros(0, dtype=np.uint64),
        np.zeros(0, dtype=np.int64),
        np.zeros(0, dtype=np.int8),
    )
