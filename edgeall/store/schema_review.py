"""The tables of people: who may, what they corrected, what they signed, who saw what.

::

    account ◄── account_state      role and password as they were set; the newest row counts
    cell ◄── review                a person's class for a cell; the newest row counts
    run ◄── signature ◄── sent     a signed version of a slide, and what left the device
    audit                          who did what, each row sealing the one before
"""

from __future__ import annotations

from edgeall.store.append_only import guards

_TABLES = (
    """
    CREATE TABLE account (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 64),
        written INTEGER NOT NULL REFERENCES moment
    ) STRICT
    """,
    """
    CREATE TABLE account_state (
        id INTEGER PRIMARY KEY,
        account INTEGER NOT NULL REFERENCES account,
        role TEXT NOT NULL CHECK (role IN ('technician', 'reviewer', 'administrator')),
        password TEXT NOT NULL,
        must_change INTEGER NOT NULL CHECK (must_change IN (0, 1)),
        enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
        by_whom TEXT NOT NULL,
        written INTEGER NOT NULL REFERENCES moment
    ) STRICT
    """,
    "CREATE INDEX state_of_account ON account_state (account)",
    """
    CREATE TABLE review (
        id INTEGER PRIMARY KEY,
        cell INTEGER NOT NULL REFERENCES cell,
        verdict TEXT NOT NULL
            CHECK (verdict IN ('class', 'not a cell', 'unidentified', 'as called')),
        label TEXT CHECK ((verdict = 'class') = (label IS NOT NULL)),
        comment TEXT NOT NULL,
        reviewer TEXT NOT NULL,
        written INTEGER NOT NULL REFERENCES moment
    ) STRICT
    """,
    "CREATE INDEX review_of_cell ON review (cell)",
    """
    CREATE TABLE signature (
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES run,
        version INTEGER NOT NULL CHECK (version > 0),
        last_review INTEGER NOT NULL CHECK (last_review >= 0),
        reading TEXT NOT NULL CHECK (json_valid(reading)),
        comment TEXT NOT NULL,
        reason TEXT NOT NULL CHECK (version = 1 OR length(reason) > 0),
        signer TEXT NOT NULL,
        written INTEGER NOT NULL REFERENCES moment,
        UNIQUE (run, version)
    ) STRICT
    """,
    """
    CREATE TABLE sent (
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES run,
        kind TEXT NOT NULL,
        target TEXT NOT NULL,
        sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
        identified INTEGER NOT NULL CHECK (identified IN (0, 1)),
        by_whom TEXT NOT NULL,
        written INTEGER NOT NULL REFERENCES moment
    ) STRICT
    """,
    """
    CREATE TABLE audit (
        id INTEGER PRIMARY KEY,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        detail TEXT NOT NULL CHECK (json_valid(detail)),
        written INTEGER NOT NULL REFERENCES moment,
        seal TEXT NOT NULL UNIQUE CHECK (length(seal) = 64)
    ) STRICT
    """,
    "CREATE INDEX audit_of_subject ON audit (subject)",
)

_APPEND_ONLY = {
    "account": ("id", "name"),
    "account_state": ("id",),
    "review": ("id",),
    "signature": ("id",),
    "sent": ("id",),
    "audit": ("id", "seal"),
}
"""Every table, with the columns by which a row could be replaced."""

REVIEW: tuple[str, ...] = (
    *_TABLES,
    *(guard for table, unique in _APPEND_ONLY.items() for guard in guards(table, unique)),
)
"""The statements of the third migration."""
