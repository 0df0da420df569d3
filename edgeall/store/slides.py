"""Slides and their readings, as they come out of the database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import TypeAlias

import msgspec

from edgeall.slide.reading import Flag, Proportion, Reading
from edgeall.store.records import Moment, SlideSummary, StoredReading

_Differential: TypeAlias = tuple[tuple[str, int], ...]

_SLIDES = """
    WITH per_run AS (
        SELECT
            run.id,
            run.slide_id,
            (SELECT count(*) FROM field WHERE field.run = run.id) AS fields,
            (
                SELECT count(*) FROM field JOIN cell ON cell.field = field.id
                WHERE field.run = run.id
            ) AS cells,
            (SELECT reading.id FROM reading WHERE reading.run = run.id) AS reading
        FROM run
    )
    SELECT
        slide_id,
        count(*) AS runs,
        count(*) - count(reading) AS cut_off,
        sum(fields) AS fields,
        sum(cells) AS cells,
        max(reading) AS latest
    FROM per_run GROUP BY slide_id ORDER BY max(id)
"""

_READINGS = """
    SELECT reading.*, run.slide_id, run.operator, run.source,
        moment.boot_id, moment.monotonic_ns, moment.wall_clock, moment.synchronised
    FROM reading
    JOIN run ON run.id = reading.run
    JOIN moment ON moment.id = reading.written
"""


def slide_summaries(connection: sqlite3.Connection) -> list[SlideSummary]:
    """Return all slides, the one whose run began last at the end."""
    rows = connection.execute(_SLIDES).fetchall()
    readings = {
        stored.number: stored
        for stored in _stored(
            connection.execute(
                _READINGS + "WHERE reading.id IN "
                "(SELECT max(reading.id) FROM reading JOIN run ON run.id = reading.run "
                "GROUP BY run.slide_id)"
            )
        )
    }
    return [
        SlideSummary(
            slide_id=row["slide_id"],
            runs=row["runs"],
            cut_off=row["cut_off"],
            fields=row["fields"],
            cells=row["cells"],
            latest=readings.get(row["latest"]),
        )
        for row in rows
    ]


def readings_of(connection: sqlite3.Connection, slide_id: str) -> list[StoredReading]:
    """Return a slide's readings, the newest last."""
    return list(
        _stored(
            connection.execute(
                _READINGS + "WHERE run.slide_id = ? ORDER BY reading.id", (slide_id,)
            )
        )
    )


def _stored(rows: Iterable[sqlite3.Row]) -> Iterable[StoredReading]:
    for row in rows:
        yield StoredReading(
            number=row["id"],
            run=row["run"],
            operator=row["operator"],
            source=row["source"],
            written=Moment(
                boot_id=row["boot_id"],
                monotonic_ns=row["monotonic_ns"],
                wall_clock=datetime.fromisoformat(row["wall_clock"]),
                synchronised=bool(row["synchronised"]),
            ),
            reading=_reading(row),
        )


def _reading(row: sqlite3.Row) -> Reading:
    return Reading(
        slide_id=row["slide_id"],
        unit=row["unit"],
        fields=row["fields"],
        fields_not_counted=row["fields_not_counted"],
        counted=row["counted"],
        cut_by_border=row["cut_by_border"],
        repeated=row["repeated"],
        differential=msgspec.json.decode(row["differential"], type=_Differential),
        unidentified=row["unidentified"],
        blasts=_blasts(row),
        more_needed=row["more_needed"],
        target_width=row["target_width"],
        flags=msgspec.json.decode(row["flags"], type=tuple[Flag, ...]),
        bundle=row["bundle"],
    )


def _blasts(row: sqlite3.Row) -> Proportion | None:
    if row["blasts_total"] is None:
        return None
    return Proportion(
        count=row["blasts_count"],
        total=row["blasts_total"],
        value=row["blasts_value"],
        low=row["blasts_low"],
        high=row["blasts_high"],
    )
