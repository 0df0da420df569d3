"""Backing a store up: a snapshot of the database and every picture it names, sealed.

While it goes on, the device may go on reading. A backup is complete, read back
and counted, or it does not exist: its list is written when everything else has
been read back from the stick.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from edgeall import __version__
from edgeall.errors import DiskFullError, StoreError
from edgeall.store import connection as database
from edgeall.store.backup_list import BackupList, Piece, StoredImage
from edgeall.store.clock import now
from edgeall.store.durable import disk_error
from edgeall.store.images import place_of
from edgeall.store.repository import Repository
from edgeall.store.sealing import NotWholeError
from edgeall.store.store import DATABASE, IMAGES, Store
from edgeall.store.upkeep import alone
from edgeall.store.writing import insert, insert_moment

SNAPSHOT = ".backup-snapshot"
"""The database's copy while a backup goes on; a killed one leaves it, the next one removes it."""

PIECE_BYTES = 4 << 20
"""The database is sealed in pieces, so that a board of 512 MB backs up any; 4 MB change apart."""

_NAMED_IMAGES = """
    SELECT sha256, suffix FROM image
    WHERE NOT EXISTS (SELECT 1 FROM image_removed WHERE image_removed.image = image.id)
    ORDER BY id
"""

_STORE_ID = "SELECT boot_id || ' ' || monotonic_ns FROM moment ORDER BY id LIMIT 1"

Stage: TypeAlias = Literal["writing", "reading back"]
Tell: TypeAlias = Callable[[Stage, int, int], None]


@dataclass(frozen=True, slots=True)
class BackupDone:
    """A backup that is complete and was read back.

    Attributes
    ----------
    number
        Which of the stick's backups it is.
    place
        The folder of the backups on the stick.
    pictures, bytes
        Its pictures, and the bytes of all that belongs to it, before sealing.
    written
        Objects that were not on the stick already.
    lost
        Pictures that the database names and that are damaged or gone on the device, and
        that no earlier backup on the stick holds; by their path in the images' folder.
    """

    number: int
    place: Path
    pictures: int
    bytes: int
    written: int
    lost: tuple[str, ...]


def back_up(
    folder: Path, stick: Path, passphrase: bytes, keep: int, tell: Tell = lambda *_: None
) -> BackupDone:
    """Back a store up to a stick, and remove backups beyond the newest ``keep``.

    Raises
    ------
    UsageError
        The stick's backups have another passphrase.
    DiskFullError
        The stick, or the device, is full.
    StoreError
        There is nothing to back up, the store is damaged, another backup or retention is
        running, or the stick failed or was pulled out. No half backup counts.
    """
    if not Store.exists(folder):
        raise StoreError(f"{folder}: nothing is stored there yet, so there is nothing to back up.")
    # Opening the store brings an old database up to date, and refuses a damaged one: that
    # must not push good backups out.
    with (
        alone(folder),
        Repository.begin(stick, passphrase) as repository,
        Store.open(folder),
    ):
        return _back_up(folder, repository, keep, tell)


def _back_up(folder: Path, repository: Repository, keep: int, tell: Tell) -> BackupDone:
    with _snapshot(folder) as snapshot:
        images = [StoredImage(sha256, suffix) for sha256, suffix in _ask(snapshot, _NAMED_IMAGES)]
        copying = _Copying(folder / IMAGES, snapshot, repository, tell)
        copying.write(images)
        total = copying.read_back()
        moment = now()
        ((store,),) = _ask(snapshot, _STORE_ID) or [("empty",)]
        listed = BackupList(
            store=store,
            made=moment.wall_clock.isoformat(),
            clock_synchronised=moment.synchronised,
            edgeall=__version__,
            database=tuple(copying.pieces),
            images=tuple(copying.images),
        )
    number = repository.add_list(listed)
    done = BackupDone(
        number, repository.folder, len(listed.images), total, copying.written, tuple(copying.lost)
    )
    _note(folder, done)
    repository.prune(store, keep)
    return done


class _Copying:
    """One backup's way to the stick: write what is not there, then read all of it back."""

    def __init__(self, folder: Path, snapshot: Path, repository: Repository, tell: Tell) -> None:
        self.pieces: list[Piece] = []
        self.images: list[StoredImage] = []
        self.lost: list[str] = []
        self.written = 0
        self._folder = folder
        self._snapshot = snapshot
        self._repository = repository
        self._tell = tell

    def write(self, images: list[StoredImage]) -> None:
        with self._snapshot.open("rb") as opened:
            while content := opened.read(PIECE_BYTES):
                piece = Piece(hashlib.sha256(content).hexdigest())
                self.pieces.append(piece)
                if not self._repository.holds(piece):
                    self._put(piece, content)
        for count, image in enumerate(images, 1):
            if self._repository.holds(image) or self._write_again(image):
                self.images.append(image)
            else:
                self.lost.append(place_of(image.sha256, image.suffix))
            self._tell("writing", count, len(images))

    def read_back(self) -> int:
        """Read everything back; return its bytes. What rotted on the stick is written again."""
        total = sum(self._read_back(piece) for piece in self.pieces)
        whole = []
        for count, image in enumerate(self.images, 1):
            try:
                total += self._read_back(image)
                whole.append(image)
            except NotWholeError:
                self.lost.append(place_of(image.sha256, image.suffix))
            self._tell("reading back", count, len(self.images))
        self.images = whole
        return total

    def _read_back(self, item: Piece | StoredImage) -> int:
        try:
            return len(self._repository.get(item))
        except NotWholeError:
            if not self._write_again(item):
                raise
            return len(self._repository.get(item))

    def _write_again(self, item: Piece | StoredImage) -> bool:
        """Write an object from what the device has; return whether it is whole here."""
        content = self._piece(item) if isinstance(item, Piece) else self._picture(item)
        if hashlib.sha256(content).hexdigest() != item.sha256:
            return False
        self._put(item, content)
        return True

    def _piece(self, piece: Piece) -> bytes:
        with self._snapshot.open("rb") as opened:
            opened.seek(self.pieces.index(piece) * PIECE_BYTES)
            return opened.read(PIECE_BYTES)

    def _picture(self, image: StoredImage) -> bytes:
        try:
            return (self._folder / place_of(image.sha256, image.suffix)).read_bytes()
        except OSError:
            return b""

    def _put(self, item: Piece | StoredImage, content: bytes) -> None:
        try:
            self._repository.put(item, content)
        except DiskFullError:
            # What backups that were cut off left behind may be all that is in the way.
            if not self._repository.remove_unneeded((*self.pieces, *self.images)):
                raise
            self._repository.put(item, content)
        self.written += 1


@contextmanager
def _snapshot(folder: Path) -> Iterator[Path]:
    """Copy the database as it is at one moment, beside it, and remove the copy afterwards."""
    copy = folder / SNAPSHOT
    _remove(copy)
    try:
        with (
            database.explained(copy),
            closing(database.connect_read_only(folder / DATABASE)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            copy.chmod(0o600)
            # It is thrown away: nothing of it needs to survive a power cut.
            target.execute("PRAGMA synchronous = OFF")
            source.backup(target)
            # Closed by this, it is one file without a log beside it.
            target.execute("PRAGMA journal_mode = DELETE")
            database.check_whole(target, copy)
        yield copy
    finally:
        _remove(copy)


def _remove(copy: Path) -> None:
    try:
        for ending in ("", "-journal", "-wal", "-shm"):
            copy.with_name(copy.name + ending).unlink(missing_ok=True)
    except OSError as error:
        raise disk_error(copy, error) from error


def _ask(snapshot: Path, question: str) -> list[tuple[str, ...]]:
    with database.explained(snapshot), closing(database.connect_read_only(snapshot)) as rows:
        return rows.execute(question).fetchall()


def _note(folder: Path, done: BackupDone) -> None:
    """Write the row that tells of a backup; that it is on the stick does not depend on it."""
    path = folder / DATABASE
    with (
        suppress(DiskFullError),
        database.explained(path),
        closing(database.connect(path)) as rows,
        database.transaction(rows),
    ):
        insert(
            rows,
            "backup",
            target=f"{done.place} number {done.number}",
            files=done.pictures + 1,
            bytes=done.bytes,
            verified=True,
            written=insert_moment(rows),
        )
