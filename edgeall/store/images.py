"""The images, each under the hash of its bytes: ``images/ab/abcd….jpg``."""

from __future__ import annotations

import hashlib
import os
import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from edgeall.errors import ImageError
from edgeall.store.durable import disk_error, make_folder, sync_folder

if TYPE_CHECKING:
    from edgeall.camera.frame import Frame

INCOMING = ".incoming"
"""Where images are written before they take their name; a power cut may leave some."""

_HASH_SIGNS = 64

_PNG_COMPRESSION = 1
"""The fastest that still compresses: lossless either way."""

_SUFFIXES = (
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"BM", ".bmp"),
    (b"II*\0", ".tif"),
    (b"MM\0*", ".tif"),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded image that is to be stored."""

    data: bytes
    sha256: str
    suffix: str

    @property
    def place(self) -> str:
        """Its path inside the images' folder."""
        return place_of(self.sha256, self.suffix)


def place_of(sha256: str, suffix: str) -> str:
    """Return an image's path inside the images' folder."""
    return f"{sha256[:2]}/{sha256}{suffix}"


def picture_of(frame: Frame) -> Picture:
    """Return a frame's own bytes where it came from a file, its pixels as PNG otherwise.

    Raises
    ------
    ImageError
        The pixels could not be encoded.
    """
    data = frame.encoded or _png(frame)
    return Picture(data, hashlib.sha256(data).hexdigest(), suffix_of(data))


def suffix_of(data: bytes) -> str:
    """Return the suffix that an image's first bytes ask for, ``.img`` where they are unknown."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ".webp"
    return next((suffix for magic, suffix in _SUFFIXES if data.startswith(magic)), ".img")


def keep_pictures(folder: Path, pictures: Sequence[Picture]) -> None:
    """Store pictures so that all of them are durable on return; one that is there is left.

    Raises
    ------
    DiskFullError
        There is no room; pictures stored before are intact, these may lie there unnamed.
    StoreError
        The folder cannot be written.
    """
    try:
        make_folder(folder / INCOMING)
        for picture in pictures:
            _keep(folder, picture)
        for shelf in {(folder / picture.place).parent for picture in pictures}:
            sync_folder(shelf)
    except OSError as error:
        raise disk_error(folder, error) from error


@dataclass(frozen=True, slots=True)
class LookedAt:
    """How many images were looked at, and which of them are not what their name says."""

    looked_at: int
    damaged: tuple[Path, ...]


def damaged_images(folder: Path, chance: random.Random, most: int) -> LookedAt:
    """Compare some images, drawn by chance, with the hash in their name."""
    stored = [path for path in folder.glob("??/*") if len(path.stem) == _HASH_SIGNS]
    drawn = chance.sample(stored, min(most, len(stored)))
    return LookedAt(len(drawn), tuple(path for path in drawn if not _is_whole(path)))


def _is_whole(path: Path) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == path.stem
    except OSError:
        return False


def clear_incoming(folder: Path) -> None:
    """Remove what a power cut left half-written; only while nobody else writes there."""
    incoming = folder / INCOMING
    try:
        for leftover in incoming.iterdir() if incoming.is_dir() else ():
            leftover.unlink()
    except OSError as error:
        raise disk_error(incoming, error) from error


def _keep(folder: Path, picture: Picture) -> None:
    place = folder / picture.place
    if _holds(place, picture):
        return
    make_folder(place.parent)
    aside = folder / INCOMING / f"{picture.sha256}.{secrets.token_hex(4)}"
    try:
        with aside.open("wb") as opened:
            opened.write(picture.data)
            opened.flush()
            os.fsync(opened.fileno())
        aside.replace(place)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def _holds(place: Path, picture: Picture) -> bool:
    """Whether the image lies there whole; a damaged one is written again."""
    try:
        return place.stat().st_size == len(picture.data) and place.read_bytes() == picture.data
    except FileNotFoundError:
        return False


def _png(frame: Frame) -> bytes:
    done, encoded = cv2.imencode(
        ".png",
        cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2BGR),
        [cv2.IMWRITE_PNG_COMPRESSION, _PNG_COMPRESSION],
    )
    if not done:
        raise ImageError(f"{frame.origin}: this frame could not be encoded; take it again.")
    return encoded.tobytes()
