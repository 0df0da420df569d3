"""Calibration against SciPy's own optimiser and a bin-by-bin count."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from edgeall.evaluate.calibration import (
    BINS,
    TEMPERATURES,
    apply_temperature,
    error_across_halves,
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
    reliability,
)


def _overconfident(seed, n=400, k=3, heat=2.5):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, k)) * 1.5
    honest = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = np.array([rng.choice(k, p=row) for row in honest])
    return apply_temperature(honest, 1 / heat), truth


@given(st.integers(0, 2**32 - 1), st.floats(0.5, 4))
def test_the_fitted_temperature_is_the_optimum_that_scipy_finds(seed, heat):
    probabilities, truth = _overconfident(seed, heat=heat)
    found = minimize_scalar(
        lambda t: negative_log_likelihood(apply_temperature(probabilities, t), truth),
        bounds=TEMPERATURES,
        method="bounded",
        options={"xatol": 1e-7},
    )
    assert fit_temperature(probabilities, truth) == pytest.approx(found.x, rel=1e-3)


def test_the_heat_that_was_put_in_is_found_again():
    probabilities, truth = _overconfident(0, n=20_000, heat=2.5)
    assert fit_temperature(probabilities, truth) == pytest.approx(2.5, rel=0.05)


def test_a_fitted_temperature_calibrates():
    probabilities, truth = _overconfident(1, n=5_000)
    before = expected_calibration_error(probabilities, truth)
    assert error_across_halves(probabilities, truth) < before / 3


def test_nothing_is_fitted_where_every_image_is_right():
    assert fit_temperature(np.array([[0.6, 0.4], [0.3, 0.7]]), np.array([0, 1])) == 1.0


def test_certainty_that_is_wrong_stays_finite():
    probabilities = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    truth = np.array([0, 1, 1])
    temperature = fit_temperature(probabilities, truth)
    assert TEMPERATURES[0] <= temperature <= TEMPERATURES[1]
    assert np.isfinite(apply_temperature(probabilities, temperature)).all()
    assert np.isfinite(negative_log_likelihood(probabilities, truth))


@given(st.integers(0, 2**32 - 1), st.integers(1, 300))
def test_the_error_is_the_weighted_gap_of_the_bins(seed, n):
    probabilities, truth = _overconfident(seed, n=n)
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    expected = 0.0
    for low in range(BINS):
        inside = (confidence > low / BINS) & (confidence <= (low + 1) / BINS)
        if inside.any():
            expected += abs(confidence[inside].mean() - right[inside].mean()) * inside.mean()
    assert expected_calibration_error(probabilities, truth) == pytest.approx(expected, abs=1e-9)


def test_every_image_lies_in_one_bin():
    probabilities = np.array([[1.0, 0.0], [0.5, 0.5], [0.4, 0.6]])
    bins = reliability(probabilities, np.array([0, 0, 0]))
    assert sum(b.images for b in bins) == 3
    assert (bins[-1].images, bins[-1].confidence, bins[-1].accuracy) == (1, 1.0, 1.0)


def test_one_image_has_an_error_without_a_fit():
    assert error_across_halves(np.array([[0.8, 0.2]]), np.array([0])) == pytest.approx(0.2)
