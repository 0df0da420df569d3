"""Finding the white cells of a field: nuclei first, then the cell around each.

Nuclei of stained white cells are the darkest violet objects of a smear; red
cells have none and platelets are small. All work is done at a bounded size, so
that a large frame costs little more than a small one; outlines are brought
back to the frame's own pixels, inside each cell's box alone.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edgeall.cells.cell import Box, Cell, FoundCells
from edgeall.cells.nuclei import find_nuclei
from edgeall.cells.outline import grow_bodies
from edgeall.cells.region import extent_of, radius_of
from edgeall.cells.scale import working_size
from edgeall.cells.stain import stain_maps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels

_CUT_CHORD = 0.3
"""Length of a cell's edge along the border, in its diameters, from which it is cut.
A circle that long on its chord misses 2% of its diameter."""

_SOFT_EDGE = 0.04
"""Softening of an enlarged outline, in its diameters: steps of the working size go."""


def find_cells(pixels: Pixels, um_per_pixel: float | None = None) -> FoundCells:
    """Find the white cells of a field ``(h, w, 3)``.

    The size under which violet things are platelets or dirt is that of the
    field's own red cells, or follows from ``um_per_pixel`` where it is given.
    Cells that the border cuts are reported apart: half a cell must not be
    classified.
    """
    working = working_size(pixels, um_per_pixel)
    nuclei = find_nuclei(stain_maps(working.pixels), working.red_radius)
    found, cut = [], []
    for label, (window, body) in grow_bodies(nuclei).items():
        rows, columns = extent_of(body)
        top, left = window[0].start + rows.start, window[1].start + columns.start
        box = Box(left, top, columns.stop - columns.start, rows.stop - rows.start)
        mask = body[rows, columns]
        placed = _in_frame(box, working.shrunk_by, pixels)
        if _is_cut(box, mask, working.pixels):
            cut.append(placed)
        else:
            found.append(_cell(placed, mask, label in nuclei.touching))
    return FoundCells(tuple(sorted(found, key=_top_left)), tuple(cut))


def _top_left(cell: Cell) -> tuple[int, int]:
    return cell.box.top, cell.box.left


def _is_cut(box: Box, mask: NDArray[np.bool_], working: Pixels) -> bool:
    """Tell whether more than a rim of the cell lies beyond the border of the picture."""
    height, width = working.shape[:2]
    chords = [
        edge.sum()
        for edge, at_border in (
            (mask[0], box.top == 0),
            (mask[-1], box.bottom == height),
            (mask[:, 0], box.left == 0),
            (mask[:, -1], box.right == width),
        )
        if at_border
    ]
    return bool(chords) and max(chords) > _CUT_CHORD * 2 * radius_of(float(mask.sum()))


def _in_frame(box: Box, shrunk_by: float, pixels: Pixels) -> Box:
    height, width = pixels.shape[:2]
    left, top = round(box.left * shrunk_by), round(box.top * shrunk_by)
    return Box(
        min(left, width - 1),
        min(top, height - 1),
        max(1, min(round(box.right * shrunk_by), width) - left),
        max(1, min(round(box.bottom * shrunk_by), height) - top),
    )


def _cell(box: Box, mask: NDArray[np.bool_], was_touching: bool) -> Cell:
    """Return the cell with its mask enlarged to its box in the frame."""
    if mask.shape != (box.height, box.width):
        mask = _enlarged(mask, box)
        rows, columns = extent_of(mask)
        mask = mask[rows, columns]
        box = Box(box.left + columns.start, box.top + rows.start, mask.shape[1], mask.shape[0])
    return Cell(box, mask, 2 * radius_of(float(mask.sum())), was_touching)


def _enlarged(mask: NDArray[np.bool_], box: Box) -> NDArray[np.bool_]:
    side = max(mask.shape)
    margin = 1 + math.ceil(3 * _SOFT_EDGE * side)
    soft = cv2.GaussianBlur(
        np.pad(mask, margin).astype(np.float32), (0, 0), max(0.5, _SOFT_EDGE * side)
    )[margin:-margin, margin:-margin]
    soft = cv2.resize(np.ascontiguousarray(soft), (box.width, box.height))
    enlarged: NDArray[np.bool_] = soft > 0.5
    return enlarged
