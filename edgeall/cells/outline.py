"""The cell around its nucleus: how far the cytoplasm goes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edgeall.cells.region import disc, hull_of, radius_of, widened, windows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.cells.nuclei import Nuclei
    from edgeall.cells.region import Window

_REACH = 0.6
"""How far cytoplasm may lie from the nucleus, in radii of a circle of the nucleus' area."""

_SMOOTHING = 0.3
"""Radius of the smoothing of an outline, in the same radii: cells are smooth, noise is not."""


def grow_bodies(nuclei: Nuclei) -> dict[int, tuple[Window, NDArray[np.bool_]]]:
    """Return for each nucleus' label the whole cell: a window of the map and a mask in it."""
    nearest, distance = _nearest_nucleus(nuclei.labels)
    bodies = {}
    for label, window in windows_of(nuclei.labels).items():
        area = float((nuclei.labels[window] == label).sum())
        radius = radius_of(area)
        wide = widened(window, math.ceil(_REACH * radius) + 2, nuclei.labels.shape)
        own = nuclei.labels[wide] == label
        near = (nearest[wide] == label) & (distance[wide] <= _REACH * radius)
        body = near & (nuclei.stained[wide] | hull_of(own)) | own
        bodies[label] = (wide, _smooth(body, own, near, radius))
    return bodies


def _nearest_nucleus(
    labels: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return for each pixel the label of the nearest nucleus, and the distance to it in px."""
    elsewhere = (labels == 0).astype(np.uint8)
    distance, index = cv2.distanceTransformWithLabels(
        elsewhere, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros(int(index.max()) + 1, np.int32)
    table[index[labels > 0]] = labels[labels > 0]
    return table[index], distance.astype(np.float32)


def _smooth(
    body: NDArray[np.bool_],
    nucleus: NDArray[np.bool_],
    near: NDArray[np.bool_],
    radius: float,
) -> NDArray[np.bool_]:
    """Close gaps, cut spurs, fill holes; keep the piece that holds the nucleus.

    Pixels that are nearer to another nucleus stay outside.
    """
    brush = disc(_SMOOTHING * radius)
    margin = brush.shape[0]
    padded = cv2.copyMakeBorder(
        body.astype(np.uint8), margin, margin, margin, margin, cv2.BORDER_REPLICATE
    )
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, brush)
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, brush)
    inner = (opened[margin:-margin, margin:-margin] > 0) & near | nucleus
    outlines, _ = cv2.findContours(inner.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros(body.shape, np.uint8)
    cv2.drawContours(filled, [max(outlines, key=cv2.contourArea)], -1, 1, cv2.FILLED)
    return filled.astype(np.bool_)
