"""The ROC curve: sensitivity against false alarms as the threshold moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def roc_curve(
    probability: NDArray[np.float64], positive: NDArray[np.bool_]
) -> NDArray[np.float64] | None:
    """Return the corners of the curve, ``(m, 2)``: false alarm rate, sensitivity.

    Both run from 0 to 1. Points between two corners on one straight line are
    left out. None unless there is a positive and a negative image.

    Parameters
    ----------
    probability
        ``(n,)``, higher means more surely positive; equal ones share a threshold.
    positive
        ``(n,)`` bool, the truth.
    """
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives:
        return None
    order = np.argsort(-probability, kind="stable")
    last_of_threshold = np.append(np.diff(probability[order]) != 0, True)
    hits = np.cumsum(positive[order])[last_of_threshold]
    alarms = np.cumsum(~positive[order])[last_of_threshold]
    counts = np.vstack([[0, 0], np.column_stack([alarms, hits])])
    corners: NDArray[np.float64] = counts[_is_corner(counts)] / [negatives, positives]
    return corners


def auroc(probability: NDArray[np.float64], positive: NDArray[np.bool_]) -> float | None:
    """Return the area under the curve; None unless both kinds are there.

    It is the chance that a positive image is ranked over a negative one, ties
    counting half (J. A. Hanley and B. J. McNeil, Radiology 143, 1982).
    """
    curve = roc_curve(probability, positive)
    if curve is None:
        return None
    widths = np.diff(curve[:, 0])
    heights = (curve[1:, 1] + curve[:-1, 1]) / 2
    return float(min(1.0, np.sum(widths * heights)))


def _is_corner(counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    steps = np.diff(counts, axis=0)
    turns = steps[:-1, 0] * steps[1:, 1] != steps[:-1, 1] * steps[1:, 0]
    corners: NDArray[np.bool_] = np.concatenate([[True], turns, [True]])
    return corners
