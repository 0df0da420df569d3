"""The comparison of two networks against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar as reference

from edgeall.evaluate.compare import compare, mcnemar

LABELS, BLASTS = ("normal", "blast"), ("blast",)


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_exact(b, c):
    expected = reference([[0, b], [c, 0]], exact=True).pvalue if b + c else 1.0
    assert mcnemar(b, c) == pytest.approx(min(1.0, expected), rel=1e-9, abs=1e-300)


def test_mcnemar_of_many_discordant_images_is_near_the_chi_square():
    expected = reference([[0, 5200], [4900, 0]], exact=False, correction=True).pvalue
    assert mcnemar(5200, 4900) == pytest.approx(expected, rel=1e-2)


@given(st.integers(0, 2**32 - 1), st.integers(1, 100))
def test_a_network_held_against_itself_loses_nothing(seed, n):
    rng = np.random.default_rng(seed)
    probabilities, truth = rng.dirichlet([1, 1], n), rng.integers(0, 2, n)
    same = compare(probabilities, probabilities, truth, LABELS, BLASTS)
    assert same.agreement.value == 1.0
    assert (same.p, same.accuracy_drop, same.largest_change) == (1.0, 0.0, 0.0)


def test_losses_are_positive_and_counted_on_each_side():
    truth = np.array([1, 1, 1, 0, 0])
    first = np.array([[0.1, 0.9], [0.1, 0.9], [0.9, 0.1], [0.9, 0.1], [0.2, 0.8]])
    second = np.array([[0.9, 0.1], [0.8, 0.2], [0.9, 0.1], [0.9, 0.1], [0.9, 0.1]])
    held = compare(first, second, truth, LABELS, BLASTS)
    assert (held.only_first_right, held.only_second_right) == (2, 1)
    assert held.agreement.count == 2
    assert held.accuracy_drop == pytest.approx(0.2)
    assert held.sensitivity_drop == pytest.approx(2 / 3)
    assert held.largest_change == pytest.approx(0.8)


def test_without_blasts_no_sensitivity_is_lost():
    held = compare(np.array([[0.9, 0.1]]), np.array([[0.9, 0.1]]), np.array([0]), LABELS, BLASTS)
    assert held.sensitivity_drop is None
