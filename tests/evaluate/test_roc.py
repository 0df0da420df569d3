"""The ROC curve against scikit-learn, ties included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import auc, roc_auc_score
from sklearn.metrics import roc_curve as reference

from edgeall.evaluate.roc import auroc, roc_curve


@given(st.integers(0, 2**32 - 1), st.integers(2, 200), st.integers(2, 256))
def test_curve_and_area_are_those_of_scikit_learn(seed, n, steps):
    rng = np.random.default_rng(seed)
    positive = np.concatenate([[True, False], rng.random(n - 2) < 0.4])
    probability = rng.integers(0, steps, n) / steps
    curve = roc_curve(probability, positive)
    alarms, found, _ = reference(positive, probability, drop_intermediate=False)
    assert auroc(probability, positive) == pytest.approx(roc_auc_score(positive, probability))
    assert set(map(tuple, curve.round(9))) <= set(zip(alarms.round(9), found.round(9), strict=True))
    assert auc(alarms, found) == pytest.approx(auroc(probability, positive))


@pytest.mark.parametrize("positive", [[True, True], [False, False]])
def test_one_kind_of_image_alone_has_no_curve(positive):
    assert roc_curve(np.array([0.1, 0.2]), np.array(positive)) is None
    assert auroc(np.array([0.1, 0.2]), np.array(positive)) is None
