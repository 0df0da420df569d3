"""Finding the white cells of a field: nuclei first, then the cell around each.

Nuclei of stained white cells are the darkest violet objects of a smear; red
cells have none and platelets are small. All work is done at a bounded size, so
that a large frame costs little more than a small one; outlines are brought
back to the frame's own pixels.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edgeall.cells.cell import Box, Cell, FoundCells
from edgeall.cells.nuclei import find_nuclei
from edgeall.cells.outline import grow_bodies
from edgeall.cells.stain import stain_maps
from edgeall.field.resize import resize

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels

_WORKING_PIXELS = 640 * 480
"""Fields are shrunk to about this many pixels; smaller ones stay as they are."""

_LEAST_NUCLEUS_UM2 = 14.0
"""Smallest nucleus, in µm²: a platelet is at most some 3 µm across (7 µm²),
the nucleus of a small lymphocyte some 6 µm (28 µm²)."""

_LEAST_NUCLEUS_SHARE = 0.0012
"""Smallest nucleus as a share of the field, where its scale is not known."""


def find_cells(pixels: Pixels, um_per_pixel: float | None = None) -> FoundCells:
    """Find the white cells of a field ``(h, w, 3)``.

    ``um_per_pixel`` sets the size under which violet things are platelets or
    dirt; without it that size is a share of the field. Cells that the border
    cuts are reported apart: half a cell must not be classified.
    """
    working, shrunk_by = _working_size(pixels)
    maps = stain_maps(working)
    scale = um_per_pixel * shrunk_by if um_per_pixel else None
    nuclei = find_nuclei(maps.nuclear, _least_area(working, scale))
    bodies = grow_bodies(maps, nuclei.labels)
    found, cut = [], []
    for label in range(1, int(bodies.max()) + 1):
        body = bodies == label
        if not body.any():
            continue
        if _touches_border(body):
            cut.append(_box_in_frame(body, shrunk_by, pixels))
        else:
            found.append(_cell_in_frame(body, shrunk_by, pixels, label in nuclei.touching))
    return FoundCells(tuple(sorted(found, key=_top_left)), tuple(cut))


def _working_size(pixels: Pixels) -> tuple[Pixels, float]:
    height, width = pixels.shape[:2]
    shrunk_by = math.sqrt(height * width / _WORKING_PIXELS)
    if shrunk_by <= 1.2:
        return pixels, 1.0
    shrunk = resize(pixels, max(1, round(height / shrunk_by)), max(1, round(width / shrunk_by)))
    return shrunk, shrunk_by


def _least_area(working: Pixels, scale: float | None) -> float:
    if scale is None:
        height, width = working.shape[:2]
        return float(height * width * _LEAST_NUCLEUS_SHARE)
    return _LEAST_NUCLEUS_UM2 / scale**2


def _touches_border(body: NDArray[np.bool_]) -> bool:
    return bool(body[0].any() or body[-1].any() or body[:, 0].any() or body[:, -1].any())


def _top_left(cell: Cell) -> tuple[int, int]:
    return cell.box.top, cell.box.left


def _extent(body: NDArray[np.bool_]) -> Box:
    rows, columns = np.flatnonzero(body.any(axis=1)), np.flatnonzero(body.any(axis=0))
    return Box(
        int(columns[0]),
        int(rows[0]),
        int(columns[-1] - columns[0]) + 1,
        int(rows[-1] - rows[0]) + 1,
    )


def _box_in_frame(body: NDArray[np.bool_], shrunk_by: float, pixels: Pixels) -> Box:
    box = _extent(body)
    if shrunk_by == 1.0:
        return box
    height, width = pixels.shape[:2]
    left, top = round(box.left * shrunk_by), round(box.top * shrunk_by)
    return Box(
        left,
        top,
        max(1, min(round(box.right * shrunk_by), width) - left),
        max(1, min(round(box.bottom * shrunk_by), height) - top),
    )


def _cell_in_frame(
    body: NDArray[np.bool_], shrunk_by: float, pixels: Pixels, was_touching: bool
) -> Cell:
    inner = _extent(body)
    cut = body[inner.top : inner.bottom, inner.left : inner.right]
    box = _box_in_frame(body, shrunk_by, pixels)
    mask = cut
    if shrunk_by != 1.0:
        enlarged = cv2.resize(cut.astype(np.float32), (box.width, box.height))
        mask = enlarged > 0.5
    diameter = math.sqrt(4 * float(mask.sum()) / math.pi)
    return Cell(box, mask, diameter, was_touching)
