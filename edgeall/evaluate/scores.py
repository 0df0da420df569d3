"""The scores: what a network got right and wrong on labelled images.

Probabilities are ``(n, k)`` float, calibrated, one column a label; truth is
``(n,)`` int, the index of each image's label. The top label is the one that
the device would call (`edgeall.model.classifier.make_call`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from edgeall.evaluate.calibration import (
    ReliabilityBin,
    expected_calibration_error,
    reliability,
)
from edgeall.evaluate.roc import auroc
from edgeall.evaluate.subjects import SubjectScores, by_subject, subject_auroc
from edgeall.model.manifest import Interval, Measured
from edgeall.slide.interval import wilson

Probabilities: TypeAlias = NDArray[np.float64]
Truth: TypeAlias = NDArray[np.int64]


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """``count`` out of ``total``, with its 95% score interval (E. B. Wilson, 1927)."""

    count: int
    total: int
    value: float
    low: float
    high: float


class ClassScores(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the classification report; 0 where a share has no denominator.

    ``support`` is how many images truly have the label.
    """

    label: str
    precision: float
    recall: float
    f1: float
    support: int


class Identification(msgspec.Struct, frozen=True, kw_only=True):
    """What is left when calls under the bundle's threshold count as *unidentified*.

    ``accuracy`` is that of the identified images, None where there are none.
    """

    threshold: float
    unidentified: Rate
    accuracy: Rate | None


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """Everything measured on one set of labelled images.

    Attributes
    ----------
    images
        How many were measured.
    labels, blasts
        The network's labels in its order, and which of them are blasts.
    accuracy
        Images whose top label is the true one.
    balanced_accuracy
        Mean recall over the labels that the images have.
    classes, macro_average, weighted_average
        The classification report; the averages are over the labels that the
        images have or the network named.
    confusion
        ``(k, k)`` counts, a row for each true label, a column for each top label.
    sensitivity, specificity
        Blasts called some blast, and others called no blast; None without any.
    auroc
        Area under the ROC curve of the summed probability of the blasts;
        None unless blasts and others are both there.
    subject_auroc
        The same over subjects, by their mean blast probability; None also
        where a subject has both kinds of image.
    expected_calibration_error, reliability
        Over 15 bins, of the probabilities as given.
    identification
        The same images under the bundle's threshold.
    subjects
        By subject and label; empty where no subject is known or no label is a blast.
    """

    images: int
    labels: tuple[str, ...]
    blasts: tuple[str, ...]
    accuracy: Rate
    balanced_accuracy: float
    classes: tuple[ClassScores, ...]
    macro_average: ClassScores
    weighted_average: ClassScores
    confusion: tuple[tuple[int, ...], ...]
    sensitivity: Rate | None
    specificity: Rate | None
    auroc: float | None
    subject_auroc: float | None
    expected_calibration_error: float
    reliability: tuple[ReliabilityBin, ...]
    identification: Identification
    subjects: tuple[SubjectScores, ...]


def score(
    probabilities: Probabilities,
    truth: Truth,
    labels: Sequence[str],
    blasts: Sequence[str],
    *,
    subjects: Sequence[str | None] = (),
    unidentified_below: float = 0.0,
) -> Scores:
    """Measure calibrated probabilities ``(n, k)`` against the truth ``(n,)``.

    Raises
    ------
    ValueError
        The shapes do not fit, there is no image, or a true label is none of the ``k``.
    """
    check_shapes(probabilities, truth, labels)
    calls = probabilities.argmax(axis=1)
    confusion = confusion_matrix(truth, calls, len(labels))
    classes = _classification_report(confusion, labels)
    is_blast = np.isin(truth, _positions(blasts, labels))
    called_blast = np.isin(calls, _positions(blasts, labels))
    blast_probability = blast_probabilities(probabilities, labels, blasts)
    present = [row for row, counts in zip(classes, confusion, strict=True) if counts.sum()]
    rows = by_subject(truth, calls, blast_probability, labels, subjects) if blasts else ()
    return Scores(
        images=len(truth),
        labels=tuple(labels),
        blasts=tuple(blasts),
        accuracy=rate(int(np.trace(confusion)), len(truth)),
        balanced_accuracy=float(np.mean([row.recall for row in present])),
        classes=classes,
        macro_average=_average("macro average", classes, confusion, weighted=False),
        weighted_average=_average("weighted average", classes, confusion, weighted=True),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        sensitivity=_share(called_blast, is_blast),
        specificity=_share(~called_blast, ~is_blast) if blasts else None,
        auroc=auroc(blast_probability, is_blast),
        subject_auroc=subject_auroc(rows, blasts),
        expected_calibration_error=expected_calibration_error(probabilities, truth),
        reliability=reliability(probabilities, truth),
        identification=_identification(probabilities, truth == calls, unidentified_below),
        subjects=rows,
    )


def rate(count: int, total: int) -> Rate:
    """Return ``count`` out of ``total`` with its Wilson interval."""
    low, high = wilson(count, total)
    return Rate(count=count, total=total, value=count / total, low=low, high=high)


def confusion_matrix(truth: Truth, calls: Truth, labels: int) -> NDArray[np.int64]:
    """Count ``(labels, labels)``: a row for each true label, a column for each call."""
    cells = np.bincount(truth * labels + calls, minlength=labels * labels)
    matrix: NDArray[np.int64] = cells.reshape(labels, labels).astype(np.int64)
    return matrix


def blast_probabilities(
    probabilities: Probabilities, labels: Sequence[str], blasts: Sequence[str]
) -> NDArray[np.float64]:
    """Return ``(n,)``: the summed probability of all labels that are blasts."""
    summed: NDArray[np.float64] = probabilities[:, _positions(blasts, labels)].sum(axis=1)
    return summed


def to_measured(scores: Scores) -> Measured:
    """Return what the manifest keeps of the scores."""
    return Measured(
        accuracy=_interval(scores.accuracy),
        balanced_accuracy=scores.balanced_accuracy,
        sensitivity=_interval(scores.sensitivity) if scores.sensitivity else None,
        specificity=_interval(scores.specificity) if scores.specificity else None,
        auroc=scores.auroc,
        expected_calibration_error=scores.expected_calibration_error,
    )


def check_shapes(probabilities: Probabilities, truth: Truth, labels: Sequence[str]) -> None:
    """Refuse arrays that do not belong together.

    Raises
    ------
    ValueError
        The shapes do not fit, there is no image, or a true label is none of the labels.
    """
    if len(truth) == 0:
        raise ValueError("no image to score")
    if probabilities.shape != (len(truth), len(labels)):
        raise ValueError(
            f"probabilities {probabilities.shape} for {len(truth)} images and {len(labels)} labels"
        )
    if truth.min() < 0 or truth.max() >= len(labels):
        raise ValueError(f"true labels {truth.min()} to {truth.max()} of {len(labels)} labels")


def _interval(measured: Rate) -> Interval:
    return Interval(value=measured.value, low=measured.low, high=measured.high)


def _positions(blasts: Sequence[str], labels: Sequence[str]) -> list[int]:
    return [position for position, label in enumerate(labels) if label in blasts]


def _share(hit: NDArray[np.bool_], among: NDArray[np.bool_]) -> Rate | None:
    total = int(among.sum())
    return rate(int((hit & among).sum()), total) if total else None


def _classification_report(
    confusion: NDArray[np.int64], labels: Sequence[str]
) -> tuple[ClassScores, ...]:
    hits = confusion.diagonal()
    precision = _ratio(hits, confusion.sum(axis=0))
    recall = _ratio(hits, confusion.sum(axis=1))
    f1 = _ratio(2 * hits, confusion.sum(axis=0) + confusion.sum(axis=1))
    return tuple(
        ClassScores(
            label=label,
            precision=float(precision[k]),
            recall=float(recall[k]),
            f1=float(f1[k]),
            support=int(confusion[k].sum()),
        )
        for k, label in enumerate(labels)
    )


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def _average(
    name: str, classes: Sequence[ClassScores], confusion: NDArray[np.int64], *, weighted: bool
) -> ClassScores:
    support = confusion.sum(axis=1)
    seen = (support + confusion.sum(axis=0)) > 0
    weights = support if weighted else seen.astype(np.int64)
    table = np.array([(row.precision, row.recall, row.f1) for row in classes])
    precision, recall, f1 = np.average(table, axis=0, weights=weights)
    return ClassScores(
        label=name,
        precision=float(precision),
        recall=float(recall),
        f1=float(f1),
        support=int(support.sum()),
    )


def _identification(
    probabilities: Probabilities, correct: NDArray[np.bool_], threshold: float
) -> Identification:
    identified = probabilities.max(axis=1) >= threshold
    return Identification(
        threshold=threshold,
        unidentified=rate(int((~identified).sum()), len(identified)),
        accuracy=_share(correct, identified),
    )
