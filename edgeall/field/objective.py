"""The scale from what is engraved: objective, adapter, and the sensor's pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edgeall.errors import UsageError


@dataclass(frozen=True, slots=True)
class Sensor:
    """An image sensor: the pitch of its pixels in µm, and how many lie side by side."""

    pitch_um: float
    width: int


SENSORS: Final[dict[str, Sensor]] = {
    "imx477": Sensor(1.55, 4056),
    "imx708": Sensor(1.4, 4608),
    "imx296": Sensor(3.45, 1456),
    "imx219": Sensor(1.12, 3280),
    "ov5647": Sensor(1.4, 2592),
}
"""High Quality camera, camera 3, global shutter, camera 2, camera 1. Source: Raspberry Pi,
"Camera hardware" (the table "Hardware specification"), rows "Pixel size" and "Sensor
resolution"."""


def scale_of_objective(
    objective: float, sensor: str, frame_width: int, adapter: float = 1.0
) -> float:
    """Return the µm a pixel of frames that show the sensor's whole width.

    A mode that crops the sensor shows less: its frames must be measured on a graticule.

    Parameters
    ----------
    objective
        Magnification engraved on the objective, such as 100.
    sensor
        Name of the sensor, as libcamera gives it.
    frame_width
        Pixels in a frame's row; fewer than the sensor's are binned or shrunk.
    adapter
        Magnification of the camera's adapter, such as 0.5; 1 without one.

    Raises
    ------
    UsageError
        The sensor is not known, or a magnification is none.
    """
    if sensor not in SENSORS:
        raise UsageError(
            f"--sensor {sensor}: it is not known; give one of {', '.join(SENSORS)}, or the scale "
            "itself with --um-per-pixel."
        )
    for flag, value in (("--objective", objective), ("--adapter", adapter)):
        if not 0 < value < 1000:
            raise UsageError(f"{flag} {value:g}: this is no magnification; give what is engraved.")
    known = SENSORS[sensor]
    return known.pitch_um * known.width / frame_width / (objective * adapter)
