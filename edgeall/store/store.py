"""The store: where a run's fields, calls and reading are kept for good."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from edgeall.store.records import (
    BundleRecord,
    CellRow,
    FieldRecord,
    SlideSummary,
    StoredField,
    StoredReading,
)

if TYPE_CHECKING:
    from edgeall.slide.reading import Reading


class Store:
    """Findings in one folder: a database and its images."""

    @classmethod
    def open(cls, folder: Path, *, read_only: bool = False) -> Self:
        """Open the store in a folder, and make it where there is none."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the store."""
        self.close()

    def close(self) -> None:
        """Close the database."""
        raise NotImplementedError

    def begin_run(self, slide_id: str, operator: str, source: str, bundle: BundleRecord) -> int:
        """Begin to read a slide; return the run's number."""
        raise NotImplementedError

    def add_fields(self, run: int, fields: Sequence[FieldRecord]) -> list[int]:
        """Store fields, all or none; return their numbers."""
        raise NotImplementedError

    def add_reading(self, run: int, reading: Reading, counted_fields: Sequence[int]) -> int:
        """Store a run's only reading; return its number."""
        raise NotImplementedError

    def slides(self) -> list[SlideSummary]:
        """Return all slides, the one read last at the end."""
        raise NotImplementedError

    def readings(self, slide_id: str) -> list[StoredReading]:
        """Return a slide's readings, the newest last."""
        raise NotImplementedError

    def fields(self, slide_id: str) -> Iterator[StoredField]:
        """Yield a slide's fields in the order they were stored."""
        raise NotImplementedError

    def cells(self, slide_id: str) -> Iterator[CellRow]:
        """Yield a slide's cells in the order they were stored."""
        raise NotImplementedError
