"""Overlap: whether a field was seen before on this slide, and where its cells lay then.

Normalised cross-correlation of the overlapping parts for every shift at once,
by Fourier transforms over padded pictures (Padfield, Masked object
registration in the Fourier domain, IEEE Trans. Image Processing 21, 2012, with
masks that are whole rectangles); coarse over all shifts, then fine around the
best one, because a few dark spots on a small overlap look alike by chance.
Views have no blurred part, so that the mean of any of their parts is near 0
and need not be taken away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from edgeall.field.view import Grey, View

Spectrum: TypeAlias = NDArray[np.complex64]

LEAST_SHARE = 0.1
"""Overlap under which it is not looked for: too little is left to recognise."""

_COARSE_LIKENESS = 0.55
_FINE_LIKENESS = 0.65
"""Unrelated BCCD fields reach 0.61 over 8,700 pairs; shifted ones have 0.77 and more."""

_SEARCH = 6
"""Fine pixels around the coarse place; one coarse pixel is four fine ones."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """A field lies over an earlier one.

    Attributes
    ----------
    number
        Which of the earlier fields.
    share
        Share of the field that was seen there, 0 to 1.
    right, down
        The field's place in the earlier one's frame, in frame pixels: what lies at
        ``(x, y)`` here lay at ``(x + right, y + down)`` there.
    """

    number: int
    share: float
    right: float
    down: float


@dataclass(frozen=True, slots=True, eq=False)
class _Transformed:
    """A coarse view's spectrum, and its sum of squares over the overlap of every shift."""

    spectrum: Spectrum
    spread: Grey


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """An earlier field, in 55 KB: a slide may have a thousand of them."""

    number: int
    fine: NDArray[np.int8]
    coarse: NDArray[np.float16]


class SeenFields:
    """The fields taken on one slide, to be asked whether a new one lies over them."""

    def __init__(self) -> None:
        self._seen: list[_Seen] = []

    def add(self, number: int, view: View) -> None:
        """Remember a field that was taken."""
        # Likeness knows no scale, so eight bits hold all that the fine view says.
        scale = 127 / max(1.0, float(np.abs(view.fine).max()))
        fine = np.rint(view.fine * scale).astype(np.int8)
        self._seen.append(_Seen(number, fine, view.coarse.astype(np.float16)))

    def forget_from(self, number: int) -> None:
        """Forget the fields of this number and above."""
        self._seen = [seen for seen in self._seen if seen.number < number]

    def overlaps(self, view: View) -> list[Overlap]:
        """Return all earlier fields that this one lies over, the most covered first."""
        here = _transform(view.coarse, is_moved=True)
        found = [
            overlap
            for seen in self._seen
            if seen.fine.shape == view.fine.shape
            and (overlap := _compare(seen, view, here)) is not None
        ]
        return sorted(found, key=lambda overlap: -overlap.share)


def _compare(seen: _Seen, view: View, here: _Transformed) -> Overlap | None:
    shape = view.coarse.shape
    there = _transform(seen.coarse.astype(np.float32), is_moved=False)
    likeness = _likeness(there, here, shape)
    row, column = np.unravel_index(int(np.argmax(likeness)), likeness.shape)
    if likeness[row, column] < _COARSE_LIKENESS:
        return None
    down, right = int(row) - (shape[0] - 1), int(column) - (shape[1] - 1)
    step = view.fine.shape[1] / shape[1]
    return _refine(seen, view, round(down * step), round(right * step))


def _refine(seen: _Seen, view: View, down: int, right: int) -> Overlap | None:
    """Look closely around a place; None where it is not the same after all."""
    there = seen.fine.astype(np.float32)
    place, best = (down, right), 0.0
    for reach, step in ((_SEARCH, 2), (1, 1)):
        around = range(-reach, reach + 1, step)
        places = [(place[0] + rows, place[1] + columns) for rows in around for columns in around]
        likeness = [_alike_at(there, view.fine, *one) for one in places]
        best = max(likeness)
        place = places[likeness.index(best)]
    share = _share(view.fine.shape, *place)
    if best < _FINE_LIKENESS or share < LEAST_SHARE:
        return None
    return Overlap(seen.number, share, place[1] * view.shrunk_by, place[0] * view.shrunk_by)


def _share(shape: tuple[int, ...], down: int, right: int) -> float:
    height, width = shape
    return max(0, height - abs(down)) * max(0, width - abs(right)) / (height * width)


def _alike_at(there: Grey, here: Grey, down: int, right: int) -> float:
    """Return the correlation of the parts that overlap when ``here`` is moved so."""
    if _share(here.shape, down, right) < LEAST_SHARE:
        return 0.0
    height, width = here.shape
    old = there[max(0, down) : height + min(0, down), max(0, right) : width + min(0, right)]
    new = here[max(0, -down) : height + min(0, -down), max(0, -right) : width + min(0, -right)]
    spread = math.sqrt(float(np.vdot(old, old)) * float(np.vdot(new, new)))
    return float(np.vdot(old, new)) / spread if spread else 0.0


def _transform(coarse: Grey, *, is_moved: bool) -> _Transformed:
    """Prepare one side of a comparison; the new field is the one that is moved."""
    spread = _overlap_sums(coarse**2)
    return _Transformed(_spectrum(coarse), spread[::-1, ::-1] if is_moved else spread)


def _overlap_sums(picture: Grey) -> Grey:
    """Return the sum over what overlaps at every shift, ``(2 h - 1, 2 w - 1)``."""
    return _tails(_tails(picture).T).T


def _tails(rows: Grey) -> Grey:
    """Return the sums of the first 1 to h rows, then of the last h - 1 to 1."""
    return np.concatenate([rows.cumsum(axis=0), rows[::-1].cumsum(axis=0)[-2::-1]])


def _spectrum(picture: Grey) -> Spectrum:
    height, width = picture.shape
    return np.fft.rfft2(picture, s=_padded(height, width)).astype(np.complex64)


def _padded(height: int, width: int) -> tuple[int, int]:
    return cv2.getOptimalDFTSize(2 * height - 1), cv2.getOptimalDFTSize(2 * width - 1)


def _likeness(there: _Transformed, here: _Transformed, shape: tuple[int, ...]) -> Grey:
    """Return the correlation for every shift, ``(2 h - 1, 2 w - 1)``, 0 for small overlaps."""
    counts = _counts((shape[0], shape[1]))
    products = _correlate(there.spectrum, here.spectrum, (shape[0], shape[1]))
    spread = np.sqrt(there.spread * here.spread)
    usable = (counts >= LEAST_SHARE * shape[0] * shape[1]) & (spread > 1e-3 * spread.max())
    likeness: Grey = np.where(usable, products / np.maximum(spread, 1e-6), 0)
    return likeness


@cache
def _counts(shape: tuple[int, int]) -> Grey:
    """Return how many pixels overlap at every shift, at least 1."""
    rows, columns = (size - np.abs(np.arange(1 - size, size, dtype=np.float32)) for size in shape)
    return np.outer(rows, columns)


def _correlate(there: Spectrum, here: Spectrum, shape: tuple[int, int]) -> Grey:
    """Return the sums of products for every shift of ``here``; no shift is in the middle."""
    height, width = shape
    sums = np.fft.irfft2(there * np.conj(here), s=_padded(height, width))
    rolled = np.roll(sums, (height - 1, width - 1), (0, 1))
    middle: Grey = rolled[: 2 * height - 1, : 2 * width - 1].astype(np.float32)
    return middle
