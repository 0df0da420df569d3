"""A watched folder: for microscopes whose own program saves pictures.

::

    FOLDER/*.jpg        waits to be read, the oldest first
    FOLDER/taken/       read and stored
    FOLDER/refused/     could not be read, or shows what was read before

A picture leaves the folder only after it was stored, so that a power cut loses none.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from edgeall.camera.clock import stamp
from edgeall.camera.decode import decode_bytes, read_file
from edgeall.camera.folder import SUFFIXES, natural_key
from edgeall.errors import CameraAbsentError, CameraLostError, ImageError

if TYPE_CHECKING:
    from edgeall.camera.frame import Frame

Outcome: TypeAlias = Literal["taken", "refused"]

_LOOK_EVERY_S = 0.3
_WHOLE_AFTER_LOOKS = 2
"""Looks at which a file must have the same size and time before it is believed to be whole."""


class WatchedFolder:
    """Pictures as they appear in a folder.

    Raises
    ------
    CameraAbsentError
        There is no such folder.
    """

    is_live = True
    frames_expected: int | None = None

    def __init__(self, folder: Path, um_per_pixel: float | None) -> None:
        self.name = f"watch:{folder}"
        self._folder, self._um_per_pixel = folder, um_per_pixel
        self._next = 0
        self._looks: dict[Path, tuple[int, int, int]] = {}
        self._given: set[Path] = set()
        self._ready: deque[Path] = deque()
        self._closed = threading.Event()
        if not folder.is_dir():
            raise CameraAbsentError(
                f"{folder}: there is no such folder to watch; make it, or correct camera.source."
            )

    def read(self) -> Frame | None:
        """Return the next picture, waiting for it; None once it was closed.

        Raises
        ------
        ImageError
            One file could not be read; the next call goes on behind it.
        CameraLostError
            The folder is gone.
        """
        while not self._closed.is_set():
            # A folder of thousands is looked through once, not once a picture.
            if not self._ready:
                self._ready.extend(self._whole_files())
            if self._ready:
                return self._frame(self._ready.popleft())
            self._closed.wait(_LOOK_EVERY_S)
        return None

    def settle(self, origin: str, outcome: Outcome) -> None:
        """Move a picture out of the way after it was stored or refused."""
        path = Path(origin)
        place = path.parent / outcome
        # Where it cannot be moved it stays in `_given` and is not read again by this run.
        with suppress(OSError):
            place.mkdir(exist_ok=True)
            path.replace(place / path.name)
            self._given.discard(path)

    def close(self) -> None:
        """Stop waiting."""
        self._closed.set()

    def _frame(self, path: Path) -> Frame:
        self._given.add(path)
        self._looks.pop(path, None)
        number = self._next
        self._next += 1
        try:
            encoded = read_file(path)
            pixels = decode_bytes(encoded, str(path))
        except ImageError:
            self.settle(str(path), "refused")
            raise
        return stamp(
            pixels,
            str(path),
            number,
            um_per_pixel=self._um_per_pixel,
            encoded=encoded,
        )

    def _whole_files(self) -> list[Path]:
        """Return files that have stopped growing, the oldest first."""
        try:
            found = [
                path
                for path in self._folder.iterdir()
                if path.suffix.lower() in SUFFIXES
                and not path.name.startswith(".")
                and path not in self._given
            ]
        except OSError as error:
            raise CameraLostError(
                f"{self._folder}: the watched folder cannot be read ({error.strerror}); make it "
                "again or plug its disk in. What was read before is kept."
            ) from error
        whole = [path for path in found if self._is_whole(path)]
        return sorted(whole, key=lambda path: (self._looks[path][1], natural_key(path)))

    def _is_whole(self, path: Path) -> bool:
        try:
            status = path.stat()
        except OSError:
            return False
        size, changed, looks = self._looks.get(path, (-1, 0, 0))
        same = (size, changed) == (status.st_size, status.st_mtime_ns)
        self._looks[path] = (status.st_size, status.st_mtime_ns, looks + 1 if same else 0)
        return status.st_size > 0 and self._looks[path][2] >= _WHOLE_AFTER_LOOKS
