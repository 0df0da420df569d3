"""Exposure: how much of a picture is lost in black or in white."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels

DARK_LEVEL = 16
"""A pixel whose brightest channel is at or under this shows nothing."""

BRIGHT_LEVEL = 254
"""A pixel whose darkest channel is at or over this shows nothing."""

DARK_LIMIT = 0.20
"""Share of dark pixels from which a field is underexposed."""

BRIGHT_LIMIT = 0.50
"""Share of bright pixels from which a field is overexposed: an empty background may clip,
but red cells, half of a readable field, must not."""

DARK_MEDIAN = 40
"""A field whose median brightness is under this is underexposed though no pixel is lost."""

_SAMPLED_PIXELS = 250_000


@dataclass(frozen=True, slots=True)
class Exposure:
    """Shares of pixels lost, 0 to 1, and the median of the brightest channel, 0 to 255."""

    dark_share: float
    bright_share: float
    median: float

    @property
    def is_under(self) -> bool:
        """Whether too much is lost in the dark."""
        return self.dark_share >= DARK_LIMIT or self.median < DARK_MEDIAN

    @property
    def is_over(self) -> bool:
        """Whether too much is lost in the light."""
        return self.bright_share >= BRIGHT_LIMIT


def measure_exposure(pixels: Pixels, mask: NDArray[np.bool_] | None = None) -> Exposure:
    """Measure a picture ``(h, w, 3)``, or only its pixels inside ``mask`` ``(h, w)``."""
    # Large pictures are sampled: a share needs no more than some hundred thousand pixels.
    step = max(1, int(np.sqrt(pixels.shape[0] * pixels.shape[1] / _SAMPLED_PIXELS)))
    sampled = np.ascontiguousarray(pixels[::step, ::step])
    red, green, blue = cv2.split(sampled)
    brightest = cv2.max(cv2.max(red, green), blue)
    darkest = cv2.min(cv2.min(red, green), blue)
    if mask is not None and (inside := mask[::step, ::step]).any():
        brightest, darkest = brightest[inside], darkest[inside]
    return Exposure(
        float(np.mean(brightest <= DARK_LEVEL)),
        float(np.mean(darkest >= BRIGHT_LEVEL)),
        float(np.median(brightest)),
    )
