"""Calibrating a camera: its automatics settle and are locked, its light and scale are measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edgeall.camera.lock import Settled, settle
from edgeall.camera.open import open_camera
from edgeall.errors import (
    CameraAbsentError,
    CameraBusyError,
    CameraError,
    CameraLostError,
    InputError,
    UsageError,
)
from edgeall.field.graticule import measure_graticule
from edgeall.field.illumination import measure_empty_field

if TYPE_CHECKING:
    from edgeall.camera.source import CameraSettings
    from edgeall.field.graticule import Graticule
    from edgeall.field.illumination import EmptyField

FRAMES = 8
"""Frames of the empty field: noise falls to a third, and it takes under a second."""

_SAME_SHAPE = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredLight:
    """A camera on an empty field: its name, what it was held to, and the light.

    ``could_not_lock`` says in a sentence what it does not let itself be held to.
    """

    camera: str
    settings: CameraSettings
    empty_field: EmptyField
    could_not_lock: str | None


def measure_light(spec: str, asked: CameraSettings) -> MeasuredLight:
    """Measure the light of a camera that looks at an empty field.

    Raises
    ------
    CameraError
        It cannot be opened or read, or its exposure does not come to rest.
    ImageError
        The field is not empty, or badly lit.
    InputError
        Its pictures have several sizes.
    """
    name, is_live, settled = _settled(spec, asked)
    could_not_lock = None
    if is_live and settled.settings != _unlocked(settled.settings):
        # The light is measured as it will be used: with everything locked.
        try:
            name, _, settled = _settled(spec, _held(asked, settled))
        except (CameraAbsentError, CameraBusyError, CameraLostError):
            raise
        except CameraError as error:
            could_not_lock = f"{error} Until then its automatics stay on."
            settled = replace(settled, settings=_unlocked(settled.settings))
    pictures = [frame.pixels for frame in settled.frames]
    if len({pixels.shape for pixels in pictures}) > 1:
        raise InputError(f"{spec}: its pictures have several sizes; give pictures of one camera.")
    return MeasuredLight(name, settled.settings, measure_empty_field(pictures), could_not_lock)


def measure_ruler(spec: str, asked: CameraSettings) -> tuple[Graticule, int, int]:
    """Measure the graticule under a camera or on a picture; return it, the width and the height.

    Raises
    ------
    CameraError
        The camera cannot be opened or read.
    ImageError
        There is no graticule to be recognised.
    """
    _, _, settled = _settled(spec, asked)
    pixels = settled.frames[-1].pixels
    height, width = pixels.shape[:2]
    return measure_graticule(pixels), width, height


def fitted_scale(um_per_pixel: float, width: int, height: int, empty: EmptyField) -> float:
    """Return a scale measured on frames of one size for the calibrated frames.

    Raises
    ------
    UsageError
        The sizes are not of one shape: one of them was cut.
    """
    across, down = width / empty.width, height / empty.height
    if abs(across / down - 1) > _SAME_SHAPE:
        raise UsageError(
            f"The graticule's picture is {width}x{height} and the camera's frames are "
            f"{empty.width}x{empty.height}, of another shape; take both at one size."
        )
    return um_per_pixel * across


def _settled(spec: str, asked: CameraSettings) -> tuple[str, bool, Settled]:
    source = open_camera(spec, asked)
    try:
        return source.name, source.is_live, settle(source, FRAMES)
    finally:
        source.close()


def _held(asked: CameraSettings, settled: Settled) -> CameraSettings:
    return replace(settled.settings, um_per_pixel=asked.um_per_pixel)


def _unlocked(settings: CameraSettings) -> CameraSettings:
    return replace(settings, exposure_us=None, gain=None, colour_gains=None)
