"""Scores by subject: cells of one person are not independent, so people are counted too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from edgeall.evaluate.roc import auroc
from edgeall.slide.interval import wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray


class SubjectScores(msgspec.Struct, frozen=True, kw_only=True):
    """One subject's images of one label.

    ``low`` and ``high`` bound ``accuracy`` (Wilson, 95%).
    """

    subject: str
    label: str
    images: int
    correct: int
    accuracy: float
    low: float
    high: float
    mean_blast_probability: float


def by_subject(
    truth: NDArray[np.int64],
    calls: NDArray[np.int64],
    blast_probability: NDArray[np.float64],
    labels: Sequence[str],
    subjects: Sequence[str | None],
) -> tuple[SubjectScores, ...]:
    """Return the scores by subject and true label, ``subjects`` being one an image.

    Images without a subject are left out; no subjects give no rows.
    """
    members: dict[tuple[str, int], list[int]] = {}
    for image, subject in enumerate(subjects):
        if subject is not None:
            members.setdefault((subject, int(truth[image])), []).append(image)
    return tuple(
        _row(subject, labels[label], truth, calls, blast_probability, images)
        for (subject, label), images in sorted(members.items(), key=lambda item: item[0][::-1])
    )


def subject_auroc(rows: Sequence[SubjectScores], blasts: Sequence[str]) -> float | None:
    """Return the AUROC over subjects by their mean blast probability.

    None without subjects of both kinds, or where one subject has both.
    """
    kinds: dict[str, set[bool]] = {}
    for row in rows:
        kinds.setdefault(row.subject, set()).add(row.label in blasts)
    if not rows or any(len(kind) > 1 for kind in kinds.values()):
        return None
    means = _means(rows)
    return auroc(
        np.array([means[subject] for subject in kinds]),
        np.array([True in kind for kind in kinds.values()]),
    )


def _means(rows: Sequence[SubjectScores]) -> dict[str, float]:
    sums: dict[str, tuple[float, int]] = {}
    for row in rows:
        total, images = sums.get(row.subject, (0.0, 0))
        sums[row.subject] = (
            total + row.mean_blast_probability * row.images,
            images + row.images,
        )
    return {subject: total / images for subject, (total, images) in sums.items()}


def _row(
    subject: str,
    label: str,
    truth: NDArray[np.int64],
    calls: NDArray[np.int64],
    blast_probability: NDArray[np.float64],
    images: list[int],
) -> SubjectScores:
    correct = int((truth[images] == calls[images]).sum())
    low, high = wilson(correct, len(images))
    return SubjectScores(
        subject=subject,
        label=label,
        images=len(images),
        correct=correct,
        accuracy=correct / len(images),
        low=low,
        high=high,
        mean_blast_probability=float(blast_probability[images].mean()),
    )
