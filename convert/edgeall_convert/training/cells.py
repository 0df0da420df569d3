"""Cells in memory, and the batches that a training takes from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgeall.camera.decode import decode_image
from edgeall.field.resize import resize
from edgeall_convert.training.augment import augment

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels
    from edgeall_convert.datasets.cnmc import CellImage

_KEPT_SIDE = 180
"""Cells are kept at this side: more than any small network takes, little memory."""

BLACK = 20
"""A channel at or under this is background: JPEG leaves noise around a cell."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Cut-out cells: ``pixels`` ``(n, side, side, 3)`` uint8, and whose they are.

    ``targets`` are positions of labels.
    """

    pixels: NDArray[np.uint8]
    targets: NDArray[np.int64]
    subjects: NDArray[np.str_]

    def where(self, chosen: NDArray[np.bool_]) -> Cells:
        """Return the chosen cells."""
        return Cells(
            self.pixels[chosen],
            self.targets[chosen],
            self.subjects[chosen],
        )


def load_cells(images: Sequence[CellImage]) -> Cells:
    """Decode cells and shrink them, their background made black."""
    pixels = np.stack([_blackened(decode_image(image.path)) for image in images])
    return Cells(
        pixels,
        np.array([image.target for image in images]),
        np.array([image.subject for image in images]),
    )


def _blackened(pixels: Pixels) -> Pixels:
    kept = resize(pixels, _KEPT_SIDE, _KEPT_SIDE).copy()
    kept[kept.max(axis=2) <= BLACK] = 0
    return kept


def sampling_weights(cells: Cells) -> NDArray[np.float64]:
    """Return how often each cell is drawn: classes alike, and subjects alike within a class.

    The square root of a subject's size keeps one with few cells from being
    drawn until it is learned by heart.
    """
    weights = np.zeros(len(cells.targets))
    for target in np.unique(cells.targets):
        of_class = cells.targets == target
        for subject in np.unique(cells.subjects[of_class]):
            own = of_class & (cells.subjects == subject)
            weights[own] = 1 / np.sqrt(own.sum())
        weights[of_class] /= weights[of_class].sum()
    normalised: NDArray[np.float64] = weights / weights.sum()
    return normalised


def batches(
    cells: Cells, size: int, *, batch: int, seed: int
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """Yield augmented batches for ever: ``(batch, size, size, 3)`` and ``(batch,)``."""
    rng = np.random.default_rng(seed)
    weights = sampling_weights(cells)
    while True:
        drawn = rng.choice(len(weights), batch, p=weights)
        yield (
            np.stack([augment(cells.pixels[i], size, rng) for i in drawn]),
            cells.targets[drawn],
        )


def whole(cells: Cells, size: int) -> NDArray[np.uint8]:
    """Return the cells as a cut-out picture resized whole shows them."""
    return np.stack([resize(pixels, size, size) for pixels in cells.pixels])
