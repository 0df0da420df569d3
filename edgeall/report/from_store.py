"""A slide's report, gathered from the store."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from edgeall import __version__
from edgeall.errors import UsageError
from edgeall.report.interest import Candidate, crops, first_to_look_at
from edgeall.report.model_card import card_line
from edgeall.report.rows import printable
from edgeall.report.slide_report import (
    NOT_A_CELL,
    UNIDENTIFIED,
    CellOfInterest,
    Counts,
    Signed,
    SlideReport,
    When,
)
from edgeall.slide.interval import proportion
from edgeall.store.fields import box_of, call_of
from edgeall.store.images import place_of

if TYPE_CHECKING:
    from edgeall.camera.frame import Pixels
    from edgeall.slide.reading import Reading
    from edgeall.store.records import StoredReading
    from edgeall.store.store import Store

Verdict: TypeAlias = Literal["class", "not a cell", "unidentified", "as called"]

CELLS_SHOWN = 36
"""Cells of interest in a report unless asked otherwise: one page of them."""

_RUN = """
    SELECT run.slide_id, run.operator, run.source, bundle.manifest, bundle.network_sha256,
        bundle.manifest_sha256, begun.wall_clock, begun.synchronised
    FROM run JOIN bundle ON bundle.id = run.bundle JOIN moment AS begun ON begun.id = run.written
    WHERE run.id = ?
"""

_RECORD = """
    SELECT reading.*, moment.boot_id, moment.monotonic_ns, moment.wall_clock
    FROM reading JOIN moment ON moment.id = reading.written WHERE reading.run = ?
"""

_CELLS = """
    SELECT cell.*, image.sha256, image.suffix,
        reading_field.id IS NOT NULL AND first_reading.id IS NULL AS counted
    FROM field
    JOIN image ON image.id = field.image
    JOIN cell ON cell.field = field.id
    LEFT JOIN reading_field ON reading_field.field = field.id
    LEFT JOIN repeated_cell ON repeated_cell.cell = cell.id
    LEFT JOIN cell AS first_cell ON first_cell.id = repeated_cell.first
    LEFT JOIN reading_field AS first_reading ON first_reading.field = first_cell.field
    WHERE field.run = ? ORDER BY cell.id
"""


@dataclass(frozen=True, slots=True)
class CellVerdict:
    """What a person said of a cell; ``label`` is set for a class alone."""

    verdict: Verdict
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """Who reports: free text, empty where not known."""

    clinic: str = ""
    device_id: str = ""


class _Output(msgspec.Struct):
    labels: tuple[str, ...] = ()
    blasts: tuple[str, ...] = ()


class _Facts(msgspec.Struct):
    """What a report needs of a stored manifest, whatever its format."""

    output: _Output = msgspec.field(default_factory=_Output)


def slide_report(
    store: Store,
    slide_id: str,
    sender: Sender,
    *,
    run: int | None = None,
    signed: Signed | None = None,
    reviews: Mapping[int, CellVerdict] | None = None,
    reviewed_reading: Reading | None = None,
    patient_id: str | None = None,
    cells_shown: int = CELLS_SHOWN,
) -> SlideReport:
    """Return the report of a slide's newest reading, or of ``run``'s.

    Parameters
    ----------
    store
        Where the slide was stored.
    slide_id
        As it was typed or scanned.
    sender
        The clinic and the device.
    run
        The number of a run with a reading; None takes the newest.
    signed
        The signature of that run, if somebody signed.
    reviews
        What persons said, by the cell's number in the database.
    reviewed_reading
        The reading that was made of the reviews, where there is one: its counts and flags
        then stand instead of those that are counted here from ``reviews``.
    patient_id
        Of the patient or specimen, where one is known.
    cells_shown
        The most cells of interest to take along, with their pictures.

    Raises
    ------
    UsageError
        The slide has no reading, or none of that run.
    StoreError
        The database cannot be read.
    """
    stored = _chosen(store, slide_id, run)
    with store.rows() as connection:
        facts = connection.execute(_RUN, (stored.run,)).fetchone()
        record = connection.execute(_RECORD, (stored.run,)).fetchone()
        rows = connection.execute(_CELLS, (stored.run,)).fetchall()
    output = msgspec.json.decode(facts["manifest"], type=_Facts).output
    blasts = frozenset(output.blasts)
    candidates = [_candidate(row, store.images, reviews or {}) for row in rows]
    reviewed = _reviewed(candidates, output.labels, blasts) if reviews else None
    if reviewed_reading:
        reviewed = Counts.of(reviewed_reading, reviewed.not_cells if reviewed else 0)
    interesting = first_to_look_at(candidates, blasts)
    shown = interesting[:cells_shown]
    return SlideReport(
        run=stored.run,
        clinic=sender.clinic,
        device_id=sender.device_id,
        operator=stored.operator,
        slide_id=stored.reading.slide_id,
        patient_id=patient_id,
        reading=stored.reading,
        reviewed=reviewed,
        flags=(reviewed_reading or stored.reading).flags,
        labels=output.labels,
        blasts=blasts,
        bundle=stored.reading.bundle,
        network_sha256=facts["network_sha256"],
        model_card=card_line(facts["manifest"]),
        signed=signed,
        begun=When(datetime.fromisoformat(facts["wall_clock"]), bool(facts["synchronised"])),
        read=When(stored.written.wall_clock, stored.written.synchronised),
        software=f"edgeall {__version__}",
        code=_code(facts, record),
        cells=tuple(
            _of_interest(candidate, pixels)
            for candidate, pixels in zip(shown, crops(shown), strict=True)
        ),
        cells_left_out=len(interesting) - len(shown),
    )


def _chosen(store: Store, slide_id: str, run: int | None) -> StoredReading:
    readings = store.readings(slide_id)
    if run is not None:
        readings = [stored for stored in readings if stored.run == run]
    if not readings:
        which = "" if run is None else f" of run {run}"
        raise UsageError(
            f"{printable(slide_id)}: this slide has no reading{which} yet, so there is nothing to "
            "report; end it first, or read it again."
        )
    return readings[-1]


def _code(facts: sqlite3.Row, record: sqlite3.Row) -> str:
    """Return what identifies a stored reading.

    The moment's random boot id and nanoseconds go into it, so nobody can guess a
    slide's identity and find it confirmed by the code.
    """
    run = {name: facts[name] for name in ("slide_id", "operator", "source", "manifest_sha256")}
    written = msgspec.json.encode({"run": run, "reading": dict(record)}, order="sorted")
    return hashlib.sha256(written).hexdigest()[:16]


def _candidate(row: sqlite3.Row, images: Path, reviews: Mapping[int, CellVerdict]) -> Candidate:
    return Candidate(
        image=images / place_of(row["sha256"], row["suffix"]),
        box=box_of(row),
        call=call_of(row),
        counted=bool(row["counted"]),
        reviewed=_words(reviews.get(row["id"])),
    )


def _words(verdict: CellVerdict | None) -> str | None:
    if verdict is None or verdict.verdict == "as called":
        return None
    return verdict.label if verdict.verdict == "class" else verdict.verdict


def _reviewed(
    candidates: Sequence[Candidate], labels: Sequence[str], blasts: frozenset[str]
) -> Counts:
    """Return the counts by what persons said, and by the network where nobody did."""
    counted = [candidate.last_word for candidate in candidates if candidate.counted]
    by_class = Counter(counted)
    not_cells, unidentified = by_class.pop(NOT_A_CELL, 0), by_class.pop(UNIDENTIFIED, 0)
    named = dict.fromkeys([*labels, *sorted(by_class)])
    identified = sum(by_class.values())
    return Counts(
        counted=identified + unidentified,
        differential=tuple((label, by_class[label]) for label in named),
        unidentified=unidentified,
        blasts=(
            proportion(sum(by_class[label] for label in blasts), identified)
            if identified and blasts
            else None
        ),
        not_cells=not_cells,
    )


def _of_interest(candidate: Candidate, pixels: Pixels | None) -> CellOfInterest:
    return CellOfInterest(
        pixels=pixels,
        call=candidate.called,
        confidence=candidate.call.confidence,
        is_blast=candidate.call.identified and candidate.call.is_blast,
        reviewed=candidate.reviewed,
    )
