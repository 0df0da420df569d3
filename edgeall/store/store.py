"""The store: where a run's fields, calls and reading are kept for good.

::

    FOLDER/edgeall.sqlite3      every row, see schema.py
    FOLDER/images/ab/abcd….jpg  every picture, under the sha256 of its bytes

What a method has returned from survives a power cut. A picture is durable
before the row that names it, so that no row points at nothing.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from edgeall.errors import DiskFullError, StoreError
from edgeall.store import connection as database
from edgeall.store import fields, migrations, open_slides, presence, slides, writing
from edgeall.store.durable import disk_error, make_folder, sync_folder
from edgeall.store.images import clear_incoming, keep_pictures, picture_of
from edgeall.store.schema import MIGRATIONS
from edgeall.store.upkeep import naming

if TYPE_CHECKING:
    from edgeall.slide.reading import Reading
    from edgeall.store.open_slides import OpenSlide, RunField, SlideEvent
    from edgeall.store.records import (
        BundleRecord,
        CellRow,
        FieldRecord,
        SlideSummary,
        StoredField,
        StoredReading,
    )

DATABASE = "edgeall.sqlite3"
IMAGES = "images"

ROOM_FOR_A_SLIDE = 512 * 1024 * 1024
"""Bytes that must be free before a slide is begun, so that it can be finished.

500 fields of 640 x 480 take 25 MB as JPEG and 250 MB as PNG; 25 fields of
12 megapixels take 500 MB as PNG.
"""


class Store:
    """Findings in one folder: a database and its images.

    It may be handed from thread to thread, and writes exclude each other; the
    iterators must be used up in the thread that asked for them, while nobody writes.
    Another process may write to the same folder: each waits for the other.
    """

    def __init__(
        self, path: Path, connection: sqlite3.Connection, presence_descriptor: int | None
    ) -> None:
        connection.row_factory = sqlite3.Row
        self.path = path
        self.images = path.parent / IMAGES
        self._connection = connection
        self._presence = presence_descriptor
        self._writing = threading.Lock()

    @staticmethod
    def exists(folder: Path) -> bool:
        """Whether something was ever stored in a folder."""
        path = folder / DATABASE
        return path.exists() and path.stat().st_size > 0

    @classmethod
    def open(cls, folder: Path, *, read_only: bool = False) -> Self:
        """Open the store in a folder; make both where there is none, unless ``read_only``.

        Leftovers of a power cut are cleared away, and an older database is
        brought up to date after it was copied.

        Raises
        ------
        NewerDatabaseError
            A later edgeall wrote it; nothing was touched.
        DiskFullError
            There is no room to make it.
        StoreError
            It is damaged, another program's, locked, or cannot be read or written.
        """
        path = folder / DATABASE
        migrations.refuse_foreign(path)
        with database.explained(path):
            return cls._open_to_read(path) if read_only else cls._open_to_write(path)

    @classmethod
    def _open_to_write(cls, path: Path) -> Self:
        descriptor = _enter(path.parent)
        connection = None
        try:
            connection = database.connect(path)
            migrations.refuse_newer(path, migrations.version_of(connection))
            database.check_whole(connection, path)
            migrations.migrate(connection, path)
            sync_folder(path.parent)
        except BaseException:
            if connection:
                connection.close()
            os.close(descriptor)
            raise
        return cls(path, connection, descriptor)

    @classmethod
    def _open_to_read(cls, path: Path) -> Self:
        if not cls.exists(path.parent):
            raise StoreError(
                f"{path.parent}: nothing is stored there yet; edgeall capture --classify reads "
                "a slide and stores it."
            )
        connection = database.connect_read_only(path)
        try:
            version = migrations.version_of(connection)
            migrations.refuse_newer(path, version)
            if version < len(MIGRATIONS):
                raise StoreError(
                    f"{path}: an earlier edgeall wrote this database; "
                    "the next edgeall capture --classify brings it up to date."
                )
            database.check_whole(connection, path)
        except BaseException:
            connection.close()
            raise
        return cls(path, connection, None)

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
        """Close the database; closing it again does nothing."""
        self._connection.close()
        if self._presence is not None:
            os.close(self._presence)
            self._presence = None

    def begin_run(self, slide_id: str, operator: str, source: str, bundle: BundleRecord) -> int:
        """Begin to read a slide; return the run's number.

        Raises
        ------
        DiskFullError
            Less than `ROOM_FOR_A_SLIDE` is free.
        StoreError
            The database cannot be written.
        """
        _refuse_without_room(self.path.parent)
        with self._transaction():
            return writing.insert_run(self._connection, slide_id, operator, source, bundle)

    def add_fields(self, run: int, fields: Sequence[FieldRecord]) -> list[int]:
        """Store fields with their images, cells and calls, all or none; return their numbers.

        Raises
        ------
        DiskFullError
            There is no room; what was stored before is intact.
        StoreError
            The folder or the database cannot be written, or the run has its reading.
        ImageError
            A frame without bytes of its own could not be encoded.
        """
        pictures = [picture_of(record.field.frame) for record in fields]
        with naming(self.images):
            keep_pictures(self.images, pictures)
            with self._transaction():
                return writing.insert_fields(self._connection, run, fields, pictures)

    def add_reading(self, run: int, reading: Reading, counted_fields: Sequence[int]) -> int:
        """Store a run's only reading and which of its fields are counted; return its number.

        Raises
        ------
        DiskFullError
            There is no room; what was stored before is intact.
        StoreError
            The database cannot be written, or the run has a reading.
        ValueError
            A field is not of this run.
        """
        with self._transaction():
            return writing.insert_reading(self._connection, run, reading, counted_fields)

    def begin_slide(
        self, slide_id: str, operator: str, source: str, bundle: BundleRecord, origin: str
    ) -> int:
        """Begin a slide that the service reads; return the number of its run.

        Raises
        ------
        DiskFullError
            Less than `ROOM_FOR_A_SLIDE` is free.
        StoreError
            The database cannot be written.
        """
        _refuse_without_room(self.path.parent)
        with self._transaction():
            run = writing.insert_run(self._connection, slide_id, operator, source, bundle)
            open_slides.insert_event(self._connection, run, "begun", origin, operator)
            return run

    def note_slide(self, run: int, event: SlideEvent, origin: str, operator: str) -> None:
        """Store what happened to an open slide; raises as `add_reading` does."""
        with self._transaction():
            open_slides.insert_event(self._connection, run, event, origin, operator)

    def end_slide(
        self,
        run: int,
        reading: Reading,
        counted_fields: Sequence[int],
        origin: str,
        operator: str,
    ) -> int:
        """Store an open slide's reading and that it was ended; raises as `add_reading` does."""
        with self._transaction():
            number = writing.insert_reading(self._connection, run, reading, counted_fields)
            open_slides.insert_event(self._connection, run, "ended", origin, operator)
            return number

    def open_slides(self) -> list[OpenSlide]:
        """Return the slides that the service began and nobody ended."""
        with database.explained(self.path):
            return open_slides.open_slides(self._connection)

    def fields_of_run(self, run: int) -> list[RunField]:
        """Return a run's fields with their cells, in the order they were stored."""
        with database.explained(self.path):
            return open_slides.fields_of_run(self._connection, self.images, run)

    def slides(self) -> list[SlideSummary]:
        """Return all slides, the one read last at the end."""
        with database.explained(self.path):
            return slides.slide_summaries(self._connection)

    def readings(self, slide_id: str) -> list[StoredReading]:
        """Return a slide's readings, the newest last."""
        with database.explained(self.path):
            return slides.readings_of(self._connection, writing.as_text(slide_id))

    def fields(self, slide_id: str) -> Iterator[StoredField]:
        """Yield a slide's fields in the order they were stored."""
        with database.explained(self.path):
            yield from fields.fields_of(self._connection, self.images, writing.as_text(slide_id))

    def cells(self, slide_id: str) -> Iterator[CellRow]:
        """Yield a slide's cells in the order they were stored."""
        with database.explained(self.path):
            yield from fields.cells_of(self._connection, self.images, writing.as_text(slide_id))

    @contextmanager
    def rows(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        """Yield the database to the module of other tables; with ``write``, in a transaction."""
        with self._transaction() if write else database.explained(self.path):
            yield self._connection

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with (
            self._writing,
            database.explained(self.path),
            database.transaction(self._connection),
        ):
            yield


def _enter(folder: Path) -> int:
    """Make a store's folder where it is absent, and announce a writer in it."""
    try:
        make_folder(folder)
        return presence.announce(folder, lambda: clear_incoming(folder / IMAGES))
    except OSError as error:
        raise disk_error(folder, error) from error


def _refuse_without_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < ROOM_FOR_A_SLIDE:
        raise DiskFullError(
            f"{folder}: {free >> 20} MB are free and a slide may need {ROOM_FOR_A_SLIDE >> 20}; "
            "free some space, or name another folder with --store."
        )
