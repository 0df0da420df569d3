"""The reading: what a slide's calls add up to, for a person to check and sign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Flag: TypeAlias = Literal[
    "out of focus",
    "exposure",
    "colour drift",
    "too few cells",
    "many unidentified",
    "unlike the training data",
    "no cells found",
    "interrupted",
    "not calibrated",
    "illumination drift",
    "no passed control",
]


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share of counted things with its exact 95% interval (Clopper and Pearson)."""

    count: int
    total: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Reading:
    """A slide's reading. It supports a skilled morphologist and replaces none.

    Attributes
    ----------
    slide_id
        As typed or scanned.
    unit
        ``cell`` or ``field``: what was counted.
    fields, fields_not_counted
        Frames read, and those of them that failed a quality check.
    counted
        Cells (or fields, for ``unit: field``) in the differential, identified or not.
    cut_by_border
        Cells seen but not read because the frame's border cuts them.
    differential
        Count by label, in the bundle's order; identified ones only.
    repeated
        Cells seen again in a field that overlaps an earlier one; counted once.
    unidentified
        Counted ones whose confidence lies under the bundle's threshold.
    blasts
        Blasts among the identified, with its interval; None where nothing was
        identified or the bundle names no blasts.
    more_needed
        How many more identified cells would narrow that interval to
        ``target_width``; 0 where it is narrow enough, None with ``blasts`` None.
    target_width
        Full width of the interval that is aimed at, 0 to 1.
    flags
        What a person should know before believing the rest.
    bundle
        Name, version and first 12 digits of the network's sha256.
    """

    slide_id: str
    unit: str
    fields: int
    fields_not_counted: int
    counted: int
    cut_by_border: int
    repeated: int
    differential: tuple[tuple[str, int], ...]
    unidentified: int
    blasts: Proportion | None
    more_needed: int | None
    target_width: float
    flags: tuple[Flag, ...]
    bundle: str
