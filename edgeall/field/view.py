"""The view: a small grey picture of a frame, for comparing frames with one another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from edgeall.camera.frame import Pixels

Grey: TypeAlias = NDArray[np.float32]

FINE_SIDE = 256
COARSE_SIDE = 64
_BACKGROUND = 0.02
"""Blur, as a share of the longer side, whose result is taken away.

What is left are edges: over unrelated BCCD fields the likeness of their best-matching
parts is 0.52 at most, against 0.87 where the light and the crowding stay in."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A frame made small.

    Attributes
    ----------
    fine, coarse
        ``(h, w)`` float32 of 256 and of 64 pixels on the longer side, all that is
        blurred taken away, mean 0.
    shrunk_by
        Frame pixels in one pixel of ``fine``.
    contrast
        Standard deviation of ``fine``, in grey levels.
    """

    fine: Grey
    coarse: Grey
    shrunk_by: float
    contrast: float


def view_of(pixels: Pixels) -> View:
    """Return the view of a frame ``(h, w, 3)``."""
    height, width = pixels.shape[:2]
    shrunk_by = max(height, width) / FINE_SIDE
    size = max(1, round(width / shrunk_by)), max(1, round(height / shrunk_by))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    blurred = cv2.GaussianBlur(grey, (0, 0), _BACKGROUND * FINE_SIDE)
    fine = grey - blurred
    fine -= fine.mean()
    step = FINE_SIDE // COARSE_SIDE
    half = max(1, size[0] // step), max(1, size[1] // step)
    coarse = cv2.resize(fine, half, interpolation=cv2.INTER_AREA).astype(np.float32, copy=False)
    return View(fine, coarse, shrunk_by, float(fine.std()))
