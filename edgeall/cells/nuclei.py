"""Nuclei: which violet objects are nuclei, and which lobes belong to one cell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edgeall.cells.lobes import LobeJoiner
from edgeall.cells.region import windows_of
from edgeall.cells.split import split_at_necks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.cells.region import Window
    from edgeall.cells.stain import StainMaps

LEAST_DENSITY = 0.12
"""Nuclear density under which nothing is a nucleus, however pale the field."""

_UNDER_OTSU = 0.6
"""Share of the field's own threshold that pale nuclei beside dark ones still reach."""

_VIOLET = 1.35
_VIOLET_OF_PALE = 2.2
_PALE = 2.4
"""A nucleus has a nuclear density of ``_VIOLET`` times its mean density or more, a pale
one of ``_VIOLET_OF_PALE`` less ``_PALE`` times its nuclear density: the paler, the
purer its violet must be, for thin red cells turn pink. Red cells of four sets have
0.5 (99% of pixels under 1.5), nuclei 2 to 3 (95% over 1.4)."""

_DENSEST_RED = 0.5
"""Mean density over which nothing is a red cell; the darkest nuclei are nearly black."""

_OWN_SHARE = 0.5
"""Share of its own darkest tenth from which a pixel belongs to a nucleus."""

_LEAST_PIECE = 0.06
_MOST_PIECES = 400
"""Violet objects looked at, the largest first: a picture of noise must not take minutes."""

_LEAST_NUCLEUS = 0.33
"""Smallest nucleus, in areas of a red cell (14 µm²): a platelet is at most some
3 µm across (7 µm²), the nucleus of a small lymphocyte some 6 µm (28 µm²)."""

_LEAST_DARK_NUCLEUS = 0.17
_DARK = 0.6
"""A nucleus of this mean nuclear density may be smaller: platelets are paler."""

_LEAST_OF_LARGEST = 0.15
"""Smallest nucleus as a share of the field's largest: beside a cell, dirt is small."""

_LEAST_DEPTH = 0.25
"""Half the width of a nucleus at its widest, in radii of a red cell: less is a thread."""

_CYTOPLASM = 1.1
"""Nuclear over mean density from which a pixel near a nucleus is its cytoplasm."""

_LEAST_CYTOPLASM = 0.06
"""Mean density that cytoplasm has at least: of an empty background no colour is known."""


@dataclass(frozen=True, slots=True, eq=False)
class Nuclei:
    """Nuclei of a field.

    Attributes
    ----------
    labels
        ``(h, w)``, the nucleus of each cell from 1, 0 elsewhere.
    stained
        ``(h, w)``, pixels of nuclei and of cytoplasm, as far as the dye tells them.
    touching
        Labels that were cut from a neighbour.
    """

    labels: NDArray[np.int32]
    stained: NDArray[np.bool_]
    touching: frozenset[int]


def find_nuclei(maps: StainMaps, red_radius: float) -> Nuclei:
    """Find the nuclei of a field, one label a cell, given a red cell's radius in px."""
    red_area = math.pi * red_radius**2
    low = max(LEAST_DENSITY, _UNDER_OTSU * _otsu(maps.nuclear))
    stained = _stained(maps)
    pieces = _pieces(maps, low, _LEAST_PIECE * red_area)
    parts = split_at_necks(pieces, red_radius)
    joined = LobeJoiner(parts, stained, red_radius).join()
    labels = _drop_small(joined, maps.nuclear, red_radius)
    return Nuclei(labels, stained, _sharing(pieces, labels))


def _sharing(pieces: NDArray[np.int32], labels: NDArray[np.int32]) -> frozenset[int]:
    """Return the labels whose piece holds another label too."""
    inside = labels > 0
    owners = np.unique(np.stack([pieces[inside], labels[inside]], axis=1), axis=0)
    shared = np.flatnonzero(np.bincount(owners[:, 0]) > 1)
    return frozenset(int(label) for label in owners[np.isin(owners[:, 0], shared), 1])


def _stained(maps: StainMaps) -> NDArray[np.bool_]:
    """Return the pixels of nuclei and cytoplasm: more violet than red cells, however pale."""
    nuclear, total = (cv2.GaussianBlur(each, (0, 0), 1.0) for each in (maps.nuclear, maps.total))
    level = _CYTOPLASM * np.clip(total, _LEAST_CYTOPLASM, _DENSEST_RED)
    stained: NDArray[np.bool_] = nuclear > level
    return stained


def _pieces(maps: StainMaps, low: float, least_area: float) -> NDArray[np.int32]:
    """Label the violet objects, each within its own threshold, at least ``low``."""
    needed = np.maximum(_VIOLET, _VIOLET_OF_PALE - _PALE * maps.nuclear)
    violet = needed * np.minimum(maps.total, _DENSEST_RED)
    rough, boxes = _components((maps.nuclear > low) & (maps.nuclear > violet), least_area)
    own = np.zeros(rough.shape, np.bool_)
    for label, window in boxes.items():
        inside, densities = rough[window] == label, maps.nuclear[window]
        darkest = float(np.percentile(densities[inside], 90))
        own[window] |= inside & (densities > _OWN_SHARE * darkest)
    pieces, _ = _components(own, least_area)
    return pieces


def _otsu(nuclear: NDArray[np.float32]) -> float:
    """Return the density that parts nuclei from the rest of this field (N. Otsu, 1979).

    Only pixels with some dye take part: otherwise the empty background, most
    of a field, would be one of the two classes.
    """
    some = nuclear[nuclear > LEAST_DENSITY / 2]
    if some.size < 16:
        return LEAST_DENSITY
    steps = np.clip(some * 100, 0, 255).astype(np.uint8)
    otsu, _ = cv2.threshold(steps.reshape(-1, 1), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return otsu / 100


def _components(
    mask: NDArray[np.bool_], least_area: float
) -> tuple[NDArray[np.int32], dict[int, Window]]:
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if count > _MOST_PIECES:
        least_area = max(least_area, float(np.partition(areas, -_MOST_PIECES)[-_MOST_PIECES]))
    large = np.flatnonzero(areas >= least_area)[:_MOST_PIECES] + 1
    numbers = np.zeros(count, np.int32)
    numbers[large] = np.arange(1, len(large) + 1)
    kept: NDArray[np.int32] = numbers[labels]
    return kept, windows_of(kept)


def _drop_small(
    joined: NDArray[np.int32], nuclear: NDArray[np.float32], red_radius: float
) -> NDArray[np.int32]:
    """Drop platelets, dirt and threads; number what stays from 1."""
    red_area = math.pi * red_radius**2
    areas = np.bincount(joined.ravel(), minlength=1)
    densities = np.bincount(joined.ravel(), nuclear.ravel(), minlength=1) / np.maximum(areas, 1)
    least = np.where(densities >= _DARK, _LEAST_DARK_NUCLEUS, _LEAST_NUCLEUS) * red_area
    least = np.maximum(least, _LEAST_OF_LARGEST * areas[1:].max(initial=0))
    numbers = np.zeros(areas.size, np.int32)
    following = 1
    for label, window in windows_of(joined).items():
        region = np.pad(joined[window] == label, 1).astype(np.uint8)
        depth = cv2.distanceTransform(region, cv2.DIST_L2, 3).max()
        if areas[label] >= least[label] and depth >= _LEAST_DEPTH * red_radius:
            numbers[label] = following
            following += 1
    kept: NDArray[np.int32] = numbers[joined]
    return kept
