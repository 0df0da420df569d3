"""The USB stick that takes backups: which one it is, and the sentences for its failures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgeall.errors import DiskFullError, StoreError, UsageError
from edgeall.store.durable import NO_ROOM

_MOUNTS = Path("/proc/self/mountinfo")
_PLACES = (Path("/media"), Path("/run/media"), Path("/mnt"))
_MOUNT_POINT = 4
"""The column of mountinfo (proc(5)) that says where a file system is mounted."""

_SOURCE = -2
"""The column that says from which device; counted from the end, for some in between may lack."""


def find_stick(marker: str) -> Path:
    """Return where the stick is mounted that carries the marker file.

    Raises
    ------
    StoreError
        No stick is in, or none of them carries the marker.
    UsageError
        More than one does.
    """
    mounted = _mounted(_MOUNTS.read_text("utf-8", "surrogateescape"))
    marked = [place for place in mounted if _carries(place, marker)]
    if len(marked) == 1:
        return marked[0]
    if marked:
        raise UsageError(
            f"more than one backup stick is in ({_listed(marked)}); pull all but one out, or name "
            "one with --to."
        )
    if disks := [place for place, source in mounted.items() if source.startswith("/dev/")]:
        raise StoreError(
            f"{_listed(disks)}: this stick is not marked for backups; make an empty file named "
            f"{marker} on it (touch {disks[0] / marker}) and put it in again."
        )
    raise StoreError(
        "no USB stick is in; put one in that carries an empty file named "
        f"{marker}, or name a folder with --to."
    )


@contextmanager
def stick_told(place: Path) -> Iterator[None]:
    """Turn the failures of a stick into sentences about a stick; a single file's absence passes.

    Raises
    ------
    DiskFullError
        It is full.
    StoreError
        It was pulled out, is broken or write-protected, or not this user's.
    """
    try:
        yield
    except StoreError as error:
        if not isinstance(error.__cause__, OSError):
            raise
        raise _sentence(place, error.__cause__) from error
    except FileNotFoundError:
        if place.exists():
            raise
        raise gone(place, "it is no longer there") from None
    except OSError as error:
        raise _sentence(place, error) from error


def gone(place: Path, what: str) -> StoreError:
    """Return the sentence for a stick that can no longer be used."""
    return StoreError(
        f"{place}: the stick cannot be used ({what}); it was pulled out, is write-protected or "
        "broken. The backups that were complete are intact; put it in again and repeat."
    )


def _sentence(place: Path, error: OSError) -> StoreError:
    if error.errno in NO_ROOM:
        return DiskFullError(
            f"{place}: the stick is full; the backups that were complete are intact. Take a "
            "larger one, or lower backup.keep in the settings."
        )
    what = error.strerror or str(error)
    if isinstance(error, PermissionError):
        return StoreError(
            f"{place}: you may not write there ({what}); make the stick's folder yours, or "
            "take one formatted with FAT."
        )
    return gone(place, what)


def _mounted(mountinfo: str) -> dict[Path, str]:
    """Return what is mounted at the places of sticks, each with the device it comes from."""
    columns = [line.split(" ") for line in mountinfo.splitlines()]
    points = {
        Path(re.sub(r"\\([0-7]{3})", _unescaped, line[_MOUNT_POINT])): line[_SOURCE]
        for line in columns
    }
    return {
        point: source
        for point, source in points.items()
        if any(place in point.parents for place in _PLACES)
    }


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match.group(1), 8))


def _carries(place: Path, marker: str) -> bool:
    try:
        return (place / marker).is_file()
    except OSError:
        return False


def _listed(places: list[Path]) -> str:
    return ", ".join(map(str, places))
