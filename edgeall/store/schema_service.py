"""The tables of the unattended device: slides as they go on, calibration, control, upkeep.

::

    run ◄── slide_event         what happened to a slide that the service reads
    cell ◄── repeated_cell      a cell seen again in a field that overlaps an earlier one
    calibration ◄── calibration_check ◄── calibration_acceptance
    run ◄── control             a control slide's figures and their verdict
    image ◄── image_removed     a picture that retention took away; its row stays
    backup                      what was copied where, and read back
"""

from __future__ import annotations

from edgeall.store.append_only import guards

_TABLES = (
    """
    CREATE TABLE slide_event (
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES run,
        event TEXT NOT NULL CHECK (event IN ('begun', 'paused', 'resumed', 'ended')),
        origin TEXT NOT NULL,
        operator TEXT NOT NULL,
        written INTEGER NOT NULL REFERENCES moment
    ) STRICT
    """,
    "CREATE INDEX event_of_run ON slide_event (run)",
    """
    CREATE TABLE repeated_cell (
        id INTEGER PRIMARY KEY,
        cell INTEGER NOT NULL UNIQUE REFERENCES cell,
        first INTEGER NOT NULL REFERENCES cell,
        CHECK (first < cell)
    ) STRICT
    """,
    """
    CREATE TABLE calibration (
        id INTEGER PRIMARY KEY,
        camera TEXT NOT NULL,
        um_per_pixel REAL CHECK (um_per_pixel > 0),
        scale_from TEXT CHECK (scale_from IN ('graticule', 'objective', 'typed')),
        exposure_us INTEGER CHECK (exposure_us > 0),
        gain REAL CHECK (gain > 0),
        red_gain REAL CHECK (red_gain > 0),
        blue_gain REAL CHECK (blue_gain > 0),
        empty_field TEXT NOT NULL CHECK (json_valid(empty_field)),
        operator TEXT NOT NULL,
        written INTEGER NOT NULL REFERENCES moment
    ) STRICT
    """,
    """
    CREATE TABLE calibration_check (
        id INTEGER PRIMARY KEY,
        calibration INTEGER NOT NULL REFERENCES calibration,
        run INTEGER REFERENCES run,
        distance REAL NOT NULL CHECK (distance >= 0),
        within INTEGER NOT NULL CHECK (within IN (0, 1)),
        written INTEGER NOT NULL REFERENCES moment
    ) STRICT
    """,
    """
    CREATE TABLE calibration_acceptance (
        id INTEGER PRIMARY KEY,
        calibration_check INTEGER NOT NULL REFERENCES calibration_check,
        operator TEXT NOT NULL,
        reason TEXT NOT NULL,
        written INTEGER NOT NULL REFERENCES moment
    ) STRICT
    """,
    """
    CREATE TABLE control (
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL UNIQUE REFERENCES run,
        material TEXT NOT NULL,
        measures TEXT NOT NULL CHECK (json_valid(measures)),
        passed INTEGER NOT NULL CHECK (passed IN (0, 1)),
        findings TEXT NOT NULL CHECK (json_valid(findings)),
        operator TEXT NOT NULL,
        written INTEGER NOT NULL REFERENCES moment
    ) STRICT
    """,
    """
    CREATE TABLE image_removed (
        id INTEGER PRIMARY KEY,
        image INTEGER NOT NULL UNIQUE REFERENCES image,
        operator TEXT NOT NULL,
        reason TEXT NOT NULL,
        written INTEGER NOT NULL REFERENCES moment
    ) STRICT
    """,
    """
    CREATE TABLE backup (
        id INTEGER PRIMARY KEY,
        target TEXT NOT NULL,
        files INTEGER NOT NULL CHECK (files >= 0),
        bytes INTEGER NOT NULL CHECK (bytes >= 0),
        verified INTEGER NOT NULL CHECK (verified IN (0, 1)),
        written INTEGER NOT NULL REFERENCES moment
    ) STRICT
    """,
)

_APPEND_ONLY = {
    "slide_event": ("id",),
    "repeated_cell": ("id", "cell"),
    "calibration": ("id",),
    "calibration_check": ("id",),
    "calibration_acceptance": ("id",),
    "control": ("id", "run"),
    "image_removed": ("id", "image"),
    "backup": ("id",),
}
"""Every table, with the columns by which a row could be replaced."""

SERVICE: tuple[str, ...] = (
    *_TABLES,
    "ALTER TABLE reading ADD COLUMN repeated INTEGER NOT NULL DEFAULT 0 CHECK (repeated >= 0)",
    *(guard for table, unique in _APPEND_ONLY.items() for guard in guards(table, unique)),
)
"""The statements of the second migration."""
