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
from edgeall.cells.crop import CropRule, crop_cell
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
    skipped
        One sentence for each image that could not be read.
    """

    pixels: NDArray[np.uint8]
    targets: NDArray[np.int64]
    examples: tuple[Example, ...]
    skipped: tuple[str, ...] = ()

    def at(self, positions: Sequence[int]) -> Gallery:
        """Return a part of it."""
        chosen = np.asarray(positions, np.int64)
        return Gallery(
            self.pixels[chosen],
            self.targets[chosen],
            tuple(self.examples[position] for position in chosen),
        )


def show_whole(pixels: Pixels, example: Example, size: int) -> list[Pixels]:
    """Return the picture, or the example's box in it, resized whole."""
    if example.box is not None:
        box = example.box
        pixels = pixels[max(0, box.top) : box.bottom, max(0, box.left) : box.right]
    return [resize(np.ascontiguousarray(pixels), size, size)]


def show_cells(pixels: Pixels, example: Example, size: int) -> list[Pixels]:
    """Return its cells on black.

    A picture of one cell that was cut out is shown whole, so that its cell
    keeps its own size. In any other the device's own finder looks for cells,
    within the example's box where it has one, and they are cropped to one
    diameter, as the device crops them: there a cell's size is not known.
    """
    if _is_cut_out(pixels):
        return [resize(np.where(pixels.max(axis=2, keepdims=True) > BLACK, pixels, 0), size, size)]
    rule = CropRule(size, size, None, CELL_SHARE * size, "black", "area")
    return [
        crop_cell(pixels, cell, rule, None)
        for cell in find_cells(pixels).cells
        if example.box is None or _centre_in(cell.box, example.box)
    ]


Reader: TypeAlias = "Callable[[Pixels, Example, int], list[Pixels]]"


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

    def read(example: Example) -> list[Pixels] | ImageError:
        try:
            return reader(decode_image(example.path), example, size)
        except ImageError as error:
            return error

    kept: list[Pixels] = []
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
        np.stack(kept),
        np.array([labels.index(example.label) for example in owners], np.int64),
        tuple(owners),
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
