"""Parallels: which way the parallel lines of a picture run, between what, and their profile."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels
    from edgeall.field.view import Grey

_SLOPE_SIGMA = 1.5
_TENSOR_SIGMA = 4.0
_DIRECTIONS = 2
"""The lines, and the long rule that some graticules have across them."""

_ALIGNED = math.radians(8)
_BAND = 0.5
_THIN = 0.25
_PIXELS = 300_000
_COARSE = np.arange(-3.0, 3.01, 0.25)
_FINE = np.arange(-0.25, 0.2501, 0.025)


def evenly_lit(pixels: Pixels) -> Grey:
    """Return the logarithm of a picture's grey ``(h, w)``, the light's slow change taken away."""
    grey = np.log1p(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32))
    height, width = grey.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    terms = (np.ones_like(x), x, y, x * x, x * y, y * y)
    step = max(1, int(math.sqrt(grey.size / _PIXELS)))
    design = np.stack([term[::step, ::step].ravel() for term in terms], axis=1)
    solved, *_ = np.linalg.lstsq(design, grey[::step, ::step].ravel(), rcond=None)
    for factor, term in zip(solved, terms, strict=True):
        grey -= factor * term
    return grey


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """Direction of the slope around each pixel, doubled, and how much it weighs, ``(h, w)``.

    A line's two edges slope opposite ways; doubled, their directions are one.
    """

    doubled: Grey
    weight: Grey


def slopes_of(grey: Grey) -> Slopes:
    """Return the slopes of a picture ``(h, w)``: its structure tensor's main direction."""
    smooth = cv2.GaussianBlur(grey, (0, 0), _SLOPE_SIGMA)
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    difference = cv2.GaussianBlur(across * across - down * down, (0, 0), _TENSOR_SIGMA)
    mixed = cv2.GaussianBlur(2 * across * down, (0, 0), _TENSOR_SIGMA)
    doubled, weight = np.arctan2(mixed, difference), np.hypot(mixed, difference)
    return Slopes(doubled.astype(np.float32), weight.astype(np.float32))


def main_directions(slopes: Slopes) -> list[float]:
    """Return up to two directions of most slopes, radians, the strongest first."""
    counted, _ = np.histogram(slopes.doubled, 360, (-math.pi, math.pi), weights=slopes.weight)
    around = np.convolve(np.concatenate([counted[-3:], counted, counted[:3]]), np.ones(7), "valid")
    directions = []
    for _ in range(_DIRECTIONS):
        top = int(np.argmax(around))
        if not around[top] > 0:
            break
        directions.append(math.radians(top + 0.5 - 180) / 2)
        around[np.arange(top - 60, top + 61) % 360] = 0
    return directions


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """The part of a picture between the ends of its parallel lines.

    Attributes
    ----------
    places
        ``(n,)``: its pixels, as places in the flattened picture.
    aligned
        Share of its slopes that point across the lines, 0 to 1.
    """

    places: NDArray[np.intp]
    aligned: float


def band_across(slopes: Slopes, direction: float) -> Band:
    """Return the band in which most slopes point in a direction."""
    height, width = slopes.weight.shape
    rows, columns = np.divmod(np.arange(height * width), width)
    along = rows * math.cos(direction) - columns * math.sin(direction)
    along = (along - along.min()).astype(np.intp)
    weight = slopes.weight.ravel()
    off = np.abs((slopes.doubled.ravel() - 2 * direction + math.pi) % (2 * math.pi) - math.pi)
    aligned = np.where(off < 2 * _ALIGNED, weight, np.float32(0))
    pixels = np.bincount(along)
    window = np.ones(max(3, len(pixels) // 40))
    energy = np.convolve(np.bincount(along, aligned), window, "same")
    energy /= np.maximum(np.convolve(pixels, window, "same"), 0.1 * len(window) * pixels.max())
    top = int(np.argmax(energy))
    outside = np.flatnonzero(energy < _BAND * energy[top])
    first = int(max(outside[outside < top], default=-1))
    end = int(min(outside[outside > top], default=len(energy)))
    places = np.flatnonzero((along > first) & (along < end))
    return Band(places, float(aligned[places].sum() / max(float(weight[places].sum()), 1e-12)))


def refined_direction(grey: Grey, band: Band, rough: float) -> float:
    """Return the direction in which the profile has most contrast, to 0.025 degrees (radians)."""
    places = band.places
    if len(places) > _PIXELS:
        places = np.random.default_rng(0).choice(places, _PIXELS, replace=False)
    angle = rough
    for steps in (_COARSE, _FINE):
        tried = angle + np.radians(steps)
        contrast = [_profile(grey, places, way).var() for way in tried]
        angle = float(tried[int(np.argmax(contrast))])
    return (angle + math.pi / 2) % math.pi - math.pi / 2


def profile_across(grey: Grey, band: Band, angle: float) -> NDArray[np.float64]:
    """Return the mean grey of the band at each pixel of the way across; its thin ends are cut."""
    return _profile(grey, band.places, angle)


def _profile(grey: Grey, places: NDArray[np.intp], angle: float) -> NDArray[np.float64]:
    rows, columns = np.divmod(places, grey.shape[1])
    values = grey.ravel()[places]
    at = columns * math.cos(angle) + rows * math.sin(angle)
    at -= at.min()
    whole = at.astype(np.intp)
    part = at - whole
    # Each value is shared by the two places it lies between, or whole pixels would show as steps.
    count = int(whole.max()) + 2
    weight = np.bincount(whole, 1 - part, count) + np.bincount(whole + 1, part, count)
    total = np.bincount(whole, values * (1 - part), count)
    total += np.bincount(whole + 1, values * part, count)
    thick = np.flatnonzero(weight > _THIN * weight.max())
    inside = slice(int(thick[0]), int(thick[-1]) + 1)
    mean: NDArray[np.float64] = total[inside] / np.maximum(weight[inside], 1e-9)
    return mean
