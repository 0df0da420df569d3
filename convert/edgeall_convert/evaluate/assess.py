"""The assessment: float and int8 probabilities of the same images, held together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from edgeall.evaluate.calibration import (
    apply_temperature,
    error_across_halves,
    expected_calibration_error,
    fit_temperature,
    reliability,
)
from edgeall.evaluate.compare import compare
from edgeall.evaluate.roc import roc_curve
from edgeall.evaluate.scores import Probabilities, Truth, blast_probabilities, score
from edgeall_convert.evaluate.report import Assessment, Curves

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_TO_CALIBRATE = 100
"""Images under which a fitted temperature would be chance; it stays 1."""

_CURVE_POINTS = 200


def assess(
    float_probabilities: Probabilities,
    int8_probabilities: Probabilities,
    truth: Truth,
    labels: Sequence[str],
    blasts: Sequence[str],
    *,
    subjects: Sequence[str | None] = (),
    unidentified_below: float = 0.0,
) -> Assessment:
    """Measure both networks' untempered probabilities ``(n, k)`` on the same ``n`` images.

    Raises
    ------
    ValueError
        The shapes do not fit, there is no image, or a true label is none of the ``k``.
    """
    comparison = compare(float_probabilities, int8_probabilities, truth, labels, blasts)
    error_before = expected_calibration_error(int8_probabilities, truth)
    temperature, error_after = 1.0, error_before
    if len(truth) >= FEWEST_TO_CALIBRATE:
        temperature = fit_temperature(int8_probabilities, truth)
        error_after = error_across_halves(int8_probabilities, truth)
    tempered = apply_temperature(int8_probabilities, temperature)
    float_scores, int8_scores = (
        score(
            probabilities,
            truth,
            labels,
            blasts,
            subjects=subjects,
            unidentified_below=unidentified_below,
        )
        for probabilities in (float_probabilities, tempered)
    )
    positions = [position for position, label in enumerate(labels) if label in blasts]
    is_blast = np.isin(truth, positions)
    return Assessment(
        float_scores=float_scores,
        int8_scores=msgspec.structs.replace(int8_scores, expected_calibration_error=error_after),
        comparison=comparison,
        temperature=temperature,
        error_before=error_before,
        error_after=error_after,
        curves=Curves(
            reliability_before=reliability(int8_probabilities, truth),
            roc_float=_points(blast_probabilities(float_probabilities, labels, blasts), is_blast),
            roc_int8=_points(blast_probabilities(tempered, labels, blasts), is_blast),
        ),
    )


def _points(
    probability: NDArray[np.float64], positive: NDArray[np.bool_]
) -> tuple[tuple[float, float], ...]:
    curve = roc_curve(probability, positive)
    if curve is None:
        return ()
    kept = np.unique(np.linspace(0, len(curve) - 1, _CURVE_POINTS).round().astype(int))
    return tuple((float(x), float(y)) for x, y in curve[kept])
