"""The run report as one page, as JSON, as plain text, and its plots as files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from edgeall.store.durable import write_durably
from edgeall_convert.evaluate.page import as_plot, fill
from edgeall_convert.evaluate.run_plots import (
    draw_confusion,
    draw_curves,
    draw_precision_recall,
    draw_reliability_of,
    draw_rocs,
)

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from edgeall.evaluate.scores import ClassScores, Scores
    from edgeall_convert.evaluate.run_report import RunReport

_WORDS = {
    "curves": "Loss and accuracy over the epochs.",
    "confusion": "Confusion matrix, as in the table.",
    "roc": "ROC curves of each label against the rest.",
    "precision-recall": "Precision over recall of each label against the rest.",
    "reliability": "Accuracy over confidence.",
}


def write_run_report(
    report: RunReport,
    scores: Scores,
    probabilities: NDArray[np.float64],
    truth: NDArray[np.int64],
    folder: Path,
) -> None:
    """Write ``report.html``, its plots, ``classification-report.txt``, and ``report.json`` last.

    Parameters
    ----------
    scores
        Of the images that judge: ``report.test``, or ``report.valid`` without any.
    probabilities, truth
        ``(n, k)`` and ``(n,)`` of the same images.

    Raises
    ------
    StoreError
        One cannot be written there.
    """
    plots = {
        "curves": draw_curves(report),
        "confusion": draw_confusion(scores),
        "roc": draw_rocs(scores, probabilities, truth),
        "precision-recall": draw_precision_recall(scores, probabilities, truth),
        "reliability": draw_reliability_of(scores),
    }
    for name, svg in plots.items():
        write_durably(folder / f"{name}.svg", svg.encode())
    page = fill(
        "run_page.html.jinja",
        report=report,
        scores=scores,
        judged="test" if scores is report.test else "validation",
        plots={name: as_plot(svg, _WORDS[name]) for name, svg in plots.items()},
    )
    write_durably(folder / "report.html", page.encode())
    write_durably(folder / "classification-report.txt", classification_report(scores).encode())
    as_json = msgspec.json.format(msgspec.json.encode(report), indent=2)
    write_durably(folder / "report.json", as_json + b"\n")


def classification_report(scores: Scores) -> str:
    """Return the classification report as plain text."""
    rows = (*scores.classes, scores.macro_average, scores.weighted_average)
    width = max(len(row.label) for row in rows)
    head = f"{'':{width}}  precision  recall      F1  images"
    return "\n".join([head, *_lines(rows, width)]) + "\n"


def _lines(rows: Sequence[ClassScores], width: int) -> list[str]:
    return [
        f"{row.label:{width}}  {row.precision:9.4f}  {row.recall:6.4f}"
        f"  {row.f1:6.4f}  {row.support:6d}"
        for row in rows
    ]
