"""Focus: how much of the fine detail there is of what the coarser detail promises.

A blur takes the finest detail first. So the strength of the edges in one
octave is compared with that in the octave above it (both as differences of
Gaussians, the strongest hundredth of their pixels), which says little about
what the field shows or how it is stained: variance of the Laplacian differs
more between two sharp BCCD fields than by a blur. Noise is fine detail, too;
its strength is estimated (Immerkaer, Fast noise variance estimation, Computer
Vision and Image Understanding 64, 1996; here by the median, which edges do not
move) and taken away, so that an empty field has no focus instead of a perfect one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from edgeall.field.resize import resize

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels

RELATIVE_FLOOR = 0.6
"""Share of the slide's sharpest field under which a field is out of focus.

The least of 49 sharp BCCD fields has 0.68 of the greatest, of 43 Taleqani fields 0.66;
a blur of 2 pixels leaves at most 0.62 of a Taleqani field's."""

ABSOLUTE_FLOOR = 0.25
"""Sharpness under which even the only field of a slide is out of focus.

98% of sharp BCCD fields, whose optics are the softest at hand, lie over 0.30, also with
noise of 2 grey levels; blurred by 3 pixels 98% lie under 0.25."""

_MEASURED_SIDE = 1024
_FINE, _MIDDLE, _COARSE = 1.0, 2.0, 4.0
_STRONGEST = 99.0
_LEAST_EDGE = 2.0
"""Grey levels that are added to the coarser edges: a field without edges has no focus."""

_NOISE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
_NOISE_GAIN = 6.0
"""Standard deviation that the kernel makes of white noise of 1."""

_MEDIAN_OF_NORMAL = 0.6745
_FINE_NOISE = 2.58 * 0.2444
"""What is left of white noise of 1 in the finest octave, at its 99th percentile."""


def sharpness(pixels: Pixels) -> float:
    """Return how sharp a field ``(h, w, 3)`` is: 0 for no fine detail, to about 1.

    Pictures of more than 1024 pixels a side are shrunk to that first: there
    the optics, not the sensor, limit the detail.
    """
    grey = cv2.cvtColor(shrunk(pixels), cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine, middle, coarse = (cv2.GaussianBlur(grey, (0, 0), s) for s in (_FINE, _MIDDLE, _COARSE))
    finest, coarser = _strongest(fine - middle), _strongest(middle - coarse)
    noise = _FINE_NOISE * _noise_of(grey)
    return float(np.sqrt(max(finest**2 - noise**2, 0.0)) / (coarser + _LEAST_EDGE))


def is_in_focus(measured: float, sharpest: float) -> bool:
    """Tell whether a field is sharp enough, given the slide's sharpest field."""
    return measured >= ABSOLUTE_FLOOR and measured >= RELATIVE_FLOOR * sharpest


def shrunk(pixels: Pixels) -> Pixels:
    """Return a picture of at most 1024 pixels a side."""
    height, width = pixels.shape[:2]
    side = max(height, width)
    if side <= _MEASURED_SIDE:
        return pixels
    scale = _MEASURED_SIDE / side
    return resize(pixels, round(height * scale), round(width * scale))


def _strongest(octave: NDArray[np.float32]) -> float:
    # A quarter of the pixels: a hundredth of them is still hundreds.
    return float(np.percentile(np.abs(octave[::2, ::2]), _STRONGEST))


def _noise_of(grey: NDArray[np.float32]) -> float:
    answers = np.abs(cv2.filter2D(grey, -1, _NOISE)[::2, ::2])
    return float(np.median(answers)) / _MEDIAN_OF_NORMAL / _NOISE_GAIN
