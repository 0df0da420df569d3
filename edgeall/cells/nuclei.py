"""Nuclei: which violet objects are nuclei, which lobes are one, which one is two."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_DENSITY = 0.22
"""Nuclear density under which nothing is a nucleus, however pale the field."""

_LEAST_OF_LARGEST = 0.15
"""Smallest nucleus as a share of the field's largest: beside a cell, dirt is small."""

_LOBE_GAP = 0.55
"""Lobes of one nucleus lie this near, in radii of a circle of the larger one's area."""

_ROUND = 0.72
"""Share of its enclosing circle that a complete, unlobed nucleus fills at least."""

_TWO_NUCLEI = 1.5
"""Area over the field's median nucleus from which one object may be two."""


@dataclass(frozen=True, slots=True, eq=False)
class Nuclei:
    """Nuclei of a field: ``labels`` ``(h, w)`` from 1, and which were cut from a neighbour."""

    labels: NDArray[np.int32]
    touching: frozenset[int]


def find_nuclei(nuclear: NDArray[np.float32], least_area: float) -> Nuclei:
    """Find nuclei in a map of nuclear density ``(h, w)``.

    ``least_area`` is that of the smallest nucleus, in the map's pixels; lobes
    may be smaller where together they reach it.
    """
    pieces = _pieces(nuclear, least_area)
    joined = _join_lobes(pieces, least_area)
    return _cut_apart(joined)


def _pieces(nuclear: NDArray[np.float32], least_area: float) -> NDArray[np.int32]:
    dyed = (nuclear > _threshold(nuclear)).astype(np.uint8)
    opened = cv2.morphologyEx(dyed, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = np.zeros(count, np.int32)
    large = np.flatnonzero(areas >= 0.25 * least_area) + 1
    kept[large] = np.arange(1, len(large) + 1)
    renumbered: NDArray[np.int32] = kept[labels]
    return renumbered


def _threshold(nuclear: NDArray[np.float32]) -> float:
    """Return the density that parts nuclei from the rest of this field (N. Otsu, 1979).

    Only pixels with some dye take part: otherwise the empty background, most
    of a field, would be one of the two classes.
    """
    some = nuclear[nuclear > LEAST_DENSITY / 2]
    if some.size < 16:
        return LEAST_DENSITY
    steps = np.clip(some * 100, 0, 255).astype(np.uint8)
    otsu, _ = cv2.threshold(steps.reshape(-1, 1), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return max(LEAST_DENSITY, otsu / 100)


def _join_lobes(pieces: NDArray[np.int32], least_area: float) -> NDArray[np.int32]:
    """Give pieces that are lobes of one nucleus one label; drop what stays too small."""
    count = int(pieces.max())
    areas = np.bincount(pieces.ravel(), minlength=count + 1).astype(np.float64)
    owner = list(range(count + 1))
    whole = [label > 0 and _fills_its_circle(pieces == label) for label in range(count + 1)]
    for label in range(1, count + 1):
        reach = _LOBE_GAP * math.sqrt(areas[label] / math.pi)
        near = _within(pieces, label, reach)
        for other in near:
            larger = label if areas[label] >= areas[other] else int(other)
            if not (whole[larger] and _alike(areas[label], areas[other])):
                _unite(owner, label, int(other))
    roots = np.array([_root(owner, label) for label in range(count + 1)])
    totals = np.bincount(roots, weights=areas, minlength=count + 1)
    totals[0] = 0
    least = max(least_area, _LEAST_OF_LARGEST * totals.max(initial=0))
    kept = [root for root in range(1, count + 1) if totals[root] >= least]
    numbers = np.zeros(count + 1, np.int32)
    numbers[kept] = np.arange(1, len(kept) + 1)
    joined: NDArray[np.int32] = numbers[roots][pieces]
    return joined


def _alike(one: float, other: float) -> bool:
    """Tell a neighbour of a complete nucleus from a fragment of it."""
    return min(one, other) > 0.3 * max(one, other)


def _within(pieces: NDArray[np.int32], label: int, reach: float) -> NDArray[np.int32]:
    rows, columns = np.nonzero(pieces == label)
    margin = math.ceil(reach)
    top, left = max(0, rows.min() - margin), max(0, columns.min() - margin)
    window = pieces[top : rows.max() + margin + 1, left : columns.max() + margin + 1]
    distance = cv2.distanceTransform((window != label).astype(np.uint8), cv2.DIST_L2, 3)
    near = np.unique(window[(distance <= reach) & (window != label) & (window > 0)])
    return near


def _root(owner: list[int], label: int) -> int:
    while owner[label] != label:
        label = owner[label]
    return label


def _unite(owner: list[int], one: int, other: int) -> None:
    first, second = sorted((_root(owner, one), _root(owner, other)))
    owner[second] = first


def _fills_its_circle(piece: NDArray[np.bool_]) -> bool:
    points = np.argwhere(piece).astype(np.float32)
    _, radius = cv2.minEnclosingCircle(points)
    return len(points) >= _ROUND * math.pi * max(radius, 1.0) ** 2


def _cut_apart(joined: NDArray[np.int32]) -> Nuclei:
    """Split objects that are two touching nuclei, where the field shows how large one is."""
    count = int(joined.max())
    areas = np.bincount(joined.ravel(), minlength=count + 1)[1:]
    typical = float(np.median(areas)) if count >= 3 else math.inf
    labels, touching = joined.copy(), set()
    following = count + 1
    for label in range(1, count + 1):
        if areas[label - 1] < _TWO_NUCLEI * typical:
            continue
        parts = _parts(joined == label, math.sqrt(typical / math.pi))
        for part in parts[1:]:
            labels[part] = following
            touching |= {label, following}
            following += 1
    return Nuclei(labels, frozenset(touching))


def _parts(region: NDArray[np.bool_], radius: float) -> list[NDArray[np.bool_]]:
    """Return the region's parts: one around each core that lies deep enough inside it."""
    depth = cv2.distanceTransform(region.astype(np.uint8), cv2.DIST_L2, 5)
    _, cores = cv2.connectedComponents((depth > 0.72 * depth.max()).astype(np.uint8))
    count = int(cores.max())
    if count < 2 or depth.max() < 0.5 * radius:
        return [region]
    distances = np.stack(
        [
            cv2.distanceTransform((cores != core).astype(np.uint8), cv2.DIST_L2, 5)
            for core in range(1, count + 1)
        ]
    )
    nearest = distances.argmin(axis=0)
    return [region & (nearest == core) for core in range(count)]
