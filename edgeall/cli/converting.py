"""What ``edgeall convert`` prints: its stages while it works, then what it proved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from edgeall.cli.printing import DISCLAIMER, plain_console
from edgeall.cli.score_tables import confusion_table, report_table, subject_table
from edgeall.errors import GateError

if TYPE_CHECKING:
    from rich.console import Console

    from edgeall_convert.evaluate.report import (  # noqa: TID251 - for types only
        Assessment,
        ConversionReport,
        RungResult,
    )
    from edgeall_convert.quantize.request import Request  # noqa: TID251 - for types only


def run(request: Request, *, as_json: bool) -> None:
    """Convert, and print the evidence.

    Raises
    ------
    GateError
        Every rung lost too much; the evidence was printed.
    EdgeallError
        The conversion could not be done.
    """
    from edgeall_convert.quantize.convert import convert  # noqa: TID251 - the lazy hand-over

    notes = plain_console(to_stderr=True)
    columns = [SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()]
    with Progress(*columns, console=notes, transient=True, disable=not notes.is_terminal) as shown:
        task = shown.add_task("starting", total=None)
        report = convert(request, lambda what: shown.update(task, description=what))
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
    else:
        _print(plain_console(), report, request.bundle)
    for warning in (*report.calibration.warnings, *report.warnings):
        notes.print(f"edgeall: warning: {warning}.", markup=False)
    if not report.sealed:
        stem = request.bundle.removesuffix(".tflite")
        raise GateError(
            f"{request.model}: {report.refused_because}; {request.bundle} was not written, the "
            f"evidence is in {stem}.refused.report.html."
        )


def _print(console: Console, report: ConversionReport, bundle: str) -> None:
    console.print(_rungs(report))
    if report.assessment and report.held:
        console.print()
        console.print(_assessment(report.assessment, report.held.images))
        scores = report.assessment.int8_scores
        for table in (report_table(scores), confusion_table(scores), subject_table(scores)):
            if table.row_count:
                table.title = f"{table.title}, int8"
                console.print()
                console.print(table)
    if not report.sealed:
        return
    console.print()
    console.print(_summary(report))
    stem = bundle.removesuffix(".tflite")
    console.print(f"Sealed: {bundle}", markup=False)
    console.print(f"Report: {stem}.report.html and {stem}.report.json", markup=False)
    console.print(DISCLAIMER, markup=False)


def _rungs(report: ConversionReport) -> Table:
    table = Table(title="Rungs of the ladder", title_justify="left")
    for column in ("rung", "accuracy", "drop", "sensitivity drop", "agreement", "ms", "result"):
        table.add_column(column, justify="left" if column in ("rung", "result") else "right")
    for rung in report.rungs:
        table.add_row(*map(Text, _rung(rung)))
    return table


def _rung(rung: RungResult) -> tuple[str, ...]:
    return (
        rung.name,
        _percent(rung.accuracy),
        _points(rung.accuracy_drop),
        _points(rung.sensitivity_drop),
        _percent(rung.agreement),
        "" if rung.latency_ms is None else f"{rung.latency_ms:.2f}",
        "passed" if rung.passed else f"refused: {rung.refused_because}",
    )


def _assessment(assessment: Assessment, images: int) -> Table:
    table = Table(title=f"Float and int8 on {images} held images", title_justify="left")
    for column in ("", "float", "int8"):
        table.add_column(column, justify="right" if column else "left")
    pair = (assessment.float_scores, assessment.int8_scores)
    accuracy = [scores.accuracy for scores in pair]
    table.add_row("accuracy", *(_rate(a.value, a.low, a.high) for a in accuracy))
    table.add_row("balanced accuracy", *(_percent(scores.balanced_accuracy) for scores in pair))
    for name in ("sensitivity", "specificity"):
        rates = [getattr(scores, name) for scores in pair]
        if all(rates):
            table.add_row(f"{name} for blasts", *(_rate(r.value, r.low, r.high) for r in rates))
    compared = assessment.comparison
    table.add_row("same top label", "", _percent(compared.agreement.value))
    table.add_row(
        "only one is right", str(compared.only_first_right), str(compared.only_second_right)
    )
    table.add_row("McNemar's p", "", f"{compared.p:.3f}")
    table.add_row("calibration error", "", f"{assessment.error_before:.3f} before temperature")
    table.add_row("", "", f"{assessment.error_after:.3f} with {assessment.temperature:.2f}")
    return table


def _summary(report: ConversionReport) -> Table:
    table = Table(title=f"{report.identity.name} {report.identity.version}", title_justify="left")
    table.add_column("what")
    table.add_column("value")
    taken, latency = report.input, report.latency
    rows = [
        ("source", f"{report.source.kind}, {_megabytes(report.source.bytes)}"),
        ("takes", f"{taken.height}x{taken.width} raw pixels, one {taken.unit} each"),
        ("says", ", ".join(report.output.labels)),
        ("blasts", ", ".join(report.output.blasts) or "none"),
        ("calibrated on", f"{report.calibration.images} images: {report.calibration.source}"),
        ("size", f"{_megabytes(report.int8_bytes)}, float {_megabytes(report.float_bytes)}"),
        ("operators", ", ".join(f"{count} {name}" for name, count in report.operators.items())),
        ("in float", ", ".join(report.float_operators) or "none"),
    ]
    if latency:
        rows.append(
            ("one image", f"{latency.int8_p50:.2f} ms, float {latency.float_p50:.2f} ms, 1 thread")
        )
    if report.float_proof:
        proof = report.float_proof
        rows.append(("float form", f"within {proof.largest_difference:.1e} of the source network"))
    for name, value in rows:
        table.add_row(Text(name), Text(value))
    return table


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _points(share: float | None) -> str:
    return "" if share is None else f"{share * 100:+.2f}"


def _rate(value: float, low: float, high: float) -> str:
    return f"{value:.1%} ({low:.1%} to {high:.1%})"


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.2f} MB"
