"""Slides that the service reads: what happened to them, and those that were not ended.

A slide is open from its ``begun`` until its run has a reading, over restarts
and power cuts.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from edgeall.store.fields import box_of, call_of
from edgeall.store.images import place_of
from edgeall.store.writing import as_text, insert, insert_moment

if TYPE_CHECKING:
    from edgeall.cells.cell import Box
    from edgeall.field.check import Fault
    from edgeall.model.call import Call

SlideEvent: TypeAlias = Literal["begun", "paused", "resumed", "ended"]

_OPEN = """
    SELECT run.id, run.slide_id, run.operator, bundle.manifest_sha256,
        (SELECT event FROM slide_event WHERE run = run.id ORDER BY id DESC LIMIT 1) AS latest
    FROM run
    JOIN bundle ON bundle.id = run.bundle
    WHERE EXISTS (SELECT 1 FROM slide_event WHERE run = run.id AND event = 'begun')
        AND NOT EXISTS (SELECT 1 FROM reading WHERE reading.run = run.id)
    ORDER BY run.id
"""

_FIELDS = """
    SELECT field.*, image.sha256, image.suffix
    FROM field JOIN image ON image.id = field.image
    WHERE field.run = ? ORDER BY field.id
"""

_CELLS = """
    SELECT cell.*, first_cell.field AS first_field
    FROM field
    JOIN cell ON cell.field = field.id
    LEFT JOIN repeated_cell ON repeated_cell.cell = cell.id
    LEFT JOIN cell AS first_cell ON first_cell.id = repeated_cell.first
    WHERE field.run = ? ORDER BY cell.id
"""


@dataclass(frozen=True, slots=True)
class OpenSlide:
    """A slide that was begun and not ended; ``manifest_sha256`` tells its bundle."""

    run: int
    slide_id: str
    operator: str
    manifest_sha256: str
    is_paused: bool


@dataclass(frozen=True, slots=True)
class RunCell:
    """A cell of a run with its call; ``first_field`` is where it was seen before, if it was."""

    box: Box | None
    call: Call
    first_field: int | None


@dataclass(frozen=True, slots=True)
class RunField:
    """A field of a run with its cells, for going on with it."""

    number: int
    image: Path
    sha256: str
    sharpness: float
    colour_distance: float | None
    faults: tuple[Fault, ...]
    cut_by_border: int
    cells: tuple[RunCell, ...]


def insert_event(
    connection: sqlite3.Connection, run: int, event: SlideEvent, origin: str, operator: str
) -> None:
    """Write what happened to a slide; ``origin`` is what made it happen. Needs a transaction."""
    insert(
        connection,
        "slide_event",
        run=run,
        event=event,
        origin=as_text(origin),
        operator=as_text(operator),
        written=insert_moment(connection),
    )


def open_slides(connection: sqlite3.Connection) -> list[OpenSlide]:
    """Return the slides that are open, the one begun first at the front."""
    return [
        OpenSlide(
            run=row["id"],
            slide_id=row["slide_id"],
            operator=row["operator"],
            manifest_sha256=row["manifest_sha256"],
            is_paused=row["latest"] == "paused",
        )
        for row in connection.execute(_OPEN)
    ]


def fields_of_run(connection: sqlite3.Connection, images: Path, run: int) -> list[RunField]:
    """Return a run's fields in the order they were stored."""
    cells: dict[int, list[RunCell]] = {}
    for row in connection.execute(_CELLS, (run,)):
        cells.setdefault(row["field"], []).append(
            RunCell(box_of(row), call_of(row), row["first_field"])
        )
    return [
        RunField(
            number=row["id"],
            image=images / place_of(row["sha256"], row["suffix"]),
            sha256=row["sha256"],
            sharpness=row["sharpness"],
            colour_distance=row["colour_distance"],
            faults=msgspec.json.decode(row["faults"], type=tuple[str, ...]),
            cut_by_border=row["cut_by_border"],
            cells=tuple(cells.get(row["id"], ())),
        )
        for row in connection.execute(_FIELDS, (run,))
    ]
