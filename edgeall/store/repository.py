"""Where backups lie on a stick: sealed objects, and a sealed list of them for every backup.

::

    STICK/edgeall-backups/repository.json       how the key is made, twice (.copy)
    STICK/edgeall-backups/objects/ab/abcd…      a picture, or a piece of the database
    STICK/edgeall-backups/backups/00000012      what belongs to the twelfth backup

A backup counts once its list is there, and the list is written last. An object
is named for its content, so that what lies there already is not written again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Self

import msgspec

from edgeall.errors import InputError, StoreError, UsageError
from edgeall.store import sealing
from edgeall.store.backup_list import BackupList, Piece, StoredImage
from edgeall.store.durable import make_folder, sync_folder, write_durably
from edgeall.store.sealing import Header, NotWholeError, Seal
from edgeall.store.stick import gone, stick_told

FOLDER = "edgeall-backups"
_HEADER = "repository.json"
_HEADER_COPY = "repository.json.copy"
_OBJECTS = "objects"
_BACKUPS = "backups"
_NUMBER = re.compile(r"\d{8}")
_OBJECT = re.compile(r"[0-9a-f]{64}")
_LIST_KIND = "list"


class Repository:
    """The backups on a stick, opened with their passphrase.

    Every method raises `StoreError` where the stick fails or was pulled out, and
    `DiskFullError` where it is full; backups that were complete stay so.
    """

    def __init__(self, folder: Path, header: Header, seal: Seal, descriptor: int) -> None:
        self.folder = folder
        self.header = header
        self._seal = seal
        self._lock = descriptor
        self._device = os.fstat(descriptor).st_dev

    @classmethod
    def begin(cls, stick: Path, passphrase: bytes) -> Self:
        """Open the repository on a stick to write to it; make it where there is none."""
        folder = _folder_of(stick)
        with stick_told(stick):
            # Where backups lie but no header, a new one would only hide that they are lost.
            if not _headers_there(folder) and not any(folder.glob(f"{_BACKUPS}/*")):
                header, _ = sealing.begin(passphrase)
                make_folder(folder)
                _write_headers(folder, header)
        opened = cls.open(stick, passphrase)
        try:
            with stick_told(stick):
                for part in (_OBJECTS, _BACKUPS):
                    make_folder(folder / part)
                opened.clear_half_written()
                _write_headers(folder, opened.header)
        except BaseException:
            opened.close()
            raise
        return opened

    @classmethod
    def open(cls, place: Path, passphrase: bytes) -> Self:
        """Open the repository on a stick or in a folder.

        Raises
        ------
        InputError
            There is none, or what tells how its key is made is damaged.
        UsageError
            The passphrase is another one.
        StoreError
            Another backup is writing to it.
        """
        folder = _folder_of(place)
        header, seal = _unlock(folder, passphrase)
        with stick_told(folder):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise StoreError(
                f"{folder}: another backup is at work on this stick; wait until it has ended."
            ) from None
        return cls(folder, header, seal, descriptor)

    def __enter__(self) -> Self:
        """Return the repository itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let others in."""
        os.close(self._lock)

    def clear_half_written(self) -> None:
        """Remove what a killed backup left aside; nobody else writes while this one is open."""
        for pattern in (f"{_OBJECTS}/??/.*", f"{_BACKUPS}/.*", ".repository.json*"):
            for leftover in self.folder.glob(pattern):
                leftover.unlink()

    def holds(self, item: Piece | StoredImage) -> bool:
        """Whether an object lies there; not, whether it is whole."""
        return self._place(item).exists()

    def put(self, item: Piece | StoredImage, content: bytes) -> None:
        """Write an object durably."""
        place = self._place(item)
        with stick_told(self.folder):
            self._refuse_another_disk()
            make_folder(place.parent)
            write_durably(place, self._seal.seal(place.name, content))

    def get(self, item: Piece | StoredImage) -> bytes:
        """Read an object back from the stick itself, and check it.

        Raises
        ------
        NotWholeError
            It is damaged or absent; the message names it.
        """
        place = self._place(item)
        what = f"{self.folder}: the {item.kind} {item.sha256[:12]} (object {place.name[:12]})"
        try:
            with stick_told(self.folder):
                content = self._seal.open(place.name, _read_from_disk(place))
        except FileNotFoundError:
            raise NotWholeError(f"{what} is gone; use another copy.") from None
        except NotWholeError:
            raise NotWholeError(f"{what} is damaged; use another copy.") from None
        if hashlib.sha256(content).hexdigest() != item.sha256:
            raise NotWholeError(f"{what} is not what its name says; use another copy.")
        return content

    def numbers(self) -> list[int]:
        """Return the numbers of the complete backups, the oldest first."""
        with stick_told(self.folder):
            listed = [entry.name for entry in (self.folder / _BACKUPS).iterdir()]
        return sorted(int(name) for name in listed if _NUMBER.fullmatch(name))

    def read_list(self, number: int) -> BackupList:
        """Return what belongs to a backup.

        Raises
        ------
        NotWholeError
            The list is damaged or absent.
        """
        place = self._list_place(number)
        try:
            with stick_told(self.folder):
                content = self._seal.open(_list_name(number), _read_from_disk(place))
            return msgspec.json.decode(content, type=BackupList)
        except FileNotFoundError:
            raise NotWholeError(
                f"{self.folder}: there is no backup {number}; there are {self.numbers()}."
            ) from None
        except (NotWholeError, msgspec.ValidationError):
            raise NotWholeError(
                f"{self.folder}: the list of backup {number} is damaged; use another backup."
            ) from None

    def add_list(self, listed: BackupList) -> int:
        """Write the list that makes a backup count, read it back, and return its number."""
        number = max(self.numbers(), default=0) + 1
        sealed = self._seal.seal(_list_name(number), msgspec.json.encode(listed))
        with stick_told(self.folder):
            self._refuse_another_disk()
            write_durably(self._list_place(number), sealed)
        self.read_list(number)
        return number

    def prune(self, store: str, keep: int) -> None:
        """Remove a store's oldest backups beyond ``keep``, and what no backup needs any more."""
        own = [n for n in self.numbers() if (kept := self._try_list(n)) and kept.store == store]
        with stick_told(self.folder):
            for number in own[:-keep]:
                self._list_place(number).unlink()
            sync_folder(self.folder / _BACKUPS)
        self.remove_unneeded(())

    def remove_unneeded(self, wanted: Iterable[Piece | StoredImage]) -> int:
        """Remove objects that no backup lists and nobody wants; return how many.

        Where a list is damaged nothing is removed: it may have named them.
        """
        lists = [self._try_list(number) for number in self.numbers()]
        if None in lists:
            return 0
        needed = {self._place(item).name for item in wanted}
        needed |= {self._place(item).name for kept in lists if kept for item in kept.objects}
        with stick_told(self.folder):
            spare = [
                entry
                for entry in (self.folder / _OBJECTS).glob("??/*")
                if _OBJECT.fullmatch(entry.name) and entry.name not in needed
            ]
            for entry in spare:
                entry.unlink()
        return len(spare)

    def _try_list(self, number: int) -> BackupList | None:
        with suppress(NotWholeError):
            return self.read_list(number)
        return None

    def _place(self, item: Piece | StoredImage) -> Path:
        name = self._seal.name_of(item.kind, item.sha256)
        return self.folder / _OBJECTS / name[:2] / name

    def _list_place(self, number: int) -> Path:
        return self.folder / _BACKUPS / f"{number:08d}"

    def _refuse_another_disk(self) -> None:
        """Refuse to write where the stick was: its mount point is then a folder of the device."""
        if os.stat(self.folder).st_dev != self._device:
            raise gone(self.folder, "it is no longer mounted")


def _list_name(number: int) -> str:
    return f"{_LIST_KIND}:{number:08d}"


def _folder_of(place: Path) -> Path:
    return place if place.name == FOLDER else place / FOLDER


def _headers_there(folder: Path) -> list[Path]:
    return [path for name in (_HEADER, _HEADER_COPY) if (path := folder / name).exists()]


def _write_headers(folder: Path, header: Header) -> None:
    """Write the header and its copy where they are not as they should be."""
    written = msgspec.json.encode(header)
    for place in (folder / _HEADER_COPY, folder / _HEADER):
        if not place.exists() or place.read_bytes() != written:
            write_durably(place, written)


def _unlock(folder: Path, passphrase: bytes) -> tuple[Header, Seal]:
    """Return the header and the keys; by the copy where the header was damaged."""
    refused: UsageError | None = None
    for header in _read_headers(folder):
        try:
            return header, sealing.unlock(header, passphrase)
        except UsageError as error:
            refused = error
    if refused:
        raise UsageError(f"{folder}: {refused}")
    raise InputError(
        f"{folder / _HEADER}: this file and its copy are damaged or gone, and without them no "
        "backup on this stick can be opened; use another stick."
    )


def _read_headers(folder: Path) -> list[Header]:
    with stick_told(folder.parent):
        written = [path.read_bytes() for path in _headers_there(folder)]
        if not written and not any(folder.glob(f"{_BACKUPS}/*")):
            raise InputError(
                f"{folder}: there are no backups here; name the stick or folder that edgeall "
                "backup wrote to."
            )
    headers = []
    for header in written:
        with suppress(msgspec.MsgspecError, UnicodeDecodeError):
            headers.append(msgspec.json.decode(header, type=Header))
    return headers


def _read_from_disk(place: Path) -> bytes:
    """Read a file past the system's memory of it, where the system forgets it when asked."""
    descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    with open(descriptor, "rb") as opened:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        return opened.read()
