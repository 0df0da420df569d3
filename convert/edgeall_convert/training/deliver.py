"""Delivery: the run folder, with all that the converter and a reader need."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edgeall.cells.finder import find_cells
from edgeall.field.colour import mean_lab
from edgeall.model.manifest import ColourStatistics
from edgeall.store.durable import make_folder, write_durably
from edgeall_convert.training.gallery import BLACK
from edgeall_convert.training.pipeline import feed

if TYPE_CHECKING:
    from edgeall_convert.training.gallery import Gallery
    from edgeall_convert.training.pipeline import Feeding

CALIBRATION_IMAGES = 200
_COLOUR_BATCHES = 16
_MEASURED_CELLS = 100


def measure_colours(gallery: Gallery, feeding: Feeding, seed: int) -> ColourStatistics:
    """Measure the colours that training showed, augmentation included."""
    means = []
    for pixels, _ in feed(gallery, feeding, seed=seed, epoch=0, classes=1).take(_COLOUR_BATCHES):
        for shown in pixels.numpy().astype(np.uint8):
            mean = mean_lab(shown, shown.max(axis=2) > 0 if feeding.black else None)
            if mean:
                means.append(mean)
    centre = np.mean(means, axis=0)
    spread = np.maximum(np.std(means, axis=0), 0.1)
    return ColourStatistics(
        mean=(float(centre[0]), float(centre[1]), float(centre[2])),
        deviation=(float(spread[0]), float(spread[1]), float(spread[2])),
        images=len(means),
    )


def measure_diameter(gallery: Gallery, *, black: bool) -> float | None:
    """Return the median diameter of the cells in ``(n, side, side, 3)`` inputs, in their pixels.

    On black a cell is what is not; a box holds its cell from side to side; in
    any other picture the device's own finder looks for it. None where it finds
    none in most of them: somebody has to say then.
    """
    side = gallery.pixels.shape[1]
    if black:
        areas = (gallery.pixels.max(axis=3) > BLACK).sum(axis=(1, 2))
        return float(np.median(np.sqrt(4 * areas / np.pi)))
    if all(example.box for example in gallery.examples):
        return float(side)
    chosen = gallery.pixels[:: max(1, len(gallery.pixels) // _MEASURED_CELLS)]
    found = [find_cells(pixels).cells for pixels in chosen]
    largest = [max(cell.diameter_px for cell in cells) for cells in found if cells]
    return float(np.median(largest)) if 2 * len(largest) > len(chosen) else None


def choose_calibration(gallery: Gallery, seed: int) -> Gallery:
    """Choose training images for the int8 ranges, as many of each label."""
    rng = np.random.default_rng(seed)
    targets = np.unique(gallery.targets)
    each = -(-CALIBRATION_IMAGES // len(targets))
    chosen = [
        rng.permutation(np.flatnonzero(gallery.targets == target))[:each] for target in targets
    ]
    return gallery.at(sorted(np.concatenate(chosen).tolist()))


def write_pictures(gallery: Gallery, labels: Sequence[str], folder: Path) -> tuple[str, ...]:
    """Write inputs as PNG, one folder a label; return their paths below ``folder``'s parent.

    They are what the network was shown, pixel by pixel, so that the converter
    measures on nothing else. File names keep the images' own, with a number
    where several cells come from one.
    """
    for label in labels:
        make_folder(folder / label)
    seen: dict[tuple[int, str], int] = {}
    names = []
    for pixels, target, example in zip(
        gallery.pixels, gallery.targets, gallery.examples, strict=True
    ):
        key = (int(target), example.path.stem)
        number = seen[key] = seen.get(key, 0) + 1
        name = f"{example.path.stem}{f'-{number}' if number > 1 else ''}.png"
        path = folder / labels[int(target)] / name
        encoded = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1]
        write_durably(path, encoded.tobytes())
        names.append(path.relative_to(folder.parent).as_posix())
    return tuple(names)
