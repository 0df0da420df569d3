"""Regions: labelled objects of a map, each in a small window of its own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Window: TypeAlias = tuple[slice, slice]
"""Rows and columns of a part of a map."""


def windows_of(labels: NDArray[np.int32]) -> dict[int, Window]:
    """Return the smallest window around each label of ``(h, w)``; 0 is no label."""
    rows, columns = np.nonzero(labels)
    found = labels[rows, columns]
    count = int(found.max(initial=0)) + 1
    top, left = np.full(count, labels.shape[0]), np.full(count, labels.shape[1])
    bottom, right = np.zeros(count, np.intp), np.zeros(count, np.intp)
    np.minimum.at(top, found, rows)
    np.minimum.at(left, found, columns)
    np.maximum.at(bottom, found, rows + 1)
    np.maximum.at(right, found, columns + 1)
    return {
        label: (
            slice(int(top[label]), int(bottom[label])),
            slice(int(left[label]), int(right[label])),
        )
        for label in range(1, count)
        if bottom[label]
    }


def extent_of(region: NDArray[np.bool_]) -> Window:
    """Return the smallest window around a region ``(h, w)``, an empty one where it has no pixel."""
    left, top, across, down = cv2.boundingRect(region.view(np.uint8))
    return slice(top, top + down), slice(left, left + across)


def widened(window: Window, margin: int, shape: tuple[int, ...]) -> Window:
    """Return a window with ``margin`` px more on each side, within a map of ``shape``."""
    rows, columns = window
    return (
        slice(max(0, rows.start - margin), min(shape[0], rows.stop + margin)),
        slice(max(0, columns.start - margin), min(shape[1], columns.stop + margin)),
    )


def around_both(one: Window, other: Window) -> Window:
    """Return the smallest window that holds both."""
    (rows, columns), (more_rows, more_columns) = one, other
    return (
        slice(min(rows.start, more_rows.start), max(rows.stop, more_rows.stop)),
        slice(min(columns.start, more_columns.start), max(columns.stop, more_columns.stop)),
    )


def margin_for_circle(window: Window) -> int:
    """Return by how much to widen a window so that the circle around its region fits."""
    rows, columns = window
    side: int = max(rows.stop - rows.start, columns.stop - columns.start)
    return side // 2 + 1


def radius_of(area: float) -> float:
    """Return the radius of the circle with an area."""
    return math.sqrt(area / math.pi)


def disc(radius: float) -> NDArray[np.uint8]:
    """Return a filled circle for morphology, at least 3 px wide."""
    side = 2 * max(1, round(radius)) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)).astype(np.uint8, copy=False)


def hull_of(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the convex hull of a region ``(h, w)``."""
    filled = np.zeros(region.shape, np.uint8)
    points = cv2.findNonZero(region.astype(np.uint8))
    if points is not None:
        cv2.fillConvexPoly(filled, cv2.convexHull(points), 1)
    return filled.astype(np.bool_)


def circle_around(region: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], float]:
    """Return the smallest circle around a region ``(h, w)``, and its radius in px."""
    filled = np.zeros(region.shape, np.uint8)
    points = cv2.findNonZero(region.astype(np.uint8))
    if points is None:
        return filled.astype(np.bool_), 0.0
    (x, y), radius = cv2.minEnclosingCircle(points)
    cv2.circle(filled, (round(x), round(y)), max(0, round(radius)), 1, cv2.FILLED)
    return filled.astype(np.bool_), float(radius)


def roundness(region: NDArray[np.bool_]) -> float:
    """Return the share of its smallest enclosing circle that a region fills, 0 to 1."""
    points = cv2.findNonZero(region.astype(np.uint8))
    if points is None:
        return 0.0
    _, radius = cv2.minEnclosingCircle(points)
    return min(1.0, len(points) / (math.pi * (radius + 0.5) ** 2))
