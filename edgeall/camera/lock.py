"""Locking a camera: its automatics settle on an empty field, then stay where they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeall.camera.picamera2 import count_cameras
from edgeall.camera.source import CameraSettings
from edgeall.camera.v4l2 import list_capture_devices
from edgeall.errors import CameraError

if TYPE_CHECKING:
    from edgeall.camera.frame import Frame
    from edgeall.camera.source import Source

_WATCHED = ("exposure_us", "gain", "red_gain", "blue_gain")
_STABLE_FRAMES = 6
_STABLE_SHARE = 0.02
"""Change over six frames under which an automatic has settled: less than is seen."""

_MOST_FRAMES = 150
"""Five seconds at 30 frames a second; libcamera's automatics settle within one."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A camera whose automatics have come to rest.

    Attributes
    ----------
    frames
        Its last frames, all taken with the same settings, one at least.
    settings
        Those settings, and the frames' size, for asking the same of it again. What the
        driver does not tell is None.
    """

    frames: tuple[Frame, ...]
    settings: CameraSettings


def settle(source: Source, count: int = _STABLE_FRAMES) -> Settled:
    """Read frames until exposure and gains stand still, and ``count`` frames more of them.

    Files are read to their end or until there are ``count``: they have no automatics.

    Raises
    ------
    CameraError
        There is no frame, or the exposure does not come to rest.
    ImageError
        A file cannot be read.
    """
    frames: list[Frame] = []
    for _ in range(_MOST_FRAMES):
        frame = source.read()
        if frame is None:
            break
        frames = [*frames, frame][-count:]
        if len(frames) == count and (not source.is_live or _stands_still(frames)):
            break
    else:
        raise CameraError(
            f"{source.name}: its exposure or white balance does not come to rest; look for "
            "flickering light, or lock them in the settings (camera.exposure_us, camera.gain)."
        )
    if not frames:
        raise CameraError(f"{source.name}: it gives no frame; check what it is.")
    return Settled(tuple(frames), _locked(frames[-1]))


def camera_name(spec: str) -> str:
    """Return the name that the source of a spec will have, without opening it."""
    if spec == "picamera2":
        return "picamera2:0"
    if spec != "auto":
        return spec
    if count_cameras():
        return "picamera2:0"
    devices = list_capture_devices()
    return f"v4l2:{devices[0]}" if devices else spec


def _stands_still(frames: list[Frame]) -> bool:
    return all(_is_stable([frame.settings.get(name) for frame in frames]) for name in _WATCHED)


def _is_stable(values: list[str | int | float | None]) -> bool:
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    if not numbers:
        return True
    return max(numbers) - min(numbers) <= _STABLE_SHARE * max(abs(n) for n in numbers)


def _locked(frame: Frame) -> CameraSettings:
    height, width = frame.pixels.shape[:2]
    exposure, gain, red, blue = (_positive(frame, name) for name in _WATCHED)
    return CameraSettings(
        width=width,
        height=height,
        exposure_us=round(exposure) or None if exposure else None,
        gain=gain,
        colour_gains=(red, blue) if red and blue else None,
        um_per_pixel=frame.um_per_pixel,
    )


def _positive(frame: Frame, name: str) -> float | None:
    value = frame.settings.get(name)
    return float(value) if isinstance(value, int | float) and value > 0 else None
