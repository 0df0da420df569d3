"""Fields of a long slide: parts of real ones, turned, so that none lies over another."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path

import cv2

from edgeall.samples.paths import fields_folder

WIDTH, HEIGHT = 480, 360
_LEFTS = (0, 80, 160)
_TOPS = (0, 60, 120)
_TURNS = (None, 0, 1, -1)
_TINTS = (0, 5)
_QUALITY = 92


def write_fields(folder: Path, count: int) -> None:
    """Write so many fields; eight in a row show eight different smears."""
    samples = [cv2.imread(str(path)) for path in sorted(fields_folder().glob("*.jpg"))]
    places = product(_TINTS, _TOPS, _LEFTS, _TURNS, samples)
    folder.mkdir(parents=True)
    for number, (tint, top, left, turn, sample) in zip(range(count), places, strict=False):
        part = sample[top : top + HEIGHT, left : left + WIDTH]
        if turn is not None:
            part = cv2.flip(part, turn)
        part = cv2.subtract(part, (tint, 0, tint, 0))
        path = folder / f"field-{number:04}.jpg"
        assert cv2.imwrite(str(path), part, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        # Of one age, so that they are read in the order of their names.
        os.utime(path, (1_700_000_000, 1_700_000_000))
