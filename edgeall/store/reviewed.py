"""What stands of a run's cells after all reviews, and the reading that follows from it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from edgeall.errors import UsageError
from edgeall.field.check import Fault
from edgeall.slide import review as slide_review
from edgeall.slide.review import AS_CALLED, Opinion, ReviewedField
from edgeall.slide.tally import MIN_CELLS, FieldCalls
from edgeall.store.fields import box_of, call_of
from edgeall.store.images import place_of
from edgeall.store.slides import readings_of

if TYPE_CHECKING:
    from edgeall.cells.cell import Box
    from edgeall.model.call import Call
    from edgeall.slide.reading import Reading
    from edgeall.store.store import Store

_CELLS = """
    SELECT cell.*, image.sha256, image.suffix, first_cell.field AS first_field,
        reading_field.id IS NOT NULL AND first_reading.id IS NULL AS counted,
        review.id AS review, review.verdict, review.label AS said, review.comment,
        review.reviewer
    FROM field
    JOIN image ON image.id = field.image
    JOIN cell ON cell.field = field.id
    LEFT JOIN reading_field ON reading_field.field = field.id
    LEFT JOIN repeated_cell ON repeated_cell.cell = cell.id
    LEFT JOIN cell AS first_cell ON first_cell.id = repeated_cell.first
    LEFT JOIN reading_field AS first_reading ON first_reading.field = first_cell.field
    LEFT JOIN review ON review.id = (SELECT max(id) FROM review WHERE review.cell = cell.id)
    WHERE field.run = ? ORDER BY cell.id
"""

_FIELDS = """
    SELECT field.id, field.sharpness, field.colour_distance, field.faults, field.cut_by_border,
        EXISTS (SELECT 1 FROM reading_field WHERE reading_field.field = field.id) AS in_reading
    FROM field WHERE field.run = ? ORDER BY field.id
"""


@dataclass(frozen=True, slots=True)
class CellReview:
    """A cell with the network's call and what stands of it now.

    Attributes
    ----------
    number
        The cell's.
    counted
        Whether the run's reading counts it; False also where it has no reading yet.
    review
        The number of the newest review, 0 where there is none.
    reviewer
        Who gave it, ``""`` where there is none.
    """

    number: int
    field: int
    image: Path
    box: Box | None
    call: Call
    counted: bool
    review: int
    opinion: Opinion
    comment: str
    reviewer: str


class BundleOutput(msgspec.Struct):
    """What a stored manifest says of its labels, whatever its format."""

    labels: tuple[str, ...]
    blasts: tuple[str, ...] = ()


class _Manifest(msgspec.Struct):
    output: BundleOutput


def cells_of_run(store: Store, run: int) -> list[CellReview]:
    """Return all cells of a run with what stands of them, in the order they were stored.

    Raises
    ------
    StoreError
        They cannot be read.
    """
    with store.rows() as rows:
        return [_cell(row, store.images) for row in rows.execute(_CELLS, (run,))]


def reviewed_reading(store: Store, run: int, *, min_cells: int = MIN_CELLS) -> Reading:
    """Return a run's reading as persons reviewed it; where nobody did, it is the network's.

    Raises
    ------
    UsageError
        The run has no reading.
    StoreError
        It cannot be read.
    """
    with store.rows() as rows:
        return reading_of_rows(rows, run, min_cells)


def reading_of_rows(rows: sqlite3.Connection, run: int, min_cells: int) -> Reading:
    """Return the same within a transaction."""
    network = _network_reading(rows, run)
    output = output_of(rows, run)
    return slide_review.reviewed_reading(
        network, output.labels, output.blasts, _reviewed_fields(rows, run), min_cells=min_cells
    )


def _network_reading(rows: sqlite3.Connection, run: int) -> Reading:
    found = rows.execute("SELECT slide_id FROM run WHERE id = ?", (run,)).fetchone()
    if found is None:
        raise UsageError(f"{run}: there is no such run; edgeall results lists the slides.")
    for stored in readings_of(rows, found[0]):
        if stored.run == run:
            return stored.reading
    raise UsageError(f"Run {run} has no reading: end its slide first, or read it again.")


def output_of(rows: sqlite3.Connection, run: int) -> BundleOutput:
    """Return the labels of a run's bundle, and which of them are blasts."""
    manifest = rows.execute(
        "SELECT manifest FROM bundle JOIN run ON run.bundle = bundle.id WHERE run.id = ?", (run,)
    ).fetchone()
    if manifest is None:
        raise UsageError(f"{run}: there is no such run; edgeall results lists the slides.")
    return msgspec.json.decode(manifest[0], type=_Manifest).output


def _reviewed_fields(rows: sqlite3.Connection, run: int) -> list[ReviewedField]:
    cells: dict[int, list[sqlite3.Row]] = {}
    for row in rows.execute(_CELLS, (run,)):
        cells.setdefault(row["field"], []).append(row)
    stored = rows.execute(_FIELDS, (run,)).fetchall()
    place = {row["id"]: at for at, row in enumerate(stored)}
    return [_reviewed_field(row, cells.get(row["id"], []), place) for row in stored]


def _reviewed_field(
    row: sqlite3.Row, cells: Sequence[sqlite3.Row], place: dict[int, int]
) -> ReviewedField:
    # What the reading left out without a fault of its own was less sharp than the others.
    own = msgspec.json.decode(row["faults"], type=tuple[Fault, ...]) or ("out of focus",)
    calls = FieldCalls(
        sharpness=row["sharpness"],
        colour_distance=row["colour_distance"],
        faults=() if row["in_reading"] else own,
        calls=tuple(call_of(cell) for cell in cells),
        cut_by_border=row["cut_by_border"],
        first_seen=tuple(
            None if cell["first_field"] is None else place[cell["first_field"]] for cell in cells
        ),
    )
    return ReviewedField(calls, tuple(_opinion(cell) for cell in cells))


def _opinion(row: sqlite3.Row) -> Opinion:
    return Opinion(row["verdict"], row["said"]) if row["review"] else AS_CALLED


def _cell(row: sqlite3.Row, images: Path) -> CellReview:
    return CellReview(
        number=row["id"],
        field=row["field"],
        image=images / place_of(row["sha256"], row["suffix"]),
        box=box_of(row),
        call=call_of(row),
        counted=bool(row["counted"]),
        review=row["review"] or 0,
        opinion=_opinion(row),
        comment=row["comment"] or "",
        reviewer=row["reviewer"] or "",
    )
