"""Who may clear pictures away, and when: never while one waits for the row that names it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgeall.errors import StoreError
from edgeall.store.durable import disk_error, make_folder


@contextmanager
def naming(images: Path) -> Iterator[None]:
    """Keep pictures from being cleared away while they are stored and then named by rows.

    A picture may lie there from a run that was cut off, and be named only now.
    """
    with _locked(images, fcntl.LOCK_SH):
        yield


@contextmanager
def clearing(images: Path) -> Iterator[None]:
    """Wait until every stored picture is named or abandoned, and keep others from storing."""
    with _locked(images, fcntl.LOCK_EX):
        yield


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep backup and retention of a store from running beside each other.

    Raises
    ------
    StoreError
        One of them is running.
    """
    lock = os.open(folder / ".upkeep", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(
                f"{folder}: another backup or retention is running; wait until it has ended."
            ) from None
        yield
    finally:
        os.close(lock)


@contextmanager
def _locked(images: Path, kind: int) -> Iterator[None]:
    try:
        make_folder(images)
        descriptor = os.open(images, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise disk_error(images, error) from error
    try:
        fcntl.flock(descriptor, kind)
        yield
    finally:
        os.close(descriptor)
