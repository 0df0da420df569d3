"""Scale: how large a red cell is, and the size at which a field is worked on.

Red cells are everywhere in a smear and nearly all of one size, so they are the
ruler where nobody said what a pixel measures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edgeall.cells.stain import BLACK_LEVEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels

RED_CELL_RADIUS_UM = 3.6
"""Half the diameter of a normal red cell on a smear, 7.2 µm."""

_WORKING_RADIUS = 12.0
"""Radius in px to which red cells are shrunk: enough for an outline, little to compute."""

_MOST_PIXELS = 640 * 480
"""Pixels that are worked on at most, however large the frame."""

_WORTH_SHRINKING = 1.2
_FIRST_PIXELS = 320 * 240
_LEAST_RADIUS = 8.0
_PLAUSIBLE = (4.0, 0.25)
_SHARE_WITHOUT_RED_CELLS = 0.1
"""Radius of a red cell over the shorter side of a picture that shows none, as where one
cell was cut out: of a picture of one white cell it is about the truth."""

_VIOLET = 0.2
_FILLED_HOLE = 0.5
_DUST = 0.15
_DEPTH_TO_RADIUS = 1.25


@dataclass(frozen=True, slots=True, eq=False)
class Working:
    """A frame at the size it is worked on.

    Attributes
    ----------
    pixels
        ``(h, w, 3)`` uint8, RGB.
    shrunk_by
        Side of the frame over side of ``pixels``, at least 1.
    red_radius
        Radius of a red cell in ``pixels``, in px.
    """

    pixels: Pixels
    shrunk_by: float
    red_radius: float


def working_size(pixels: Pixels, um_per_pixel: float | None) -> Working:
    """Return the frame ``(h, w, 3)`` at the size at which its cells are well seen.

    With ``um_per_pixel`` the size of a red cell is known; without, it is
    measured on the frame's own red cells.
    """
    radius = RED_CELL_RADIUS_UM / um_per_pixel if um_per_pixel else _measured_radius(pixels)
    height, width = pixels.shape[:2]
    shrunk_by = max(radius / _WORKING_RADIUS, math.sqrt(height * width / _MOST_PIXELS))
    if shrunk_by < _WORTH_SHRINKING:
        return Working(pixels, 1.0, max(1.0, radius))
    shrunk = _shrink(pixels, shrunk_by)
    return Working(shrunk, shrunk_by, max(1.0, radius / shrunk_by))


def _measured_radius(pixels: Pixels) -> float:
    """Return a red cell's radius in the frame, looking closer where it seems small."""
    height, width = pixels.shape[:2]
    radius, least = 0.0, 0.0
    for most in (_FIRST_PIXELS, _MOST_PIXELS):
        shrunk_by = max(1.0, math.sqrt(height * width / most))
        small = _shrink(pixels, shrunk_by) if shrunk_by > 1 else pixels
        radius = red_cell_radius(small)
        least = min(small.shape[:2])
        if radius >= _LEAST_RADIUS or shrunk_by == 1.0:
            break
    if not radius:
        return max(1.0, _SHARE_WITHOUT_RED_CELLS * float(min(height, width)))
    floor, share = _PLAUSIBLE
    return min(max(radius, floor), max(floor, share * least)) * shrunk_by


def red_cell_radius(pixels: Pixels) -> float:
    """Return the radius in px of the typical thing on a field ``(h, w, 3)`` that is not violet.

    It is 0 where nothing lies there. The radius is the depth of the deepest
    points of the foreground, which overlapping cells keep; the pale centres of
    red cells are filled first.
    """
    red, green, blue = cv2.split(cv2.GaussianBlur(pixels, (0, 0), 1.0))
    violet = cv2.subtract(cv2.addWeighted(red, 0.5, blue, 0.5, 0), green)
    plain = violet <= _VIOLET * float(np.percentile(green[::4, ::4], 90))
    plain &= cv2.max(red, blue) > BLACK_LEVEL
    if not plain.any():
        return 0.0
    level, _ = cv2.threshold(green[plain].reshape(-1, 1), 0, 255, cv2.THRESH_OTSU)
    lying = _with_round_holes_filled(((green <= level) & plain).astype(np.uint8))
    if lying.all():
        return 0.0
    depth = cv2.GaussianBlur(cv2.distanceTransform(lying, cv2.DIST_L2, 5), (0, 0), 1.0)
    highest = depth >= cv2.dilate(depth, np.ones((7, 7), np.uint8))
    depths = np.sort(depth[highest & (depth > 1.5)])
    if not depths.size:
        return 0.0
    # Dust is shallow and heaps of cells are few: neither may set the scale.
    depths = depths[depths > _DUST * depths[-max(1, depths.size // 20)]]
    weights = np.cumsum(depths**1.2)
    return _DEPTH_TO_RADIUS * float(depths[np.searchsorted(weights, weights[-1] / 2)])


def _with_round_holes_filled(lying: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = lying.shape
    _, gaps, stats, _ = cv2.connectedComponentsWithStats(1 - lying, connectivity=4)
    left, top, across, down, area = stats.T
    closed = (left > 0) & (top > 0) & (left + across < width) & (top + down < height)
    closed &= area > _FILLED_HOLE * math.pi / 4 * np.maximum(across, down) ** 2
    closed[0] = True
    filled: NDArray[np.uint8] = closed[gaps].astype(np.uint8)
    return filled


def _shrink(pixels: Pixels, shrunk_by: float) -> Pixels:
    """Shrink in a time that depends on the result's size, not on the frame's.

    Each pixel of the result is the mean of four that were sampled linearly.
    """
    height, width = (max(1, round(side / shrunk_by)) for side in pixels.shape[:2])
    if shrunk_by > 2:
        pixels = cv2.resize(pixels, (2 * width, 2 * height)).astype(np.uint8, copy=False)
    shrunk: Pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA).astype(
        np.uint8, copy=False
    )
    return shrunk
