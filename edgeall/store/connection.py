"""Opening the database: the same pragmas on every connection, every failure one sentence."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from edgeall.errors import DiskFullError, StoreError

BUSY_SECONDS = 5.0
"""How long to wait for another process that is writing."""

_CHECKPOINT_PAGES = 1000


def connect(path: Path) -> sqlite3.Connection:
    """Open a database for reading and writing; one that is absent is made.

    The connection is in autocommit mode, and may be handed to another thread:
    whoever shares it must see to it that one thread uses it at a time.
    """
    connection = _connect(path, "mode=rwc")
    # Every change is durable when its COMMIT returns, over power cuts as well.
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "recursive_triggers = ON",
        f"wal_autocheckpoint = {_CHECKPOINT_PAGES}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def connect_read_only(path: Path) -> sqlite3.Connection:
    """Open a database for reading; also one on a read-only disk.

    Raises
    ------
    StoreError
        It lies on a read-only disk and was not closed: its last rows cannot be read there.
    """
    mode = "mode=ro"
    log, index = (path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))
    # Where the index of the log lies there, SQLite can read it; else it would have to make it.
    if not os.access(path.parent, os.W_OK) and not index.exists():
        if log.exists() and log.stat().st_size:
            raise StoreError(
                f"{path}: it was not closed and its folder is read-only, so its last rows cannot "
                "be read; copy the folder to a disk that can be written."
            )
        mode = "mode=ro&immutable=1"
    connection = _connect(path, mode)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA query_only = ON")
    return connection


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?{mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )


def check_whole(connection: sqlite3.Connection, path: Path) -> None:
    """Look through a database's pages for damage (SQLite's quick check).

    Raises
    ------
    StoreError
        It is damaged.
    """
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise _damaged(path)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what the block writes, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # SQLite itself has rolled back after some failures, a full disk among them.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's failures into sentences.

    Raises
    ------
    DiskFullError
        There is no room left.
    StoreError
        The database is damaged, locked, read-only or refuses the row.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise _sentence(path, error) from error


def _sentence(path: Path, error: sqlite3.Error) -> StoreError:
    # The primary code is the low byte; errors of the module itself have none.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _no_room(path)):
        return DiskFullError(
            f"{path}: the disk is full; what was stored before is intact, so free some space "
            "and run the command again."
        )
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return _damaged(path)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(
            f"{path}: another program has kept it locked for {BUSY_SECONDS:g} seconds; "
            "end that one, or name another folder with --store."
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return StoreError(
            f"{path}: it cannot be opened for writing; check that the disk is not read-only and "
            "the folder is yours, or name another one with --store."
        )
    if code == sqlite3.SQLITE_CONSTRAINT:
        return StoreError(
            f"{path}: the database refused a row ({error}); nothing of it was stored, "
            "please report this."
        )
    return StoreError(f"{path}: the database failed ({error}); check the disk it lies on.")


def _damaged(path: Path) -> StoreError:
    return StoreError(
        f"{path}: the database is damaged; keep it, put a copy in its place, "
        "or name another folder with --store."
    )


def _no_room(path: Path) -> bool:
    """Whether the disk is full: for its shared memory SQLite reports that as a mere failure."""
    disk = os.statvfs(path.parent)
    return disk.f_bavail * disk.f_frsize < 1 << 20
