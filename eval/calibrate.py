"""Fits the embedded model's confidence on development questions: ``python -m eval.calibrate RUN WEIGHTS``.

RUN is the folder of ``steward eval run --always-answer`` over development splits; the fit goes into ``parser.json``.
Platt's scaling (1999): logistic regression of right or wrong on the log-odds of the sequence, with his smoothed targets.
"""

import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from catalog.errors import UsageError
from eval import store

THRESHOLD = 0.4
"""Calibrated confidence below which the model asks back; a wrong table is worse than a question, but only so much."""


def main(arguments: list[str]) -> int:
    """Fit and store slope, offset and threshold; print what they do."""
    run, weights = map(Path, arguments)
    manifest, records = store.read(run)
    path = weights / "parser.json"
    about = json.loads(path.read_text(encoding="utf-8"))
    if manifest.split != "dev" or not manifest.always_answer:
        raise UsageError("Confidence is fitted on development questions, every one of them answered.", "steward eval run --always-answer …")
    used = [r for r in records if r.got == "answer" and r.confidence is not None]
    raw = np.array([_odds(r.confidence) for r in used if r.confidence is not None])
    now = about.get("calibration", {"slope": 1.0, "offset": 0.0})
    odds = (raw - now["offset"]) / now["slope"]
    right = np.array([r.right for r in used], dtype=float)
    slope, offset = fit(odds, right)
    about["calibration"] = {"slope": slope, "offset": offset, "threshold": THRESHOLD}
    path.write_text(json.dumps(about), encoding="utf-8")
    calibrated = 1 / (1 + np.exp(-(slope * odds + offset)))
    for level in (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
        shown = calibrated >= level
        if shown.any():
            print(f"confidence >= {level:.1f}: {shown.mean():6.1%} shown, {right[shown].mean():6.1%} of them right")
    return 0


def fit(odds: NDArray[np.float64], right: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and offset by Newton's method."""
    hits = right.sum()
    misses = len(right) - hits
    target = np.where(right > 0, (hits + 1) / (hits + 2), 1 / (misses + 2))
    design = np.stack([odds, np.ones_like(odds)], axis=1)
    weights = np.zeros(2)
    for _ in range(50):
        p = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (target - p)
        hessian = (design * (p * (1 - p))[:, None]).T @ design + 1e-6 * np.eye(2)
        weights = weights + np.linalg.solve(hessian, gradient)
    return float(weights[0]), float(weights[1])


def _odds(probability: float) -> float:
    p = min(max(probability, 1e-6), 1 - 1e-6)
    return float(np.log(p / (1 - p)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
