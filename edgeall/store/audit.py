"""The audit log: who did what, each row sealing the one before.

A row's seal is the SHA-256 of the seal before it and of all that the row says, its
moment included. A row that was changed, removed, inserted or moved breaks the chain
there, and `verify` names the first row that does not fit.

What this shows, and what not. The seal has no key. Whoever can write the database as a
file (the owner of its folder, or who takes the card out) and knows this text can write
the chain anew from any row on. A key beside the database would not change that, as the
same person could read it, and it would make a copy or a restored backup impossible to
verify. What such a person cannot do is make the new chain hold the seals that were
seen elsewhere: so the newest seal is kept apart, in a small file beside the database
(against a tail that was cut off; it lies on the same disk, and can be forged with it),
in each signature, and wherever a person took it to: a backup on a stick, a printed
report, a notebook. ``edgeall audit show`` prints it; ``verify`` takes it. Rows that were
forged on the device before their seal left it for the first time are never found.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from edgeall.errors import StoreError
from edgeall.store.durable import write_durably
from edgeall.store.records import Moment
from edgeall.store.writing import as_text, insert, insert_moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgeall.store.store import Store

SEAL_FILE: Final = "audit.seal"
"""The newest seal, beside the database: ``{"number": 7, "seal": "ab…"}``."""

_FIRST_SEAL = hashlib.sha256(b"edgeall audit 1").hexdigest()
"""What stands in the place of a seal before the first row."""

_ROWS = """
    SELECT audit.id, audit.actor, audit.action, audit.subject, audit.detail, audit.seal,
        moment.boot_id, moment.monotonic_ns, moment.wall_clock, moment.synchronised
    FROM audit LEFT JOIN moment ON moment.id = audit.written
"""

_SHOWN = (
    _ROWS
    + """
    WHERE (:actor IS NULL OR audit.actor = :actor)
        AND (:subject IS NULL OR audit.subject = :subject)
        AND (:since IS NULL OR moment.wall_clock >= :since)
    ORDER BY audit.id
"""
)


class KnownSeal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row's number and its seal, as they were seen at some time."""

    number: int
    seal: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the log; ``detail`` is JSON, ``written`` None where somebody removed it."""

    number: int
    actor: str
    action: str
    subject: str
    detail: str
    written: Moment | None
    seal: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look through the whole chain found.

    Attributes
    ----------
    rows
        Rows that fit, from the first on.
    newest
        The last of them, or None.
    fault
        The first thing that does not fit, as a sentence; None where everything does.
    compared
        How many seals that were kept apart were compared: with none, a cut-off tail
        does not show.
    """

    rows: int
    newest: KnownSeal | None
    fault: str | None
    compared: int


@contextmanager
def audited(store: Store) -> Iterator[sqlite3.Connection]:
    """Yield the database in a transaction, and keep the newest seal apart once it is durable.

    What is done and the row that tells of it are so written both, or neither. Where the
    seal alone cannot be written, what was done is done: the next one makes up for it.

    Raises
    ------
    StoreError
        The database cannot be written.
    """
    with store.rows(write=True) as rows:
        yield rows
    with suppress(StoreError):
        keep_seal(store)


def append(
    rows: sqlite3.Connection,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, object] | None = None,
) -> int:
    """Write that ``actor`` did ``action`` to ``subject``; return the row's number.

    It needs the transaction of what was done around it; see `audited`. A password,
    or anything that may be one, has no place in ``detail``.
    """
    before = newest_seal(rows)
    number = before.number + 1 if before else 1
    written = insert_moment(rows)
    said = (
        as_text(actor),
        as_text(action),
        as_text(subject),
        msgspec.json.encode(detail or {}, order="deterministic").decode(),
    )
    moment = rows.execute(
        "SELECT boot_id, monotonic_ns, wall_clock, synchronised FROM moment WHERE id = ?",
        (written,),
    ).fetchone()
    seal = _seal(before.seal if before else _FIRST_SEAL, (number, *said, *moment))
    return insert(
        rows,
        "audit",
        id=number,
        actor=said[0],
        action=said[1],
        subject=said[2],
        detail=said[3],
        written=written,
        seal=seal,
    )


def newest_seal(rows: sqlite3.Connection) -> KnownSeal | None:
    """Return the newest row's number and seal, or None in an empty log."""
    found = rows.execute("SELECT id, seal FROM audit ORDER BY id DESC LIMIT 1").fetchone()
    return KnownSeal(found[0], found[1]) if found else None


def keep_seal(store: Store) -> None:
    """Write the newest seal to its file, so that a tail which is cut off shows.

    Raises
    ------
    StoreError
        It cannot be written.
    """
    with store.rows() as rows:
        newest = newest_seal(rows)
    if newest:
        write_durably(store.path.parent / SEAL_FILE, msgspec.json.encode(newest))


def kept_seal(folder: Path) -> KnownSeal | None:
    """Return the seal that lies beside the database, or None where none is readable."""
    with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.json.decode((folder / SEAL_FILE).read_bytes(), type=KnownSeal)
    return None


def entries(
    store: Store,
    *,
    actor: str | None = None,
    subject: str | None = None,
    since: datetime | None = None,
) -> Iterator[Entry]:
    """Yield the rows, the oldest first: all, or those of an actor, a subject, a time.

    ``since`` is compared with the wall clock, which was perhaps wrong when a row was written.

    Raises
    ------
    StoreError
        They cannot be read.
    """
    asked = {
        "actor": None if actor is None else as_text(actor),
        "subject": None if subject is None else as_text(subject),
        "since": since.isoformat() if since else None,
    }
    with store.rows() as rows:
        for row in rows.execute(_SHOWN, asked):
            yield Entry(
                number=row["id"],
                actor=row["actor"],
                action=row["action"],
                subject=row["subject"],
                detail=row["detail"],
                written=_moment(row),
                seal=row["seal"],
            )


def verify(store: Store, known: Sequence[KnownSeal] = ()) -> Verified:
    """Look through the whole chain, row by row, up to the first that does not fit.

    ``known`` are seals that were taken elsewhere: from a report, a stick, a notebook.
    That beside the database and those in the signatures are compared by themselves.

    Raises
    ------
    StoreError
        The database cannot be read.
    """
    beside = kept_seal(store.path.parent)
    apart = [*known, *([beside] if beside else [])]
    with store.rows() as rows:
        apart += _signed_seals(rows)
        expected: dict[int, set[str]] = {}
        for seen in apart:
            expected.setdefault(seen.number, set()).add(seen.seal)
        fitting: KnownSeal | None = None
        for row in rows.execute(_ROWS + "ORDER BY audit.id"):
            if fault := _fault(fitting, tuple(row), expected):
                return Verified(fitting.number if fitting else 0, fitting, fault, len(apart))
            fitting = KnownSeal(row["id"], row["seal"])
    count = fitting.number if fitting else 0
    return Verified(count, fitting, _cut_off(count, apart), len(apart))


def _fault(
    before: KnownSeal | None, row: tuple[object, ...], expected: Mapping[int, set[str]]
) -> str | None:
    number, actor, action, subject, detail, seal, *moment = row
    next_number = before.number + 1 if before else 1
    if number != next_number:
        return f"row {next_number} is not there: the next that is there is row {number}"
    content = (number, actor, action, subject, detail, *moment)
    if _seal(before.seal if before else _FIRST_SEAL, content) != seal:
        return (
            f"row {number} is not as it was sealed: it was changed, inserted or moved, or a row "
            "before it was removed and the rest numbered anew"
        )
    if expected.get(next_number, {seal}) != {seal}:
        return (
            f"row {number} has another seal than was kept apart: the chain was written anew from "
            "this row or an earlier one on"
        )
    return None


def _cut_off(count: int, apart: Sequence[KnownSeal]) -> str | None:
    last = max((seal.number for seal in apart), default=0)
    if last <= count:
        return None
    return f"row {count + 1} is not there: the log was cut off, it once had {last} rows"


def _signed_seals(rows: sqlite3.Connection) -> list[KnownSeal]:
    """Return the seals that lie in signatures; each was the newest when it was signed."""
    found = rows.execute(
        "SELECT reading ->> '$.audit.number', reading ->> '$.audit.seal' FROM signature "
        "WHERE reading -> '$.audit.seal' IS NOT NULL ORDER BY id"
    )
    return [KnownSeal(number, seal) for number, seal in found if isinstance(number, int)]


def _moment(row: sqlite3.Row) -> Moment | None:
    """Return when a row was written, or None where that was tampered with."""
    try:
        return Moment(
            row["boot_id"],
            row["monotonic_ns"],
            datetime.fromisoformat(row["wall_clock"]),
            bool(row["synchronised"]),
        )
    except (TypeError, ValueError):
        return None


def _seal(before: str, content: tuple[object, ...]) -> str:
    """Return the SHA-256 of the seal before and the row as JSON, whose form is unambiguous."""
    return hashlib.sha256(msgspec.json.encode((before, *content))).hexdigest()
