"""The rows that a run writes. Each function needs an open transaction around it."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from edgeall.store.clock import now

if TYPE_CHECKING:
    from edgeall.cells.cell import Cell
    from edgeall.model.call import Call
    from edgeall.slide.reading import Reading
    from edgeall.store.images import Picture
    from edgeall.store.records import BundleRecord, CellPlace, FieldRecord

_Value = str | int | float | None


def as_text(value: str) -> str:
    """Return text that UTF-8 can hold: file names need not, and come with surrogates."""
    return os.fsencode(value).decode("utf-8", "replace")


def insert_run(
    connection: sqlite3.Connection, slide_id: str, operator: str, source: str, bundle: BundleRecord
) -> int:
    """Write a run and, where it is new, its bundle; return the run's id."""
    written = insert_moment(connection)
    return insert(
        connection,
        "run",
        slide_id=as_text(slide_id),
        operator=as_text(operator),
        source=as_text(source),
        bundle=_bundle_id(connection, bundle, written),
        written=written,
    )


def insert_fields(
    connection: sqlite3.Connection,
    run: int,
    fields: Sequence[FieldRecord],
    pictures: Sequence[Picture],
) -> list[int]:
    """Write fields with their images' names and their cells; return the fields' ids."""
    written = insert_moment(connection)
    ids = []
    for record, picture in zip(fields, pictures, strict=True):
        image = _image_id(connection, picture, written)
        ids.append(_insert_field(connection, run, image, record, written))
        cells = [_insert_cell(connection, ids[-1], cell, call) for cell, call in record.cells]
        for cell_id, first in zip(cells, record.repeats or (None,) * len(cells), strict=True):
            if first is not None:
                _insert_repeat(connection, cell_id, first)
    return ids


def insert_reading(
    connection: sqlite3.Connection, run: int, reading: Reading, counted_fields: Sequence[int]
) -> int:
    """Write a run's reading and which fields it counts; return its id.

    Raises
    ------
    ValueError
        One of the fields is not of this run.
    """
    blasts = reading.blasts
    row = insert(
        connection,
        "reading",
        run=run,
        unit=reading.unit,
        fields=reading.fields,
        fields_not_counted=reading.fields_not_counted,
        counted=reading.counted,
        cut_by_border=reading.cut_by_border,
        repeated=reading.repeated,
        differential=_json(reading.differential),
        unidentified=reading.unidentified,
        blasts_count=blasts.count if blasts else None,
        blasts_total=blasts.total if blasts else None,
        blasts_value=blasts.value if blasts else None,
        blasts_low=blasts.low if blasts else None,
        blasts_high=blasts.high if blasts else None,
        more_needed=reading.more_needed,
        target_width=reading.target_width,
        flags=_json(reading.flags),
        bundle=reading.bundle,
        written=insert_moment(connection),
    )
    for field in counted_fields:
        found = connection.execute(
            "INSERT INTO reading_field (reading, field) "
            "SELECT ?, id FROM field WHERE id = ? AND run = ?",
            (row, field, run),
        )
        if found.rowcount != 1:
            raise ValueError(f"field {field} is not of run {run}")
    return row


def insert_moment(connection: sqlite3.Connection) -> int:
    """Write this moment; return its id."""
    moment = now()
    return insert(
        connection,
        "moment",
        boot_id=moment.boot_id,
        monotonic_ns=moment.monotonic_ns,
        wall_clock=moment.wall_clock.isoformat(),
        synchronised=moment.synchronised,
    )


def _bundle_id(connection: sqlite3.Connection, bundle: BundleRecord, written: int) -> int:
    digest = hashlib.sha256(bundle.manifest_json.encode()).hexdigest()
    found = connection.execute(
        "SELECT id FROM bundle WHERE manifest_sha256 = ?", (digest,)
    ).fetchone()
    if found:
        return int(found[0])
    return insert(
        connection,
        "bundle",
        name=bundle.name,
        version=bundle.version,
        network_sha256=bundle.network_sha256,
        manifest=bundle.manifest_json,
        manifest_sha256=digest,
        written=written,
    )


def _image_id(connection: sqlite3.Connection, picture: Picture, written: int) -> int:
    found = connection.execute(
        "SELECT id FROM image WHERE sha256 = ?", (picture.sha256,)
    ).fetchone()
    if found:
        return int(found[0])
    return insert(
        connection,
        "image",
        sha256=picture.sha256,
        suffix=picture.suffix,
        bytes=len(picture.data),
        written=written,
    )


def _insert_field(
    connection: sqlite3.Connection, run: int, image: int, record: FieldRecord, written: int
) -> int:
    field, frame = record.field, record.field.frame
    height, width = frame.pixels.shape[:2]
    return insert(
        connection,
        "field",
        run=run,
        image=image,
        origin=as_text(frame.origin),
        number=frame.number,
        width=width,
        height=height,
        taken_at=frame.taken_at.isoformat(),
        taken_monotonic_s=float(frame.monotonic_s),
        um_per_pixel=frame.um_per_pixel,
        settings=_json(dict(frame.settings)),
        sharpness=float(field.sharpness),
        relative_sharpness=float(field.relative_sharpness),
        dark_share=float(field.dark_share),
        bright_share=float(field.bright_share),
        colour_distance=field.colour_distance,
        faults=_json(field.faults),
        cut_by_border=record.cut_by_border,
        written=written,
    )


def _insert_cell(connection: sqlite3.Connection, field: int, cell: Cell | None, call: Call) -> int:
    box = cell.box if cell else None
    return insert(
        connection,
        "cell",
        field=field,
        box_left=int(box.left) if box else None,
        box_top=int(box.top) if box else None,
        box_width=int(box.width) if box else None,
        box_height=int(box.height) if box else None,
        diameter_px=float(cell.diameter_px) if cell else None,
        was_touching=bool(cell.was_touching) if cell else None,
        label=call.label,
        confidence=float(call.confidence),
        identified=bool(call.identified),
        is_blast=bool(call.is_blast),
        probabilities=_json([float(probability) for probability in call.probabilities]),
    )


def _insert_repeat(connection: sqlite3.Connection, cell: int, first: CellPlace) -> None:
    found = connection.execute(
        "SELECT id FROM cell WHERE field = ? ORDER BY id LIMIT 1 OFFSET ?",
        (first.field, first.place),
    ).fetchone()
    if found is None:
        raise ValueError(f"field {first.field} has no cell at place {first.place}")
    insert(connection, "repeated_cell", cell=cell, first=int(found[0]))


def insert(connection: sqlite3.Connection, table: str, **values: _Value) -> int:
    """Write one row; return its id."""
    columns = ", ".join(values)
    places = ", ".join("?" * len(values))
    inserted = connection.execute(
        f"INSERT INTO {table} ({columns}) VALUES ({places})", tuple(values.values())
    )
    row = inserted.lastrowid
    assert row is not None
    return row


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
