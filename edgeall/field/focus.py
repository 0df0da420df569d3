"""Focus: how steep the steepest edges are, compared with the contrast there is.

Variance of the Laplacian grows with noise and with the number of cells; over
BCCD it changes less between a sharp field and a blurred one than between two
sharp fields. The steepness of the steepest half per cent of edges, over the
contrast, depends little on what the field shows: within one data set sharp
fields differ by a factor under two, and a blur of 3 pixels halves it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from edgeall.field.resize import resize

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels

RELATIVE_FLOOR = 0.4
"""Share of the slide's sharpest field under which a field is out of focus.

Of 292 BCCD fields, taken as one slide, 1% lie below it; Taleqani fields fall
below it from a blur of about 3 pixels on."""

ABSOLUTE_FLOOR = 0.2
"""Sharpness under which even the only field of a slide is out of focus.

All sharp BCCD fields, whose optics are the softest at hand, lie over 0.3."""

_MEASURED_SIDE = 1024
_NOISE_SIGMA = 1.0
_STEEPEST = 99.5
_CONTRAST = (1.0, 99.0)
_LEAST_CONTRAST = 10.0
_EDGE_OF_MASK = 7


def sharpness(pixels: Pixels, mask: NDArray[np.bool_] | None = None) -> float:
    """Return how sharp a picture ``(h, w, 3)`` is: edge steepness a pixel, about 0 to 2.

    Pictures of more than 1024 pixels a side are shrunk to that first: there
    the optics, not the sensor, limit the detail. ``mask`` ``(h, w)`` restricts
    it to a cell whose surroundings were cut away.
    """
    grey = cv2.cvtColor(_shrunk(pixels), cv2.COLOR_RGB2GRAY)
    inside = None if mask is None else _inner(mask, grey.shape)
    smooth = cv2.GaussianBlur(grey, (0, 0), _NOISE_SIGMA)
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    # A quarter of the pixels: half a per cent of them is still hundreds.
    slopes, levels = cv2.magnitude(across, down)[::2, ::2], grey[::2, ::2]
    if inside is not None and (chosen := inside[::2, ::2]).any():
        slopes, levels = slopes[chosen], levels[chosen]
    low, high = np.percentile(levels, _CONTRAST)
    return float(np.percentile(slopes, _STEEPEST) / (high - low + _LEAST_CONTRAST))


def is_in_focus(measured: float, sharpest: float) -> bool:
    """Tell whether a field is sharp enough, given the slide's sharpest field."""
    return measured >= ABSOLUTE_FLOOR and measured >= RELATIVE_FLOOR * sharpest


def _shrunk(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    side = max(height, width)
    if side <= _MEASURED_SIDE:
        return pixels
    scale = _MEASURED_SIDE / side
    return resize(pixels, round(height * scale), round(width * scale))


def _inner(mask: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return the mask without its edge, which is sharp whatever the focus was."""
    fitted = cv2.resize(mask.astype(np.uint8), (shape[1], shape[0]))
    eroded = cv2.erode(fitted, np.ones((_EDGE_OF_MASK, _EDGE_OF_MASK), np.uint8))
    inner: NDArray[np.bool_] = eroded > 0
    return inner
