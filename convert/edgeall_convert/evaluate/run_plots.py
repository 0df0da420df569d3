"""The plots of one training, each an SVG that needs nothing from outside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from edgeall.evaluate.roc import auroc, roc_curve
from edgeall.evaluate.scores import blast_probabilities
from edgeall_convert.evaluate.plots import (
    COLOURS,
    FLOAT,
    INK,
    INT8,
    LINE,
    SOFT,
    STYLE,
    as_svg,
    draw_bins_on,
    draw_confusion_on,
)
from edgeall_convert.evaluate.precision_recall import average_precision, precision_recall_curve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.evaluate.scores import Scores
    from edgeall_convert.evaluate.run_report import RunReport

_MOST_CURVES = len(COLOURS)


def draw_curves(report: RunReport) -> str:
    """Draw loss and accuracy over the epochs; a line marks the one that was kept."""
    numbers = [epoch.epoch for epoch in report.epochs]
    mark = "o" if len(numbers) < 3 else None
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.6, 3.0), layout="constrained")
        left, right = figure.subplots(1, 2)
        drawn: tuple[tuple[Any, str, str, str], ...] = (
            (left, "loss", "training", FLOAT),
            (left, "valid_loss", "validation", INT8),
            (right, "accuracy", "training, accuracy", FLOAT),
            (right, "valid_balanced_accuracy", "validation, balanced accuracy", INT8),
        )
        for axes, field, name, colour in drawn:
            values = [getattr(epoch, field) for epoch in report.epochs]
            axes.plot(numbers, values, color=colour, label=name, marker=mark, linewidth=1.6)
        for axes, title in ((left, "loss"), (right, "accuracy")):
            axes.axvline(report.best_epoch, color=SOFT, linewidth=0.8, linestyle=":")
            axes.set(title=title, xlabel="epoch (dotted: kept)")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.legend()
        left.set_ylim(bottom=0)
        right.set_ylim(0, 1.02)
        return as_svg(figure)


def draw_confusion(scores: Scores) -> str:
    """Draw the confusion matrix."""
    with mpl.rc_context(STYLE):
        side = min(4.6, 2.2 + 0.45 * len(scores.labels))
        figure = Figure(figsize=(side + 0.6, side), layout="constrained")
        draw_confusion_on(figure.subplots(), scores, "float", INT8)
        return as_svg(figure)


def draw_rocs(scores: Scores, said: NDArray[np.float64], truth: NDArray[np.int64]) -> str:
    """Draw a ROC curve of each label against the rest, and of the blasts."""
    with mpl.rc_context(STYLE):
        figure, axes = _square()
        axes.plot([0, 1], [0, 1], color=LINE, linewidth=1)
        for name, probability, positive, style in _one_against_rest(scores, said, truth):
            curve = roc_curve(probability, positive)
            if curve is not None:
                area = auroc(probability, positive)
                axes.plot(curve[:, 0], curve[:, 1], label=f"{name}, area {area:.3f}", **style)
        axes.set(xlabel="false alarms (1 - specificity)", ylabel="sensitivity")
        _legend(axes, "lower right")
        return as_svg(figure)


def draw_precision_recall(
    scores: Scores, said: NDArray[np.float64], truth: NDArray[np.int64]
) -> str:
    """Draw precision over recall of each label against the rest, and of the blasts."""
    with mpl.rc_context(STYLE):
        figure, axes = _square()
        for name, probability, positive, style in _one_against_rest(scores, said, truth):
            curve = precision_recall_curve(probability, positive)
            if curve is not None:
                mean = average_precision(curve)
                label = f"{name}, mean {mean:.3f}"
                axes.step(curve[:, 0], curve[:, 1], where="pre", label=label, **style)
        axes.set(xlabel="recall", ylabel="precision")
        _legend(axes, "lower left")
        return as_svg(figure)


def draw_reliability_of(scores: Scores) -> str:
    """Draw accuracy over confidence."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.8, 3.4), layout="constrained")
        axes = figure.subplots()
        draw_bins_on(axes, scores.reliability, f"ECE {scores.expected_calibration_error:.3f}")
        axes.set_ylabel("accuracy")
        return as_svg(figure)


def _square() -> tuple[Figure, Any]:
    figure = Figure(figsize=(4.4, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    return figure, axes


def _legend(axes: Any, place: str) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc=place)


def _one_against_rest(
    scores: Scores, said: NDArray[np.float64], truth: NDArray[np.int64]
) -> Iterator[tuple[str, NDArray[np.float64], NDArray[np.bool_], dict[str, Any]]]:
    """Yield what each curve shows: two labels have one, many have the blasts' alone."""
    labels = scores.labels
    positions = [labels.index(label) for label in scores.blasts]
    if 2 < len(labels) <= _MOST_CURVES:
        for position, label in enumerate(labels):
            style = {"color": COLOURS[position], "linewidth": 1.3}
            yield label, said[:, position], truth == position, style
    if positions:
        name = "blasts" if len(positions) > 1 else labels[positions[0]]
        blast = blast_probabilities(said, labels, scores.blasts)
        yield name, blast, np.isin(truth, positions), {"color": INK, "linewidth": 2}
    elif len(labels) == 2:
        yield labels[1], said[:, 1], truth == 1, {"color": INK, "linewidth": 2}
