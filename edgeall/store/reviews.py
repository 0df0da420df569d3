"""Reviews: what persons said of cells, each a new row, the newest counts.

Nobody overwrites what they have not seen. An edit names the last review of its cell
that the person saw; where another person's is newer, all edits of that call are
refused and the error says whose and what. Undoing writes the opinion before once more.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeall.errors import UsageError
from edgeall.slide.review import AS_CALLED, VERDICTS, Opinion, meant
from edgeall.store.accounts import ROLES, refuse_unless
from edgeall.store.amendments import refuse_locked, subject_of
from edgeall.store.audit import append, audited
from edgeall.store.reviewed import output_of
from edgeall.store.writing import as_text, insert, insert_moment

if TYPE_CHECKING:
    from edgeall.store.accounts import Account
    from edgeall.store.store import Store

MAX_COMMENT = 2000
"""Characters of the longest comment."""

_LAST = """
    SELECT max(review.id) FROM field
    JOIN cell ON cell.field = field.id
    JOIN review ON review.cell = cell.id
    WHERE field.run = ?
"""

_OF_CELL = "SELECT * FROM review WHERE cell = ? ORDER BY id DESC LIMIT 2"


@dataclass(frozen=True, slots=True)
class Edit:
    """What a person says of a cell, having ``seen`` its review of that number (0: none)."""

    cell: int
    seen: int
    opinion: Opinion
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Newer:
    """A review that the person who edits had not seen."""

    cell: int
    review: int
    opinion: Opinion
    reviewer: str


class NewerReviewError(UsageError):
    """Another person was faster; nothing was stored. ``newer`` says who and what."""

    def __init__(self, newer: Sequence[Newer]) -> None:
        self.newer = tuple(newer)
        first = self.newer[0]
        more = f" and {len(self.newer) - 1} more" if len(self.newer) > 1 else ""
        super().__init__(
            f"{first.reviewer} meanwhile said {meant('as called', first.opinion)} of cell "
            f"{first.cell}{more}, so nothing of this was stored; look again and decide."
        )


def last_review(rows: sqlite3.Connection, run: int) -> int:
    """Return the number of the newest review of any cell of a run, 0 where there is none."""
    (number,) = rows.execute(_LAST, (run,)).fetchone()
    return int(number or 0)


def add_reviews(store: Store, run: int, edits: Sequence[Edit], by: Account) -> list[int]:
    """Store what a person said of cells of a run, all or none; return the reviews' numbers.

    Raises
    ------
    NewerReviewError
        Another person said something of one of the cells that this one had not seen.
    LockedError
        The run is signed.
    ForbiddenError
        The account is disabled, or its first password was not changed.
    UsageError
        A cell is not of this run, or a class is none of the bundle's.
    StoreError
        The database cannot be written.
    """
    with audited(store) as rows:
        _refuse_unusable(rows, run, edits, by)
        _refuse_unseen(rows, [(edit.cell, edit.seen) for edit in edits], by)
        return _write(rows, run, edits, by, "reviewed")


def undo(store: Store, run: int, seen: Sequence[tuple[int, int]], by: Account) -> list[int]:
    """Return cells to the opinion before their newest; undoing twice brings that back.

    ``seen`` are the cells, each with its newest review that the person saw. Raises as
    `add_reviews` does, and `UsageError` where nothing was said of a cell.
    """
    with audited(store) as rows:
        _refuse_unseen(rows, seen, by, own_too=True)
        edits = [Edit(cell, number, _opinion_before(rows, cell)) for cell, number in seen]
        _refuse_unusable(rows, run, edits, by)
        return _write(rows, run, edits, by, "review undone")


def _refuse_unusable(
    rows: sqlite3.Connection, run: int, edits: Sequence[Edit], by: Account
) -> None:
    refuse_unless(rows, by, *ROLES)
    refuse_locked(rows, run)
    labels = output_of(rows, run).labels
    if not edits:
        raise UsageError("Nothing was said of any cell; choose at least one.")
    if len({edit.cell for edit in edits}) < len(edits):
        raise UsageError("A cell is named twice; say one thing of each.")
    for edit in edits:
        _refuse_edit(rows, run, edit, labels)


def _refuse_edit(rows: sqlite3.Connection, run: int, edit: Edit, labels: tuple[str, ...]) -> None:
    verdict, label = edit.opinion.verdict, edit.opinion.label
    if verdict not in VERDICTS or (verdict == "class") != (label is not None):
        raise UsageError(f"{verdict}: say one of {', '.join(VERDICTS)}, and a label with class.")
    if label is not None and label not in labels:
        raise UsageError(f"{label}: the bundle has no such class; it has {', '.join(labels)}.")
    if len(edit.comment) > MAX_COMMENT:
        raise UsageError(f"A comment has at most {MAX_COMMENT} characters; shorten it.")
    owner = rows.execute(
        "SELECT field.run FROM cell JOIN field ON field.id = cell.field WHERE cell.id = ?",
        (edit.cell,),
    ).fetchone()
    if owner is None or owner[0] != run:
        raise UsageError(f"Run {run} has no cell {edit.cell}; load the slide again.")


def _refuse_unseen(
    rows: sqlite3.Connection,
    seen: Sequence[tuple[int, int]],
    by: Account,
    *,
    own_too: bool = False,
) -> None:
    newer = []
    for cell, number in seen:
        newest = rows.execute(_OF_CELL, (cell,)).fetchone()
        others = newest and (own_too or newest["reviewer"] != by.name)
        if others and newest["id"] > number:
            opinion = Opinion(newest["verdict"], newest["label"])
            newer.append(Newer(cell, newest["id"], opinion, newest["reviewer"]))
    if newer:
        raise NewerReviewError(newer)


def _opinion_before(rows: sqlite3.Connection, cell: int) -> Opinion:
    found = rows.execute(_OF_CELL, (cell,)).fetchall()
    if not found:
        raise UsageError(f"Nothing was said of cell {cell}, so there is nothing to undo.")
    return Opinion(found[1]["verdict"], found[1]["label"]) if len(found) > 1 else AS_CALLED


def _write(
    rows: sqlite3.Connection, run: int, edits: Sequence[Edit], by: Account, action: str
) -> list[int]:
    written = insert_moment(rows)
    numbers = [
        insert(
            rows,
            "review",
            cell=edit.cell,
            verdict=edit.opinion.verdict,
            label=edit.opinion.label,
            comment=as_text(edit.comment),
            reviewer=by.name,
            written=written,
        )
        for edit in edits
    ]
    detail = {"cells": len(numbers), "first": numbers[0], "last": numbers[-1]}
    append(rows, by.name, action, subject_of(run), detail)
    return numbers
