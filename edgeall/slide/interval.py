"""Intervals for a share of counted things, without SciPy: the device has none."""

from __future__ import annotations

import math
from collections.abc import Callable

from edgeall.slide.reading import Proportion

CONFIDENCE = 0.95
"""All intervals here are two-sided at this level."""

_NORMAL_QUANTILE = 1.959963984540054
_BISECTIONS = 60


def clopper_pearson(count: int, total: int) -> tuple[float, float]:
    """Return the exact 95% interval of ``count`` out of ``total``.

    The limits are those shares at which the binomial tail through ``count``
    weighs 2.5% (C. J. Clopper and E. S. Pearson, Biometrika 26, 1934).

    Raises
    ------
    ValueError
        Unless ``0 <= count <= total`` and ``total >= 1``.
    """
    _check(count, total)
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if count == 0 else _root(lambda p: tail - _at_least(count, total, p))
    high = 1.0 if count == total else _root(lambda p: _at_most(count, total, p) - tail)
    return low, high


def wilson(count: int, total: int) -> tuple[float, float]:
    """Return the score interval of ``count`` out of ``total``.

    Source: E. B. Wilson, Journal of the American Statistical Association 22, 1927.

    Raises
    ------
    ValueError
        Unless ``0 <= count <= total`` and ``total >= 1``.
    """
    _check(count, total)
    z2 = _NORMAL_QUANTILE**2
    share = count / total
    centre = (share + z2 / (2 * total)) / (1 + z2 / total)
    spread = (
        _NORMAL_QUANTILE
        / (1 + z2 / total)
        * math.sqrt(share * (1 - share) / total + z2 / (4 * total**2))
    )
    low = 0.0 if count == 0 else max(0.0, centre - spread)
    high = 1.0 if count == total else min(1.0, centre + spread)
    return low, high


def proportion(count: int, total: int) -> Proportion:
    """Return ``count`` out of ``total`` with its exact interval."""
    low, high = clopper_pearson(count, total)
    return Proportion(count, total, count / total, low, high)


def cells_for_width(share: float, width: float, *, at_most: int = 100_000) -> int:
    """Return how many cells narrow the exact interval around ``share`` to ``width``.

    Both are shares, 0 to 1; ``width`` is the full width of the interval.
    """

    def narrow_enough(total: int) -> bool:
        low, high = clopper_pearson(round(share * total), total)
        return high - low <= width

    enough, too_few = 1, 0
    while not narrow_enough(enough) and enough < at_most:
        too_few, enough = enough, enough * 2
    while enough - too_few > 1:
        middle = (enough + too_few) // 2
        if narrow_enough(middle):
            enough = middle
        else:
            too_few = middle
    return enough


def _check(count: int, total: int) -> None:
    if total < 1 or not 0 <= count <= total:
        raise ValueError(f"{count} out of {total} is no share")


def _root(falling: Callable[[float], float]) -> float:
    """Bisect for the zero of a function that falls from positive at 0 to negative at 1."""
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if falling(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _at_most(count: int, total: int, share: float) -> float:
    return math.fsum(_binomial(k, total, share) for k in range(count + 1))


def _at_least(count: int, total: int, share: float) -> float:
    return math.fsum(_binomial(k, total, share) for k in range(count, total + 1))


def _binomial(count: int, total: int, share: float) -> float:
    if share in (0.0, 1.0):
        return float(count == (total if share else 0))
    logarithm = (
        math.lgamma(total + 1)
        - math.lgamma(count + 1)
        - math.lgamma(total - count + 1)
        + count * math.log(share)
        + (total - count) * math.log1p(-share)
    )
    return math.exp(logarithm)
