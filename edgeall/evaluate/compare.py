"""Two networks on the same images: how often they agree, and whether one is worse."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from edgeall.evaluate.scores import Probabilities, Rate, Truth, check_shapes, rate


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A second network held against a first one, image by image.

    Attributes
    ----------
    agreement
        Images with the same top label in both.
    only_first_right, only_second_right
        Images that one names rightly and the other wrongly.
    p
        McNemar's exact two-sided test of these two counts: how often chance
        alone would part them so far, were the networks equally good.
    accuracy_drop
        What the second lost in accuracy, as a share; negative where it gained.
    sensitivity_drop
        The same of its sensitivity to blasts; None without blasts.
    largest_change
        The largest change of any probability of any image.
    """

    agreement: Rate
    only_first_right: int
    only_second_right: int
    p: float
    accuracy_drop: float
    sensitivity_drop: float | None
    largest_change: float


def compare(
    first: Probabilities,
    second: Probabilities,
    truth: Truth,
    labels: Sequence[str],
    blasts: Sequence[str],
) -> Comparison:
    """Hold the probabilities ``(n, k)`` of two networks against each other.

    Raises
    ------
    ValueError
        The shapes do not fit, there is no image, or a true label is none of the ``k``.
    """
    check_shapes(first, truth, labels)
    check_shapes(second, truth, labels)
    calls, others = first.argmax(axis=1), second.argmax(axis=1)
    right, other_right = calls == truth, others == truth
    only_first, only_second = int((right & ~other_right).sum()), int((other_right & ~right).sum())
    return Comparison(
        agreement=rate(int((calls == others).sum()), len(truth)),
        only_first_right=only_first,
        only_second_right=only_second,
        p=mcnemar(only_first, only_second),
        accuracy_drop=(only_first - only_second) / len(truth),
        sensitivity_drop=_sensitivity_drop(calls, others, truth, labels, blasts),
        largest_change=float(np.abs(first - second).max()),
    )


def mcnemar(b: int, c: int) -> float:
    """Return the exact two-sided p of McNemar's test for the discordant counts ``b``, ``c``.

    Under equality each discordant image falls on either side like a coin
    (Q. McNemar, Psychometrika 12, 1947; exact by the binomial distribution).
    """
    total = b + c
    if b == c:
        return 1.0
    fixed = math.lgamma(total + 1) - total * math.log(2)
    tail = math.fsum(
        math.exp(fixed - math.lgamma(k + 1) - math.lgamma(total - k + 1))
        for k in range(min(b, c) + 1)
    )
    return min(1.0, 2 * tail)


def _sensitivity_drop(
    calls: Truth, others: Truth, truth: Truth, labels: Sequence[str], blasts: Sequence[str]
) -> float | None:
    positions = [position for position, label in enumerate(labels) if label in blasts]
    is_blast = np.isin(truth, positions)
    if not is_blast.any():
        return None
    found = np.isin(calls[is_blast], positions).mean()
    found_by_other = np.isin(others[is_blast], positions).mean()
    return float(found - found_by_other)
