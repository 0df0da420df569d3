"""The gallery: a data set decoded once, at the size that the network takes.

Decoding and shrinking cost many times what augmentation does, and are the
same in every epoch.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from edgeall.camera.decode import decode_image
from edgeall.cells.crop import CropRule, cell_of_crop, crop_cell
from edgeall.cells.finder import find_cells
from edgeall.errors import ImageError, InputError
from edgeall.field.resize import resize

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels
    from edgeall.cells.cell import Box
    from edgeall_convert.datasets.examples import Example

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the images decoded and the images in all."""

CELL_SHARE = 205 / 450
"""Diameter of a cell over the side of its crop: the median of C-NMC's pictures, over subjects.

So a network sees cells alike whether the device crops them to a common
diameter or a picture of C-NMC is read whole."""

BLACK = 20
"""A channel at or under this is background: JPEG leaves noise around a cell."""

_LONGEST_STEP = 2.0
"""A cell's own size is kept within this factor of the common one."""


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """Decoded examples.

    Attributes
    ----------
    pixels
        ``(n, height, width, 3)`` uint8.
    targets
        ``(n,)`` positions of labels.
    examples
        What each image is of; several cells of a field share one.
    own_scales
        ``(n,)``, what brings each cell to its size in its own picture; 1 for fields.
    skipped
        One sentence for each image that could not be read.
    """

    pixels: NDArray[np.uint8]
    targets: NDArray[np.int64]
    examples: tuple[Example, ...]
    own_scales: NDArray[np.float64]
    skipped: tuple[str, ...] = ()

    def at(self, positions: Sequence[int]) -> Gallery:
        """Return a part of it."""
        chosen = np.asarray(positions, np.int64)
        return Gallery(
            self.pixels[chosen],
            self.targets[chosen],
            tuple(self.examples[position] for position in chosen),
            self.own_scales[chosen],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One input of a network, and its own scale."""

    pixels: Pixels
    own_scale: float = 1.0


def show_whole(pixels: Pixels, example: Example, size: int) -> list[Shown]:
    """Return the picture, or the example's box in it, resized whole."""
    if example.box is not None:
        box = example.box
        pixels = pixels[max(0, box.top) : box.bottom, max(0, box.left) : box.right]
    return [Shown(resize(np.ascontiguousarray(pixels), size, size))]


def show_cells(pixels: Pixels, example: Example, size: int) -> list[Shown]:
    """Return its cells as the device crops them: one diameter, black around them.

    A picture of one cell on black is that cell; in any other the device's own
    finder looks for them, within the example's box where it has one.
    """
    rule = CropRule(size, size, None, CELL_SHARE * size, "black", "area")
    if _is_cut_out(pixels):
        cell = cell_of_crop(np.where(pixels.max(axis=2, keepdims=True) > BLACK, pixels, 0), "black")
        step = cell.diameter_px / (CELL_SHARE * pixels.shape[0])
        own_scale = float(np.clip(step, 1 / _LONGEST_STEP, _LONGEST_STEP))
        return [Shown(crop_cell(pixels, cell, rule, None), own_scale)]
    return [
        Shown(crop_cell(pixels, cell, rule, None))
        for cell in find_cells(pixels).cells
        if example.box is None or _centre_in(cell.box, example.box)
    ]


Reader: TypeAlias = Callable[["Pixels", "Example", int], list[Shown]]


def open_gallery(
    examples: Sequence[Example],
    labels: Sequence[str],
    size: int,
    reader: Reader,
    *,
    strict: bool = False,
    progress: Progress | None = None,
) -> Gallery:
    """Decode examples in threads, in order.

    Parameters
    ----------
    strict
        Raise the `ImageError` of the first image that cannot be read; without
        it the image is left out and its sentence kept.

    Raises
    ------
    InputError
        No image could be read, or none shows a cell.
    """

    def read(example: Example) -> list[Shown] | ImageError:
        try:
            return reader(decode_image(example.path), example, size)
        except ImageError as error:
            return error

    kept: list[Shown] = []
    owners: list[Example] = []
    skipped: list[str] = []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for done, (example, shown) in enumerate(
            zip(examples, pool.map(read, examples), strict=True), start=1
        ):
            if isinstance(shown, ImageError):
                if strict:
                    pool.shutdown(cancel_futures=True)
                    raise shown
                skipped.append(str(shown))
            else:
                kept.extend(shown)
                owners.extend([example] * len(shown))
            if progress:
                progress(done, len(examples))
    if not kept:
        raise InputError(_nothing(examples, skipped))
    return Gallery(
        np.stack([one.pixels for one in kept]),
        np.array([labels.index(example.label) for example in owners], np.int64),
        tuple(owners),
        np.array([one.own_scale for one in kept]),
        tuple(skipped),
    )


def _is_cut_out(pixels: Pixels) -> bool:
    """Tell a cell on black from a field: the corners of its picture are black."""
    corners = pixels[[0, 0, -1, -1], [0, -1, 0, -1]]
    return bool(corners.max() <= BLACK)


def _centre_in(box: Box, outer: Box) -> bool:
    row, column = box.top + box.height / 2, box.left + box.width / 2
    return outer.top <= row < outer.bottom and outer.left <= column < outer.right


def _nothing(examples: Sequence[Example], skipped: Sequence[str]) -> str:
    if skipped:
        return f"None of the {len(examples)} images can be used, the first because: {skipped[0]}"
    return (
        f"No white cell was found in any of the {len(examples)} images; they may be no fields of "
        "a smear: train with --unit field."
    )
