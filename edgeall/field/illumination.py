"""Illumination: what an empty field tells of the light, and how far it has moved since.

A picture of nothing shows the lamp, the condenser and the sensor alone: its
shape is divided out of every frame afterwards, its colour is what the
background of later fields is compared with. Camera values follow light by a
power law, and a power law keeps a factor a factor, so the division needs no
linear values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edgeall.errors import ImageError
from edgeall.field.exposure import BRIGHT_LEVEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels
    from edgeall.field.colour import Lab

GRID = (24, 32)
"""Rows and columns of the gain map: vignetting and the lamp's image are far smoother."""

_BLOCK = 10
_DEGREE = 4
_ROUNDS = 8
_ROBUST = 0.02
"""Natural logarithm from which a block counts less in the surface: dust, not light."""

_CLIPPED_SHARE = 0.01
_DARKEST_WHITE = 100.0
_LEAST_EVEN = 0.25

_SPOT = 0.06
_SPOT_SHARE = 0.02
_TEXTURE = 0.02
_BUMP = 0.03
"""Deviations from the smooth light, as shares of it: a spot; how much of the field spots may
cover; the noise; a blurred thing. Of 115 BCCD and Taleqani fields none passes for empty, also
blurred by a 32nd of their width; blurred by a 16th, 3 do, their bumps being under 3%."""

_BACKGROUND_SIDE = 256
_BACKGROUND = (85.0, 95.0)
_BLACK = 8


@dataclass(frozen=True, slots=True, eq=False)
class EmptyField:
    """The light, as an empty field shows it.

    Attributes
    ----------
    gains
        ``(24, 32, 3)`` float32: what each place of a frame is multiplied by, a channel each.
    background
        Colour of the flattened empty field, CIE L*a*b*.
    white_point
        Its red, green and blue, 0 to 255.
    evenness
        Light in the darkest place over that in the brightest, 0 to 1, before flattening.
    width, height
        Of the frames it was measured on, in pixels.
    frames
        How many.
    """

    gains: NDArray[np.float32]
    background: Lab
    white_point: tuple[float, float, float]
    evenness: float
    width: int
    height: int
    frames: int


def measure_empty_field(frames: Sequence[Pixels]) -> EmptyField:
    """Measure the light on frames ``(h, w, 3)`` of one size that show no cells.

    Dust that covers up to 2% of the field, or lies elsewhere in each frame, does not show
    in the result.

    Raises
    ------
    ImageError
        The field is not empty, too bright, too dark, or lit too unevenly.
    ValueError
        No frames, or of several sizes.
    """
    if len({pixels.shape for pixels in frames}) != 1:
        raise ValueError("an empty field needs frames of one size")
    _refuse_clipped(frames)
    rows, columns = GRID[0] * _BLOCK, GRID[1] * _BLOCK
    shrunk = [cv2.resize(p, (columns, rows), interpolation=cv2.INTER_AREA) for p in frames]
    seen: NDArray[np.float32] = np.median(np.stack(shrunk), axis=0).astype(np.float32)
    if float(np.median(seen.max(axis=2))) < _DARKEST_WHITE:
        raise ImageError(
            "The empty field is too dark; turn the lamp up or open the diaphragm, then calibrate "
            "again."
        )
    surface = _light(np.maximum(seen, 1.0))
    level = np.median(surface, axis=(0, 1))
    evenness = float(surface.min(axis=(0, 1)).min() / surface.max())
    _refuse_uneven(surface)
    gains = (level / surface).astype(np.float32)
    height, width = frames[0].shape[:2]
    colour = background_colour(
        np.clip(np.rint(seen * _upsampled(gains, rows, columns)), 0, 255).astype(np.uint8)
    )
    if colour is None:  # all pixels are black, which was refused above
        raise ImageError("The empty field shows nothing; check the lamp.")
    return EmptyField(
        gains=gains,
        background=colour,
        white_point=(float(level[0]), float(level[1]), float(level[2])),
        evenness=evenness,
        width=width,
        height=height,
        frames=len(frames),
    )


def flatten(pixels: Pixels, empty: EmptyField) -> Pixels:
    """Return a frame ``(h, w, 3)`` as it would look under even light.

    10 ms for 12 megapixels and 1.5 ms for 1296 x 972 on a 2-core x86 machine; the gains
    at the frame's size are kept, 12 bytes a pixel.
    """
    height, width = pixels.shape[:2]
    gains = _gains_for(empty, height, width)
    flat: Pixels = cv2.multiply(pixels, gains, dtype=cv2.CV_8U).astype(np.uint8, copy=False)
    return flat


def background_colour(pixels: Pixels) -> Lab | None:
    """Return the colour between the cells of a frame ``(h, w, 3)``; None where all is black.

    It is the median colour of the places around the 90th percentile of
    lightness: with cells over most of the field, plasma still holds the
    brightest tenth. Over 292 BCCD fields, smears of several persons, it lies within
    2.8 (CIE 1976) of their common median for 95% of fields, the median of ten
    neighbouring fields within 2.3; over 300 Taleqani Pro fields within 3.2. Taleqani's other
    classes, of many patients and stains, scatter more: 5.3 to 8.8.
    """
    height, width = pixels.shape[:2]
    scale = max(1.0, max(height, width) / _BACKGROUND_SIDE)
    size = max(1, round(width / scale)), max(1, round(height / scale))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    shown = small[small.max(axis=2) > _BLACK]
    if not len(shown):
        return None
    lab = cv2.cvtColor(shown[np.newaxis].astype(np.float32) / 255, cv2.COLOR_RGB2Lab)[0]
    low, high = np.percentile(lab[:, 0], _BACKGROUND)
    lightness, a, b = np.median(lab[(lab[:, 0] >= low) & (lab[:, 0] <= high)], axis=0)
    return float(lightness), float(a), float(b)


def colour_difference(one: Lab, other: Lab) -> float:
    """Return the CIE 1976 difference of two colours (CIE 15:2004); 2 is just seen."""
    return math.dist(one, other)


def _refuse_clipped(frames: Sequence[Pixels]) -> None:
    share = max(float(np.mean(pixels.max(axis=2) >= BRIGHT_LEVEL)) for pixels in frames)
    if share > _CLIPPED_SHARE:
        raise ImageError(
            f"The empty field is too bright, {share:.0%} of it is lost in white; turn the lamp "
            "down or shorten the exposure, then calibrate again."
        )


def _light(seen: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the smooth light of a field ``(240, 320, 3)`` on the grid, dust left out.

    Raises
    ------
    ImageError
        What is left beside the smooth light is more than dust.
    """
    rows, columns = GRID
    blocks = seen.reshape(rows, _BLOCK, columns, _BLOCK, 3)
    logs = np.log(np.median(blocks, axis=(1, 3)))
    smooth = np.stack([_surface(logs[..., channel]) for channel in range(3)], axis=2)
    rest = cv2.medianBlur((logs - smooth).astype(np.float32), 5)
    rest = cv2.GaussianBlur(rest, (0, 0), 1.5)
    light: NDArray[np.float64] = np.exp(smooth + rest)
    beside = seen / _upsampled(light.astype(np.float32), *seen.shape[:2]) - 1
    _refuse_cells(beside, float(np.abs(rest).max()))
    return light


def _refuse_cells(beside: NDArray[np.float32], bump: float) -> None:
    spotted = float(np.mean(np.abs(beside).max(axis=2) > _SPOT))
    noise = float(np.median(np.abs(beside)) * 1.4826)
    if spotted > _SPOT_SHARE or noise > _TEXTURE:
        raise ImageError(
            f"The field is not empty, {max(spotted, 0.01):.0%} of it shows cells or dirt; move "
            "to a place without any, or clean the slide, then calibrate again."
        )
    if bump > _BUMP:
        raise ImageError(
            f"The light has blurred bumps of {bump:.0%}, as cells out of focus make; focus, move "
            "to a place without cells, then calibrate again."
        )


def _refuse_uneven(light: NDArray[np.float64]) -> None:
    evenness = float((light / light.max(axis=(0, 1))).min())
    if evenness < _LEAST_EVEN:
        raise ImageError(
            f"The darkest place of the field has {evenness:.0%} of the light of the brightest; "
            "centre the condenser and open the diaphragms, then calibrate again."
        )


def _surface(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the polynomial of degree 4 through a grid, by reweighted least squares.

    The weights are Cauchy's: 1 for a block on the surface, less the farther it lies.
    """
    rows, columns = logs.shape
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    terms = [x**i * y**j for i in range(_DEGREE + 1) for j in range(_DEGREE + 1 - i)]
    design = np.stack([term.ravel() for term in terms], axis=1)
    values, weights = logs.ravel(), np.ones(logs.size)
    fitted = values
    for _ in range(_ROUNDS):
        root = np.sqrt(weights)
        solved, *_ = np.linalg.lstsq(design * root[:, np.newaxis], values * root, rcond=None)
        fitted = design @ solved
        weights = 1 / (1 + ((values - fitted) / _ROBUST) ** 2)
    return fitted.reshape(rows, columns)


def _upsampled(grid: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """Return a grid of places at a frame's size, going on straight beyond the outermost."""
    down, across = _weights(height, grid.shape[0]), _weights(width, grid.shape[1])
    rows = np.tensordot(down, grid, axes=(1, 0))
    large: NDArray[np.float32] = np.matmul(across, rows)
    return large


def _weights(count: int, places: int) -> NDArray[np.float32]:
    """Return how much each place weighs in each pixel, ``(count, places)``."""
    at = (np.arange(count) + 0.5) / count * places - 0.5
    before = np.clip(np.floor(at), 0, places - 2).astype(np.intp)
    weights = np.zeros((count, places), np.float32)
    weights[np.arange(count), before] = 1 - (at - before)
    weights[np.arange(count), before + 1] = at - before
    return weights


@lru_cache(maxsize=1)
def _gains_for(empty: EmptyField, height: int, width: int) -> NDArray[np.float32]:
    return _upsampled(empty.gains, height, width)
