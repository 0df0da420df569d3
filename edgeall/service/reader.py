"""The reader: reads the open slide, stretch by stretch, through whatever happens.

A stretch goes from a start or a resumption to a pause, an end, a failure of
the camera or of the disk. Between two stretches the slide stays open, here and
in the store.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from edgeall.camera.lock import camera_name
from edgeall.errors import CameraError, DiskFullError, EdgeallError, UsageError
from edgeall.model.manifest import encode
from edgeall.service.attended import AttendedSlide
from edgeall.service.calibrated import slide_light
from edgeall.service.device_flags import device_flags
from edgeall.service.situation import Situation, State
from edgeall.service.smear import slide_facts
from edgeall.service.status import Counts, Status, sentence_of
from edgeall.service.stretch import Stretch
from edgeall.service.taking import Requests

if TYPE_CHECKING:
    from edgeall.service.calibrated import SlideLight
    from edgeall.service.equipment import Equipment
    from edgeall.service.events import EventLog
    from edgeall.service.pulse import Pulse
    from edgeall.service.signals import Signals
    from edgeall.service.situation import Order
    from edgeall.slide.reading import Flag, Reading
    from edgeall.slide.tally import SlideFacts
    from edgeall.store.open_slides import SlideEvent

_BACKOFF_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds before a camera is tried again: once after each failure in a row."""

_WELL_AFTER_S = 20.0
"""Seconds of work after which a camera's next failure counts as its first."""

_LET_GO_S = 90.0
"""Seconds that a driver may take to let a camera go (V4L2 itself gives up after 10).

So many that restarts for a camera that stays dead are no more than systemd allows."""

_MENDED_EVERY_S = 5.0
_ROOM_TO_GO_ON = 64 * 1024 * 1024
_ORDER_S = 90.0


class Reader:
    """Does as people order, in a thread of its own; every method may be called from any thread."""

    def __init__(self, equipment: Equipment, log: EventLog, pulse: Pulse, signals: Signals) -> None:
        self._equipment, self._log, self._pulse, self._signals = equipment, log, pulse, signals
        self._changed = threading.Condition()
        self._situation = Situation()
        self._slide: AttendedSlide | None = None
        self._current: Stretch | None = None
        self._ending: tuple[str, str] | None = None
        self._last_reading: Reading | None = None
        self._light: SlideLight | None = None
        self._failures = 0
        self._refused = self._dropped = 0
        self._stopping = False
        self.requests = Requests()
        self._thread = threading.Thread(target=self._run, name="reader", daemon=True)

    def start(self) -> None:
        """Go on with the slide that was open, and then with whatever is ordered."""
        self._restore()
        self._thread.start()

    def stop(self, within_s: float) -> bool:
        """Stop reading; the slide stays open. Return whether all came to its end in time."""
        with self._changed:
            self._stopping = True
            self._interrupt()
            self._changed.notify_all()
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def is_alive(self) -> bool:
        """Whether the reader's thread goes on."""
        return self._thread.is_alive()

    def use(self, equipment: Equipment) -> None:
        """Read with other equipment from the next stretch on.

        Raises
        ------
        UsageError
            A slide is open and the bundle would change under it.
        """
        with self._changed:
            if self._slide is not None and equipment.bundle is not self._equipment.bundle:
                raise UsageError("A slide is open; the other bundle is taken up after it.")
            self._equipment = equipment
            self._interrupt()
            self._changed.notify_all()

    def status(self) -> Status:
        """Return what can be told of the device now."""
        with self._changed:
            situation, slide, stretch = self._situation, self._slide, self._current
            refused, dropped = self._refused, self._dropped
        counts = Counts(
            fields=slide.fields if slide else 0,
            cells=slide.cells if slide else 0,
            refused=refused + (stretch.refused if stretch else 0),
            dropped=dropped + (stretch.dropped if stretch else 0),
        )
        return Status(
            state=situation.state,
            sentence=sentence_of(situation, counts),
            slide=situation.slide,
            counts=counts,
            bundle=self._equipment.bundle.title,
            source=self._equipment.settings.camera.source,
        )

    def order(
        self, order: Order, *, slide: str | None = None, operator: str = "", origin: str = "prompt"
    ) -> Reading | None:
        """Do as a person orders; it is durable on return. ``end`` returns the reading.

        Raises
        ------
        UsageError
            The order does not fit the state.
        StoreError
            It could not be stored.
        """
        with self._changed:
            after = self._situation.after(order, slide)
            if order == "take":
                self.requests.ask()
                return None
            if order == "begin":
                self._begin(str(slide), operator, origin)
            elif order in ("pause", "resume"):
                assert self._slide is not None
                event: SlideEvent = "paused" if order == "pause" else "resumed"
                self._equipment.store.note_slide(self._slide.run, event, origin, operator)
            elif order == "end":
                return self._wait_for_the_end(origin, operator)
            self._situation = after
            self._log.write("info", f"slide_{order}", run=self._slide.run if self._slide else None)
            self._interrupt()
            self._changed.notify_all()
        return None

    def _begin(self, slide_id: str, operator: str, origin: str) -> None:
        equipment = self._equipment
        self._slide = AttendedSlide.begin(
            equipment.store,
            self._facts(slide_id),
            operator=operator,
            source=equipment.settings.camera.source,
            bundle=equipment.bundle,
            origin=origin,
        )

    def _wait_for_the_end(self, origin: str, operator: str) -> Reading:
        """Let the reader's thread end the slide, so that what is on its way is counted."""
        self._ending = origin, operator
        self._last_reading = None
        self._interrupt()
        self._changed.notify_all()
        self._changed.wait_for(lambda: self._ending is None or self._stopping, _ORDER_S)
        if self._last_reading is None:
            self._ending = None
            raise UsageError(
                f"The slide could not be ended: {self._situation.trouble or 'the device stops'}; "
                "it is still open, and what was read is kept."
            )
        return self._last_reading

    def _interrupt(self) -> None:
        if self._current is not None:
            self._current.close()

    def _facts(self, slide_id: str) -> SlideFacts:
        return slide_facts(
            slide_id, self._equipment.bundle, "find", self._equipment.settings.reading
        )

    def _restore(self) -> None:
        """Take up the slide that was open when the device went down."""
        store = self._equipment.store
        ours = hashlib.sha256(encode(self._equipment.bundle.manifest)).hexdigest()
        for left in store.open_slides():
            slide = AttendedSlide.go_on(store, left, self._facts(left.slide_id))
            if self._slide is None and left.manifest_sha256 == ours:
                self._slide = slide
                self._situation = Situation(slide=left.slide_id, is_paused=left.is_paused)
                self._log.write("info", "slide_continued", run=left.run, fields=slide.fields)
            else:
                # Another network must not finish what this one began.
                slide.end(slide.reading(interrupted=True, known=()), "another bundle", "")
                self._log.write("warning", "slide_ended_unfinished", run=left.run)

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._step()
            except EdgeallError as error:
                self._fault(error)
            except Exception as error:  # the watch starts a new process, which goes on
                self._log.defect(error)
                break
        with self._changed:
            self._changed.notify_all()

    def _step(self) -> None:
        if self._ending is not None:
            self._end_slide()
        state = self._situation.state
        if state in (State.READING, State.CAMERA_LOST):
            self._stretch()
        elif state in (State.FULL, State.FAULT):
            self._wait(_MENDED_EVERY_S)
            self._look_whether_mended()
        else:
            self._wait(None)

    def _wait(self, seconds: float | None) -> None:
        """Wait for an order, at most so long."""
        with self._changed:
            before = self._situation
            self._changed.wait_for(
                lambda: self._stopping or self._ending is not None or self._situation != before,
                seconds,
            )

    def _stretch(self) -> None:
        assert self._slide is not None
        equipment = self._equipment
        try:
            stretch = Stretch(
                equipment,
                self._slide,
                self._light_of(equipment),
                self.requests,
                log=self._log,
                pulse=self._pulse,
                signals=self._signals,
            )
        except CameraError as error:
            self._lose_camera(error)
            return
        with self._changed:
            self._current = stretch
            self._situation = replace(self._situation, camera=None)
            if self._is_over():
                stretch.close()
        ended = stretch.run()
        with self._changed:
            self._current = None
            self._dropped += stretch.dropped
            self._refused += stretch.refused
        if stretch.seconds >= _WELL_AFTER_S:
            self._failures = 0
        self._after_stretch(stretch, ended.failure)

    def _is_over(self) -> bool:
        return self._stopping or self._ending is not None or self._situation.is_paused

    def _light_of(self, equipment: Equipment) -> SlideLight:
        """Return the light over the open slide, which it keeps through all its stretches."""
        if self._light is None:
            settings = equipment.settings
            camera = camera_name(settings.camera.source)
            self._light = slide_light(equipment.store, camera, settings.drift)
        return self._light

    def _after_stretch(self, stretch: Stretch, failure: Exception | None) -> None:
        if isinstance(failure, CameraError):
            self._lose_camera(failure)
            self._await_release(stretch)
        elif isinstance(failure, DiskFullError):
            self._log.write("error", "disk_full")
            with self._changed:
                self._situation = replace(self._situation, room=str(failure))
            self._signals.refused()
        elif isinstance(failure, EdgeallError):
            self._fault(failure)
        elif failure is not None:
            raise failure
        elif stretch.has_end and not self._is_over():
            self._source_ended(stretch)

    def _await_release(self, stretch: Stretch) -> None:
        """Wait for a driver that hangs; in the end only a new process gets the camera back."""
        end = time.monotonic() + _LET_GO_S
        while stretch.holds_camera(0.5) and not self._is_over():
            if time.monotonic() >= end:
                self._log.write("error", "camera_held")
                self._stopping = True

    def _source_ended(self, stretch: Stretch) -> None:
        """Wait for an order: files that were all read are not read again."""
        self._log.write("info", "source_ended")
        sentence = f"{stretch.name}: all its pictures were read; end the slide."
        with self._changed:
            self._situation = replace(self._situation, camera=sentence)
        self._wait(None)

    def _lose_camera(self, error: CameraError) -> None:
        """Tell it, and wait before the next try."""
        wait = _BACKOFF_S[min(self._failures, len(_BACKOFF_S) - 1)]
        self._failures += 1
        kind = type(error).__name__.removesuffix("Error")
        self._log.write("warning", "camera_lost", why=kind, failures=self._failures, retry_s=wait)
        with self._changed:
            self._situation = replace(self._situation, camera=str(error))
        self._signals.refused()
        self._wait(wait)

    def _fault(self, error: EdgeallError) -> None:
        self._log.write("error", "fault", why=type(error).__name__)
        with self._changed:
            self._situation = replace(self._situation, fault=str(error))
            self._changed.notify_all()
        self._signals.refused()

    def _look_whether_mended(self) -> None:
        free = shutil.disk_usage(self._equipment.store.path.parent).free
        with self._changed:
            if self._situation.fault is not None:
                # What failed is tried again: where it still fails, it says so again.
                self._situation = replace(self._situation, fault=None)
            elif self._situation.room is not None and free >= _ROOM_TO_GO_ON:
                self._situation = replace(self._situation, room=None)
                self._log.write("info", "room_again", free_mb=free >> 20)
            self._changed.notify_all()

    def _end_slide(self) -> None:
        assert self._ending is not None
        assert self._slide is not None
        origin, operator = self._ending
        try:
            reading = self._slide.reading(interrupted=False, known=self._flags())
            self._slide.end(reading, origin, operator)
        except EdgeallError:
            with self._changed:
                self._ending = None
                self._changed.notify_all()
            raise
        self._log.write(
            "info",
            "slide_ended",
            run=self._slide.run,
            fields=reading.fields,
            cells=reading.counted,
            flags=", ".join(reading.flags),
        )
        with self._changed:
            self._last_reading, self._ending, self._slide = reading, None, None
            self._light = None
            self._situation = self._situation.after("end")
            self._changed.notify_all()

    def _flags(self) -> tuple[Flag, ...]:
        """Return what the device gives reason for; how far the light moved is stored."""
        equipment = self._equipment
        if self._light is not None:
            self._light.judge(equipment.store, self._slide.run if self._slide else None)
        return device_flags(equipment.store, equipment.settings, self._light, equipment.bundle)
