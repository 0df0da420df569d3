"""Occlusion: what a network no longer believes when a part of the image is covered.

Source: M. D. Zeiler and R. Fergus, Visualizing and Understanding Convolutional
Networks, ECCV 2014. It needs nothing but the network's answers, so it works on
a device and for int8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgeall.errors import UsageError
from edgeall.evaluate.calibration import apply_temperature

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels
    from edgeall.model.bundle import Bundle
    from edgeall.model.classifier import Classifier

_PATCH = 0.2
_STEP = 0.05
"""Side of the covering patch, and its steps, over the side of the image."""


@dataclass(frozen=True, slots=True, eq=False)
class Occlusion:
    """Where a network looked.

    ``heat`` is ``(h, w)`` of the input's size, 0 to 1: the mean drop of the
    label's probability when that pixel is covered, over the largest.
    """

    label: str
    probability: float
    heat: NDArray[np.float64]


def occlude(
    bundle: Bundle, classifier: Classifier, pixels: Pixels, label: str | None = None
) -> Occlusion:
    """Cover ``(h, w, 3)`` pixels of the network's own size, patch by patch.

    Raises
    ------
    UsageError
        The bundle has no such label.
    """
    facts = bundle.manifest.output
    if label is not None and label not in facts.labels:
        raise UsageError(
            f"--label {label}: the network has no such label, but {', '.join(facts.labels)}."
        )
    said = apply_temperature(classifier.probabilities([pixels]), facts.temperature)[0]
    chosen = int(said.argmax()) if label is None else facts.labels.index(label)
    fill = _fill(pixels, black=bundle.manifest.input.background == "black")
    lost, covered = np.zeros(pixels.shape[:2]), np.zeros(pixels.shape[:2])
    for rows, columns in _patches(*pixels.shape[:2]):
        hidden = pixels.copy()
        hidden[rows, columns] = fill
        left = apply_temperature(classifier.probabilities([hidden]), facts.temperature)[0, chosen]
        lost[rows, columns] += said[chosen] - left
        covered[rows, columns] += 1
    heat = np.maximum(lost / np.maximum(covered, 1), 0)
    most = heat.max()
    return Occlusion(facts.labels[chosen], float(said[chosen]), heat / most if most else heat)


def _fill(pixels: Pixels, *, black: bool) -> NDArray[np.uint8]:
    """Return what covers: nothing to see where the background is black, else the mean colour."""
    if black:
        return np.zeros(3, np.uint8)
    return np.asarray(pixels.reshape(-1, 3).mean(axis=0).round(), np.uint8)


def _patches(height: int, width: int) -> list[tuple[slice, slice]]:
    """Return patches that cover every pixel, those at the border cut."""
    side = max(1, round(_PATCH * min(height, width)))
    step = max(1, round(_STEP * min(height, width)))
    return [
        (slice(max(0, top), top + side), slice(max(0, left), left + side))
        for top in range(step - side, height, step)
        for left in range(step - side, width, step)
    ]
