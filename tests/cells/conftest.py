"""Drawn smears, where what lies where is known to the pixel, and the sample fields."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

if TYPE_CHECKING:
    from numpy.typing import NDArray

BACKGROUND = (220, 218, 222)
RED_CELL = (205, 160, 150)
CYTOPLASM = (190, 160, 205)
NUCLEUS = (110, 60, 150)
LOBES = ((-24, -12), (24, -12), (0, 27))


class Smear:
    """A drawn field of red cells in rows; ``pixels`` is ``(height, width, 3)``."""

    def __init__(self, height: int = 480, width: int = 640, red_radius: int = 25) -> None:
        self.pixels: NDArray[np.uint8] = np.full((height, width, 3), BACKGROUND, np.uint8)
        for row in range(2 * red_radius, height, 3 * red_radius):
            for column in range(2 * red_radius, width, 3 * red_radius):
                self.disc(column, row, red_radius, RED_CELL)

    def disc(self, column: int, row: int, radius: int, colour: tuple[int, int, int]) -> None:
        """Draw a disc with a soft edge."""
        cv2.circle(self.pixels, (column, row), radius, colour, cv2.FILLED, cv2.LINE_AA)

    def white_cell(self, column: int, row: int, radius: int = 45, nucleus: int = 34) -> None:
        """Draw a round white cell with a round nucleus, after clearing its place."""
        self.disc(column, row, radius + 12, BACKGROUND)
        self.disc(column, row, radius, CYTOPLASM)
        self.disc(column, row, nucleus, NUCLEUS)

    def lobed_cell(self, column: int, row: int, radius: int = 55) -> None:
        """Draw a white cell whose nucleus is three lobes that do not touch."""
        self.disc(column, row, radius + 12, BACKGROUND)
        self.disc(column, row, radius, CYTOPLASM)
        for across, down in LOBES:
            self.disc(column + across, row + down, 18, NUCLEUS)


@pytest.fixture
def make_smear() -> Callable[..., Smear]:
    """Return a maker of drawn smears."""
    return Smear


@pytest.fixture(scope="session")
def annotated() -> dict[str, list[list[int]]]:
    """Return the boxes of white cells in each sample field: left, top, right, bottom."""
    facts = json.loads((Path(__file__).parent / "bccd_white_cells.json").read_text())
    boxes: dict[str, list[list[int]]] = facts["boxes"]
    return boxes
