"""What goes into the store and what comes out of it: plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from edgeall.cells.cell import Box, Cell
    from edgeall.field.check import Field
    from edgeall.model.call import Call
    from edgeall.slide.reading import Reading


@dataclass(frozen=True, slots=True)
class BundleRecord:
    """The bundle of a run, with its whole manifest: a reading stays explicable without the file."""

    name: str
    version: str
    network_sha256: str
    manifest_json: str


@dataclass(frozen=True, slots=True)
class CellPlace:
    """A stored cell: its field's number and its place among the field's cells, from 0."""

    field: int
    place: int


@dataclass(frozen=True, slots=True, eq=False)
class FieldRecord:
    """A field to be stored.

    Attributes
    ----------
    field
        The checked field; its frame's ``encoded`` bytes are stored as they are,
        or its pixels as PNG where there are none.
    cells
        The cells with their calls; the cell is None where the whole field is one example.
    cut_by_border
        Cells seen but not read.
    repeats
        For each cell the stored one that it shows again, or None; empty where none does.
    """

    field: Field
    cells: tuple[tuple[Cell | None, Call], ...]
    cut_by_border: int
    repeats: tuple[CellPlace | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """When something was written, on a device whose clock is not to be trusted.

    Attributes
    ----------
    boot_id
        The kernel's random id of this boot.
    monotonic_ns
        Nanoseconds since that boot; orders all moments of one boot.
    wall_clock
        UTC; on a device without a clock perhaps 1970.
    synchronised
        Whether the kernel held the wall clock for synchronised.
    """

    boot_id: str
    monotonic_ns: int
    wall_clock: datetime
    synchronised: bool


@dataclass(frozen=True, slots=True)
class StoredReading:
    """A reading as it was stored; ``number`` counts all readings of the store, from 1."""

    number: int
    run: int
    operator: str
    source: str
    written: Moment
    reading: Reading


@dataclass(frozen=True, slots=True)
class SlideSummary:
    """A slide at a glance.

    ``cut_off`` counts the runs without a reading: a run that goes on at this
    moment, or one that a power cut ended. ``latest`` is the last reading, if any.
    """

    slide_id: str
    runs: int
    cut_off: int
    fields: int
    cells: int
    latest: StoredReading | None


@dataclass(frozen=True, slots=True)
class StoredField:
    """A field as it was stored.

    ``counted`` says whether the run's reading counts it; None where the run has
    no reading. ``image`` is the picture's path.
    """

    number: int
    run: int
    image: Path
    origin: str
    width: int
    height: int
    taken_at: datetime
    um_per_pixel: float | None
    settings: Mapping[str, str | int | float]
    sharpness: float
    colour_distance: float | None
    faults: tuple[str, ...]
    cut_by_border: int
    counted: bool | None


@dataclass(frozen=True, slots=True)
class CellRow:
    """One stored cell (or whole field) with its call, for a table of cells.

    ``box`` is None where the whole field is one example. ``labels`` are the
    bundle's, in the order of ``call.probabilities``. ``counted`` as in `StoredField`,
    and False for a cell that an earlier field shows, too.
    """

    slide_id: str
    run: int
    field: int
    image: Path
    origin: str
    taken_at: datetime
    box: Box | None
    call: Call
    labels: tuple[str, ...]
    counted: bool | None
    bundle: str
