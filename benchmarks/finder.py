"""Finding cells: against LeNet's time on the same cells, and large fields against small ones."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
from networks import prepare
from table import Row, show

from edgeall.camera.decode import decode_image
from edgeall.camera.folder import list_images
from edgeall.cells.finder import find_cells
from edgeall.model.bundle import open_bundle
from edgeall.model.classifier import Classifier
from edgeall.samples.paths import fields_folder, um_per_pixel

ROUNDS = 15
TWO, TWELVE = (1224, 1632), (3040, 4056)
"""Height and width of 2 and 12 megapixels, as the Pi's high-quality camera has them."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    _, path = prepare("lenet", parser.parse_args().folder)
    fields = [decode_image(field) for field in list_images(fields_folder())]
    rows = _against_network(fields, Classifier(open_bundle(path)))
    for name, larger in (("the same field enlarged", _enlarged), ("more fields in one", _tiled)):
        two, twelve = _times(lambda size, make=larger: make(fields, size))
        ratio = twelve / two
        figure = f"{twelve * 1000:.0f} ms against {two * 1000:.0f} ms, {ratio:.2f} times"
        rows.append(Row(f"12 against 2 megapixels, {name}", figure, "under 4", ratio < 4))
    show("Finding white cells, one 640x480 field unless said", rows)


def _against_network(fields: list[np.ndarray], classifier: Classifier) -> list[Row]:
    crop = np.zeros((128, 128, 3), np.uint8)
    finding, reading, cells = [], [], 0
    for _ in range(ROUNDS):
        for field in fields:
            began = time.perf_counter()
            found = find_cells(field)
            between = time.perf_counter()
            for _ in found.cells:
                classifier.raw_output(crop)
            finding.append(between - began)
            reading.append(time.perf_counter() - between)
            cells += len(found.cells)
    found_ms, read_ms = np.mean(finding) * 1000, np.mean(reading) * 1000
    a_field = cells / len(finding)
    return [
        Row("find_cells", f"{found_ms:.1f} ms a field"),
        Row(f"LeNet on its {a_field:.1f} cells", f"{read_ms:.2f} ms a field"),
        Row("finding over reading", f"{found_ms / read_ms:.0f} times"),
    ]


def _enlarged(fields: list[np.ndarray], size: tuple[int, int]) -> tuple[np.ndarray, float]:
    scale = um_per_pixel() * fields[0].shape[0] / size[0]
    return cv2.resize(fields[0], size[::-1], interpolation=cv2.INTER_CUBIC), scale


def _tiled(fields: list[np.ndarray], size: tuple[int, int]) -> tuple[np.ndarray, float]:
    tiles = [fields[number % len(fields)] for number in range(64)]
    rows = [np.hstack(tiles[start : start + 8]) for start in range(0, 64, 8)]
    return np.ascontiguousarray(np.vstack(rows)[: size[0], : size[1]]), um_per_pixel()


def _times(make) -> tuple[float, float]:  # type: ignore[no-untyped-def] # a closure of this file
    (two, scale_two), (twelve, scale_twelve) = make(TWO), make(TWELVE)
    pairs = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        find_cells(two, scale_two)
        between = time.perf_counter()
        find_cells(twelve, scale_twelve)
        pairs.append((between - began, time.perf_counter() - between))
    small, large = np.median(np.array(pairs), axis=0)
    return float(small), float(large)


if __name__ == "__main__":
    main()
