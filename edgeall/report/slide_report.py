"""All that any report of a slide says, as plain values: PDF, FHIR, DICOM and CSV draw from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from edgeall.camera.frame import Pixels
    from edgeall.slide.reading import Proportion, Reading

Status: TypeAlias = Literal["preliminary", "final", "amended"]

UNIDENTIFIED: Final = "unidentified"
NOT_A_CELL: Final = "not a cell"
"""What a cell may be called that is no class."""


@dataclass(frozen=True, slots=True)
class When:
    """A time in UTC, and how far it is to be believed.

    ``year_only`` is set where a report was de-identified: all but the year was taken away.
    """

    at: datetime
    synchronised: bool
    year_only: bool = False

    def __str__(self) -> str:
        """Return the time for a person, with a word where the clock is not to be trusted."""
        if self.year_only:
            return f"{self.at.year:04d}"
        doubt = "" if self.synchronised else " (clock not synchronised)"
        return f"{self.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC{doubt}"

    def iso(self) -> str:
        """Return the time for a program: ISO 8601, UTC, or the year alone."""
        return f"{self.at.year:04d}" if self.year_only else self.at.astimezone(UTC).isoformat()

    def without_day(self) -> When:
        """Return the year alone."""
        return When(datetime(self.at.year, 1, 1, tzinfo=UTC), self.synchronised, year_only=True)


@dataclass(frozen=True, slots=True)
class Signed:
    """Who answers for a slide's reading; a ``version`` over 1 amends an earlier one."""

    signer: str
    at: When
    version: int = 1
    reason: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """Cells by class. ``counted`` is identified and unidentified together."""

    counted: int
    differential: tuple[tuple[str, int], ...]
    unidentified: int
    blasts: Proportion | None
    not_cells: int = 0

    @classmethod
    def of(cls, reading: Reading, not_cells: int = 0) -> Counts:
        """Return a reading's counts."""
        return cls(
            reading.counted, reading.differential, reading.unidentified, reading.blasts, not_cells
        )


@dataclass(frozen=True, slots=True, eq=False)
class CellOfInterest:
    """A cell that a reader of the report should look at.

    Attributes
    ----------
    pixels
        ``(h, w, 3)`` uint8 RGB; None where the picture is no longer stored.
    call
        What the network said, in words: its label or ``unidentified``.
    confidence
        Of the network in its nearest label, 0 to 1.
    is_blast
        Whether the network held it for a blast.
    reviewed
        What a person said: a class, ``unidentified`` or ``not a cell``; None where nobody did.
    """

    pixels: Pixels | None
    call: str
    confidence: float
    is_blast: bool
    reviewed: str | None


@dataclass(frozen=True, slots=True, eq=False)
class SlideReport:
    """One reading of one slide, for whoever gets it. It supports a morphologist, no more.

    Attributes
    ----------
    run
        The number of the stored run that was read.
    clinic, device_id, operator
        Empty where not known or taken away.
    slide_id
        As typed or scanned; the record's code where it was taken away.
    patient_id
        Of the patient or specimen, where it is another one than the slide's.
    reading
        The network's.
    reviewed
        Counts by the classes that persons gave; None where nobody reviewed a cell.
    flags
        What to know before believing the rest: of the reviewed reading where there is one.
    labels, blasts
        The network's classes, and which of them are blasts.
    bundle, network_sha256, model_card
        Which network it was, and one line on what it is worth.
    signed
        None makes the report preliminary.
    begun, read
        When the slide was begun, and when its reading was stored.
    software
        This program's name and version.
    code
        16 digits of the stored record's sha256: the same record gives the same code.
    cells
        Cells of interest, those to be looked at first at the head.
    cells_left_out
        Further ones for which there was no room.
    identified
        False where identity, persons, places and times were taken away.
    """

    run: int
    clinic: str
    device_id: str
    operator: str
    slide_id: str
    patient_id: str | None
    reading: Reading
    reviewed: Counts | None
    flags: tuple[str, ...]
    labels: tuple[str, ...]
    blasts: frozenset[str]
    bundle: str
    network_sha256: str
    model_card: str
    signed: Signed | None
    begun: When
    read: When
    software: str
    code: str
    cells: tuple[CellOfInterest, ...] = ()
    cells_left_out: int = 0
    identified: bool = True

    @property
    def status(self) -> Status:
        """Whether it is a result: only a signature makes one."""
        if self.signed is None:
            return "preliminary"
        return "amended" if self.signed.version > 1 else "final"

    @property
    def version(self) -> int:
        """The signed version; 0 before any signature."""
        return self.signed.version if self.signed else 0

    @property
    def called(self) -> Counts:
        """The counts by the network."""
        return Counts.of(self.reading)

    @property
    def counts(self) -> Counts:
        """The counts that are to be believed: the persons' where there are any."""
        return self.reviewed or self.called


def deidentified(report: SlideReport) -> SlideReport:
    """Return a report without identity, persons, places and times but the year.

    The slide is then called by its record's code. A comment or a reason is free
    text that may name somebody, so it goes too.
    """
    signed = report.signed
    return replace(
        report,
        clinic="",
        device_id="",
        operator="",
        slide_id=report.code,
        patient_id=None,
        reading=replace(report.reading, slide_id=report.code),
        signed=Signed("", signed.at.without_day(), signed.version) if signed else None,
        begun=report.begun.without_day(),
        read=report.read.without_day(),
        identified=False,
    )
