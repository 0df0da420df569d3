"""Getting a backup back: every object is checked before it counts for anything."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from edgeall.errors import StoreError, UsageError
from edgeall.store import connection as database
from edgeall.store.durable import disk_error, durable_file, make_folder, sync_folder
from edgeall.store.images import Picture, keep_pictures
from edgeall.store.repository import Repository
from edgeall.store.sealing import NotWholeError
from edgeall.store.store import DATABASE, IMAGES

if TYPE_CHECKING:
    from edgeall.store.backup_list import BackupList

Count: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look through all backups of a stick found.

    ``damaged`` holds one sentence for each list or object that is not whole.
    """

    backups: tuple[int, ...]
    objects: int
    damaged: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """A backup that was put into a folder."""

    number: int
    made: str
    pictures: int


def verify(place: Path, passphrase: bytes, tell: Count = lambda *_: None) -> Verified:
    """Read every object of every backup on a stick, and check it.

    Raises
    ------
    InputError
        There are no backups.
    UsageError
        The passphrase is another one.
    StoreError
        The stick failed or was pulled out.
    """
    damaged = []
    lists: dict[int, BackupList] = {}
    with Repository.open(place, passphrase) as repository:
        for number in repository.numbers():
            try:
                lists[number] = repository.read_list(number)
            except NotWholeError as error:
                damaged.append(str(error))
        objects = dict.fromkeys(item for listed in lists.values() for item in listed.objects)
        for count, item in enumerate(objects, 1):
            try:
                repository.get(item)
            except NotWholeError as error:
                damaged.append(str(error))
            tell(count, len(objects))
    return Verified(tuple(lists), len(objects), tuple(damaged))


def restore(
    place: Path,
    into: Path,
    passphrase: bytes,
    number: int | None = None,
    tell: Count = lambda *_: None,
) -> Restored:
    """Put a backup, the newest or the one of that number, into an empty folder.

    The database takes its name last: a folder that was restored by half is no store.

    Raises
    ------
    UsageError
        The folder is not empty, the passphrase is another one, or several stores
        share the stick and no number says which.
    InputError
        There are no backups.
    NotWholeError
        An object is damaged; the message names it.
    DiskFullError
        There is no room in the folder.
    StoreError
        The stick failed, or the folder cannot be written.
    """
    try:
        make_folder(into)
        if any(into.iterdir()):
            raise UsageError(f"{into}: a backup is restored into an empty folder; name another.")
    except OSError as error:
        raise disk_error(into, error) from error
    with Repository.open(place, passphrase) as repository:
        chosen = _newest(repository) if number is None else number
        listed = repository.read_list(chosen)
        for count, image in enumerate(listed.images, 1):
            picture = Picture(repository.get(image), image.sha256, image.suffix)
            keep_pictures(into / IMAGES, [picture])
            tell(count, len(listed.images))
        _restore_database(repository, listed, into / DATABASE)
    return Restored(chosen, listed.made, len(listed.images))


def _newest(repository: Repository) -> int:
    """Return the newest backup that can be read; of one store, for nobody can guess which."""
    newest: dict[str, int] = {}
    for number in repository.numbers():
        with suppress(NotWholeError):
            newest[repository.read_list(number).store] = number
    if not newest:
        raise StoreError(f"{repository.folder}: no backup here is complete; use another stick.")
    if len(newest) > 1:
        raise UsageError(
            f"{repository.folder}: several devices were backed up here; the newest of each are "
            f"{', '.join(map(str, sorted(newest.values())))}, choose one with --number."
        )
    return next(iter(newest.values()))


def _restore_database(repository: Repository, listed: BackupList, path: Path) -> None:
    aside = path.with_name(f".{path.name}.restoring")
    with durable_file(aside) as opened:
        for piece in listed.database:
            opened.write(repository.get(piece))
    with (
        database.explained(aside),
        closing(database.connect_read_only(aside)) as rows,
    ):
        database.check_whole(rows, aside)
        _check_pictures(path.parent / IMAGES, {image.sha256 for image in listed.images})
    try:
        aside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise disk_error(path, error) from error


def _check_pictures(images: Path, wanted: set[str]) -> None:
    """Hold what lies in the folder now against its names: this is what will be relied on."""
    found = {
        path.stem
        for path in images.glob("??/*")
        if hashlib.sha256(path.read_bytes()).hexdigest() == path.stem
    }
    if missing := wanted - found:
        raise StoreError(
            f"{images}: {min(missing)[:12]} was not written as it was read; check the disk and "
            "restore into another folder."
        )
