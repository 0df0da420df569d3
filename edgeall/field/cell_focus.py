"""The focus of a picture that shows one cell: how steep its edges are for their contrast.

Pictures of single cells are cut and enlarged so differently that their finest
detail says nothing; the steepest half per cent of edges, over the contrast, does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from edgeall.field.focus import shrunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels

CELL_FLOOR = 0.2
"""Steepness under which a cell is out of focus; sharp C-NMC and PBC cells lie over it."""

_NOISE_SIGMA = 1.0
_STEEPEST = 99.5
_CONTRAST = (1.0, 99.0)
_LEAST_CONTRAST = 10.0
_EDGE_OF_MASK = 7


def cell_steepness(pixels: Pixels, mask: NDArray[np.bool_] | None = None) -> float:
    """Return how sharp a picture ``(h, w, 3)`` of one cell is: edge steepness a pixel, 0 to 2.

    ``mask`` ``(h, w)`` restricts it to a cell whose surroundings were cut away.
    """
    grey = cv2.cvtColor(shrunk(pixels), cv2.COLOR_RGB2GRAY)
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


def _inner(mask: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return the mask without its edge, which is sharp whatever the focus was."""
    fitted = cv2.resize(mask.astype(np.uint8), (shape[1], shape[0]))
    eroded = cv2.erode(fitted, np.ones((_EDGE_OF_MASK, _EDGE_OF_MASK), np.uint8))
    inner: NDArray[np.bool_] = eroded > 0
    return inner
