"""A stretch: reading an open slide from a start to a pause, an end, or a failure."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from edgeall.camera.attend import attend
from edgeall.errors import ImageError
from edgeall.service.equipment import camera_settings
from edgeall.service.pipeline import Ended, Limits, ReadField, run
from edgeall.service.prepare import make_preparer
from edgeall.service.taking import TakenFrames

if TYPE_CHECKING:
    from edgeall.camera.frame import Frame
    from edgeall.service.attended import AttendedSlide
    from edgeall.service.calibrated import SlideLight
    from edgeall.service.equipment import Equipment
    from edgeall.service.events import EventLog
    from edgeall.service.prepare import Prepared
    from edgeall.service.pulse import Pulse
    from edgeall.service.signals import Signals
    from edgeall.service.taking import Refusal, Requests


class Stretch:
    """One stretch; made with its source open, run once.

    Attributes
    ----------
    refused
        Pictures and requests that were not taken.
    has_end
        The source ends by itself: files, not a camera.

    Raises
    ------
    CameraError
        The source does not open.
    """

    def __init__(
        self,
        equipment: Equipment,
        slide: AttendedSlide,
        light: SlideLight,
        requests: Requests,
        *,
        log: EventLog,
        pulse: Pulse,
        signals: Signals,
    ) -> None:
        settings = equipment.settings
        self._equipment, self._slide, self._light = equipment, slide, light
        self._log, self._pulse, self._signals = log, pulse, signals
        self.refused = 0
        self._began = time.monotonic()
        asked = light.locked(camera_settings(settings))
        self._attended = pulse.watch("open camera", attend)(settings.camera.source, asked)
        slide.start_anew()
        self._frames = TakenFrames(
            self._attended.source,
            slide,
            settings.trigger,
            requests,
            self._refuse,
            every_frame=self._attended.every_frame_counts,
        )
        self.name = self._attended.source.name
        self.has_end = not self._attended.source.is_live

    @property
    def dropped(self) -> int:
        """Camera frames that nobody looked at."""
        return self._attended.camera.dropped if self._attended.camera else 0

    @property
    def seconds(self) -> float:
        """For how long it has gone on."""
        return time.monotonic() - self._began

    def run(self) -> Ended:
        """Read until it is closed, the source ends or something fails; all taken is kept."""
        watch = self._pulse.watch
        manifest = self._equipment.bundle.manifest
        find = make_preparer(manifest, "find", self._slide.sharpest)

        def prepare(frame: Frame) -> Prepared:
            return find(self._light.correct(frame))

        try:
            return run(
                self._frames,
                watch("find", prepare),
                watch("classify", self._equipment.classifier.classify),
                watch("keep", self._slide.keep),
                self._kept,
                Limits(),
            )
        finally:
            self.close()

    def holds_camera(self, after_s: float) -> bool:
        """Whether a driver that hangs still holds the camera so many seconds after the end."""
        camera = self._attended.camera
        return camera is not None and not camera.has_ended(after_s)

    def close(self) -> None:
        """End it: no further frame is taken; any thread may."""
        self._frames.close()

    def _kept(self, item: ReadField | ImageError) -> None:
        """Tell of a field that was stored, or of a picture that cannot be read."""
        if isinstance(item, ImageError):
            self.refused += 1
            self._log.write("warning", "image_refused")
            self._signals.refused()
            return
        field = item.prepared.field
        self._log.write(
            "info",
            "field_taken",
            run=self._slide.run,
            field=field.frame.number + 1,
            cells=len(item.calls),
            faults=", ".join(field.faults) or "none",
        )
        if self._attended.folder:
            self._attended.folder.settle(field.frame.origin, "taken")
        if field.counts:
            self._signals.taken()
        else:
            self._signals.refused()

    def _refuse(self, frame: Frame, why: Refusal) -> None:
        self.refused += 1
        self._log.write("info", "field_refused", run=self._slide.run, why=why)
        if self._attended.folder:
            self._attended.folder.settle(frame.origin, "refused")
        self._signals.refused()
