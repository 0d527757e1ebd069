"""Texts to vectors whose cosine says how near their meanings are: a vector per word piece, distilled from MiniLM, summed by ONNX Runtime.

Knows words only, not their order; nothing about catalogs or policies. ``nl2sql.training.similar`` makes its weights.
"""

import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nl2sql.embedded.parser import WEIGHTS
from nl2sql.embedded.runtime import onnx_runtime
from nl2sql.errors import BackendUnavailable

FILE = "similar.onnx"
LONGEST_TEXT = 256
"""Word pieces of a text that are read."""
LONGEST_CHARACTERS = 4000
BATCH = 256

Floats = NDArray[np.float32]


class Encoder:
    """The encoder in ``folder``, beside the tokenizer that it shares with the parser. Raises `BackendUnavailable` without them."""

    def __init__(self, folder: Path = WEIGHTS) -> None:
        if not ((folder / FILE).exists() and (folder / "tokenizer.json").exists()):
            raise BackendUnavailable(f"The encoder for similarity is not in {folder.name}.", "Reinstall the package, or run 'steward train --similar'.")
        from tokenizers import Tokenizer

        weights = (folder / FILE).read_bytes()
        runtime = onnx_runtime()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # it looks up and adds: threads gain nothing
        self._session = runtime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.stamp = f"{zlib.crc32(weights):08x}"
        """Tells these weights from others, in the names of files that hold their vectors."""
        self.width = int(self._session.get_outputs()[0].shape[1])

    def encode(self, texts: Sequence[str]) -> Floats:
        """Vectors [texts, width] of length 1; all zero for a text without a known word."""
        vectors = np.zeros((len(texts), self.width), dtype=np.float32)
        for start in range(0, len(texts), 16 * BATCH):
            some = [text[:LONGEST_CHARACTERS] for text in texts[start : start + 16 * BATCH]]
            pieces = [entry.ids[:LONGEST_TEXT] for entry in self._tokenizer.encode_batch(some, add_special_tokens=False)]
            by_length = sorted(range(len(pieces)), key=lambda at: len(pieces[at]))
            for first in range(0, len(by_length), BATCH):
                chosen = by_length[first : first + BATCH]
                ids = np.zeros((len(chosen), max(1, len(pieces[chosen[-1]]))), dtype=np.int64)
                for row, at in enumerate(chosen):
                    ids[row, : len(pieces[at])] = pieces[at]
                vectors[[start + at for at in chosen]] = self._session.run(None, {"ids": ids})[0]
        return vectors


@cache
def shipped() -> Encoder:
    """The encoder of the package, loaded once."""
    return Encoder()
