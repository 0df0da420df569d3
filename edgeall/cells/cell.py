"""The cell: one white cell in a field, and where it lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in a frame's pixels; ``left`` and ``top`` belong to it."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """First column to the right of the box."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """First row under the box."""
        return self.top + self.height


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One white cell as found in a field.

    Attributes
    ----------
    box
        The whole cell (nucleus and cytoplasm) in the frame's pixels.
    mask
        ``(box.height, box.width)`` bool, the cell's own pixels inside its box.
    diameter_px
        Diameter of the circle with the mask's area, in the frame's pixels.
    was_touching
        Cut apart from a neighbour, so its outline is less certain.
    """

    box: Box
    mask: NDArray[np.bool_]
    diameter_px: float
    was_touching: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class FoundCells:
    """The white cells of one field, top to bottom, and those the border cuts (not read)."""

    cells: tuple[Cell, ...]
    cut_by_border: tuple[Box, ...]
