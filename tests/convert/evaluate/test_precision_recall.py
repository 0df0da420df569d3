"""Precision and recall, held against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from edgeall_convert.evaluate.precision_recall import average_precision, precision_recall_curve


@given(
    st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=60).filter(
        lambda pairs: any(positive for _, positive in pairs)
    )
)
def test_the_mean_precision_is_scikit_learns(pairs):
    probability = np.array([number / 8 for number, _ in pairs])
    positive = np.array([is_positive for _, is_positive in pairs])
    curve = precision_recall_curve(probability, positive)
    assert curve is not None
    assert curve[-1, 0] == 1
    assert average_precision(curve) == pytest.approx(average_precision_score(positive, probability))


def test_without_a_positive_image_there_is_no_curve():
    assert precision_recall_curve(np.array([0.5]), np.array([False])) is None
