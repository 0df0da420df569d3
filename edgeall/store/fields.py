"""Fields and their cells, as they come out of the database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path

import msgspec

from edgeall.cells.cell import Box
from edgeall.model.call import Call
from edgeall.store.images import place_of
from edgeall.store.records import CellRow, StoredField

_FIELDS = """
    SELECT field.*, image.sha256, image.suffix,
        reading.id IS NOT NULL AS was_read, reading_field.id IS NOT NULL AS counted
    FROM run
    JOIN field ON field.run = run.id
    JOIN image ON image.id = field.image
    LEFT JOIN reading ON reading.run = run.id
    LEFT JOIN reading_field ON reading_field.field = field.id
    WHERE run.slide_id = ? ORDER BY field.id
"""

_CELLS = """
    SELECT cell.*, field.run, field.origin, field.taken_at, image.sha256, image.suffix,
        bundle.manifest, bundle.name, bundle.version, bundle.network_sha256,
        reading.id IS NOT NULL AS was_read,
        reading_field.id IS NOT NULL AND (first_reading.id IS NULL) AS counted
    FROM run
    JOIN bundle ON bundle.id = run.bundle
    JOIN field ON field.run = run.id
    JOIN image ON image.id = field.image
    JOIN cell ON cell.field = field.id
    LEFT JOIN reading ON reading.run = run.id
    LEFT JOIN reading_field ON reading_field.field = field.id
    LEFT JOIN repeated_cell ON repeated_cell.cell = cell.id
    LEFT JOIN cell AS first_cell ON first_cell.id = repeated_cell.first
    LEFT JOIN reading_field AS first_reading ON first_reading.field = first_cell.field
    WHERE run.slide_id = ? ORDER BY cell.id
"""


class _Output(msgspec.Struct):
    labels: tuple[str, ...]


class _Labelled(msgspec.Struct):
    """The one fact of a stored manifest that a cell's row needs, whatever its format."""

    output: _Output


def fields_of(connection: sqlite3.Connection, images: Path, slide_id: str) -> Iterator[StoredField]:
    """Yield a slide's fields in the order they were stored."""
    for row in connection.execute(_FIELDS, (slide_id,)):
        yield StoredField(
            number=row["id"],
            run=row["run"],
            image=images / place_of(row["sha256"], row["suffix"]),
            origin=row["origin"],
            width=row["width"],
            height=row["height"],
            taken_at=datetime.fromisoformat(row["taken_at"]),
            um_per_pixel=row["um_per_pixel"],
            settings=msgspec.json.decode(row["settings"], type=dict[str, str | int | float]),
            sharpness=row["sharpness"],
            colour_distance=row["colour_distance"],
            faults=msgspec.json.decode(row["faults"], type=tuple[str, ...]),
            cut_by_border=row["cut_by_border"],
            counted=_counted(row),
        )


def cells_of(connection: sqlite3.Connection, images: Path, slide_id: str) -> Iterator[CellRow]:
    """Yield a slide's cells in the order they were stored."""
    for row in connection.execute(_CELLS, (slide_id,)):
        yield CellRow(
            slide_id=slide_id,
            run=row["run"],
            field=row["field"],
            image=images / place_of(row["sha256"], row["suffix"]),
            origin=row["origin"],
            taken_at=datetime.fromisoformat(row["taken_at"]),
            box=box_of(row),
            call=call_of(row),
            labels=_labels(row["manifest"]),
            counted=_counted(row),
            bundle=f"{row['name']} {row['version']} ({row['network_sha256'][:12]})",
        )


def _counted(row: sqlite3.Row) -> bool | None:
    return bool(row["counted"]) if row["was_read"] else None


def box_of(row: sqlite3.Row) -> Box | None:
    """Return a cell row's box; None where the whole field is one example."""
    if row["box_left"] is None:
        return None
    return Box(row["box_left"], row["box_top"], row["box_width"], row["box_height"])


def call_of(row: sqlite3.Row) -> Call:
    """Return a cell row's call."""
    return Call(
        label=row["label"],
        confidence=row["confidence"],
        identified=bool(row["identified"]),
        is_blast=bool(row["is_blast"]),
        probabilities=msgspec.json.decode(row["probabilities"], type=tuple[float, ...]),
    )


@cache
def _labels(manifest: str) -> tuple[str, ...]:
    return msgspec.json.decode(manifest, type=_Labelled).output.labels
