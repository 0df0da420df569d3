"""The checked field: a frame with what was measured on it and whether it may count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from edgeall.camera.frame import Frame

Fault: TypeAlias = Literal["out of focus", "underexposed", "overexposed", "colour drift"]


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """A frame and its quality.

    Attributes
    ----------
    frame
        The frame itself.
    sharpness
        Focus measure of this frame, in its own units, higher is sharper.
    relative_sharpness
        The same over the slide's sharpest frame so far, 0 to 1.
    dark_share, bright_share
        Share of pixels lost in black or in white, 0 to 1.
    colour_distance
        Distance to the bundle's training colours in standard deviations;
        None where the bundle has no colour statistics or nothing was there to measure.
    faults
        Why the field must not count; empty for a good one.
    """

    frame: Frame
    sharpness: float
    relative_sharpness: float
    dark_share: float
    bright_share: float
    colour_distance: float | None
    faults: tuple[Fault, ...]

    @property
    def counts(self) -> bool:
        """Whether the field's cells belong in the reading."""
        return not self.faults
