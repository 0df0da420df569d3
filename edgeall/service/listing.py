"""A read field without its pictures: for the JSON document and the table of cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from edgeall.store.records import CellRow

if TYPE_CHECKING:
    from edgeall.cells.cell import Box
    from edgeall.model.bundle import Bundle
    from edgeall.model.call import Call
    from edgeall.service.pipeline import ReadField


@dataclass(frozen=True, slots=True)
class ListedCell:
    """A cell's place, None where the whole field is one example, and its call."""

    box: Box | None
    call: Call


@dataclass(frozen=True, slots=True)
class ListedField:
    """What was measured on a field and read from it; units as in `Field`."""

    number: int
    origin: str
    taken_at: datetime
    sharpness: float
    relative_sharpness: float
    dark_share: float
    bright_share: float
    colour_distance: float | None
    faults: tuple[str, ...]
    cut_by_border: int
    cells: tuple[ListedCell, ...]

    @classmethod
    def of(cls, read: ReadField) -> ListedField:
        """Keep a field's findings and let go of its pixels."""
        field = read.prepared.field
        return cls(
            number=field.frame.number + 1,
            origin=field.frame.origin,
            taken_at=field.frame.taken_at,
            sharpness=field.sharpness,
            relative_sharpness=field.relative_sharpness,
            dark_share=field.dark_share,
            bright_share=field.bright_share,
            colour_distance=field.colour_distance,
            faults=field.faults,
            cut_by_border=len(read.prepared.cut_by_border),
            cells=tuple(
                ListedCell(cell.box if cell else None, call)
                for cell, call in zip(read.prepared.cells, read.calls, strict=True)
            ),
        )


def cell_rows(
    slide_id: str, bundle: Bundle, fields: Sequence[ListedField], counted: Sequence[bool]
) -> list[CellRow]:
    """Return one row a cell of a run that need not have been stored; its run is 0."""
    return [
        CellRow(
            slide_id=slide_id,
            run=0,
            field=field.number,
            image=Path(field.origin),
            origin=field.origin,
            taken_at=field.taken_at,
            box=cell.box,
            call=cell.call,
            labels=bundle.manifest.output.labels,
            counted=counts,
            bundle=bundle.title,
        )
        for field, counts in zip(fields, counted, strict=True)
        for cell in field.cells
    ]
