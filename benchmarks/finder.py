"""Time of finding the white cells of a field, by the field's size.

Two kinds of large field are timed: the same view with more pixels (a finer
sensor) and more of the smear at the same scale (sample fields side by side).
All are timed in turn within one run, on one thread, and compared within it:

    python benchmarks/finder.py [--network BUNDLE.tflite] [--rounds 15]

With a network its time for the cells of the 640x480 field is given too.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edgeall.camera.decode import decode_image
from edgeall.cells.finder import find_cells
from edgeall.samples.paths import fields_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgeall.camera.frame import Pixels

SMALL = (480, 640)
MIDDLE = (1224, 1632)
LARGE = (3000, 4000)


def main() -> None:
    """Time, and print the table."""
    arguments = _arguments()
    cv2.setNumThreads(1)
    fields = _fields()
    work: dict[str, Callable[[], object]] = {
        name: lambda pixels=pixels: find_cells(pixels)  # type: ignore[misc]  # mypy: lambda default
        for name, pixels in fields.items()
    }
    if arguments.network:
        work["network, the cells of 640x480"] = _network(arguments.network, fields["640x480"])
    times = _interleaved(work, arguments.rounds)
    print(f"{'':34}{'cells':>6}{'ms':>9}")
    for name, took in times.items():
        cells = len(find_cells(fields[name]).cells) if name in fields else ""
        print(f"{name:34}{cells:>6}{took:>9.1f}")
    for kind in ("enlarged", "side by side"):
        ratio = times[f"12 MP, {kind}"] / times[f"2 MP, {kind}"]
        print(f"12 MP over 2 MP, {kind}: {ratio:.2f} (to be under 4)")
    if arguments.network:
        ratio = times["640x480"] / times["network, the cells of 640x480"]
        print(f"finding over the network's time for the cells found: {ratio:.2f}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", type=Path, help="a bundle for single cells")
    parser.add_argument("--rounds", type=int, default=15)
    return parser.parse_args()


def _fields() -> dict[str, Pixels]:
    samples = [decode_image(path) for path in sorted(fields_folder().glob("*.jpg"))]
    one = decode_image(fields_folder() / "BloodImage_00176.jpg")
    return {
        "640x480": one,
        "2 MP, enlarged": _enlarged(one, *MIDDLE),
        "12 MP, enlarged": _enlarged(one, *LARGE),
        "2 MP, side by side": _side_by_side(samples, *MIDDLE),
        "12 MP, side by side": _side_by_side(samples, *LARGE),
    }


def _enlarged(pixels: Pixels, height: int, width: int) -> Pixels:
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.uint8)


def _side_by_side(samples: list[Pixels], height: int, width: int) -> Pixels:
    """Return sample fields in rows, each neighbour mirrored so that edges meet."""
    down, across = -(-height // SMALL[0]), -(-width // SMALL[1])
    rows = [
        np.hstack(
            [
                _mirrored(samples[(row * across + column) % len(samples)], row, column)
                for column in range(across)
            ]
        )
        for row in range(down)
    ]
    return np.ascontiguousarray(np.vstack(rows)[:height, :width])


def _mirrored(pixels: Pixels, row: int, column: int) -> Pixels:
    return pixels[:: -1 if row % 2 else 1, :: -1 if column % 2 else 1]


def _network(path: Path, pixels: Pixels) -> Callable[[], object]:
    from edgeall.cells.crop import crop_cell
    from edgeall.model.bundle import open_bundle
    from edgeall.model.classifier import Classifier
    from edgeall.service.prepare import crop_rule

    bundle = open_bundle(path)
    classifier = Classifier(bundle)
    rule = crop_rule(bundle.manifest.input)
    crops = [crop_cell(pixels, cell, rule, None) for cell in find_cells(pixels).cells]
    return lambda: classifier.classify(crops)


def _interleaved(work: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median time of each in ms; they take turns, so that all see the same machine."""
    times: dict[str, list[float]] = {name: [] for name in work}
    for number in range(rounds + 1):
        for name, each in work.items():
            started = time.perf_counter()
            each()
            if number:
                times[name].append((time.perf_counter() - started) * 1e3)
    return {name: statistics.median(took) for name, took in times.items()}


if __name__ == "__main__":
    main()
