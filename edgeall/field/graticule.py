"""The scale from a graticule: equally spaced lines of a known distance.

The lines' direction is that of most slopes; seen along it, all rows of the
picture fall into one profile, in which the noise averages out. The profile's
autocorrelation gives the period roughly, the straight line through the lines'
numbered places gives it to a small share of a pixel.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edgeall.errors import ImageError
from edgeall.field.parallels import (
    band_across,
    evenly_lit,
    main_directions,
    profile_across,
    refined_direction,
    slopes_of,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels
    from edgeall.field.parallels import Slopes
    from edgeall.field.view import Grey

SHORTEST_PERIOD = 6.0
"""Pixels between two lines under which they are not told apart surely."""

_FEWEST_LINES = 3
_LARGEST_PIXELS = 2_500_000
"""Larger pictures are measured at a smaller size first."""

_LEAST_ALIKE = 0.25
_FIRST_OF_BEST = 0.6
_LEAST_DEPTH = 0.4
_LOOSE = 0.1
_LEAST_PRESENT = 0.7
_LEAST_STEP_PX = 0.03
_LARGEST_UNCERTAINTY = 0.005
"""Share of the period from which a measurement is refused."""

_LEAST_ALIGNED = 0.7
"""Share of the slopes that point across the lines. Rendered graticules with noise and blur show
0.92 and more, smears (BCCD, Taleqani) 0.51 at most."""


@dataclass(frozen=True, slots=True)
class Graticule:
    """What was measured on the picture of a graticule.

    Attributes
    ----------
    period_px
        Pixels from line to line, across them.
    uncertainty_px
        Its standard error, from how far the lines lie off an even row.
    angle_deg
        Direction across the lines, from -90 to 90: 0 for upright lines.
    lines
        How many lines it rests on.
    """

    period_px: float
    uncertainty_px: float
    angle_deg: float
    lines: int

    def um_per_pixel(self, division_um: float) -> float:
        """Return the scale, where two lines are ``division_um`` µm apart."""
        return division_um / self.period_px


def measure_graticule(pixels: Pixels) -> Graticule:
    """Measure the lines on a picture ``(h, w, 3)`` of a stage micrometer, turned as it may be.

    Raises
    ------
    ImageError
        No even row of at least three lines is seen.
    """
    size = pixels.shape[0] * pixels.shape[1]
    if size > _LARGEST_PIXELS:
        shrink = 1 / math.ceil(math.sqrt(size / _LARGEST_PIXELS))
        small = cv2.resize(pixels, (0, 0), fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        factor = pixels.shape[1] / small.shape[1]
        with suppress(ImageError):
            found = _measure(small.astype(np.uint8, copy=False))
            if found.period_px > 2 * SHORTEST_PERIOD:
                return replace(
                    found,
                    period_px=found.period_px * factor,
                    uncertainty_px=found.uncertainty_px * factor,
                )
    return _measure(pixels)


def _measure(pixels: Pixels) -> Graticule:
    grey = evenly_lit(pixels)
    slopes = slopes_of(grey)
    found: list[Graticule] = []
    refused = [_none("the picture shows nothing")]
    for direction in main_directions(slopes):
        try:
            found.append(_along(grey, slopes, direction))
        except ImageError as error:
            refused.append(error)
    if not found:
        raise refused[-1]
    return min(found, key=lambda one: one.uncertainty_px / one.period_px)


def _along(grey: Grey, slopes: Slopes, direction: float) -> Graticule:
    """Measure the lines across a direction.

    Raises
    ------
    ImageError
        There is no even row of them.
    """
    band = band_across(slopes, direction)
    if band.aligned < _LEAST_ALIGNED:
        raise _none("there are no parallel lines")
    angle = refined_direction(grey, band, direction)
    profile = profile_across(grey, band, angle)
    period = _rough_period(profile)
    return _fitted(_places(profile, period), period, math.degrees(angle))


def _none(why: str) -> ImageError:
    return ImageError(
        f"No graticule was recognised: {why}; focus on its lines, let them fill the picture, "
        "and take it again."
    )


def _rough_period(profile: NDArray[np.float64]) -> float:
    """Return the shortest lag at which the profile is much like itself, pixels."""
    count = len(profile)
    centred = profile - profile.mean()
    power = np.abs(np.fft.rfft(centred, 2 * count)) ** 2
    lags = np.fft.irfft(power)[:count] / np.arange(count, 0, -1)
    longest = int(count / (_FEWEST_LINES - 0.8))
    if not lags[0] > 0 or longest < 2 * SHORTEST_PERIOD:
        raise _none("the picture shows nothing")
    alike = lags[:longest] / lags[0]
    # Before its first dip the profile is like itself only because lines have a width.
    dips = np.flatnonzero(np.diff(alike) > 0)
    start = int(dips[0]) if len(dips) else longest
    peaks = [
        lag
        for lag in range(max(start, int(SHORTEST_PERIOD)), longest - 1)
        if alike[lag - 1] < alike[lag] >= alike[lag + 1]
    ]
    best = max((alike[lag] for lag in peaks), default=0.0)
    if best < _LEAST_ALIKE:
        raise _none("nothing in it repeats evenly")
    first = next(lag for lag in peaks if alike[lag] >= _FIRST_OF_BEST * best)
    return first + _vertex(*alike[first - 1 : first + 2])


def _vertex(before: float, here: float, after: float) -> float:
    """Return where the parabola through three neighbours has its vertex, from the middle one."""
    bend = before - 2 * here + after
    return float(0.5 * (before - after) / bend) if bend else 0.0


def _places(profile: NDArray[np.float64], period: float) -> NDArray[np.float64]:
    """Return where the lines lie, to a part of a pixel."""
    signed = _signed(profile, period)
    sigma = period / 5
    reach = int(4 * sigma) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    smooth = np.convolve(np.pad(signed, reach), kernel, "same")[reach:-reach]
    away = max(1, int(0.35 * period))
    # A line that the end cuts has its middle elsewhere.
    share = float(np.mean(signed > 0.5 * np.percentile(signed, 98)))
    whole = max(1, math.ceil(0.6 * share * period) + 1)
    tops = [
        at
        for at in range(whole, len(smooth) - whole)
        if smooth[at] == smooth[max(0, at - away) : at + away + 1].max()
    ]
    floor = _LEAST_DEPTH * float(np.median([smooth[at] for at in tops] or [0.0]))
    return np.array(
        [at + _vertex(*smooth[at - 1 : at + 2]) for at in tops if smooth[at] > max(floor, 0)]
    )


def _signed(profile: NDArray[np.float64], period: float) -> NDArray[np.float64]:
    """Return the profile with its lines, dark or bright, upward from 0, and without a trend."""
    span = min(max(3, round(period)), len(profile))
    trend = np.convolve(profile, np.ones(span) / span, "valid")
    middle = np.arange(len(trend)) + (span - 1) / 2
    level = profile - np.interp(np.arange(len(profile)), middle, trend)
    level *= 1 if np.mean((level - level.mean()) ** 3) > 0 else -1
    return level - float(np.percentile(level, 25))


def _fitted(places: NDArray[np.float64], period: float, angle: float) -> Graticule:
    """Return the even row through the lines' places, those that do not fit left out."""
    if len(places) < _FEWEST_LINES:
        raise _none(f"{len(places)} lines are seen and {_FEWEST_LINES} are needed")
    numbers = np.concatenate([[0], np.cumsum(np.rint(np.diff(places) / period))])
    fits = np.ones(len(places), np.bool_)
    step, start = period, float(places[0])
    for _ in range(3):
        step, start = np.polyfit(numbers[fits], places[fits], 1)
        off = np.abs(places - (start + step * numbers))
        fits = off <= max(_LOOSE * step, 2 * float(np.median(off)))
        if fits.sum() < _FEWEST_LINES or len(set(numbers[fits])) < _FEWEST_LINES:
            raise _none("its lines are not evenly spaced")
    present = fits.sum() / (numbers[fits].max() - numbers[fits].min() + 1)
    off = places[fits] - (start + step * numbers[fits])
    loose = math.sqrt(float((off**2).sum()) / max(1, int(fits.sum()) - 2))
    if present < _LEAST_PRESENT or loose > _LOOSE * step or step < SHORTEST_PERIOD:
        raise _none("its lines are not evenly spaced")
    lever = math.sqrt(float(((numbers[fits] - numbers[fits].mean()) ** 2).sum()))
    uncertainty = max(loose, _LEAST_STEP_PX) / lever
    if uncertainty > _LARGEST_UNCERTAINTY * step:
        raise _none("its lines are not evenly spaced")
    return Graticule(
        period_px=float(step),
        uncertainty_px=uncertainty,
        angle_deg=angle,
        lines=int(fits.sum()),
    )
