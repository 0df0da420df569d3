"""Necks: where an object may be two nuclei, or two lobes of one, side by side."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edgeall.cells.region import widened, windows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NECK = 0.8
"""Depth of a neck over that of the shallower part beside it, under which it is one."""

_LEAST_DEPTH = 0.3
"""Half the width of the smallest part, in radii of a red cell."""


def split_at_necks(labels: NDArray[np.int32], red_radius: float) -> NDArray[np.int32]:
    """Return labels ``(h, w)`` in which every object is cut at its necks, numbered anew."""
    parts = np.zeros_like(labels)
    following = 1
    for label, window in windows_of(labels).items():
        wide = widened(window, 1, labels.shape)
        region = labels[wide] == label
        depth = cv2.distanceTransform(np.pad(region, 1).astype(np.uint8), cv2.DIST_L2, 5)
        smooth = cv2.GaussianBlur(depth[1:-1, 1:-1], (0, 0), 1.0).astype(np.float32, copy=False)
        centres = _centres(smooth, _LEAST_DEPTH * red_radius)
        parts[wide][region] = following + _nearest(region, centres, smooth)
        following += max(1, len(centres))
    return parts


def _centres(depth: NDArray[np.float32], least_depth: float) -> list[tuple[int, int]]:
    """Return the deepest points, each behind a neck as seen from the ones before."""
    highest = (depth >= cv2.dilate(depth, np.ones((5, 5), np.uint8))) & (depth >= least_depth)
    peaks = sorted(
        ((int(row), int(column)) for row, column in np.argwhere(highest)),
        key=lambda peak: (-float(depth[peak]), peak),
    )
    centres: list[tuple[int, int]] = []
    for peak in peaks:
        if all(_neck(depth, peak, centre) < _NECK * depth[peak] for centre in centres):
            centres.append(peak)
    return centres


def _neck(depth: NDArray[np.float32], one: tuple[int, int], other: tuple[int, int]) -> float:
    """Return the least depth on the straight line between two points."""
    steps = 2 + math.ceil(math.dist(one, other))
    rows = np.linspace(one[0], other[0], steps).round().astype(np.intp)
    columns = np.linspace(one[1], other[1], steps).round().astype(np.intp)
    return float(depth[rows, columns].min())


def _nearest(
    region: NDArray[np.bool_], centres: list[tuple[int, int]], depth: NDArray[np.float32]
) -> NDArray[np.intp]:
    """Return for each of the region's pixels the number of the nearest centre.

    The distance is to the circle inscribed there, so that a small nucleus
    beside a large one does not take part of it.
    """
    rows, columns = np.nonzero(region)
    if len(centres) < 2:
        return np.zeros(rows.size, np.intp)
    distances = [
        np.hypot(rows - row, columns - column) - depth[row, column] for row, column in centres
    ]
    nearest: NDArray[np.intp] = np.argmin(distances, axis=0)
    return nearest
