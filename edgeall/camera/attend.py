"""From a source's name to a source that the unattended service can live with."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeall.camera.live import LiveCamera
from edgeall.camera.open import open_camera
from edgeall.camera.replay import VideoFile
from edgeall.camera.watched import WatchedFolder

if TYPE_CHECKING:
    from edgeall.camera.frame import Frame
    from edgeall.camera.source import CameraSettings, Source


@dataclass(frozen=True, slots=True)
class AttendedSource:
    """A source with what the service must know of it.

    Attributes
    ----------
    source
        Gives frames, and None once it was closed or has ended.
    every_frame_counts
        Somebody took each of its pictures on purpose.
    camera, folder
        The same source where it is a live camera or a watched folder.
    """

    source: Source
    every_frame_counts: bool
    camera: LiveCamera | None = None
    folder: WatchedFolder | None = None


def attend(spec: str, settings: CameraSettings) -> AttendedSource:
    """Open a source for the service; raises as `open_camera` does.

    A video plays at its own speed, as the camera that recorded it did.
    """
    source = open_camera(spec, settings)
    if isinstance(source, WatchedFolder):
        return AttendedSource(source, every_frame_counts=True, folder=source)
    if isinstance(source, VideoFile):
        camera = LiveCamera(_Paced(source))
        return AttendedSource(camera, every_frame_counts=False, camera=camera)
    if source.is_live:
        camera = LiveCamera(source)
        return AttendedSource(camera, every_frame_counts=False, camera=camera)
    return AttendedSource(_Stoppable(source), every_frame_counts=True)


class _Paced:
    """A video at its own speed."""

    is_live = True

    def __init__(self, video: VideoFile) -> None:
        self.name, self.frames_expected = video.name, video.frames_expected
        self._video = video
        self._began: float | None = None
        self._shown = 0

    def read(self) -> Frame | None:
        frame = self._video.read()
        if self._began is None:
            self._began = time.monotonic()
        ahead = self._began + self._shown / self._video.frames_per_second - time.monotonic()
        self._shown += 1
        time.sleep(max(0.0, ahead))
        return frame

    def close(self) -> None:
        self._video.close()


class _Stoppable:
    """Files that end when they are closed."""

    is_live = False

    def __init__(self, files: Source) -> None:
        self.name, self.frames_expected = files.name, files.frames_expected
        self._files = files
        self._closed = threading.Event()

    def read(self) -> Frame | None:
        return None if self._closed.is_set() else self._files.read()

    def close(self) -> None:
        self._closed.set()
        self._files.close()
