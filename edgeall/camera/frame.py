"""The frame: one picture as a source delivered it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Pixels: TypeAlias = NDArray[np.uint8]
"""An image, ``(h, w, 3)``, RGB, 0 to 255."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture from a camera, a file or a video.

    Attributes
    ----------
    pixels
        ``(h, w, 3)`` uint8, RGB.
    origin
        Where it came from, in words that a person can act on: a path, or
        ``picamera2:0``, or ``smear.mp4, frame 30``.
    number
        Its place in this run, from 0.
    taken_at
        The wall clock (UTC) when it arrived; may be wrong on a device without a clock.
    monotonic_s
        The monotonic clock, in seconds since boot.
    settings
        What the driver says it really did: exposure in µs, gain, colour gains.
    um_per_pixel
        Scale of the picture, or None where nobody said.
    encoded
        The file's own bytes where the picture came from an image file: what is
        stored is then what was read. None for a camera or a video.
    """

    pixels: Pixels
    origin: str
    number: int
    taken_at: datetime
    monotonic_s: float
    settings: Mapping[str, str | int | float] = field(default_factory=dict)
    um_per_pixel: float | None = None
    encoded: bytes | None = None
