"""Calibration: whether a confidence of 0.8 is right eight times out of ten.

Source: C. Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from edgeall.model.classifier import temper

if TYPE_CHECKING:
    from numpy.typing import NDArray

BINS = 15
"""Bins of equal width from 0 to 1, as in the source."""

TEMPERATURES = (0.25, 10.0)
"""Bounds of a fitted temperature; beyond them a network is broken, not miscalibrated."""

_SMALLEST = 1e-7
"""Stands for a probability of exactly nothing, which float32 cannot tell from it."""

_GOLDEN = (math.sqrt(5) - 1) / 2
_PRECISION = 1e-6


class ReliabilityBin(msgspec.Struct, frozen=True, kw_only=True):
    """The images whose confidence lies in ``(low, high]``.

    ``confidence`` and ``accuracy`` are their means, 0 without images.
    """

    low: float
    high: float
    images: int
    confidence: float
    accuracy: float


def reliability(
    probabilities: NDArray[np.float64], truth: NDArray[np.int64], bins: int = BINS
) -> tuple[ReliabilityBin, ...]:
    """Bin images by the confidence in their top label, ``probabilities`` being ``(n, k)``."""
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == truth
    edges = np.linspace(0, 1, bins + 1)
    member = np.clip(np.digitize(confidence, edges, right=True) - 1, 0, bins - 1)
    counts = np.bincount(member, minlength=bins)
    divisor = np.maximum(counts, 1)
    confidences = np.bincount(member, weights=confidence, minlength=bins) / divisor
    accuracies = np.bincount(member, weights=correct, minlength=bins) / divisor
    return tuple(
        ReliabilityBin(
            low=float(edges[k]),
            high=float(edges[k + 1]),
            images=int(counts[k]),
            confidence=float(confidences[k]),
            accuracy=float(accuracies[k]),
        )
        for k in range(bins)
    )


def expected_calibration_error(
    probabilities: NDArray[np.float64], truth: NDArray[np.int64], bins: int = BINS
) -> float:
    """Return the mean gap between confidence and accuracy over the bins, by images."""
    filled = reliability(probabilities, truth, bins)
    return sum(abs(b.confidence - b.accuracy) * b.images for b in filled) / len(truth)


def negative_log_likelihood(probabilities: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Return the mean of -log of the true labels' probabilities, in nats."""
    true = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(true, _SMALLEST)).mean())


def apply_temperature(
    probabilities: NDArray[np.float64], temperature: float
) -> NDArray[np.float64]:
    """Soften (over 1) or sharpen (under 1) probabilities ``(n, k)``, zeros allowed."""
    return temper(np.maximum(probabilities, _SMALLEST), temperature)


def fit_temperature(probabilities: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Return the temperature with the least negative log-likelihood.

    1.0 where every image is right: then no temperature is cold enough, and
    the fit would turn luck into certainty.
    """
    if np.array_equal(probabilities.argmax(axis=1), truth):
        return 1.0

    def loss(logarithm: float) -> float:
        tempered = apply_temperature(probabilities, math.exp(logarithm))
        return negative_log_likelihood(tempered, truth)

    coldest, hottest = (math.log(bound) for bound in TEMPERATURES)
    return math.exp(_minimum(loss, coldest, hottest))


def error_across_halves(probabilities: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Return the expected calibration error after a temperature fitted on other images.

    Every second image fits the temperature of the rest and the other way
    round, so that no image judges a fit it took part in.
    """
    if len(truth) < 2:
        return expected_calibration_error(probabilities, truth)
    tempered = np.empty_like(probabilities)
    for half in (slice(0, None, 2), slice(1, None, 2)):
        other = slice(1 - (half.start or 0), None, 2)
        temperature = fit_temperature(probabilities[other], truth[other])
        tempered[half] = apply_temperature(probabilities[half], temperature)
    return expected_calibration_error(tempered, truth)


def _minimum(function: Callable[[float], float], low: float, high: float) -> float:
    """Narrow a bracket around the minimum of a function with one (golden section)."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = function(left), function(right)
    while high - low > _PRECISION:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = function(right)
    return (low + high) / 2
