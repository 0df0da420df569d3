"""Motion: whether the stage has come to rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from edgeall.field.view import View

MOVED = 0.58
"""Difference of two views, over their contrast, from which the picture has moved.

BCCD fields moved by 1% of their width differ by 0.67 and more; the same field twice, with
noise of 4 grey levels a pixel and a flicker of 4%, by 0.49 at most."""

_LEAST_CONTRAST = 2.0


def difference(one: View, other: View) -> float:
    """Return how much two views of one size differ: 0 the same, about 1.4 unrelated."""
    if one.fine.shape != other.fine.shape:
        return float("inf")
    apart = float(np.sqrt(np.mean((one.fine - other.fine) ** 2)))
    return apart / max(one.contrast, other.contrast, _LEAST_CONTRAST)


class Rest:
    """Watches frames go by and says since when they show the same.

    A slow drift is motion, too: each frame is compared with the first one of
    the rest, not with the one before.
    """

    def __init__(self) -> None:
        self._first: View | None = None
        self._since = 0.0

    def seconds(self, view: View, at: float) -> float:
        """Return for how many seconds the picture has been at rest at time ``at`` (s)."""
        if self._first is None or difference(self._first, view) > MOVED:
            self._first, self._since = view, at
        return at - self._since
