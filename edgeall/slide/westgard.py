"""Westgard's rules: whether a control's figure fits those before it.

Rules 1-3s, 2-2s, 4-1s and 10-x of J. O. Westgard, P. L. Barry, M. R. Hunt and
T. Groth, "A multi-rule Shewhart chart for quality control in clinical
chemistry", Clinical Chemistry 27, 1981; R-4s needs two controls in one run.

Mean and deviation come from few runs. Three deviations of five values are
exceeded by chance once in twenty runs, not once in 370, so a value's distance
is turned into the normal one that chance exceeds as rarely: Student's t for a
further value (W. S. Gosset, 1908), by the approximation of D. L. Wallace,
Annals of Mathematical Statistics 30, 1959.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Literal, TypeAlias

FEWEST = 5
"""Runs without which there is no deviation worth the name."""

Rule: TypeAlias = Literal["1-3s", "2-2s", "4-1s", "10-x"]

REJECTING: frozenset[Rule] = frozenset({"1-3s", "2-2s"})
"""The others tell of a shift that is still small: they warn."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a figure is expected to be.

    Attributes
    ----------
    mean, deviation
        Of the runs, in the figure's unit.
    floor
        Deviation that chance alone gives in this figure (counting, resolution); a smaller
        one among few runs is luck.
    runs
        How many there were, two at least.
    """

    mean: float
    deviation: float
    floor: float
    runs: int

    @classmethod
    def of(cls, values: Sequence[float], floor: float) -> Baseline:
        """Return the baseline of two values or more."""
        return cls(fmean(values), stdev(values), floor, len(values))

    def z(self, value: float) -> float:
        """Return how many normal deviations away a value lies, with its side."""
        off = (value - self.mean) / math.sqrt(1 + 1 / self.runs)
        by_floor = abs(off) / self.floor if self.floor > 0 else math.inf
        by_deviation = math.inf
        if self.deviation > 0:
            by_deviation = _normal_from_t(abs(off) / self.deviation, self.runs - 1)
        nearest = min(by_floor, by_deviation)
        return math.copysign(nearest, off) if off and math.isfinite(nearest) else 0.0

    def limit(self, z: float) -> float:
        """Return how far from the mean a value lies whose distance is ``z``, at least 0."""
        by_deviation = _t_from_normal(z, self.runs - 1) * self.deviation
        return max(by_deviation, z * self.floor) * math.sqrt(1 + 1 / self.runs)


def broken_rules(distances: Sequence[float]) -> list[Rule]:
    """Return the rules that the last run breaks, ``distances`` being z of all runs up to it."""
    rules: list[Rule] = []
    if abs(distances[-1]) > 3:
        rules.append("1-3s")
    if _on_one_side(distances, 2, 2):
        rules.append("2-2s")
    if _on_one_side(distances, 4, 1):
        rules.append("4-1s")
    if _on_one_side(distances, 10, 0):
        rules.append("10-x")
    return rules


def _on_one_side(distances: Sequence[float], runs: int, beyond: float) -> bool:
    last = distances[-runs:]
    if len(last) < runs:
        return False
    return all(z > beyond for z in last) or all(z < -beyond for z in last)


def _normal_from_t(t: float, freedom: int) -> float:
    shrink = (8 * freedom + 1) / (8 * freedom + 3)
    return shrink * math.sqrt(freedom * math.log1p(t * t / freedom))


def _t_from_normal(z: float, freedom: int) -> float:
    grow = (8 * freedom + 3) / (8 * freedom + 1)
    return math.sqrt(freedom * math.expm1((z * grow) ** 2 / freedom))
