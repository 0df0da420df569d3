"""Signatures: a person's name under a slide's reviewed reading, which locks the slide.

What is signed is stored whole, as JSON: the reading, the last review that it rests on,
and the newest seal of the audit log, which so cannot be rewritten unseen from before
it. The log in turn holds the SHA-256 of what was signed. An amendment is another version
with a reason; former versions stay.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from edgeall.errors import StoreError, UsageError
from edgeall.slide.reading import Reading
from edgeall.slide.tally import MIN_CELLS
from edgeall.store.accounts import ForbiddenError, refuse_unless
from edgeall.store.amendments import (
    LockedError,
    open_amendment,
    refuse_locked,
    signed_version,
    subject_of,
)
from edgeall.store.audit import KnownSeal, append, audited, newest_seal
from edgeall.store.open_slides import open_slides
from edgeall.store.records import Moment
from edgeall.store.reviewed import reading_of_rows
from edgeall.store.reviews import last_review
from edgeall.store.writing import as_text, insert, insert_moment

if TYPE_CHECKING:
    from edgeall.store.accounts import Account
    from edgeall.store.store import Store

FRESH_S: Final = 120.0
"""Seconds for which a password that was checked is good for signing."""

SIGNED: Final = "signed"
"""What the audit log calls it."""

_SIGNATURES = """
    SELECT signature.*,
        moment.boot_id, moment.monotonic_ns, moment.wall_clock, moment.synchronised
    FROM signature JOIN moment ON moment.id = signature.written
    WHERE signature.run = ? ORDER BY signature.version
"""

_ALTERED = """
    WITH logged AS MATERIALIZED (
        SELECT detail ->> '$.signature' AS number, detail ->> '$.version' AS version,
            detail ->> '$.sha256' AS sha256, actor, subject
        FROM audit WHERE action = ?
    )
    SELECT signature.*, logged.version AS logged_version, logged.sha256, logged.actor,
        logged.subject
    FROM signature LEFT JOIN logged ON logged.number = signature.id
    UNION ALL
    SELECT logged.number, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM logged WHERE logged.number NOT IN (SELECT id FROM signature)
"""
"""Each signature beside what was logged of it, and what was logged of signatures now gone."""


class SignedReading(msgspec.Struct, frozen=True, kw_only=True):
    """What a signature stands under; ``audit`` is the newest seal before it."""

    reading: Reading
    last_review: int
    audit: KnownSeal | None


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature as it was stored; ``reason`` is empty for the first version."""

    number: int
    run: int
    version: int
    last_review: int
    reading: Reading
    comment: str
    reason: str
    signer: str
    written: Moment


class ReviewedMeanwhileError(UsageError):
    """A cell was reviewed after the person who signs looked at the slide."""


def sign(
    store: Store,
    run: int,
    by: Account,
    *,
    seen: int,
    stopped: str | None,
    comment: str = "",
    min_cells: int = MIN_CELLS,
) -> Signature:
    """Sign a run's reviewed reading, and lock the run; an open amendment is so signed.

    ``by`` comes fresh from `Logins.check`. ``seen`` is the newest review of the run that
    the person saw, 0 for none. ``stopped`` says why nothing may be reported, or is None
    (`edgeall.service.calibrated.reporting_stopped`).

    Raises
    ------
    ForbiddenError
        The account may not sign, or its password was not checked just now.
    LockedError
        The run is signed, and no amendment was begun.
    ReviewedMeanwhileError
        A cell was reviewed since.
    UsageError
        Reporting is stopped, or the run is still open or has no reading.
    StoreError
        The database cannot be written.
    """
    _refuse_stale(by)
    if stopped is not None:
        raise UsageError(stopped)
    with audited(store) as rows:
        refuse_unless(rows, by, "reviewer", "administrator")
        _refuse_open(rows, run)
        refuse_locked(rows, run)
        last = last_review(rows, run)
        if last != seen:
            raise ReviewedMeanwhileError(
                f"Cells of run {run} were reviewed since you looked; look again, then sign."
            )
        reading = reading_of_rows(rows, run, min_cells)
        signed = SignedReading(reading=reading, last_review=last, audit=newest_seal(rows))
        _write(rows, run, by, signed, as_text(comment))
        return _stored(rows.execute(_SIGNATURES, (run,)).fetchall()[-1])


def signatures(store: Store, run: int) -> list[Signature]:
    """Return all versions that were signed of a run, the newest last.

    Raises
    ------
    StoreError
        They cannot be read.
    """
    with store.rows() as rows:
        return [_stored(row) for row in rows.execute(_SIGNATURES, (run,)).fetchall()]


def altered_signatures(store: Store) -> list[int]:
    """Return the numbers of signatures that are gone, or not as the audit log says.

    It tells something only of a log that `edgeall.store.audit.verify` found whole.
    """
    with store.rows() as rows:
        found = [row["id"] for row in rows.execute(_ALTERED, (SIGNED,)) if not _as_logged(row)]
    return sorted(found)


def _refuse_stale(by: Account) -> None:
    if by.checked_s is None or not 0 <= time.monotonic() - by.checked_s <= FRESH_S:
        raise ForbiddenError(f"{by.name}: type the password again to sign.")


def _refuse_open(rows: sqlite3.Connection, run: int) -> None:
    if any(slide.run == run for slide in open_slides(rows)):
        raise UsageError(f"Run {run} is still open; end its slide, then sign.")


def _write(
    rows: sqlite3.Connection, run: int, by: Account, signed: SignedReading, comment: str
) -> None:
    amendment = open_amendment(rows, run)
    version = signed_version(rows, run) + 1
    # refuse_locked let it through: a second version has its amendment, and so its reason.
    if version > 1 and amendment is None:
        raise LockedError(f"Run {run} is signed; begin an amendment to sign it again.")
    reading = msgspec.json.encode(signed).decode()
    number = insert(
        rows,
        "signature",
        run=run,
        version=version,
        last_review=signed.last_review,
        reading=reading,
        comment=comment,
        reason=amendment.reason if amendment else "",
        signer=by.name,
        written=insert_moment(rows),
    )
    sha256 = _sha256(reading, comment, amendment.reason if amendment else "")
    detail = {"version": version, "signature": number, "sha256": sha256}
    append(rows, by.name, SIGNED, subject_of(run), detail)


def _as_logged(row: sqlite3.Row) -> bool:
    if row["run"] is None or row["sha256"] is None:
        return False
    return (
        bool(row["logged_version"] == row["version"])
        and row["sha256"] == _sha256(row["reading"], row["comment"], row["reason"])
        and row["actor"] == row["signer"]
        and row["subject"] == subject_of(row["run"])
    )


def _stored(row: sqlite3.Row) -> Signature:
    try:
        signed = msgspec.json.decode(row["reading"], type=SignedReading)
    except msgspec.DecodeError as error:
        raise StoreError(
            f"Signature {row['id']} cannot be read ({error}); a later edgeall may have stored it."
        ) from error
    return Signature(
        number=row["id"],
        run=row["run"],
        version=row["version"],
        last_review=row["last_review"],
        reading=signed.reading,
        comment=row["comment"],
        reason=row["reason"],
        signer=row["signer"],
        written=Moment(
            row["boot_id"],
            row["monotonic_ns"],
            datetime.fromisoformat(row["wall_clock"]),
            bool(row["synchronised"]),
        ),
    )


def _sha256(*texts: str) -> str:
    return hashlib.sha256(msgspec.json.encode(texts)).hexdigest()
