"""Bringing a database up to date, each step whole or not at all, with a copy first."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from edgeall.errors import NewerDatabaseError, StoreError
from edgeall.store.durable import sync_folder
from edgeall.store.schema import APPLICATION_ID, MIGRATIONS

_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
_SCHEMA_COOKIE_AT = slice(40, 44)
_VERSION_AT = slice(60, 64)
_APPLICATION_AT = slice(68, 72)


def refuse_foreign(path: Path) -> None:
    """Refuse a file that is not ours to open, by its header alone: nothing is touched.

    An absent or an empty file passes: SQLite makes a database of it.

    Raises
    ------
    StoreError
        It is no database, or one of another program.
    NewerDatabaseError
        A later edgeall wrote it.
    """
    try:
        with path.open("rb") as opened:
            header = opened.read(_HEADER_BYTES)
    except FileNotFoundError:
        return
    except IsADirectoryError:
        raise StoreError(
            f"{path}: a folder lies where the database must be; move it away."
        ) from None
    except OSError as error:
        raise StoreError(
            f"{path}: it cannot be read ({error.strerror}); check its permissions and its disk."
        ) from error
    if not header:
        return
    if not header.startswith(_MAGIC) or len(header) < _HEADER_BYTES:
        raise StoreError(
            f"{path}: this is not an edgeall database or it is damaged; move it away and "
            "put a copy back, or name another folder with --store."
        )
    # A power cut before the first migration leaves neither a name nor a table.
    unnamed = not any(header[_APPLICATION_AT]) and not any(header[_SCHEMA_COOKIE_AT])
    if not unnamed and int.from_bytes(header[_APPLICATION_AT], "big") != APPLICATION_ID:
        raise StoreError(
            f"{path}: this database belongs to another program; name another folder with --store."
        )
    refuse_newer(path, int.from_bytes(header[_VERSION_AT], "big"))


def refuse_newer(path: Path, version: int) -> None:
    """Refuse a version that this edgeall does not know.

    Raises
    ------
    NewerDatabaseError
        A later edgeall wrote the database.
    """
    if version > len(MIGRATIONS):
        raise NewerDatabaseError(
            f"{path}: a later edgeall wrote this database (its version {version}, this one knows "
            f"{len(MIGRATIONS)}); update edgeall, or name another folder with --store."
        )


def version_of(connection: sqlite3.Connection) -> int:
    """Return a database's version; 0 for an empty one."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def migrate(
    connection: sqlite3.Connection,
    path: Path,
    migrations: Sequence[Sequence[str]] = MIGRATIONS,
) -> None:
    """Bring a database up to date; one that holds rows is first copied beside itself.

    The connection must be in autocommit mode. A migration and the version it
    leads to are one transaction, so that a power cut leaves the former version.
    """
    holds_rows = version_of(connection) > 0
    while (version := version_of(connection)) < len(migrations):
        if holds_rows:
            copy_beside(connection, path, version)
        _apply(connection, version, migrations[version])


def copy_beside(connection: sqlite3.Connection, path: Path, version: int) -> Path:
    """Copy the database to ``NAME.before-migration-N``, durably; return the copy's path."""
    copy = path.with_name(f"{path.name}.before-migration-{version}")
    aside = copy.with_name(f".{copy.name}")
    aside.unlink(missing_ok=True)
    with closing(sqlite3.connect(aside)) as target:
        target.execute("PRAGMA synchronous = FULL")
        connection.backup(target)
    aside.replace(copy)
    sync_folder(copy.parent)
    return copy


def _apply(connection: sqlite3.Connection, version: int, statements: Sequence[str]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have migrated while this one waited for the lock.
        if version_of(connection) == version:
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version + 1}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
