"""Float against int8 on the same images."""

from __future__ import annotations

import numpy as np
import pytest

from edgeall.evaluate.calibration import apply_temperature
from edgeall_convert.evaluate.assess import assess

LABELS, BLASTS = ("normal", "blast"), ("blast",)


@pytest.fixture
def case():
    """Return probabilities of a float network, its int8's, and the truth."""
    rng = np.random.default_rng(7)
    truth = rng.integers(0, 2, 500)
    said = 1 / (1 + np.exp(-rng.normal((truth * 2 - 1) * 2, 2)))
    honest = np.column_stack([1 - said, said])
    rounded = np.clip(np.round(honest * 256) / 256, 1 / 512, 1)
    return apply_temperature(honest, 0.4), apply_temperature(rounded, 0.4), truth


def test_the_assessment_compares_scores_and_calibrates(case):
    in_float, in_int8, truth = case
    found = assess(in_float, in_int8, truth, LABELS, BLASTS, unidentified_below=0.6)
    assert found.float_scores.images == found.int8_scores.images == 500
    assert found.comparison.agreement.value > 0.98
    assert found.temperature > 1
    assert found.error_after < found.error_before
    assert found.int8_scores.expected_calibration_error == found.error_after
    assert found.int8_scores.identification.threshold == 0.6


def test_tempering_changes_no_call_and_no_ranking(case):
    _, in_int8, truth = case
    found = assess(in_int8, in_int8, truth, LABELS, BLASTS)
    assert found.int8_scores.confusion == found.float_scores.confusion
    assert found.int8_scores.auroc == pytest.approx(found.float_scores.auroc)


def test_curves_are_short_and_run_from_corner_to_corner(case):
    in_float, in_int8, truth = case
    curves = assess(in_float, in_int8, truth, LABELS, BLASTS).curves
    for curve in (curves.roc_float, curves.roc_int8):
        assert len(curve) <= 200
        assert (curve[0], curve[-1]) == ((0.0, 0.0), (1.0, 1.0))


def test_without_blasts_there_are_no_curves(case):
    in_float, in_int8, truth = case
    found = assess(in_float, in_int8, truth, ("a", "b"), ())
    assert (found.curves.roc_float, found.int8_scores.sensitivity) == ((), None)
