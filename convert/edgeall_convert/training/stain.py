"""Stain augmentation: the same cell as another laboratory would have stained it.

Colour gives much of a class away within one laboratory and nothing across
laboratories, so training varies it far more than any one data set does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels

_STAINS = np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]])
"""Optical density of haematoxylin, eosin and a third stain in red, green, blue.

Source: A. C. Ruifrok and D. A. Johnston, Analytical and Quantitative Cytology
and Histology 23, 2001. Romanowsky dyes are others, but nearly along these axes.
"""

_DENSITY_SPREAD = 0.25
_HUE_SPREAD = 8.0
_GAMMA_SPREAD = 0.3


def jitter_stain(pixels: Pixels, mask: NDArray[np.bool_], rng: np.random.Generator) -> Pixels:
    """Return ``(h, w, 3)`` pixels restained at random; those outside ``mask`` stay black.

    Each stain's density is scaled and shifted (D. Tellez et al., Medical Image
    Analysis 58, 2019), then hue, saturation and gamma vary.
    """
    table = -np.log(np.linspace(1 / 255, 1, 256))
    amounts = table[pixels[mask]] @ np.linalg.inv(_STAINS)
    amounts = amounts * rng.uniform(1 - _DENSITY_SPREAD, 1 + _DENSITY_SPREAD, 3)
    amounts = amounts + rng.uniform(-0.06, 0.06, 3)
    restained = np.exp(-np.clip(amounts @ _STAINS, 0, None))
    bright = np.clip(restained ** np.exp(rng.uniform(-_GAMMA_SPREAD, _GAMMA_SPREAD)), 0, 1)
    varied = np.zeros_like(pixels)
    varied[mask] = _jitter_hue(bright.astype(np.float32), rng)
    return varied


def _jitter_hue(bright: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Vary ``(n, 3)`` colours of 0 to 1; return them as uint8."""
    hsv = cv2.cvtColor(bright[:, np.newaxis], cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0] + rng.uniform(-_HUE_SPREAD, _HUE_SPREAD)) % 360
    hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.7, 1.35), 0, 1)
    hsv[..., 2] = np.clip(hsv[..., 2] * rng.uniform(0.85, 1.15), 0, 1)
    rgb: NDArray[np.uint8] = np.round(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) * 255).astype(np.uint8)
    return rgb[:, 0]
