"""The report as one page of HTML, which needs no network, and the report as JSON."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import jinja2
import msgspec
from markupsafe import Markup

from edgeall.report.rows import DISCLAIMER
from edgeall.store.durable import write_durably
from edgeall_convert.evaluate.plots import (
    draw_confusions,
    draw_reliability,
    draw_roc,
    draw_rungs,
    draw_subjects,
)

if TYPE_CHECKING:
    from edgeall.evaluate.scores import Rate
    from edgeall_convert.evaluate.report import Assessment, ConversionReport

_NOTE = (
    f"This network {DISCLAIMER}. "
    "The figures hold for images like those it was measured on, and for no others."
)

Plot: TypeAlias = Mapping[str, str]
"""An image's address (a data URI) and the words that stand for it."""


def write_report(report: ConversionReport, json_path: Path, html_path: Path) -> None:
    """Write the report for machines and for people, each whole or not at all.

    Raises
    ------
    StoreError
        One cannot be written there.
    """
    as_json = msgspec.json.format(msgspec.json.encode(report), indent=2)
    as_html = render_page(report).encode()
    write_durably(json_path, as_json + b"\n")
    write_durably(html_path, as_html)


def render_page(report: ConversionReport) -> str:
    """Return the report as one HTML document with its plots inside."""
    return fill(
        "page.html.jinja", report=report, assessment=report.assessment, plots=_plots(report)
    )


def fill(template: str, **facts: Any) -> str:
    """Fill one of this folder's templates; what a template asks for must be there."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("edgeall_convert.evaluate", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=_percent, points=_points, rate=_rate, megabytes=_megabytes, number=_number
    )
    return environment.get_template(template).render(**facts, disclaimer=_NOTE)


def _plots(report: ConversionReport) -> dict[str, Plot]:
    drawn = {}
    if any(rung.bytes for rung in report.rungs):
        drawn["rungs"] = as_plot(
            draw_rungs(report), "Size and latency of float and of each rung, as in the tables."
        )
    return drawn | (_assessed_plots(report.assessment) if report.assessment else {})


def _assessed_plots(assessment: Assessment) -> dict[str, Plot]:
    scores, comparison = assessment.int8_scores, assessment.comparison
    drawn = {
        "confusions": as_plot(
            draw_confusions(assessment),
            f"Confusion matrices of float and int8, which agree on {comparison.agreement.count} "
            f"of {comparison.agreement.total} images; the counts of int8 are in the table.",
        ),
        "reliability": as_plot(
            draw_reliability(assessment),
            "Accuracy of int8 over its confidence: expected calibration error "
            f"{assessment.error_before:.3f} as it comes, {assessment.error_after:.3f} with its "
            "temperature.",
        ),
    }
    if assessment.curves.roc_float and assessment.curves.roc_int8:
        drawn["roc"] = as_plot(
            draw_roc(assessment),
            f"ROC curves: area {assessment.float_scores.auroc:.4f} in float, "
            f"{scores.auroc:.4f} in int8.",
        )
    if scores.subjects:
        drawn["subjects"] = as_plot(
            draw_subjects(scores), "Accuracy of int8 by subject, with the intervals of the table."
        )
    return drawn


def as_plot(svg: str, words: str) -> Plot:
    """Return an SVG for a page that needs no other file."""
    encoded = base64.b64encode(svg.encode()).decode()
    return {"source": f"data:image/svg+xml;base64,{encoded}", "words": words}


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.2f}%"


def _points(share: float | None) -> str:
    """Return a difference of shares in percentage points, a minus for a loss."""
    if share is None:
        return ""
    points = round(100 * share, 2)
    sign = "+" if points > 0 else "\N{MINUS SIGN}" if points < 0 else "±"
    return f"{sign}{abs(points):.2f}"


def _rate(rate: Rate | None) -> Markup | str:
    if rate is None:
        return ""
    return Markup('{} <span class="of">{} to {}%</span>').format(
        _percent(rate.value), f"{100 * rate.low:.1f}", f"{100 * rate.high:.1f}"
    )


def _megabytes(size: int | None) -> str:
    if size is None:
        return ""
    return f"{size / 1e6:.2f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


def _number(value: float | None, places: int = 4) -> str:
    return "" if value is None else f"{value:.{places}f}"
