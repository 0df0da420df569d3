"""An attended slide: one that is open in the service, over pauses, restarts and power cuts."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edgeall.camera.decode import decode_bytes, read_file
from edgeall.errors import ImageError
from edgeall.field.overlap import Overlap, SeenFields
from edgeall.field.view import view_of
from edgeall.service.keep import bundle_record, field_record
from edgeall.slide.tally import FieldCalls, SlideFacts, add_up, final_faults
from edgeall.store.records import CellPlace

if TYPE_CHECKING:
    from edgeall.camera.frame import Frame
    from edgeall.cells.cell import Box
    from edgeall.field.view import View
    from edgeall.model.bundle import Bundle
    from edgeall.service.pipeline import ReadField
    from edgeall.slide.reading import Flag, Reading
    from edgeall.store.open_slides import OpenSlide, RunField
    from edgeall.store.store import Store

_SAME_CELL = 0.5
"""Distance of two centres, in cell diameters, under which they are the same cell."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A stored field: its row, the boxes of its cells, and what it adds to the slide."""

    row: int
    boxes: tuple[Box | None, ...]
    calls: FieldCalls


class AttendedSlide:
    """Keeps an open slide's fields, knows what was seen on it, adds it up.

    Its fields are numbered from 0 in the order in which they were taken and kept.
    ``keep`` belongs to the keep thread, ``overlaps`` and ``take`` to the one that
    takes fields; everything else may be asked for by any.
    """

    def __init__(self, store: Store, run: int, facts: SlideFacts) -> None:
        self.run = run
        self.slide_id = facts.slide_id
        self._store, self._facts = store, facts
        self._lock = threading.Lock()
        self._kept: list[_Kept] = []
        self._seen = SeenFields()
        self._overlaps: dict[int, list[Overlap]] = {}
        self._next = 0

    @classmethod
    def begin(
        cls,
        store: Store,
        facts: SlideFacts,
        *,
        operator: str,
        source: str,
        bundle: Bundle,
        origin: str,
    ) -> AttendedSlide:
        """Begin a slide, durably.

        Raises
        ------
        DiskFullError
            There is no room for a whole slide.
        StoreError
            The database cannot be written.
        """
        run = store.begin_slide(facts.slide_id, operator, source, bundle_record(bundle), origin)
        return cls(store, run, facts)

    @classmethod
    def go_on(cls, store: Store, slide: OpenSlide, facts: SlideFacts) -> AttendedSlide:
        """Go on with a slide as it was stored."""
        attended = cls(store, slide.run, facts)
        number_of_row: dict[int, int] = {}
        for stored in store.fields_of_run(slide.run):
            attended._restore(stored, number_of_row)
        return attended

    @property
    def fields(self) -> int:
        """Fields stored so far."""
        return len(self._kept)

    @property
    def cells(self) -> int:
        """Cells stored so far in fields without a fault, each counted once."""
        with self._lock:
            faults = [kept.calls.faults for kept in self._kept]
            return sum(
                len(kept.calls.new_calls(faults)) for kept in self._kept if not kept.calls.faults
            )

    @property
    def sharpest(self) -> float:
        """Sharpness of the sharpest field so far, 0 where there is none."""
        with self._lock:
            return max((kept.calls.sharpness for kept in self._kept), default=0.0)

    def start_anew(self) -> None:
        """Forget fields that were taken and never kept: the stretch before failed."""
        self._next = len(self._kept)
        self._seen.forget_from(self._next)
        self._overlaps.clear()

    def overlaps(self, view: View) -> list[Overlap]:
        """Return where a view lies over fields that were taken, the most covered first."""
        return self._seen.overlaps(view)

    def take(self, frame: Frame, view: View, overlaps: list[Overlap]) -> Frame:
        """Take a frame; return it with its number on the slide."""
        number = self._next
        self._next += 1
        self._seen.add(number, view)
        self._overlaps[number] = overlaps
        return replace(frame, number=number)

    def keep(self, fields: Sequence[ReadField]) -> None:
        """Store fields with their calls; see `Keeper.keep`."""
        for together in self._batches(fields):
            self._keep_batch(together)

    def reading(self, *, interrupted: bool, known: Sequence[Flag]) -> Reading:
        """Return the reading of what was kept so far."""
        with self._lock:
            fields = [kept.calls for kept in self._kept]
        return add_up(self._facts, fields, interrupted=interrupted, known=known)

    def end(self, reading: Reading, origin: str, operator: str) -> None:
        """Store the slide's reading, which ends it.

        Raises
        ------
        StoreError
            The database cannot be written; the slide is still open.
        """
        faults = final_faults(self._facts, [kept.calls for kept in self._kept])
        rows = [kept.row for kept, found in zip(self._kept, faults, strict=True) if not found]
        self._store.end_slide(self.run, reading, rows, origin, operator)

    def _batches(self, fields: Sequence[ReadField]) -> Iterator[list[ReadField]]:
        """Yield fields that can be stored at once: none names a cell of another among them."""
        batch: list[ReadField] = []
        for read in fields:
            overlaps = self._overlaps.get(read.prepared.field.frame.number, [])
            if batch and any(overlap.number >= len(self._kept) for overlap in overlaps):
                yield batch
                batch = []
            batch.append(read)
        yield batch

    def _keep_batch(self, batch: Sequence[ReadField]) -> None:
        firsts = [self._firsts(read) for read in batch]
        rows = self._store.add_fields(
            self.run,
            [
                field_record(
                    read, tuple(at and CellPlace(self._kept[at[0]].row, at[1]) for at in own)
                )
                for read, own in zip(batch, firsts, strict=True)
            ],
        )
        kept = [
            _Kept(row, _boxes(read), _calls(read, own))
            for row, read, own in zip(rows, batch, firsts, strict=True)
        ]
        with self._lock:
            self._kept.extend(kept)

    def _firsts(self, read: ReadField) -> tuple[tuple[int, int] | None, ...]:
        """Return for each cell the field and the place in it where it was seen before."""
        overlaps = self._overlaps.pop(read.prepared.field.frame.number, [])
        return tuple(self._first(box, overlaps) for box in _boxes(read))

    def _first(self, box: Box | None, overlaps: Sequence[Overlap]) -> tuple[int, int] | None:
        """Return the field and the place in it where this cell was seen before, if it was."""
        if box is None:
            return None
        for overlap in sorted(overlaps, key=lambda one: bool(self._kept[one.number].calls.faults)):
            x, y = box.left + box.width / 2 + overlap.right, box.top + box.height / 2 + overlap.down
            for place, other in enumerate(self._kept[overlap.number].boxes):
                if other is not None and _is_at(other, x, y):
                    return overlap.number, place
        return None

    def _restore(self, stored: RunField, number_of_row: dict[int, int]) -> None:
        number_of_row[stored.number] = len(self._kept)
        calls = FieldCalls(
            sharpness=stored.sharpness,
            colour_distance=stored.colour_distance,
            faults=stored.faults,
            calls=tuple(cell.call for cell in stored.cells),
            cut_by_border=stored.cut_by_border,
            first_seen=tuple(
                None if cell.first_field is None else number_of_row[cell.first_field]
                for cell in stored.cells
            ),
        )
        # A picture that retention or a person took away cannot be recognised; the rest can.
        with suppress(ImageError):
            pixels = decode_bytes(read_file(stored.image), str(stored.image))
            self._seen.add(len(self._kept), view_of(pixels))
        self._kept.append(_Kept(stored.number, tuple(cell.box for cell in stored.cells), calls))
        self._next = len(self._kept)


def _boxes(read: ReadField) -> tuple[Box | None, ...]:
    return tuple(cell.box if cell else None for cell in read.prepared.cells)


def _calls(read: ReadField, firsts: Sequence[tuple[int, int] | None]) -> FieldCalls:
    prepared = read.prepared
    calls = FieldCalls.of(prepared.field, read.calls, len(prepared.cut_by_border))
    return replace(calls, first_seen=tuple(at[0] if at else None for at in firsts))


def _is_at(box: Box, x: float, y: float) -> bool:
    apart = math.hypot(box.left + box.width / 2 - x, box.top + box.height / 2 - y)
    return apart < _SAME_CELL * math.sqrt(box.width * box.height)
