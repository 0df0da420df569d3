"""What a source of frames is, whatever stands behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from edgeall.camera.frame import Frame


class Source(Protocol):
    """A camera, or files that stand in for one. Belongs to one thread at a time.

    Attributes
    ----------
    name
        What it is, for messages.
    frames_expected
        How many frames it has in all, or None where nobody knows.
    is_live
        A camera: it has no end of its own.
    """

    name: str
    frames_expected: int | None
    is_live: bool

    def read(self) -> Frame | None:
        """Return the next frame, or None after the last.

        Raises
        ------
        ImageError
            One file could not be read; the next call goes on behind it.
        CameraLostError
            The camera stopped; do not call again.
        """

    def close(self) -> None:
        """Let the camera or the file go; calling it twice does no harm."""


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """What is asked of a camera; None leaves it to the driver.

    ``um_per_pixel`` is no wish but a fact about the microscope, passed on to
    each frame; ``colour_gains`` are those of red and blue.
    """

    width: int | None = None
    height: int | None = None
    exposure_us: int | None = None
    gain: float | None = None
    colour_gains: tuple[float, float] | None = None
    um_per_pixel: float | None = None
