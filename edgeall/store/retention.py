"""Clearing away: what nobody needs any more, and old pictures where the disk is nearly full.

A picture of a finding goes only after the row that says so is durable: a power
cut between leaves a picture that no row needs, which the next run clears away.
Rows are never removed.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edgeall.errors import StoreError
from edgeall.store import connection as database
from edgeall.store.amendments import BEGUN
from edgeall.store.clock import now
from edgeall.store.durable import disk_error
from edgeall.store.images import INCOMING, place_of
from edgeall.store.store import IMAGES, Store
from edgeall.store.upkeep import alone, clearing
from edgeall.store.writing import insert, insert_moment

OPERATOR = "edgeall retention"
"""Who removed a picture, in the row that tells of it."""

_LEFT_AFTER = timedelta(days=1)
"""What no row names and is older was abandoned: a run names its pictures within seconds."""

_CLOCK_STARTS = datetime(2025, 1, 1, tzinfo=UTC)
"""What is dated before was written by a clock that was not set: its age is not known."""

_AT_ONCE = 64
"""Pictures removed between two looks at the free room."""

_LET_GO = f"""
    WITH newest AS (SELECT run, max(version) AS version FROM signature GROUP BY run),
    amended AS (
        SELECT subject, max(detail ->> '$.version') AS version FROM audit
        WHERE action = '{BEGUN}' GROUP BY subject
    )
    SELECT run FROM control WHERE passed
    UNION
    SELECT signature.run FROM newest
    JOIN signature ON signature.run = newest.run AND signature.version = newest.version
    LEFT JOIN amended ON amended.subject = 'run ' || newest.run
    WHERE json_array_length(signature.reading, '$.reading.flags') = 0
        AND coalesce(amended.version, 0) <= newest.version
"""
"""Runs that let their pictures go: a control slide that passed, and a patient's that is signed
without a flag and is not being amended."""

_REMOVABLE = f"""
    SELECT image.id, image.sha256, image.suffix, image.bytes
    FROM field
    JOIN image ON image.id = field.image
    JOIN moment ON moment.id = field.written
    LEFT JOIN ({_LET_GO}) AS let_go ON let_go.run = field.run
    WHERE NOT EXISTS (SELECT 1 FROM image_removed WHERE image_removed.image = image.id)
    GROUP BY image.id
    HAVING min(let_go.run IS NOT NULL)
        AND max(moment.wall_clock) < ? AND min(moment.wall_clock) >= ?
    ORDER BY min(moment.id)
"""

_NEEDED = """
    SELECT image.sha256, image.suffix FROM image
    LEFT JOIN image_removed ON image_removed.image = image.id
    WHERE image_removed.id IS NULL OR image.id IN (
        SELECT field.image FROM field
        JOIN image_removed ON image_removed.image = field.image
        WHERE field.written > image_removed.written
    )
"""
"""Pictures that were not removed, or were removed and then taken once more."""


@dataclass(frozen=True, slots=True)
class RemovableImage:
    """A picture that may go; ``place`` is its path in the images' folder."""

    id: int
    place: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Limits:
    """After how many days things may go, and under how many free bytes pictures do."""

    days: int
    free: int


@dataclass(frozen=True, slots=True)
class Cleared:
    """What was cleared away or, in a dry run, would be.

    Attributes
    ----------
    leftovers
        Files that nobody needs: pictures that no row names, halves, old copies of the
        database; their paths in the store's folder.
    pictures
        Pictures of findings, by their paths in the images' folder, the oldest first.
    bytes
        What all of them took.
    free
        Bytes free afterwards.
    """

    leftovers: tuple[str, ...]
    pictures: tuple[str, ...]
    bytes: int
    free: int


def clear_away(folder: Path, limits: Limits, *, dry_run: bool = False) -> Cleared:
    """Clear leftovers away, and removable pictures while too little room is free.

    Raises
    ------
    DiskFullError
        There is not even room for the row that tells of a removal.
    StoreError
        Nothing is stored there, it is damaged, a backup is running, or the disk failed.
    """
    if dry_run:
        with Store.open(folder, read_only=True) as store:
            return _look(store.path, limits)
    if not Store.exists(folder):
        raise StoreError(f"{folder}: nothing is stored there yet, so there is nothing to clear.")
    with alone(folder), Store.open(folder) as store:
        try:
            return _clear(store.path, limits)
        except OSError as error:
            raise disk_error(folder, error) from error


def removable_images(connection: sqlite3.Connection, days: int) -> list[RemovableImage]:
    """Return pictures that may go where room is short, the oldest first.

    All fields that show a picture must be older than ``days`` and of slides that let
    it go; slides that are unsigned, flagged or being amended never do.
    """
    before = now().wall_clock - timedelta(days=days)
    rows = connection.execute(_REMOVABLE, (before.isoformat(), _CLOCK_STARTS.isoformat()))
    return [
        RemovableImage(number, place_of(sha256, suffix), size)
        for number, sha256, suffix, size in rows
    ]


def _look(path: Path, limits: Limits) -> Cleared:
    images = path.parent / IMAGES
    with database.explained(path), closing(database.connect_read_only(path)) as rows:
        leftovers = [*_unneeded(rows, images), *_halves(images), *_old_copies(path, limits.days)]
        removable = removable_images(rows, limits.days)
    size = sum(leftover.stat().st_size for leftover in leftovers)
    free = shutil.disk_usage(path.parent).free + size
    pictures = []
    for image in removable:
        if free >= limits.free:
            break
        pictures.append(image.place)
        size, free = size + image.bytes, free + image.bytes
    return Cleared(_relative(leftovers, path.parent), tuple(pictures), size, free)


def _clear(path: Path, limits: Limits) -> Cleared:
    images = path.parent / IMAGES
    with database.explained(path), closing(database.connect(path)) as rows:
        leftovers, size = _clear_leftovers(rows, path, limits.days)
        pictures: list[str] = []
        removable = removable_images(rows, limits.days)
        while removable and shutil.disk_usage(path.parent).free < limits.free:
            batch, removable = removable[:_AT_ONCE], removable[_AT_ONCE:]
            _note_removal(rows, batch, limits)
            size += _unlink_unneeded(rows, images, [images / image.place for image in batch])
            pictures += [image.place for image in batch]
    free = shutil.disk_usage(path.parent).free
    return Cleared(_relative(leftovers, path.parent), tuple(pictures), size, free)


def _clear_leftovers(rows: sqlite3.Connection, path: Path, days: int) -> tuple[list[Path], int]:
    images = path.parent / IMAGES
    copies = _old_copies(path, days)
    size = _unlink(copies)
    if not images.is_dir():
        return copies, size
    unneeded = _unneeded(rows, images)
    size += _unlink_unneeded(rows, images, unneeded)
    with clearing(images):
        halves = _halves(images)
        size += _unlink(halves)
    return [*unneeded, *halves, *copies], size


def _unneeded(rows: sqlite3.Connection, images: Path) -> list[Path]:
    """Return old pictures that no row needs."""
    needed = _needed(rows, images)
    return [path for path in sorted(_old(images.glob("??/*"), _LEFT_AFTER)) if path not in needed]


def _unlink_unneeded(rows: sqlite3.Connection, images: Path, unneeded: Iterable[Path]) -> int:
    """Remove pictures unless a row has come to need them; return their bytes.

    The lock keeps a run from finding a picture there, which it need not write again,
    and naming it when it has gone.
    """
    with clearing(images):
        needed = _needed(rows, images)
        return _unlink(path for path in unneeded if path not in needed)


def _needed(rows: sqlite3.Connection, images: Path) -> set[Path]:
    return {images / place_of(sha256, suffix) for sha256, suffix in rows.execute(_NEEDED)}


def _note_removal(
    rows: sqlite3.Connection, batch: Iterable[RemovableImage], limits: Limits
) -> None:
    reason = f"older than {limits.days} days, and less than {limits.free / 1e9:.1f} GB were free"
    with database.transaction(rows):
        written = insert_moment(rows)
        for image in batch:
            insert(
                rows,
                "image_removed",
                image=image.id,
                operator=OPERATOR,
                reason=reason,
                written=written,
            )


def _halves(images: Path) -> list[Path]:
    """Return pictures that were never written to their end."""
    return sorted(_old((images / INCOMING).glob("*"), _LEFT_AFTER))


def _old_copies(path: Path, days: int) -> list[Path]:
    """Return copies that migrations made of the database, when they have served their time."""
    copies = _old(path.parent.glob(f"{path.name}.before-migration-*"), timedelta(days=days))
    dated = [copy for copy in copies if copy.stat().st_mtime >= _CLOCK_STARTS.timestamp()]
    halves = _old(path.parent.glob(f".{path.name}.before-migration-*"), _LEFT_AFTER)
    return sorted([*dated, *halves])


def _old(paths: Iterable[Path], age: timedelta) -> list[Path]:
    before = (now().wall_clock - age).timestamp()
    return [path for path in paths if path.is_file() and path.stat().st_mtime < before]


def _unlink(paths: Iterable[Path]) -> int:
    size = 0
    for path in paths:
        try:
            size += path.stat().st_size
            path.unlink()
        except FileNotFoundError:
            continue
    return size


def _relative(paths: Iterable[Path], folder: Path) -> tuple[str, ...]:
    return tuple(str(path.relative_to(folder)) for path in paths)
