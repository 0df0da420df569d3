"""Network against reviewers: how often they agree, and each cell where they did not.

Agreement is counted over the cells of signed slides alone: who signed stands for every
cell, also those that needed no word. Cells of unsigned slides were perhaps looked at
just where the network was wrong, and would tell against it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from edgeall.slide.review import AS_CALLED, Agreement, Opinion, called, meant
from edgeall.store.fields import box_of
from edgeall.store.images import place_of

if TYPE_CHECKING:
    import sqlite3

    from edgeall.cells.cell import Box
    from edgeall.store.store import Store

_COUNTS = """
    SELECT substr(moment.wall_clock, 1, 7) AS month, bundle.network_sha256,
        cell.label, cell.identified, review.verdict, review.label AS said, count(*) AS cells
    FROM signature
    JOIN moment ON moment.id = signature.written
    JOIN run ON run.id = signature.run
    JOIN bundle ON bundle.id = run.bundle
    JOIN field ON field.run = run.id
    JOIN reading_field ON reading_field.field = field.id
    JOIN cell ON cell.field = field.id
    LEFT JOIN repeated_cell ON repeated_cell.cell = cell.id
    LEFT JOIN cell AS first_cell ON first_cell.id = repeated_cell.first
    LEFT JOIN reading_field AS first_reading ON first_reading.field = first_cell.field
    LEFT JOIN review ON review.id = (
        SELECT max(id) FROM review
        WHERE review.cell = cell.id AND review.id <= signature.last_review
    )
    WHERE first_reading.id IS NULL
        AND signature.version = (
            SELECT max(version) FROM signature AS any_version WHERE any_version.run = run.id
        )
        AND (:since IS NULL OR moment.wall_clock >= :since)
        AND (:network IS NULL OR bundle.network_sha256 = :network)
    GROUP BY month, bundle.network_sha256, cell.label, cell.identified, review.verdict, said
"""

_CORRECTED = """
    SELECT cell.*, field.run, image.sha256, image.suffix,
        review.verdict, review.label AS said, review.reviewer
    FROM cell
    JOIN field ON field.id = cell.field
    JOIN image ON image.id = field.image
    JOIN review ON review.id = (SELECT max(id) FROM review WHERE review.cell = cell.id)
    WHERE review.verdict <> 'as called'
        AND NOT (
            review.verdict = 'class' AND cell.identified AND review.label = cell.label
        )
        AND NOT (review.verdict = 'unidentified' AND NOT cell.identified)
    ORDER BY cell.id
"""


@dataclass(frozen=True, slots=True)
class MonthAgreement:
    """The confusion counts of a network (its sha256) over slides signed in a month."""

    month: str
    network_sha256: str
    counts: tuple[Agreement, ...]


@dataclass(frozen=True, slots=True)
class CorrectedCell:
    """A cell of which a person said otherwise than the network, for a training set.

    Attributes
    ----------
    image
        The field's picture; retention may have taken it away.
    box
        Where the cell lies in it; None where the whole field is one example.
    network, reviewed
        A label or ``unidentified``; the person may have said ``not a cell``.
    """

    cell: int
    run: int
    image: Path
    box: Box | None
    network: str
    reviewed: str
    reviewer: str


def agreement(
    store: Store, *, since: datetime | None = None, network: str | None = None
) -> list[MonthAgreement]:
    """Return how network and reviewers agreed, month by month of signing, and by network.

    ``network`` is a sha256, where one alone is asked for. Of an amended slide its newest
    version counts.

    Raises
    ------
    StoreError
        It cannot be read.
    """
    months: dict[tuple[str, str], Counter[tuple[str, str]]] = {}
    asked = {"since": since.isoformat() if since else None, "network": network}
    with store.rows() as rows:
        for row in rows.execute(_COUNTS, asked):
            said = called(row["label"], bool(row["identified"]))
            counts = months.setdefault((row["month"], row["network_sha256"]), Counter())
            counts[said, meant(said, _opinion(row))] += row["cells"]
    return [
        MonthAgreement(
            month,
            sha256,
            tuple(Agreement(*pair, cells) for pair, cells in sorted(counts.items())),
        )
        for (month, sha256), counts in sorted(months.items())
    ]


def corrected_cells(store: Store) -> Iterator[CorrectedCell]:
    """Yield each cell of which a person now says otherwise than the network.

    Use it up before anything is written.

    Raises
    ------
    StoreError
        They cannot be read.
    """
    with store.rows() as rows:
        for row in rows.execute(_CORRECTED):
            said = called(row["label"], bool(row["identified"]))
            yield CorrectedCell(
                cell=row["id"],
                run=row["run"],
                image=store.images / place_of(row["sha256"], row["suffix"]),
                box=box_of(row),
                network=said,
                reviewed=meant(said, _opinion(row)),
                reviewer=row["reviewer"],
            )


def _opinion(row: sqlite3.Row) -> Opinion:
    return Opinion(row["verdict"], row["said"]) if row["verdict"] else AS_CALLED
