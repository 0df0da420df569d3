"""Which slides are signed, and which of those are being amended.

A signature locks its run: nothing more is said of its cells, until an amendment is
begun for a reason. The next signature ends the amendment and locks the run again.
That an amendment was begun stands in the audit log, and nowhere else.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from edgeall.errors import UsageError
from edgeall.store.accounts import refuse_unless
from edgeall.store.audit import append, audited
from edgeall.store.writing import as_text

if TYPE_CHECKING:
    from edgeall.store.accounts import Account
    from edgeall.store.store import Store

BEGUN = "amendment begun"
"""What the audit log calls it; retention asks for it, too."""

_NEWEST = "SELECT max(version) FROM signature WHERE run = ?"

_AMENDED = """
    SELECT detail, actor FROM audit WHERE subject = ? AND action = ? ORDER BY id DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Amendment:
    """An amendment that was begun; ``version`` is what the next signature will be."""

    version: int
    reason: str
    by_whom: str


class LockedError(UsageError):
    """The slide is signed, and nobody has begun to amend it."""


class _Detail(msgspec.Struct):
    version: int
    reason: str


def subject_of(run: int) -> str:
    """Return what the audit log calls a run."""
    return f"run {run}"


def signed_version(rows: sqlite3.Connection, run: int) -> int:
    """Return the version of a run's newest signature, 0 where nobody signed it."""
    (version,) = rows.execute(_NEWEST, (run,)).fetchone()
    return int(version or 0)


def open_amendment(rows: sqlite3.Connection, run: int) -> Amendment | None:
    """Return the amendment of a run that was begun and not yet signed, or None."""
    found = rows.execute(_AMENDED, (subject_of(run), BEGUN)).fetchone()
    if found is None:
        return None
    detail = msgspec.json.decode(found[0], type=_Detail)
    if detail.version <= signed_version(rows, run):
        return None
    return Amendment(detail.version, detail.reason, found[1])


def amendment(store: Store, run: int) -> Amendment | None:
    """Return the amendment of a run that was begun and not yet signed, or None."""
    with store.rows() as rows:
        return open_amendment(rows, run)


def refuse_locked(rows: sqlite3.Connection, run: int) -> None:
    """Refuse what would change a signed run.

    Raises
    ------
    LockedError
        It is signed, and no amendment was begun.
    """
    if signed_version(rows, run) and open_amendment(rows, run) is None:
        raise LockedError(
            f"Run {run} is signed and so locked; begin an amendment, with a reason, to change it."
        )


def begin_amendment(store: Store, run: int, reason: str, by: Account) -> Amendment:
    """Open a signed run for changes, until it is signed again.

    Raises
    ------
    ForbiddenError
        ``by`` may not sign.
    UsageError
        No reason is given, the run is not signed, or it is being amended already.
    """
    why = as_text(" ".join(reason.split()))
    if not why:
        raise UsageError("An amendment has a reason, which the report shows; give one.")
    with audited(store) as rows:
        refuse_unless(rows, by, "reviewer", "administrator")
        version = signed_version(rows, run)
        if not version:
            raise UsageError(f"Run {run} is not signed, so its cells can be corrected as they are.")
        if begun := open_amendment(rows, run):
            raise UsageError(
                f"Run {run} is being amended already ({begun.by_whom}: {begun.reason}); go on "
                "with that and sign it."
            )
        detail = {"version": version + 1, "reason": why}
        append(rows, by.name, BEGUN, subject_of(run), detail)
    return Amendment(version + 1, why, by.name)
