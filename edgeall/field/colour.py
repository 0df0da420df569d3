"""Colour: how far a picture's stain lies from what the network was trained on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels

Lab: TypeAlias = tuple[float, float, float]
"""CIE L*a*b* (D65): L 0 to 100, a and b about -100 to 100."""

_MEASURED_SIDE = 512
"""Larger pictures are sampled down to this: a mean needs no more pixels."""


def mean_lab(pixels: Pixels, mask: NDArray[np.bool_] | None = None) -> Lab | None:
    """Return the mean colour of a picture, ``(h, w, 3)``, or of its masked pixels.

    ``mask`` is ``(h, w)`` bool; None is returned where it leaves no pixel.
    """
    step = max(1, max(pixels.shape[:2]) // _MEASURED_SIDE)
    sampled = np.ascontiguousarray(pixels[::step, ::step])
    lab = cv2.cvtColor(sampled.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    inside = lab.reshape(-1, 3) if mask is None else lab[mask[::step, ::step]]
    if not len(inside):
        return None
    lightness, a, b = inside.mean(axis=0, dtype=np.float64)
    return float(lightness), float(a), float(b)


def colour_distance(measured: Lab, mean: Sequence[float], deviation: Sequence[float]) -> float:
    """Return the root mean square of the three channels' deviations, in standard deviations."""
    return math.sqrt(
        sum(
            ((value - centre) / spread) ** 2
            for value, centre, spread in zip(measured, mean, deviation, strict=True)
        )
        / 3
    )
