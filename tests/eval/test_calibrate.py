"""The calibration follows the evidence."""

import numpy as np

from eval.calibrate import fit


def test_calibration_follows_the_evidence() -> None:
    odds = np.array([-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0] * 20)
    right = (odds > 0).astype(float)
    slope, offset = fit(odds, right)
    assert slope > 0
    assert 1 / (1 + np.exp(-(slope * 3 + offset))) > 0.9
    assert 1 / (1 + np.exp(-(slope * -3 + offset))) < 0.1
