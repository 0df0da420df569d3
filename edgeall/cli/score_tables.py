"""How scores are printed, for every command that measures a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from edgeall.evaluate.scores import Rate, Scores

NARROWEST = 100
"""Columns assumed where the output is no terminal, so that no table is squeezed."""


def table_console() -> Console:
    """Return a console for tables on stdout: as wide as the terminal, plain in a pipe."""
    console = Console(highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = max(console.width, NARROWEST)
    return console


def score_tables(scores: Scores) -> list[Table]:
    """Return all tables of the scores, in reading order."""
    tables = [summary_table(scores), report_table(scores), confusion_table(scores)]
    tables.append(calibration_table(scores))
    return [*tables, subject_table(scores)] if scores.subjects else tables


def summary_table(scores: Scores) -> Table:
    """Return the figures that matter, each with its interval where it has one."""
    table = plain_table(f"{scores.images} images", "", "value", "95% interval", "images")
    _add_rate(table, "accuracy", scores.accuracy)
    table.add_row("balanced accuracy", percent(scores.balanced_accuracy), "", "")
    _add_rate(table, "sensitivity to blasts", scores.sensitivity)
    _add_rate(table, "specificity", scores.specificity)
    if scores.auroc is not None:
        table.add_row("AUROC, blasts", f"{scores.auroc:.4f}", "", "")
    if scores.subject_auroc is not None:
        table.add_row("AUROC, by subject", f"{scores.subject_auroc:.4f}", "", "")
    table.add_row("expected calibration error", f"{scores.expected_calibration_error:.4f}", "", "")
    identification = scores.identification
    if identification.threshold > 0:
        _add_rate(
            table, f"unidentified (under {identification.threshold:g})", identification.unidentified
        )
        _add_rate(table, "accuracy of the identified", identification.accuracy)
    return table


def report_table(scores: Scores) -> Table:
    """Return the classification report."""
    table = plain_table("Classification report", "label", "precision", "recall", "F1", "support")
    for row in (*scores.classes, scores.macro_average, scores.weighted_average):
        table.add_row(
            row.label,
            f"{row.precision:.4f}",
            f"{row.recall:.4f}",
            f"{row.f1:.4f}",
            str(row.support),
            end_section=row is scores.classes[-1],
        )
    return table


def confusion_table(scores: Scores) -> Table:
    """Return the confusion matrix: a row a true label, a column a call."""
    called = [f"called {label}" for label in scores.labels]
    table = plain_table("Confusion matrix", "truly", *called)
    for label, row in zip(scores.labels, scores.confusion, strict=True):
        table.add_row(label, *(str(count) for count in row))
    return table


def calibration_table(scores: Scores) -> Table:
    """Return how often each confidence was right, bin by bin, empty bins left out."""
    table = plain_table("Calibration", "confidence", "images", "mean confidence", "accuracy")
    for filled in scores.reliability:
        if filled.images:
            table.add_row(
                f"{filled.low:.2f} to {filled.high:.2f}",
                str(filled.images),
                percent(filled.confidence),
                percent(filled.accuracy),
            )
    return table


def subject_table(scores: Scores) -> Table:
    """Return the scores by subject."""
    table = plain_table(
        "By subject", "subject", "label", "images", "accuracy", "95% interval", "mean P(blast)"
    )
    for row in scores.subjects:
        table.add_row(
            row.subject,
            row.label,
            str(row.images),
            percent(row.accuracy),
            _between(row.low, row.high),
            f"{row.mean_blast_probability:.3f}",
        )
    return table


def percent(share: float) -> str:
    """Return a share as ``97.35%``."""
    return f"{100 * share:.2f}%"


def _add_rate(table: Table, name: str, rate: Rate | None) -> None:
    if rate is not None:
        interval = _between(rate.low, rate.high)
        table.add_row(name, percent(rate.value), interval, f"{rate.count} of {rate.total}")


def _between(low: float, high: float) -> str:
    return f"{100 * low:.1f} to {100 * high:.1f}%"


def plain_table(title: str, first: str, *others: str) -> Table:
    """Return an empty table: a column of names, and columns of figures."""
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(first, overflow="fold")
    for name in others:
        table.add_column(name, justify="right", overflow="fold")
    return table
