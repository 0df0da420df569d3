"""Precision against recall as the threshold falls, for labels that few images have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def precision_recall_curve(
    probability: NDArray[np.float64], positive: NDArray[np.bool_]
) -> NDArray[np.float64] | None:
    """Return ``(m, 2)``: recall, rising, and precision at each threshold.

    None without a positive image.

    Parameters
    ----------
    probability
        ``(n,)``, higher means more surely positive; equal ones share a threshold.
    positive
        ``(n,)`` bool, the truth.
    """
    if not positive.any():
        return None
    order = np.argsort(-probability, kind="stable")
    last_of_threshold = np.append(np.diff(probability[order]) != 0, True)
    hits = np.cumsum(positive[order])[last_of_threshold]
    called = np.arange(1, len(order) + 1)[last_of_threshold]
    return np.column_stack([hits / positive.sum(), hits / called])


def average_precision(curve: NDArray[np.float64]) -> float:
    """Return the mean precision over recall, without interpolation.

    Interpolating between two thresholds would flatter (J. Davis and M.
    Goadrich, ICML 2006).
    """
    gained = np.diff(curve[:, 0], prepend=0.0)
    return float(np.sum(gained * curve[:, 1]))
