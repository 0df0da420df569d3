"""Replay: images and videos in place of a camera."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edgeall.camera.clock import stamp
from edgeall.camera.decode import decode_bytes, read_file
from edgeall.errors import ImageError

if TYPE_CHECKING:
    from edgeall.camera.frame import Frame

_USUAL_RATE = 25.0
"""Frames a second of a video that does not tell, or tells nonsense."""


class ImageFiles:
    """Image files, one frame each, in the order given."""

    is_live = False

    def __init__(self, paths: Sequence[Path], name: str, um_per_pixel: float | None) -> None:
        self.name = name
        self.frames_expected: int | None = len(paths)
        self._paths = list(paths)
        self._next = 0
        self._um_per_pixel = um_per_pixel

    def read(self) -> Frame | None:
        """Return the next file's frame; see `Source.read`."""
        if self._next >= len(self._paths):
            return None
        path, number = self._paths[self._next], self._next
        self._next += 1
        encoded = read_file(path)
        return stamp(
            decode_bytes(encoded, str(path)),
            str(path),
            number,
            um_per_pixel=self._um_per_pixel,
            encoded=encoded,
        )

    def close(self) -> None:
        """Nothing is held open."""


class VideoFile:
    """A video file, frame by frame.

    Raises
    ------
    ImageError
        OpenCV finds no frame in it.
    """

    is_live = False

    def __init__(self, path: Path, um_per_pixel: float | None) -> None:
        self.name = str(path)
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)) if self._capture.isOpened() else 0
        if count < 1:
            self._capture.release()
            raise ImageError(
                f"{path}: no video frame can be read from it; it is truncated or no video, so "
                "record it again as MP4 or AVI, or give images."
            )
        self.frames_expected: int | None = count
        rate = float(self._capture.get(cv2.CAP_PROP_FPS))
        self.frames_per_second = rate if 0.1 <= rate <= 1000 else _USUAL_RATE
        self._next = 0
        self._um_per_pixel = um_per_pixel

    def read(self) -> Frame | None:
        """Return the next frame; see `Source.read`."""
        got, bgr = self._capture.read()
        if not got:
            self._check_ended()
            return None
        number = self._next
        self._next += 1
        rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)
        origin = f"{self.name}, frame {number + 1}"
        return stamp(rgb, origin, number, um_per_pixel=self._um_per_pixel)

    def close(self) -> None:
        """Close the file."""
        self._capture.release()

    def _check_ended(self) -> None:
        """Say so where the video promised frames that it does not hold."""
        promised, self.frames_expected = self.frames_expected or 0, self._next
        # Containers round their count; a tenth missing is a cut file.
        if self._next < promised * 0.9:
            raise ImageError(
                f"{self.name}: it is truncated, {self._next} of {promised} frames could be read; "
                "copy it again."
            )
