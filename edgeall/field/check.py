"""The checked field: a frame with what was measured on it and whether it may count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from edgeall.field.cell_focus import CELL_FLOOR, cell_steepness
from edgeall.field.exposure import DARK_LEVEL, Exposure, measure_exposure
from edgeall.field.focus import is_in_focus, sharpness

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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


COLOUR_LIMIT = 4.0
"""Colour distance from which a field must not count: in no channel has the network seen such."""


def assess(frame: Frame, sharpest: float | None, colour_distance: float | None) -> Field:
    """Measure a frame and say what is wrong with it.

    ``sharpest`` is the sharpness of the slide's sharpest frame so far, if any.
    """
    measured = sharpness(frame.pixels)
    best = max(measured, sharpest or 0.0)
    exposure = measure_exposure(frame.pixels, None)
    faults = faults_against(_faults(exposure, colour_distance), measured, best)
    return _field(frame, measured, best, exposure, colour_distance, faults)


def assess_cell(frame: Frame, colour_distance: float | None, *, background_black: bool) -> Field:
    """Measure a frame that shows one cell; of one cut out on black only what is not black."""
    mask: NDArray[np.bool_] | None = None
    if background_black:
        mask = frame.pixels.max(axis=2) > DARK_LEVEL
    measured = cell_steepness(frame.pixels, mask)
    exposure = measure_exposure(frame.pixels, mask)
    faults = _faults(exposure, colour_distance)
    if measured < CELL_FLOOR:
        faults = ("out of focus", *faults)
    return _field(frame, measured, measured, exposure, colour_distance, faults)


def _faults(exposure: Exposure, colour_distance: float | None) -> tuple[Fault, ...]:
    found: list[Fault] = []
    if exposure.is_under:
        found.append("underexposed")
    if exposure.is_over:
        found.append("overexposed")
    if colour_distance is not None and colour_distance > COLOUR_LIMIT:
        found.append("colour drift")
    return tuple(found)


def _field(
    frame: Frame,
    measured: float,
    best: float,
    exposure: Exposure,
    colour_distance: float | None,
    faults: tuple[Fault, ...],
) -> Field:
    return Field(
        frame=frame,
        sharpness=measured,
        relative_sharpness=measured / best if best > 0 else 0.0,
        dark_share=exposure.dark_share,
        bright_share=exposure.bright_share,
        colour_distance=colour_distance,
        faults=faults,
    )


def faults_against(
    faults: tuple[Fault, ...], measured: float, sharpest: float
) -> tuple[Fault, ...]:
    """Return a field's faults, its focus judged anew against the slide's sharpest field."""
    others = tuple(fault for fault in faults if fault != "out of focus")
    return others if is_in_focus(measured, sharpest) else ("out of focus", *others)
