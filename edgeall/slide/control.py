"""The control slide: its figures, and what to do about each where it is off."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from edgeall.field.colour import Lab
    from edgeall.model.call import Call

DiameterUnit: TypeAlias = Literal["µm", "px"]


@dataclass(frozen=True, slots=True)
class ControlField:
    """What one field adds: its sharpness, and of each cell diameter (px), colour and call.

    Diameters and colours are empty where a whole field is one example.
    """

    sharpness: float
    um_per_pixel: float | None
    diameters_px: tuple[float, ...]
    colours: tuple[Lab, ...]
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """A control slide's figures; None where no cell gives one.

    Attributes
    ----------
    fields, cells
        Counts, of fields that count and their cells.
    cells_per_field
        Their quotient.
    diameter, diameter_unit
        Median of the cells' diameters, in µm where every frame's scale is known.
    lightness, a, b
        Mean colour of the cells, CIE L*a*b*.
    sharpness
        Median of the fields'.
    unidentified_share
        Of the cells, 0 to 1.
    blast_share
        Of the identified cells, 0 to 1.
    """

    fields: int
    cells: int
    cells_per_field: float
    diameter: float | None
    diameter_unit: DiameterUnit
    lightness: float | None
    a: float | None
    b: float | None
    sharpness: float | None
    unidentified_share: float | None
    blast_share: float | None


def figures_of(fields: Sequence[ControlField]) -> Figures:
    """Return the figures of the fields that count."""
    calls = [call for field in fields for call in field.calls]
    identified = [call for call in calls if call.identified]
    scaled = bool(fields) and all(field.um_per_pixel for field in fields)
    diameters = [
        diameter * ((field.um_per_pixel or 1.0) if scaled else 1.0)
        for field in fields
        for diameter in field.diameters_px
    ]
    colours = [colour for field in fields for colour in field.colours]
    return Figures(
        fields=len(fields),
        cells=len(calls),
        cells_per_field=len(calls) / len(fields) if fields else 0.0,
        diameter=median(diameters) if diameters else None,
        diameter_unit="µm" if scaled else "px",
        lightness=_mean(colours, 0),
        a=_mean(colours, 1),
        b=_mean(colours, 2),
        sharpness=median(field.sharpness for field in fields) if fields else None,
        unidentified_share=1 - len(identified) / len(calls) if calls else None,
        blast_share=sum(call.is_blast for call in identified) / len(identified)
        if identified
        else None,
    )


def _mean(colours: Sequence[Lab], channel: int) -> float | None:
    return fmean(colour[channel] for colour in colours) if colours else None


@dataclass(frozen=True, slots=True)
class FigureKind:
    """A figure that is watched: its field in `Figures`, its name, what to do where it is off.

    ``floor`` gives the deviation that chance alone has, for a mean and the figures of a run;
    ``bounds`` are the least and the greatest value there can be.
    """

    key: str
    name: str
    remedy: str
    floor: Callable[[float, Figures], float]
    bounds: tuple[float, float] = (-math.inf, math.inf)

    def value(self, figures: Figures) -> float | None:
        """Return the figure, or None where the run has none."""
        found: float | None = getattr(figures, self.key)
        return found

    def range_around(self, mean: float, limit: float) -> tuple[float, float]:
        """Return the values within a limit of a mean that there can be."""
        return max(self.bounds[0], mean - limit), min(self.bounds[1], mean + limit)


def _counted(mean: float, figures: Figures) -> float:
    """Poisson: the square root of the count, a field; a bare one is as good as one cell."""
    return math.sqrt(max(mean * figures.fields, 1.0)) / max(figures.fields, 1)


def _share(mean: float, figures: Figures) -> float:
    """Binomial; with one more of either kind, so that 0 of a few is no certainty."""
    cells = max(figures.cells, 1)
    share = (mean * cells + 1) / (cells + 2)
    return math.sqrt(share * (1 - share) / cells)


def _relative(share: float) -> Callable[[float, Figures], float]:
    return lambda mean, figures: share * abs(mean)


def _colour(mean: float, figures: Figures) -> float:
    """Half a unit of CIE L*a*b*: a fourth of what is seen."""
    return 0.5


_LAMP = "see to the lamp, calibrate anew, and where the slide has faded take another one"

KINDS: tuple[FigureKind, ...] = (
    FigureKind(
        "cells_per_field",
        "cells a field",
        "read the same area of the slide, and see that it is in focus and not faded",
        _counted,
        (0, math.inf),
    ),
    FigureKind(
        "diameter",
        "diameter of the cells",
        "see which objective is in place, and measure the scale anew with edgeall calibrate",
        _relative(0.01),
        (0, math.inf),
    ),
    FigureKind("lightness", "lightness of the cells (L*)", _LAMP, _colour),
    FigureKind("a", "redness of the cells (a*)", _LAMP, _colour),
    FigureKind("b", "yellowness of the cells (b*)", _LAMP, _colour),
    FigureKind(
        "sharpness",
        "sharpness",
        "clean the objective, put on oil, and focus anew",
        _relative(0.03),
        (0, math.inf),
    ),
    FigureKind(
        "unidentified_share",
        "share of unidentified cells",
        "look at the focus and the colour first; where they are well, call for service",
        _share,
        (0, 1),
    ),
    FigureKind(
        "blast_share",
        "share of blasts",
        "read the slide once more; where it comes out the same, call for service",
        _share,
        (0, 1),
    ),
)
"""The figures that are watched, in the order they are shown."""
