"""Files that are whole or absent: written aside, synced, renamed, their folder synced."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from edgeall.errors import DiskFullError, StoreError

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})


def write_durably(path: Path, data: bytes) -> None:
    """Write a file so that after a power cut it is there whole, or not at all.

    Raises
    ------
    DiskFullError
        There is no room for it; a former file of that name is intact.
    StoreError
        It cannot be written there.
    """
    with durable_file(path) as opened:
        opened.write(data)


@contextmanager
def durable_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that takes its name, durably, when the block ends well.

    Through a link it is the link's target that is replaced.

    Raises
    ------
    DiskFullError
        There is no room for it; a former file of that name is intact.
    StoreError
        It cannot be written there.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        raise StoreError(f"{path}: this is no ordinary file; name a file to be written.")
    aside: Path | None = None
    try:
        aside, opened = _open_aside(path)
        with opened:
            yield opened
            opened.flush()
            os.fsync(opened.fileno())
        aside.replace(path)
        aside = None
        sync_folder(path.parent)
    except OSError as error:
        raise disk_error(path, error) from error
    finally:
        if aside is not None:
            with suppress(OSError):
                aside.unlink()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, durably; one that is there is left as it is."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for absent in reversed(missing):
        absent.mkdir(exist_ok=True)
        sync_folder(absent.parent)


def disk_error(path: Path, error: OSError) -> StoreError:
    """Return the sentence for a file that could not be written or read."""
    if error.errno in NO_ROOM:
        return DiskFullError(
            f"{path}: the disk is full; what was stored before is intact, so free some space "
            "and run the command again."
        )
    if error.errno == errno.EROFS:
        return StoreError(
            f"{path}: the disk is read-only; mount it for writing, or name another folder."
        )
    if error.errno in _FORBIDDEN:
        return StoreError(f"{path}: you may not write there; ask for access, or name another.")
    if error.errno == errno.ENOENT:
        return StoreError(f"{path}: its folder does not exist; make it, or name another one.")
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return StoreError(f"{path}: a file lies where a folder must be; name another folder.")
    return StoreError(
        f"{path}: the disk failed ({error.strerror or error}); check it, or name another folder."
    )


def _open_aside(path: Path) -> tuple[Path, BinaryIO]:
    """Open a new hidden file beside ``path``, with the rights that any new file gets."""
    aside = path.with_name(f".{path.name[:64]}.{secrets.token_hex(8)}")
    return aside, aside.open("xb")
