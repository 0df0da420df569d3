"""The scores against scikit-learn and statsmodels, which the device does not have."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics
from statsmodels.stats.proportion import proportion_confint

from edgeall.evaluate.calibration import apply_temperature
from edgeall.evaluate.scores import rate, score, to_measured

LABELS = ("basophil", "blast", "lymphocyte", "monocyte")


@st.composite
def measured(draw, fewest=1):
    """Draw probabilities that are a little right, and their truth."""
    n, k = draw(st.integers(fewest, 80)), draw(st.integers(2, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    truth = rng.integers(0, k, n)
    logits = rng.normal(size=(n, k)) + 1.5 * np.eye(k)[truth]
    coarse = np.round(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), 2) + 1e-3
    return coarse / coarse.sum(axis=1, keepdims=True), truth


@given(measured())
def test_the_classification_report_is_that_of_scikit_learn(case):
    probabilities, truth = case
    labels = LABELS[: probabilities.shape[1]]
    scores = score(probabilities, truth, labels, ("blast",))
    calls = probabilities.argmax(axis=1)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        truth, calls, labels=range(len(labels)), zero_division=0
    )
    for k, row in enumerate(scores.classes):
        assert (row.precision, row.recall, row.f1, row.support) == pytest.approx(
            (precision[k], recall[k], f1[k], support[k])
        )
    for row, average in ((scores.macro_average, "macro"), (scores.weighted_average, "weighted")):
        expected = metrics.precision_recall_fscore_support(
            truth, calls, average=average, zero_division=0
        )
        assert (row.precision, row.recall, row.f1) == pytest.approx(expected[:3])


@given(measured())
def test_accuracy_balance_and_confusion_are_those_of_scikit_learn(case):
    probabilities, truth = case
    labels = LABELS[: probabilities.shape[1]]
    scores = score(probabilities, truth, labels, ("blast",))
    calls = probabilities.argmax(axis=1)
    assert scores.accuracy.value == pytest.approx(metrics.accuracy_score(truth, calls))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of one class, or of calls the truth lacks
        balanced = metrics.balanced_accuracy_score(truth, calls)
        confusion = metrics.confusion_matrix(truth, calls, labels=range(len(labels)))
    assert scores.balanced_accuracy == pytest.approx(balanced)
    assert np.array(scores.confusion).tolist() == confusion.tolist()


@given(measured(fewest=12))
def test_auroc_of_the_summed_blasts_is_that_of_scikit_learn(case):
    probabilities, truth = case
    labels = LABELS[: probabilities.shape[1]]
    blasts = ("blast", "monocyte")
    is_blast = np.isin(truth, [1, 3])
    scores = score(probabilities, truth, labels, blasts)
    if is_blast.all() or not is_blast.any():
        assert scores.auroc is None
        return
    summed = probabilities[:, [k for k in (1, 3) if k < len(labels)]].sum(axis=1)
    assert scores.auroc == pytest.approx(metrics.roc_auc_score(is_blast, summed))


@given(measured())
def test_a_blast_called_another_blast_counts_as_found(case):
    probabilities, truth = case
    labels = LABELS[: probabilities.shape[1]]
    blasts = ("blast", "monocyte")
    scores = score(probabilities, truth, labels, blasts)
    is_blast = np.isin(truth, [1, 3])
    called = np.isin(probabilities.argmax(axis=1), [1, 3])
    if scores.sensitivity:
        assert scores.sensitivity.count == (called & is_blast).sum()
        assert scores.sensitivity.total == is_blast.sum()
    if scores.specificity:
        assert scores.specificity.count == (~called & ~is_blast).sum()


@given(st.integers(1, 500), st.data())
def test_intervals_are_those_of_statsmodels(total, data):
    count = data.draw(st.integers(0, total))
    low, high = proportion_confint(count, total, method="wilson")
    share = rate(count, total)
    assert (share.value, share.low, share.high) == pytest.approx(
        (count / total, max(0, low), min(1, high)), abs=1e-9
    )


@given(measured(), st.floats(0, 1))
def test_images_under_the_threshold_are_unidentified_and_not_wrong(case, threshold):
    probabilities, truth = case
    labels = LABELS[: probabilities.shape[1]]
    scores = score(probabilities, truth, labels, (), unidentified_below=threshold)
    identified = probabilities.max(axis=1) >= threshold
    identification = scores.identification
    assert identification.unidentified.count == (~identified).sum()
    if identified.any():
        right = (probabilities.argmax(axis=1) == truth)[identified]
        assert identification.accuracy.value == pytest.approx(right.mean())
    else:
        assert identification.accuracy is None


def test_a_temperature_changes_confidence_and_no_call():
    probabilities = np.array([[0.7, 0.3], [0.2, 0.8]])
    truth = np.array([0, 0])
    before = score(probabilities, truth, ("normal", "blast"), ("blast",))
    softened = apply_temperature(probabilities, 3.0)
    after = score(softened, truth, ("normal", "blast"), ("blast",))
    assert after.confusion == before.confusion
    assert after.expected_calibration_error != before.expected_calibration_error


def test_subjects_are_counted_each_with_its_label():
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.1, 0.9]])
    truth = np.array([0, 0, 1, 1])
    subjects = ["H10", "H10", "46", None]
    scores = score(probabilities, truth, ("normal", "blast"), ("blast",), subjects=subjects)
    assert [(row.subject, row.label, row.correct, row.images) for row in scores.subjects] == [
        ("H10", "normal", 1, 2),
        ("46", "blast", 1, 1),
    ]
    assert scores.subjects[0].mean_blast_probability == pytest.approx(0.35)
    assert scores.subject_auroc == 1.0


def test_a_subject_with_both_kinds_of_image_has_no_place_in_a_subject_auroc():
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
    scores = score(
        probabilities,
        np.array([0, 1, 1]),
        ("normal", "blast"),
        ("blast",),
        subjects=["1", "1", "2"],
    )
    assert len(scores.subjects) == 3
    assert scores.subject_auroc is None


def test_without_blasts_there_is_no_sensitivity_and_no_auroc():
    scores = score(np.array([[0.9, 0.1]]), np.array([0]), ("a", "b"), ())
    assert (scores.sensitivity, scores.specificity, scores.auroc) == (None, None, None)


def test_the_manifest_keeps_the_main_figures():
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6]])
    scores = score(probabilities, np.array([0, 1]), ("normal", "blast"), ("blast",))
    kept = to_measured(scores)
    assert (kept.accuracy.value, kept.sensitivity.value, kept.auroc) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("shape", "truth"), [((0, 2), []), ((2, 3), [0, 1]), ((2, 2), [0, 2]), ((2, 2), [0])]
)
def test_arrays_that_do_not_fit_are_refused(shape, truth):
    with pytest.raises(ValueError, match=r"labels|image"):
        score(np.full(shape, 0.5), np.array(truth, np.int64), ("a", "b"), ())
