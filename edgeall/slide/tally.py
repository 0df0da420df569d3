"""The tally: a slide's calls, field by field, added up to its reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from edgeall.field.check import Fault, Field, faults_against
from edgeall.slide.interval import cells_for_width, proportion
from edgeall.slide.reading import Flag, Reading

if TYPE_CHECKING:
    from edgeall.model.call import Call

MIN_CELLS = 100
"""Identified cells under which a differential is flagged: the count that a manual
differential asks for (ICSH; CLSI H20-A2 asks two observers for 200 each)."""

TARGET_WIDTH = 0.10
"""Full width of the blast fraction's interval that is aimed at."""

_FAULT_SHARE = 0.25
"""Share of fields lost to one fault from which the slide is flagged for it."""

_UNIDENTIFIED_SHARE = 0.20
"""Share of unidentified cells from which the slide is flagged for them."""

_UNLIKE_DEVIATIONS = 2.0
"""Median colour distance of the counted fields from which the slide is flagged.

Distances are in standard deviations of the training images; beyond two, the
network is asked about colours it has hardly seen, though each field alone
may pass."""


@dataclass(frozen=True, slots=True)
class FieldCalls:
    """What one field adds to its slide: its quality, its calls, its cut cells.

    ``first_seen`` names for each call the field, by its place on the slide, in which
    the same cell was seen before, or None; empty where no cell was.
    """

    sharpness: float
    colour_distance: float | None
    faults: tuple[Fault, ...]
    calls: tuple[Call, ...]
    cut_by_border: int
    first_seen: tuple[int | None, ...] = ()

    @classmethod
    def of(cls, field: Field, calls: Sequence[Call], cut_by_border: int) -> FieldCalls:
        """Keep a field's figures and let go of its pixels."""
        return cls(
            field.sharpness, field.colour_distance, field.faults, tuple(calls), cut_by_border
        )

    def new_calls(self, faults: Sequence[tuple[Fault, ...]]) -> list[Call]:
        """Return the calls of cells that no other field counts; ``faults`` are the fields'."""
        if not self.first_seen:
            return list(self.calls)
        return [
            call
            for call, first in zip(self.calls, self.first_seen, strict=True)
            if first is None or faults[first]
        ]


@dataclass(frozen=True, slots=True)
class SlideFacts:
    """What a reading must know beside its fields.

    ``compare_focus`` is False where each picture is one cell: their sharpness
    says more about the cell than about the focus.
    """

    slide_id: str
    unit: str
    labels: tuple[str, ...]
    has_blasts: bool
    bundle: str
    compare_focus: bool = True
    min_cells: int = MIN_CELLS
    target_width: float = TARGET_WIDTH


def final_faults(facts: SlideFacts, fields: Sequence[FieldCalls]) -> list[tuple[Fault, ...]]:
    """Return each field's faults, its focus judged against the slide's sharpest field."""
    if not facts.compare_focus:
        return [field.faults for field in fields]
    sharpest = max((field.sharpness for field in fields), default=0.0)
    return [faults_against(field.faults, field.sharpness, sharpest) for field in fields]


def add_up(
    facts: SlideFacts,
    fields: Sequence[FieldCalls],
    *,
    interrupted: bool,
    known: Sequence[Flag] = (),
) -> Reading:
    """Return the reading of a slide from all its fields, those with faults left out.

    ``known`` are flags that the device, not the fields, gives reason for.
    """
    faults = final_faults(facts, fields)
    good = [field for field, found in zip(fields, faults, strict=True) if not found]
    calls = [call for field in good for call in field.new_calls(faults)]
    identified = [call for call in calls if call.identified]
    counts = Counter(call.label for call in identified)
    blasts = (
        proportion(sum(call.is_blast for call in identified), len(identified))
        if identified and facts.has_blasts
        else None
    )
    more = (
        max(0, cells_for_width(blasts.value, facts.target_width) - blasts.total) if blasts else None
    )
    return Reading(
        slide_id=facts.slide_id,
        unit=facts.unit,
        fields=len(fields),
        fields_not_counted=len(fields) - len(good),
        counted=len(calls),
        cut_by_border=sum(field.cut_by_border for field in good),
        repeated=sum(len(field.calls) for field in good) - len(calls),
        differential=tuple((label, counts[label]) for label in facts.labels),
        unidentified=len(calls) - len(identified),
        blasts=blasts,
        more_needed=more,
        target_width=facts.target_width,
        flags=(*_flags(facts, faults, good, calls, len(identified), interrupted), *known),
        bundle=facts.bundle,
    )


def _flags(
    facts: SlideFacts,
    faults: Sequence[tuple[Fault, ...]],
    good: Sequence[FieldCalls],
    calls: Sequence[Call],
    identified: int,
    interrupted: bool,
) -> tuple[Flag, ...]:
    flags: list[Flag] = []
    if interrupted:
        flags.append("interrupted")
    flags.extend(_field_flags(faults))
    if not calls:
        flags.append("no cells found")
    elif identified < facts.min_cells:
        flags.append("too few cells")
    if calls and len(calls) - identified >= _UNIDENTIFIED_SHARE * len(calls):
        flags.append("many unidentified")
    distances = [field.colour_distance for field in good if field.colour_distance is not None]
    if distances and median(distances) > _UNLIKE_DEVIATIONS:
        flags.append("unlike the training data")
    return tuple(flags)


def _field_flags(faults: Sequence[tuple[Fault, ...]]) -> list[Flag]:
    seen = Counter(fault for found in faults for fault in found)
    lost = seen["underexposed"] + seen["overexposed"]
    shares: dict[Flag, int] = {
        "out of focus": seen["out of focus"],
        "exposure": lost,
        "colour drift": seen["colour drift"],
    }
    return [flag for flag, count in shares.items() if count and count >= _FAULT_SHARE * len(faults)]
