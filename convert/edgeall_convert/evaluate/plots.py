"""The report's plots, each an SVG that needs nothing from outside."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from edgeall.evaluate.calibration import ReliabilityBin
    from edgeall.evaluate.scores import Scores
    from edgeall.evaluate.subjects import SubjectScores
    from edgeall_convert.evaluate.report import Assessment, ConversionReport

INK, SOFT, LINE = "#23202b", "#6f6a7a", "#d9d5e0"
FLOAT, INT8 = "#8d8897", "#5a3d8f"
"""Grey for the network as it was trained, the violet of a stained nucleus for its int8."""

COLOURS = (INT8, "#c2577a", "#2f7f86", "#d08a2e", "#4f6db8", "#7a8a3a", FLOAT, "#a3262f")
"""Of labels and subsets, told apart in grey too by their order in a legend."""

STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": SOFT,
    "axes.edgecolor": LINE,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "legend.frameon": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "edgeall",
}

_MANY_LABELS = 12
"""From so many labels on, a confusion matrix shows colours and no counts."""


def draw_confusions(assessment: Assessment) -> str:
    """Draw the confusion matrices of float and int8 side by side."""
    labels = assessment.int8_scores.labels
    with mpl.rc_context(STYLE):
        side = min(3.4, 1.6 + 0.45 * len(labels))
        figure = Figure(figsize=(7.6, side + 0.9), layout="constrained")
        axes = figure.subplots(1, 2)
        draw_confusion_on(axes[0], assessment.float_scores, "float", FLOAT)
        draw_confusion_on(axes[1], assessment.int8_scores, "int8", INT8)
        return as_svg(figure)


def draw_reliability(assessment: Assessment) -> str:
    """Draw int8's accuracy over its confidence, before and after the temperature."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.6, 3.5), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True)
        before, after = assessment.curves.reliability_before, assessment.int8_scores.reliability
        draw_bins_on(axes[0], before, f"as it comes, ECE {assessment.error_before:.3f}")
        draw_bins_on(
            axes[1],
            after,
            f"temperature {assessment.temperature:.2f}, ECE {assessment.error_after:.3f}",
        )
        axes[0].set_ylabel("accuracy")
        return as_svg(figure)


def draw_roc(assessment: Assessment) -> str:
    """Draw the ROC curves of both networks, and where int8's own calls lie."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.8, 3.6), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=LINE, linewidth=1)
        curves, scores = assessment.curves, assessment.int8_scores
        for name, points, area, colour, dashes in (
            ("float", curves.roc_float, assessment.float_scores.auroc, FLOAT, "-"),
            ("int8", curves.roc_int8, scores.auroc, INT8, (0, (4, 2))),
        ):
            alarms, found = zip(*points, strict=True)
            label = f"{name}, area {area:.3f}"
            axes.plot(alarms, found, color=colour, linewidth=1.8, linestyle=dashes, label=label)
        if scores.sensitivity and scores.specificity:
            axes.plot(
                1 - scores.specificity.value,
                scores.sensitivity.value,
                "o",
                color=INT8,
                label="int8's calls",
            )
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
        axes.set(xlabel="false alarms (1 - specificity)", ylabel="sensitivity to blasts")
        axes.legend(loc="lower right")
        return as_svg(figure)


def draw_rungs(report: ConversionReport) -> str:
    """Draw size and latency of the float network and of each measured rung of the ladder."""
    measured = [rung for rung in report.rungs if rung.bytes is not None]
    names = ["float", *(rung.name for rung in measured)]
    colours = [FLOAT, *(INT8 if rung.passed else LINE for rung in measured)]
    sizes = [report.float_bytes / 1e6, *((rung.bytes or 0) / 1e6 for rung in measured)]
    first = report.latency.float_p50 if report.latency else 0.0
    times = [first, *(rung.latency_ms or 0.0 for rung in measured)]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.6, 0.7 + 0.3 * len(names)), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True)
        for column, values, what in (
            (axes[0], sizes, "size, MB"),
            (axes[1], times, "one image, ms"),
        ):
            bars = column.barh(names, values, color=colours, height=0.6)
            written = [f"{value:.3g}" if value else "not measured" for value in values]
            column.bar_label(bars, written, padding=3, color=SOFT, fontsize=8)
            column.set_title(what)
            column.margins(x=0.15)
            column.xaxis.set_visible(False)
            column.spines["bottom"].set_visible(False)
            column.tick_params(axis="y", length=0)
        axes[0].invert_yaxis()
        return as_svg(figure)


def draw_subjects(scores: Scores) -> str:
    """Draw each subject's accuracy with its interval."""
    rows = scores.subjects
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.6, 0.9 + 0.26 * len(rows)), layout="constrained")
        axes = figure.subplots()
        places = np.arange(len(rows))
        axes.hlines(places, [row.low for row in rows], [row.high for row in rows], color=LINE, lw=3)
        axes.scatter(
            [row.accuracy for row in rows],
            places,
            color=[_subject_colour(row, scores) for row in rows],
            zorder=3,
        )
        axes.set_yticks(places, [f"{row.subject}, {row.label}, {row.images}" for row in rows])
        axes.axvline(scores.accuracy.value, color=SOFT, linewidth=0.8, linestyle=":")
        lowest = min(row.low for row in rows)
        axes.set(xlim=(max(-0.01, lowest - 0.05), 1.01))
        axes.set_xlabel("accuracy of int8 (dotted: of all images)")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.invert_yaxis()
        return as_svg(figure)


def draw_confusion_on(axes: Any, scores: Scores, name: str, colour: str) -> None:
    """Draw a confusion matrix, its shades by row."""
    counts = np.array(scores.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shade = LinearSegmentedColormap.from_list(name, ["#ffffff", colour])
    axes.imshow(shares, cmap=shade, vmin=0, vmax=1)
    if len(counts) < _MANY_LABELS:
        for (row, column), count in np.ndenumerate(counts):
            ink = "white" if shares[row, column] > 0.55 else INK
            axes.text(column, row, f"{count}", ha="center", va="center", color=ink)
    turned = {"rotation": 45, "ha": "right"} if len(counts) > 4 else {}
    axes.set_xticks(range(len(counts)), scores.labels, **turned)
    axes.set_yticks(range(len(counts)), scores.labels)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlabel="called", ylabel="truly")
    axes.set_title(f"{name}, accuracy {scores.accuracy.value:.2%}")


def draw_bins_on(axes: Any, bins: Sequence[ReliabilityBin], title: str) -> None:
    """Draw accuracy over confidence, larger dots for more images."""
    filled = [b for b in bins if b.images]
    most = max(b.images for b in filled)
    axes.plot([0, 1], [0, 1], color=LINE, linewidth=1)
    axes.plot(
        [b.confidence for b in filled], [b.accuracy for b in filled], color=INT8, linewidth=1.2
    )
    axes.scatter(
        [b.confidence for b in filled],
        [b.accuracy for b in filled],
        s=[12 + 108 * b.images / most for b in filled],
        color=INT8,
        alpha=0.85,
        zorder=3,
    )
    least = min(1 / 2, *(b.low for b in filled))
    axes.set(xlim=(least, 1.02), ylim=(-0.02, 1.04), xlabel="confidence", title=title)


def _subject_colour(row: SubjectScores, scores: Scores) -> str:
    return INT8 if row.label in scores.blasts else FLOAT


def as_svg(figure: Figure) -> str:
    """Return a figure as text that is the same for the same figure."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return text.getvalue()
