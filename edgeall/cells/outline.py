"""The cell around its nucleus: how far the cytoplasm goes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.cells.stain import StainMaps

_CYTOPLASM_OVER_RED_CELLS = 0.06
"""Nuclear density by which cytoplasm is over this field's red cells and background."""

_LEAST_CYTOPLASM = 0.10

_REACH = 0.55
"""How far cytoplasm may lie from the nucleus, in radii of a circle of the nucleus' area."""

_SMOOTHING = 0.15
"""Radius of the smoothing of an outline, in the same radii: cells are smooth, noise is not."""


def grow_bodies(
    maps: StainMaps, seeds: NDArray[np.int32], reach: float = _REACH
) -> NDArray[np.int32]:
    """Return ``(h, w)`` labels of whole cells from those of their nuclei, 0 for none."""
    nearest, distance = _nearest_seed(seeds)
    cytoplasm = maps.nuclear > _cytoplasm_level(maps, seeds)
    bodies = np.zeros_like(seeds)
    for label in range(1, int(seeds.max()) + 1):
        window = _window(seeds == label, reach)
        if window is None:
            continue
        own = seeds[window] == label
        radius = math.sqrt(own.sum() / math.pi)
        allowed = (nearest[window] == label) & (distance[window] <= reach * radius)
        body = _smooth(own | (allowed & cytoplasm[window]), own, radius)
        bodies[window][body & (seeds[window] * (seeds[window] != label) == 0)] = label
    return bodies


def _cytoplasm_level(maps: StainMaps, seeds: NDArray[np.int32]) -> float:
    """Return the nuclear density over which a pixel near a nucleus is its cytoplasm."""
    others = maps.nuclear[(seeds == 0) & (maps.total > 0.08)]
    red_cells = float(np.median(others)) if others.size else 0.0
    return max(_LEAST_CYTOPLASM, red_cells + _CYTOPLASM_OVER_RED_CELLS)


def _nearest_seed(
    seeds: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return for each pixel the label of the nearest nucleus, and the distance to it."""
    elsewhere = (seeds == 0).astype(np.uint8)
    distance, index = cv2.distanceTransformWithLabels(
        elsewhere, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros(int(index.max()) + 1, np.int32)
    table[index[seeds > 0]] = seeds[seeds > 0]
    return table[index], distance.astype(np.float32)


def _window(nucleus: NDArray[np.bool_], reach: float) -> tuple[slice, slice] | None:
    rows, columns = np.flatnonzero(nucleus.any(axis=1)), np.flatnonzero(nucleus.any(axis=0))
    if not rows.size:
        return None
    margin = math.ceil(math.sqrt(nucleus.sum() / math.pi) * reach) + 3
    height, width = nucleus.shape
    return (
        slice(max(0, rows[0] - margin), min(height, rows[-1] + margin + 1)),
        slice(max(0, columns[0] - margin), min(width, columns[-1] + margin + 1)),
    )


def _smooth(
    body: NDArray[np.bool_], nucleus: NDArray[np.bool_], radius: float
) -> NDArray[np.bool_]:
    """Close gaps, cut thin bridges to neighbours, fill holes, keep what holds the nucleus."""
    side = 2 * max(1, round(radius * _SMOOTHING)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    mask = _hull(nucleus) | body
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, disc)
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, disc) | nucleus.astype(np.uint8)
    outlines, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(opened)
    best = max(outlines, key=cv2.contourArea)
    cv2.drawContours(filled, [best], -1, 1, cv2.FILLED)
    whole: NDArray[np.bool_] = filled > 0
    return whole


def _hull(nucleus: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the convex hull: what lies between the lobes of a nucleus is its cell."""
    points = np.argwhere(nucleus)[:, ::-1].astype(np.int32)
    hull = np.zeros(nucleus.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(points.reshape(-1, 1, 2)), 1)
    inside: NDArray[np.bool_] = hull > 0
    return inside
