"""The tables of readings, and all migrations; the newest edgeall applies them all.

::

    bundle ◄── run ◄── field ◄── cell            a row is never changed or removed:
                │        │ └───► image           a correction is a new row
                └◄── reading ◄── reading_field

``moment`` says when a row was written, by clocks that survive a wrong wall
clock; the cells of a field and the fields of a reading are written with it.
"""

from __future__ import annotations

from typing import Final

from edgeall.store.append_only import guards
from edgeall.store.schema_review import REVIEW
from edgeall.store.schema_service import SERVICE

APPLICATION_ID: Final = 0x45444741
"""``EDGA``, in the database's header: tells our file from another program's."""

_TABLES = (
    """
    CREATE TABLE moment (
        id INTEGER PRIMARY KEY,
        boot_id TEXT NOT NULL,
        monotonic_ns INTEGER NOT NULL,
        wall_clock TEXT NOT NULL,
        synchronised INTEGER NOT NULL CHECK (synchronised IN (0, 1))
    ) STRICT
    """,
    """
    CREATE TABLE bundle (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        version TEXT NOT NULL,
        network_sha256 TEXT NOT NULL CHECK (length(network_sha256) = 64),
        manifest TEXT NOT NULL CHECK (json_valid(manifest)),
        manifest_sha256 TEXT NOT NULL UNIQUE CHECK (length(manifest_sha256) = 64),
        written INTEGER NOT NULL REFERENCES moment
    ) STRICT
    """,
    """
    CREATE TABLE run (
        id INTEGER PRIMARY KEY,
        slide_id TEXT NOT NULL,
        operator TEXT NOT NULL,
        source TEXT NOT NULL,
        bundle INTEGER NOT NULL REFERENCES bundle,
        written INTEGER NOT NULL REFERENCES moment
    ) STRICT
    """,
    "CREATE INDEX run_of_slide ON run (slide_id)",
    """
    CREATE TABLE image (
        id INTEGER PRIMARY KEY,
        sha256 TEXT NOT NULL UNIQUE CHECK (length(sha256) = 64),
        suffix TEXT NOT NULL,
        bytes INTEGER NOT NULL CHECK (bytes > 0),
        written INTEGER NOT NULL REFERENCES moment
    ) STRICT
    """,
    """
    CREATE TABLE field (
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES run,
        image INTEGER NOT NULL REFERENCES image,
        origin TEXT NOT NULL,
        number INTEGER NOT NULL,
        width INTEGER NOT NULL CHECK (width > 0),
        height INTEGER NOT NULL CHECK (height > 0),
        taken_at TEXT NOT NULL,
        taken_monotonic_s REAL NOT NULL,
        um_per_pixel REAL CHECK (um_per_pixel > 0),
        settings TEXT NOT NULL CHECK (json_valid(settings)),
        sharpness REAL NOT NULL,
        relative_sharpness REAL NOT NULL,
        dark_share REAL NOT NULL CHECK (dark_share BETWEEN 0 AND 1),
        bright_share REAL NOT NULL CHECK (bright_share BETWEEN 0 AND 1),
        colour_distance REAL,
        faults TEXT NOT NULL CHECK (json_valid(faults)),
        cut_by_border INTEGER NOT NULL CHECK (cut_by_border >= 0),
        written INTEGER NOT NULL REFERENCES moment
    ) STRICT
    """,
    "CREATE INDEX field_of_run ON field (run)",
    """
    CREATE TABLE cell (
        id INTEGER PRIMARY KEY,
        field INTEGER NOT NULL REFERENCES field,
        box_left INTEGER,
        box_top INTEGER,
        box_width INTEGER CHECK (box_width > 0),
        box_height INTEGER CHECK (box_height > 0),
        diameter_px REAL,
        was_touching INTEGER CHECK (was_touching IN (0, 1)),
        label TEXT NOT NULL,
        confidence REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1),
        identified INTEGER NOT NULL CHECK (identified IN (0, 1)),
        is_blast INTEGER NOT NULL CHECK (is_blast IN (0, 1)),
        probabilities TEXT NOT NULL CHECK (json_valid(probabilities))
    ) STRICT
    """,
    "CREATE INDEX cell_of_field ON cell (field)",
    """
    CREATE TABLE reading (
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL UNIQUE REFERENCES run,
        unit TEXT NOT NULL CHECK (unit IN ('cell', 'field')),
        fields INTEGER NOT NULL,
        fields_not_counted INTEGER NOT NULL,
        counted INTEGER NOT NULL,
        cut_by_border INTEGER NOT NULL,
        differential TEXT NOT NULL CHECK (json_valid(differential)),
        unidentified INTEGER NOT NULL,
        blasts_count INTEGER,
        blasts_total INTEGER,
        blasts_value REAL,
        blasts_low REAL,
        blasts_high REAL,
        more_needed INTEGER,
        target_width REAL NOT NULL,
        flags TEXT NOT NULL CHECK (json_valid(flags)),
        bundle TEXT NOT NULL,
        written INTEGER NOT NULL REFERENCES moment
    ) STRICT
    """,
    """
    CREATE TABLE reading_field (
        id INTEGER PRIMARY KEY,
        reading INTEGER NOT NULL REFERENCES reading,
        field INTEGER NOT NULL UNIQUE REFERENCES field
    ) STRICT
    """,
    "CREATE INDEX field_of_reading ON reading_field (reading)",
)

_APPEND_ONLY = {
    "moment": ("id",),
    "bundle": ("id", "manifest_sha256"),
    "run": ("id",),
    "image": ("id", "sha256"),
    "field": ("id",),
    "cell": ("id",),
    "reading": ("id", "run"),
    "reading_field": ("id", "field"),
}
"""Every table, with the columns by which a row could be replaced."""


_CLOSED = "a run that has its reading takes no more; begin another run"

_CLOSED_RUNS = (
    f"""
    CREATE TRIGGER field_joins_an_open_run BEFORE INSERT ON field
    WHEN EXISTS (SELECT 1 FROM reading WHERE run = NEW.run)
    BEGIN SELECT RAISE(ABORT, '{_CLOSED}'); END
    """,
    f"""
    CREATE TRIGGER cell_joins_an_open_run BEFORE INSERT ON cell
    WHEN EXISTS (
        SELECT 1 FROM field JOIN reading ON reading.run = field.run WHERE field.id = NEW.field
    )
    BEGIN SELECT RAISE(ABORT, '{_CLOSED}'); END
    """,
)

_FIRST = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    *_TABLES,
    *(guard for table, unique in _APPEND_ONLY.items() for guard in guards(table, unique)),
    *_CLOSED_RUNS,
)

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (_FIRST, SERVICE, REVIEW)
"""What leads from version n to n + 1, at place n. Never edit one that was released: add one."""
