"""Stain augmentation: the same cell as another laboratory would have stained it.

Colour gives much of a class away within one laboratory and nothing across
laboratories, so training varies it far more than any one data set does. All
of it is one affine map of optical densities, which costs one matrix product.
"""

from __future__ import annotations

from dataclasses import dataclass
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

_DENSITY = -np.log(np.clip(np.arange(256), 1, 255) / 255).astype(np.float32)
"""Optical density of each pixel value; 0 counts as 1, the darkest that has one."""

_LEAST_SPREAD = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Stain:
    """Mean and deviation of a cell's optical density, each ``(3,)``."""

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]


def optical_density(pixels: Pixels) -> NDArray[np.float32]:
    """Return ``-log(value / 255)`` of ``(h, w, 3)`` pixels."""
    return cv2.LUT(pixels, _DENSITY).astype(np.float32, copy=False)


def measure_stain(pixels: Pixels, mask: NDArray[np.bool_]) -> Stain:
    """Measure the pixels of ``(h, w, 3)`` that ``mask`` ``(h, w)`` covers."""
    mean, deviation = cv2.meanStdDev(optical_density(pixels), mask=mask.astype(np.uint8))
    return Stain(
        mean[:, 0].astype(np.float64), np.maximum(deviation[:, 0], _LEAST_SPREAD).astype(np.float64)
    )


def jitter(rng: np.random.Generator, strength: float) -> NDArray[np.float64]:
    """Draw a restaining: ``(3, 4)``, to be applied to optical densities.

    Each stain's density is scaled and shifted (D. Tellez et al., Medical Image
    Analysis 58, 2019) by up to ``strength``, and the camera's gamma, white
    balance and crosstalk of channels vary with it.
    """
    scales = np.diag(np.exp(rng.uniform(-strength, strength, 3)))
    mixing = np.linalg.inv(_STAINS) @ scales @ _STAINS
    crosstalk = np.eye(3) + rng.uniform(-0.2, 0.2, (3, 3)) * strength
    gamma = np.exp(rng.uniform(-strength, strength))
    offset = rng.uniform(-0.2, 0.2, 3) * strength
    return np.column_stack([gamma * (mixing @ crosstalk).T, offset])


def transfer(own: Stain, other: Stain, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the ``(3, 4)`` map that gives a cell another one's mean colour and contrast.

    Where the other is drawn without regard to its class, colour tells nothing
    of the class any more (E. Reinhard et al., IEEE Computer Graphics and
    Applications 21, 2001, here in optical densities). By chance it goes part
    of the way only.
    """
    share = rng.uniform(0.5, 1.0)
    contrast = (other.deviation / own.deviation) ** share
    mean = own.mean + share * (other.mean - own.mean)
    return np.column_stack([np.diag(contrast), mean - contrast * own.mean])


def restain(pixels: Pixels, change: NDArray[np.float64]) -> Pixels:
    """Apply a ``(3, 4)`` map to the optical densities of ``(h, w, 3)`` pixels."""
    density = cv2.transform(optical_density(pixels), -change)
    bright = cv2.exp(np.minimum(density, 0, out=density))
    return cv2.convertScaleAbs(bright, None, 255).astype(np.uint8, copy=False)


def grayscale(pixels: Pixels) -> Pixels:
    """Return ``(h, w, 3)`` pixels without colour."""
    gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB).astype(np.uint8, copy=False)
