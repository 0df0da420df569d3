"""Where a run's fields go: into the store, or nowhere where nothing is to be kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from edgeall.model.manifest import encode
from edgeall.store.records import BundleRecord, FieldRecord

if TYPE_CHECKING:
    from edgeall.model.bundle import Bundle
    from edgeall.service.pipeline import ReadField
    from edgeall.slide.reading import Reading
    from edgeall.store.records import CellPlace
    from edgeall.store.store import Store


class Keeper(Protocol):
    """What a run does with its fields and its reading."""

    def keep(self, fields: Sequence[ReadField]) -> None:
        """Make fields durable; called in order, from one thread at a time."""

    def finish(self, reading: Reading, counted: Sequence[bool]) -> None:
        """Make the reading durable; ``counted`` says of each kept field whether it counts."""


class StoreKeeper:
    """Keeps a run in the store.

    Raises
    ------
    StoreError
        From every method, where the disk or the database fails; what was kept stays.
    """

    def __init__(
        self, store: Store, *, slide_id: str, operator: str, source: str, bundle: Bundle
    ) -> None:
        self._store = store
        self._slide_id, self._operator, self._source = slide_id, operator, source
        self._bundle = bundle_record(bundle)
        self._run: int | None = None
        self._rows: list[int] = []

    def keep(self, fields: Sequence[ReadField]) -> None:
        """Store fields with their images and calls; the first ones begin the run."""
        if self._run is None:
            self._run = self._store.begin_run(
                self._slide_id, self._operator, self._source, self._bundle
            )
        self._rows += self._store.add_fields(self._run, [field_record(field) for field in fields])

    def finish(self, reading: Reading, counted: Sequence[bool]) -> None:
        """Store the reading and which fields it counts."""
        rows = [row for row, counts in zip(self._rows, counted, strict=True) if counts]
        if self._run is not None:
            self._store.add_reading(self._run, reading, rows)


class NoKeeper:
    """Keeps nothing: ``--no-store``."""

    def keep(self, fields: Sequence[ReadField]) -> None:
        """Let the fields go."""

    def finish(self, reading: Reading, counted: Sequence[bool]) -> None:
        """Let the reading go."""


def bundle_record(bundle: Bundle) -> BundleRecord:
    """Return what the store keeps of a bundle."""
    identity = bundle.manifest.identity
    return BundleRecord(
        name=identity.name,
        version=identity.version,
        network_sha256=identity.network_sha256,
        manifest_json=encode(bundle.manifest).decode(),
    )


def field_record(read: ReadField, repeats: tuple[CellPlace | None, ...] = ()) -> FieldRecord:
    """Return what the store keeps of a field; ``repeats`` as in `FieldRecord`."""
    prepared = read.prepared
    return FieldRecord(
        field=prepared.field,
        cells=tuple(zip(prepared.cells, read.calls, strict=True)),
        cut_by_border=len(prepared.cut_by_border),
        repeats=repeats,
    )
