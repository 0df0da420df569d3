"""What a calibration does for a slide: locks, scale, even light, and a watch over its drift.

::

    light = slide_light(store, camera_name(spec), settings.drift)
    source = open_camera(spec, light.locked(asked))
    frame = light.correct(frame)          each frame that is read
    light.judge(store, run)               once, when the slide ends
    light.flags(), reporting_stopped(store, camera, settings.drift)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from statistics import median
from typing import TYPE_CHECKING

from edgeall.errors import UsageError
from edgeall.field.illumination import background_colour, colour_difference, flatten
from edgeall.store.calibrations import (
    StoredCalibration,
    StoredCheck,
    acceptances,
    add_acceptance,
    add_check,
    latest_check,
    newest_calibration,
)

if TYPE_CHECKING:
    from edgeall.camera.frame import Frame
    from edgeall.camera.source import CameraSettings, Source
    from edgeall.settings.sections import Drift
    from edgeall.slide.reading import Flag
    from edgeall.store.store import Store

_ACCEPTED_MARGIN = 0.5
"""Share of the limit by which a drift may grow after it was accepted: backgrounds of one slide
scatter by about that much."""


def slide_light(store: Store, camera: str, drift: Drift) -> SlideLight:
    """Return the light of one slide by its camera's newest calibration, if it has any.

    Raises
    ------
    StoreError
        The calibration cannot be read.
    """
    return SlideLight(newest_calibration(store, camera), drift)


@dataclass(slots=True, eq=False)
class SlideLight:
    """The light over one slide; ``correct`` belongs to one thread at a time.

    Attributes
    ----------
    calibration
        That of the camera, or None.
    drift
        The settings.
    distances
        How far each frame's background lay from the calibration, CIE 1976.
    """

    calibration: StoredCalibration | None
    drift: Drift
    distances: list[float] = field(default_factory=list)
    _misfits: bool = field(default=False, init=False)

    def locked(self, asked: CameraSettings) -> CameraSettings:
        """Return what to ask of the camera: what was asked, then what was calibrated."""
        if self.calibration is None:
            return asked
        known = self.calibration.calibration
        sized = asked.width is not None
        return replace(
            asked,
            width=asked.width if sized else known.empty_field.width,
            height=asked.height if sized else known.empty_field.height,
            exposure_us=asked.exposure_us or known.exposure_us,
            gain=asked.gain or known.gain,
            colour_gains=asked.colour_gains or known.colour_gains,
            um_per_pixel=asked.um_per_pixel or known.um_per_pixel,
        )

    def correct(self, frame: Frame) -> Frame:
        """Return a frame under even light and with its scale; note how far the light has moved.

        Without a calibration, or for frames of another size than it was made for, it is
        the frame itself.
        """
        if self.calibration is None:
            return frame
        known = self.calibration.calibration
        empty = known.empty_field
        if frame.pixels.shape[:2] != (empty.height, empty.width):
            self._misfits = True
            return frame
        pixels = flatten(frame.pixels, empty)
        if (colour := background_colour(pixels)) is not None:
            self.distances.append(colour_difference(colour, empty.background))
        scale = frame.um_per_pixel or known.um_per_pixel
        # What is stored is what was read: the file's own bytes show the uneven light.
        return replace(frame, pixels=pixels, um_per_pixel=scale, encoded=None)

    @property
    def distance(self) -> float | None:
        """How far the light has moved: the median over the frames, or None without any."""
        return median(self.distances) if self.distances else None

    @property
    def is_calibrated(self) -> bool:
        """Whether there is a calibration and it fits the frames that were seen."""
        return self.calibration is not None and not self._misfits

    def judge(self, store: Store, run: int | None) -> StoredCheck | None:
        """Store how far the light has moved on this slide; None where it was not measured.

        Raises
        ------
        StoreError
            The database cannot be written.
        """
        distance = self.distance
        if self.calibration is None or distance is None:
            return None
        number = self.calibration.number
        add_check(store, number, run, distance, within=distance <= self.drift.limit)
        return latest_check(store, number)

    def flags(self) -> tuple[Flag, ...]:
        """Return which of ``not calibrated`` and ``illumination drift`` hold for the slide."""
        flags: list[Flag] = []
        if self.drift.required and not self.is_calibrated:
            flags.append("not calibrated")
        if self.distance is not None and self.distance > self.drift.limit:
            flags.append("illumination drift")
        return tuple(flags)


class EvenlyLit:
    """A source whose frames are corrected: for runs that read every frame."""

    def __init__(self, source: Source, light: SlideLight) -> None:
        self.name, self.is_live = source.name, source.is_live
        self.frames_expected = source.frames_expected
        self._source, self._light = source, light

    def read(self) -> Frame | None:
        """Return the next frame under even light; see `Source.read`."""
        frame = self._source.read()
        return None if frame is None else self._light.correct(frame)

    def close(self) -> None:
        """Let the source go."""
        self._source.close()


def reporting_stopped(store: Store, camera: str, drift: Drift) -> str | None:
    """Return why nothing may be reported, or None: a drift that nobody accepted.

    The latest check counts. A drift that was accepted may grow by half the limit
    before it stops the reports again.

    Raises
    ------
    StoreError
        The database cannot be read.
    """
    calibration = newest_calibration(store, camera)
    check = latest_check(store, calibration.number) if calibration else None
    if calibration is None or check is None or check.within:
        return None
    accepted = [stored.distance for stored in acceptances(store, calibration.number)]
    if accepted and check.distance <= accepted[-1] + _ACCEPTED_MARGIN * drift.limit:
        return None
    return (
        f"{camera}: the light has moved by {check.distance:.1f} since it was calibrated and "
        f"{drift.limit:g} is allowed, so nothing is reported; see to the lamp and run edgeall "
        'calibrate, or accept it: edgeall calibrate --accept "reason" --operator NAME'
    )


def accept_drift(store: Store, camera: str, *, operator: str, reason: str) -> StoredCheck:
    """Accept the drift of a camera's latest check; return that check.

    Raises
    ------
    UsageError
        Nobody is named, no reason is given, or there is no drift to accept.
    StoreError
        The database cannot be read or written.
    """
    if not operator.strip() or not reason.strip():
        raise UsageError(
            "A drift is accepted by a person for a reason: give both, --operator NAME."
        )
    calibration = newest_calibration(store, camera)
    check = latest_check(store, calibration.number) if calibration else None
    if check is None or check.within:
        raise UsageError(f"{camera}: there is no drift to accept; edgeall calibrate --show tells.")
    add_acceptance(store, check.number, operator, reason)
    return check
