"""The live camera: always its newest frame, and a word when it hangs or freezes."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import numpy as np

from edgeall.errors import CameraError, CameraFrozenError, CameraHangsError

if TYPE_CHECKING:
    from edgeall.camera.frame import Frame, Pixels
    from edgeall.camera.source import Source

HANGS_AFTER_S = 5.0
"""Seconds without a frame after which a camera is given up."""

FROZEN_AFTER_S = 10.0
"""Seconds of identical frames after which a camera is given up; a sensor's noise never repeats."""


class LiveCamera:
    """Reads a camera in a thread of its own and hands out its newest frame.

    Frames that nobody took in time are dropped and counted, so that what is
    read is what lies under the objective now and memory stays flat.
    """

    is_live = True
    frames_expected: int | None = None

    def __init__(
        self,
        source: Source,
        hangs_after_s: float = HANGS_AFTER_S,
        frozen_after_s: float = FROZEN_AFTER_S,
    ) -> None:
        self.name = source.name
        self.dropped = 0
        self._source = source
        self._hangs_after_s, self._frozen_after_s = hangs_after_s, frozen_after_s
        self._changed = threading.Condition()
        self._newest: Frame | None = None
        self._failure: CameraError | None = None
        self._closed = False
        self._arrived = time.monotonic()
        # A driver may block for ever: leaving must not wait for that.
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    def read(self) -> Frame | None:
        """Return the newest frame that was not handed out yet; None once it was closed.

        Raises
        ------
        CameraHangsError
            No frame came for 5 seconds.
        CameraFrozenError
            The frames are all the same.
        CameraLostError
            The camera stopped.
        """
        with self._changed:
            while self._newest is None and self._failure is None and not self._closed:
                waited = time.monotonic() - self._arrived
                if waited >= self._hangs_after_s:
                    raise CameraHangsError(
                        f"{self.name}: the camera has delivered nothing for {waited:.0f} seconds; "
                        "unplug it and plug it in again. What was read before is kept."
                    )
                self._changed.wait(self._hangs_after_s - waited)
            if self._newest is None:
                if self._failure is not None and not self._closed:
                    raise self._failure
                return None
            frame, self._newest = self._newest, None
            return frame

    def close(self) -> None:
        """Let the camera go; a camera that hangs lets itself go when it wakes."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def has_ended(self, within_s: float) -> bool:
        """Whether the camera's own thread has ended, after waiting for it."""
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        frozen = _Frozen(self._frozen_after_s)
        try:
            while not self._closed:
                frame = self._source.read()
                if frame is None:
                    self.close()
                elif frozen.sees(frame):
                    raise CameraFrozenError(
                        f"{self.name}: the camera repeats one picture; unplug it and plug it in "
                        "again. What was read before is kept."
                    )
                else:
                    self._offer(frame)
        except CameraError as error:
            with self._changed:
                self._failure = error
                self._changed.notify_all()
        finally:
            self._source.close()

    def _offer(self, frame: Frame) -> None:
        with self._changed:
            self.dropped += self._newest is not None
            self._newest, self._arrived = frame, time.monotonic()
            self._changed.notify_all()


class _Frozen:
    """Tells a camera that repeats its last picture."""

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._last: Pixels | None = None
        self._since = 0.0

    def sees(self, frame: Frame) -> bool:
        if self._last is None or not np.array_equal(self._last, frame.pixels):
            self._last, self._since = frame.pixels, frame.monotonic_s
            return False
        return frame.monotonic_s - self._since >= self._after_s
