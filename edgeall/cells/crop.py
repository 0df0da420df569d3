"""Cropping: a cell as its network was shown cells, at the network's own scale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

from edgeall.cells.cell import Box, Cell
from edgeall.errors import MissingFactError, UsageError
from edgeall.field.resize import resize

if TYPE_CHECKING:
    from edgeall.camera.frame import Pixels

_BLACK_LEVEL = 16

_MOST_PIXELS = 64_000_000
"""Pixels of the frame that a crop may span, with what lies beyond the border."""


@dataclass(frozen=True, slots=True)
class CropRule:
    """How a bundle wants its cells.

    A crop is ``(height, width, 3)``. Exactly one of the scales is set: with
    ``um_per_pixel`` a pixel of the crop spans so much of the specimen; with
    ``cell_diameter_px`` each cell is scaled to that diameter.
    """

    height: int
    width: int
    um_per_pixel: float | None
    cell_diameter_px: float | None
    background: Literal["as-seen", "black"]
    resize: Literal["area", "linear"]


def crop_cell(pixels: Pixels, cell: Cell, rule: CropRule, um_per_pixel: float | None) -> Pixels:
    """Return a cell's crop, ``(rule.height, rule.width, 3)``, centred on its box.

    ``um_per_pixel`` is the frame's own scale. What lies beyond the frame
    repeats its border; on a black background all but the cell's own pixels is
    black, its neighbours too. Centre and sides are rounded to whole pixels of
    the frame.

    Raises
    ------
    MissingFactError
        The rule's scale is in µm and the frame's is not known.
    UsageError
        The two scales differ so much that the crop would hold thousands of cells.
    """
    span = _pixels_per_crop_pixel(cell, rule, um_per_pixel)
    height = max(1, round(rule.height * span))
    width = max(1, round(rule.width * span))
    if height * width > _MOST_PIXELS:
        raise UsageError(
            f"A crop of one cell would span {width}x{height} pixels of the picture, which cannot "
            "be right; check the size of a pixel given with --um-per-pixel."
        )
    top = round(cell.box.top + (cell.box.height - height) / 2)
    left = round(cell.box.left + (cell.box.width - width) / 2)
    if rule.background == "black":
        cut = _masked(pixels, cell, Box(left, top, width, height))
    else:
        cut = _seen(pixels, Box(left, top, width, height))
    return resize(cut, rule.height, rule.width, rule.resize)


def cell_of_crop(pixels: Pixels, background: Literal["as-seen", "black"]) -> Cell:
    """Return the cell that a picture of one cell, ``(h, w, 3)``, shows.

    On a black background it is what is not black; otherwise the whole picture.
    """
    height, width = pixels.shape[:2]
    shown = pixels.max(axis=2) > _BLACK_LEVEL
    if background == "as-seen" or not shown.any():
        shown = np.ones((height, width), np.bool_)
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    box = Box(
        int(columns[0]),
        int(rows[0]),
        int(columns[-1] - columns[0]) + 1,
        int(rows[-1] - rows[0]) + 1,
    )
    mask = shown[box.top : box.bottom, box.left : box.right]
    return Cell(box, mask, math.sqrt(4 * float(mask.sum()) / math.pi))


def _pixels_per_crop_pixel(cell: Cell, rule: CropRule, um_per_pixel: float | None) -> float:
    if rule.cell_diameter_px is not None:
        return cell.diameter_px / rule.cell_diameter_px
    if rule.um_per_pixel is None or um_per_pixel is None:
        raise MissingFactError(
            "The scale of these pictures is not known and the bundle needs it to crop cells; "
            "give the size of a pixel on the specimen in µm with --um-per-pixel."
        )
    return rule.um_per_pixel / um_per_pixel


def _masked(pixels: Pixels, cell: Cell, window: Box) -> Pixels:
    """Return the window with all black but the cell's own pixels."""
    canvas = np.zeros((window.height, window.width, 3), np.uint8)
    top, bottom = max(window.top, cell.box.top), min(window.bottom, cell.box.bottom)
    left, right = max(window.left, cell.box.left), min(window.right, cell.box.right)
    mask = cell.mask[
        top - cell.box.top : bottom - cell.box.top, left - cell.box.left : right - cell.box.left
    ]
    canvas[top - window.top : bottom - window.top, left - window.left : right - window.left] = (
        pixels[top:bottom, left:right] * mask[..., np.newaxis]
    )
    return canvas


def _seen(pixels: Pixels, window: Box) -> Pixels:
    height, width = pixels.shape[:2]
    above, below = max(0, -window.top), max(0, window.bottom - height)
    before, after = max(0, -window.left), max(0, window.right - width)
    inside = pixels[max(0, window.top) : window.bottom, max(0, window.left) : window.right]
    if not (above or below or before or after):
        return inside
    padded: Pixels = cv2.copyMakeBorder(
        inside, above, below, before, after, cv2.BORDER_REPLICATE
    ).astype(np.uint8, copy=False)
    return padded
