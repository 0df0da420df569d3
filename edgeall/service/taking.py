"""Taking fields: which frames of a live source are worth reading.

By itself a field is taken when the picture has come to rest, is sharp, and
shows a part of the slide that was not taken before. On request (a button, a
key, the timer, a picture that the microscope's own program saved) the next
sharp frame is taken, even over another field, but never the same field twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeAlias

from edgeall.field.focus import is_in_focus, sharpness
from edgeall.field.motion import Rest
from edgeall.field.view import view_of

if TYPE_CHECKING:
    from edgeall.camera.frame import Frame
    from edgeall.camera.source import Source
    from edgeall.service.attended import AttendedSlide
    from edgeall.settings.sections import Trigger

Refusal: TypeAlias = Literal["out of focus", "taken before"]

SAME_FIELD = 0.95
"""Share of a field that lies over another from which it is that field."""

_REQUEST_LASTS_S = 3.0
"""Seconds within which a requested field must become sharp."""


class Requests:
    """A field that somebody asked for and that was not taken yet; any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked_at: float | None = None

    def ask(self) -> None:
        """Ask for the next frame."""
        with self._lock:
            self._asked_at = time.monotonic()

    def pending_since(self) -> float | None:
        """Return when a field was asked for, by the monotonic clock in seconds."""
        return self._asked_at

    def settle(self) -> None:
        """Forget the request: it was met or refused."""
        with self._lock:
            self._asked_at = None


class TakenFrames:
    """A source of those frames of another source that are to be read.

    ``refused`` is told why a frame that was asked for is not taken. With
    ``every_frame`` each frame counts as asked for: somebody took that picture.
    """

    is_live = True
    frames_expected: int | None = None

    def __init__(
        self,
        source: Source,
        slide: AttendedSlide,
        trigger: Trigger,
        requests: Requests,
        refused: Callable[[Frame, Refusal], None],
        *,
        every_frame: bool,
    ) -> None:
        self.name = source.name
        self._source, self._slide, self._trigger = source, slide, trigger
        self._requests, self._refused = requests, refused
        self._every_frame = every_frame
        self._rest = Rest()
        self._last_taken_s = time.monotonic()
        self._resting_on_taken = False

    def read(self) -> Frame | None:
        """Return the next frame that is to be read; see `Source.read`."""
        while (frame := self._source.read()) is not None:
            taken = self._asked(frame) if self._is_asked(frame) else self._by_itself(frame)
            if taken is not None:
                self._last_taken_s = frame.monotonic_s
                return taken
        return None

    def close(self) -> None:
        """Let the source go; `read` then returns None."""
        self._source.close()

    def _is_asked(self, frame: Frame) -> bool:
        if self._every_frame:
            return True
        every = self._trigger.every_s
        if every is not None and frame.monotonic_s - self._last_taken_s >= every:
            return True
        since = self._requests.pending_since()
        return since is not None and frame.monotonic_s >= since

    def _asked(self, frame: Frame) -> Frame | None:
        """Take a frame that was asked for, or say why not."""
        if not self._every_frame and not self._is_sharp(frame):
            since = self._requests.pending_since()
            if since is not None and frame.monotonic_s - since < _REQUEST_LASTS_S:
                return None
            self._refuse(frame, "out of focus")
            return None
        view = view_of(frame.pixels)
        overlaps = self._slide.overlaps(view)
        if overlaps and overlaps[0].share >= SAME_FIELD:
            self._refuse(frame, "taken before")
            return None
        self._requests.settle()
        return self._slide.take(frame, view, overlaps)

    def _refuse(self, frame: Frame, why: Refusal) -> None:
        self._requests.settle()
        self._last_taken_s = frame.monotonic_s
        self._refused(frame, why)

    def _by_itself(self, frame: Frame) -> Frame | None:
        view = view_of(frame.pixels)
        rested = self._rest.seconds(view, frame.monotonic_s)
        if rested == 0.0:
            self._resting_on_taken = False
        if not self._trigger.automatic or self._resting_on_taken:
            return None
        if rested < self._trigger.still_s or not self._is_sharp(frame):
            return None
        overlaps = self._slide.overlaps(view)
        # Until the picture moves there is nothing new to look at.
        self._resting_on_taken = True
        if overlaps and overlaps[0].share > self._trigger.max_overlap:
            return None
        return self._slide.take(frame, view, overlaps)

    def _is_sharp(self, frame: Frame) -> bool:
        return is_in_focus(sharpness(frame.pixels), self._slide.sharpest)
