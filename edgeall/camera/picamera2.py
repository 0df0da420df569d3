"""Raspberry Pi cameras through picamera2, which comes with the system's libcamera."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from edgeall.camera.clock import stamp
from edgeall.errors import (
    CameraAbsentError,
    CameraBusyError,
    CameraError,
    CameraLostError,
    MissingExtraError,
)

if TYPE_CHECKING:
    from edgeall.camera.frame import Frame
    from edgeall.camera.source import CameraSettings

_KEPT_METADATA = {
    "ExposureTime": "exposure_us",
    "AnalogueGain": "gain",
    "DigitalGain": "digital_gain",
    "ColourTemperature": "colour_temperature_k",
    "SensorTimestamp": "sensor_timestamp_ns",
    "Lux": "lux",
}


def count_cameras() -> int | None:
    """Return how many cameras libcamera has, or None where picamera2 is not installed."""
    try:
        module = _load()
    except MissingExtraError:
        return None
    return len(module.Picamera2.global_camera_info())


def _load() -> Any:
    try:
        return importlib.import_module("picamera2")
    except ImportError as error:
        raise MissingExtraError(
            f"picamera2 cannot be imported ({error}); install it with: sudo apt install "
            "python3-picamera2, and make the environment with --system-site-packages."
        ) from error


class Picamera2Camera:
    """One camera of libcamera.

    Raises
    ------
    MissingExtraError
        picamera2 or libcamera is not installed, or this environment does not see it.
    CameraAbsentError
        There is no camera of that number.
    CameraBusyError
        Another program holds it.
    """

    is_live = True
    frames_expected: int | None = None

    def __init__(self, number: int, settings: CameraSettings) -> None:
        module = _load()
        self.name = f"picamera2:{number}"
        found = module.Picamera2.global_camera_info()
        if number >= len(found):
            raise CameraAbsentError(
                f"{self.name}: libcamera has {len(found)} camera{'s' * (len(found) != 1)}; check "
                "the ribbon cable, then see: rpicam-hello --list-cameras"
            )
        self._um_per_pixel = settings.um_per_pixel
        self._next = 0
        self._camera: Any = None
        try:
            self._camera = module.Picamera2(number)
            self._camera.configure(self._configuration(settings))
            self._camera.start()
        except (RuntimeError, OSError, IndexError) as error:
            self.close()
            raise _refused(self.name, error) from error

    def read(self) -> Frame | None:
        """Return the next frame; see `Source.read`."""
        try:
            request = self._camera.capture_request()
            try:
                pixels, metadata = request.make_array("main"), request.get_metadata()
            finally:
                request.release()
        except (RuntimeError, OSError, TimeoutError) as error:
            self.close()
            raise CameraLostError(
                f"{self.name}: the camera stopped delivering frames ({error}); check the ribbon "
                "cable, then start again. What was read before is kept."
            ) from error
        number = self._next
        self._next += 1
        # libcamera's BGR888 lies in memory as red, green, blue.
        return stamp(
            np.ascontiguousarray(pixels[..., :3], dtype=np.uint8),
            self.name,
            number,
            settings=_actual(metadata),
            um_per_pixel=self._um_per_pixel,
        )

    def close(self) -> None:
        """Let the camera go."""
        if self._camera is not None:
            self._camera.close()
            self._camera = None

    def _configuration(self, settings: CameraSettings) -> Any:
        main: dict[str, Any] = {"format": "BGR888"}
        if settings.width and settings.height:
            main["size"] = (settings.width, settings.height)
        return self._camera.create_still_configuration(
            main=main, controls=_controls(settings), buffer_count=2
        )


def _controls(settings: CameraSettings) -> dict[str, Any]:
    """Return the locks; a lock on one of exposure and gain turns the automatic off for both."""
    controls: dict[str, Any] = {}
    if settings.exposure_us is not None or settings.gain is not None:
        controls["AeEnable"] = False
    if settings.exposure_us is not None:
        controls["ExposureTime"] = settings.exposure_us
    if settings.gain is not None:
        controls["AnalogueGain"] = settings.gain
    if settings.colour_gains is not None:
        controls["AwbEnable"] = False
        controls["ColourGains"] = settings.colour_gains
    return controls


def _actual(metadata: dict[str, Any]) -> dict[str, str | int | float]:
    actual: dict[str, str | int | float] = {
        ours: metadata[theirs] for theirs, ours in _KEPT_METADATA.items() if theirs in metadata
    }
    if "ColourGains" in metadata:
        actual["red_gain"], actual["blue_gain"] = (float(gain) for gain in metadata["ColourGains"])
    actual["driver"] = "picamera2"
    return actual


def _refused(name: str, error: Exception) -> CameraError:
    if "busy" in str(error).lower() or "acquire" in str(error).lower():
        return CameraBusyError(f"{name}: another program holds the camera; close that one.")
    return CameraError(f"{name}: the camera does not start ({error}); check the ribbon cable.")
