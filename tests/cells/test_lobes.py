from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from edgeall.cells.lobes import LobeJoiner
from edgeall.cells.split import split_at_necks

if TYPE_CHECKING:
    from numpy.typing import NDArray

RED_RADIUS = 12.0


def _discs(*discs: tuple[int, int, int]) -> NDArray[np.int32]:
    """Return labels of discs given as column, row, radius, numbered from 1."""
    labels = np.zeros((120, 160), np.int32)
    for number, (column, row, radius) in enumerate(discs, start=1):
        cv2.circle(labels, (column, row), radius, number, cv2.FILLED)
    return labels


def _count(labels: NDArray[np.int32]) -> int:
    return len(np.unique(labels[labels > 0]))


def test_an_object_with_a_neck_is_cut_there() -> None:
    one = (_discs((50, 60, 14), (74, 60, 14)) > 0).astype(np.int32)
    parts = split_at_necks(one, RED_RADIUS)
    assert _count(parts) == 2
    assert parts[60, 45] != parts[60, 80]
    assert np.array_equal(parts > 0, one > 0)


def test_a_round_object_stays_whole() -> None:
    assert _count(split_at_necks(_discs((50, 60, 20)), RED_RADIUS)) == 1


def test_lobes_in_one_stained_cell_are_joined() -> None:
    parts = _discs((49, 52, 9), (71, 52, 9), (60, 70, 9))
    stained = _discs((60, 60, 27)) > 0
    assert _count(LobeJoiner(parts, stained, RED_RADIUS).join()) == 1


def test_neighbours_with_a_gap_around_them_are_not_joined() -> None:
    parts = _discs((45, 60, 14), (75, 60, 14))
    assert _count(LobeJoiner(parts, parts > 0, RED_RADIUS).join()) == 2


def test_no_label_is_lost_or_added() -> None:
    parts = _discs((20, 20, 10), (60, 60, 14), (90, 60, 14), (140, 100, 8))
    joined = LobeJoiner(parts, parts > 0, RED_RADIUS).join()
    assert np.array_equal(joined > 0, parts > 0)
