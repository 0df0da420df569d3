"""Stain maps: how much nuclear dye, and how much of anything, each pixel holds.

Light that passes the smear is weakened by a factor; its logarithm, the
optical density, adds up over dyes (Beer and Lambert). Nuclear dye is violet:
it takes green most, red less, blue least. Red cells take blue as much as
green, or in bluish smears red as much as green; in neither is green alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels

_BACKGROUND_PERCENTILE = 90
_CUT_OUT_SHARE = 0.5
_LIGHT_WITHOUT_BACKGROUND = 230.0
"""Light assumed where half of the picture was cut away, and with it the background."""

BLACK_LEVEL = 8
"""A pixel whose channels are all at or under this shows nothing: it was cut away, or no
light came through."""


@dataclass(frozen=True, slots=True, eq=False)
class StainMaps:
    """Maps of a picture, each ``(h, w)`` float32 in units of optical density (base e).

    Attributes
    ----------
    nuclear
        Density in green beyond that in blue and in red: nuclei high, red cells near 0.
    total
        Mean density: the empty background near 0.
    """

    nuclear: NDArray[np.float32]
    total: NDArray[np.float32]


def stain_maps(pixels: Pixels) -> StainMaps:
    """Return the maps of a picture ``(h, w, 3)``, lightly smoothed against sensor noise."""
    smooth = cv2.GaussianBlur(pixels, (0, 0), 1.0)
    shown = smooth.max(axis=2) > BLACK_LEVEL
    if not shown.any():
        nothing = np.zeros(shown.shape, np.float32)
        return StainMaps(nothing, nothing)
    light = np.full(3, _LIGHT_WITHOUT_BACKGROUND)
    if np.mean(shown) > _CUT_OUT_SHARE:
        light = np.maximum(np.percentile(smooth[shown], _BACKGROUND_PERCENTILE, axis=0), 1.0)
    levels = np.maximum(np.arange(256, dtype=np.float32), 1.0)[:, np.newaxis]
    tables = (-np.log(levels / light)).astype(np.float32)
    red, green, blue = (tables[smooth[..., c], c] * shown for c in range(3))
    return StainMaps(1.5 * green - blue - 0.5 * red, (red + green + blue) / 3)
