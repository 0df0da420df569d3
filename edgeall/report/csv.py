"""Cells as CSV, one line a cell, and slides, one line a slide, for a spreadsheet.

RFC 4180, UTF-8. Text that a spreadsheet would run as a formula (a slide's
identity is free text) is preceded by an apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from edgeall.store.durable import write_durably

if TYPE_CHECKING:
    from edgeall.report.slide_report import SlideReport
    from edgeall.slide.reading import Proportion
    from edgeall.store.records import CellRow

_Value: TypeAlias = str | int | None

_COLUMNS = (
    "slide",
    "run",
    "field",
    "origin",
    "image",
    "taken_at",
    "left",
    "top",
    "width",
    "height",
    "label",
    "confidence",
    "identified",
    "blast",
    "counted",
    "bundle",
)
"""Before one column ``p_LABEL`` for the probability of each label."""

SLIDE_COLUMNS: Mapping[str, str] = {
    "slide": "the slide's identity, or the record's code where identities were taken away",
    "patient": "identity of the patient or specimen",
    "status": "preliminary until signed, then final, amended from the second version on",
    "version": "the signed version, 0 before any signature",
    "signer": "who signed",
    "signed_at": "when, UTC, or the year alone",
    "operator": "who read the slide",
    "begun": "when the slide was begun, UTC, or the year alone",
    "read": "when its reading was stored, UTC, or the year alone",
    "clock_synchronised": "whether the device's clock was known to be right at both times",
    "unit": "what was counted: cell or field",
    "fields": "frames read",
    "fields_not_counted": "those of them that failed a quality check",
    "reviewed": "whether a person changed or confirmed any class; the counts are then theirs",
    "counted": "cells counted, identified or not",
    "unidentified": "those of them without a class",
    "not_cells": "what a person found to be no cell; not counted",
    "blasts": "blasts",
    "identified": "cells with a class, of which the blasts are a share",
    "blasts_percent": "blasts of a hundred identified",
    "blasts_low": "lower limit of its 95% interval (Clopper-Pearson)",
    "blasts_high": "upper limit of it",
    "network_blasts_percent": "the same share as the network alone counted it",
    "network_blasts_low": "lower limit of its 95% interval",
    "network_blasts_high": "upper limit of it",
    "flags": "what to know before believing the rest, parted by semicolons",
    "bundle": "the network's name, version and the start of its sha256",
    "clinic": "who reports",
    "device": "the device's identity",
    "software": "the program and its version",
    "record": "16 digits of the stored record's sha256",
}
"""The columns of a slide's line and what they mean, before one ``n_CLASS`` for each class."""

_FORMULA_STARTS = frozenset("=+-@＝＋－＠")  # noqa: RUF001 - spreadsheets run the wide ones, too
_CONTROL_STARTS = frozenset("\t\r\n")


def write_cells_csv(path: Path, rows: Iterable[CellRow]) -> int:
    """Write cells to a file, whole or not at all; return how many.

    Raises
    ------
    DiskFullError
        There is no room; a former file of that name is intact.
    StoreError
        The file cannot be written.
    """
    listed = list(rows)
    write_durably(path, cells_csv(listed).encode("utf-8", "replace"))
    return len(listed)


def slides_csv(reports: Sequence[SlideReport]) -> str:
    """Return slides as CSV, one line each, under `SLIDE_COLUMNS` and the classes' counts."""
    classes = list(dict.fromkeys(name for r in reports for name, _ in r.counts.differential))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([*SLIDE_COLUMNS, *(f"n_{name}" for name in classes)])
    for report in reports:
        line = _slide_line(report)
        by_class = dict(report.counts.differential)
        writer.writerow(
            [*(line[name] for name in SLIDE_COLUMNS), *(by_class.get(name) for name in classes)]
        )
    return text.getvalue()


def _slide_line(report: SlideReport) -> dict[str, _Value]:
    reading, counts, signed = report.reading, report.counts, report.signed
    blasts = _share("blasts", counts.blasts)
    sure = report.begun.synchronised and report.read.synchronised
    return {
        "slide": harmless(report.slide_id),
        "patient": harmless(report.patient_id or ""),
        "status": report.status,
        "version": report.version,
        "signer": harmless(signed.signer) if signed else None,
        "signed_at": signed.at.iso() if signed else None,
        "operator": harmless(report.operator),
        "begun": report.begun.iso(),
        "read": report.read.iso(),
        "clock_synchronised": _yes_or_no(sure),
        "unit": reading.unit,
        "fields": reading.fields,
        "fields_not_counted": reading.fields_not_counted,
        "reviewed": _yes_or_no(report.reviewed is not None),
        "counted": counts.counted,
        "unidentified": counts.unidentified,
        "not_cells": counts.not_cells,
        "blasts": counts.blasts.count if counts.blasts else None,
        "identified": counts.counted - counts.unidentified,
        **blasts,
        **_share("network_blasts", reading.blasts),
        "flags": "; ".join(report.flags),
        "bundle": harmless(report.bundle),
        "clinic": harmless(report.clinic),
        "device": harmless(report.device_id),
        "software": report.software,
        "record": report.code,
    }


def _share(name: str, share: Proportion | None) -> dict[str, _Value]:
    return {
        f"{name}_percent": f"{100 * share.value:.2f}" if share else None,
        f"{name}_low": f"{100 * share.low:.2f}" if share else None,
        f"{name}_high": f"{100 * share.high:.2f}" if share else None,
    }


def deidentified_cells(rows: Iterable[CellRow], code: str) -> list[CellRow]:
    """Return cells that name their slide by its record's code and no file of anybody's."""
    return [replace(row, slide_id=code, origin="", image=Path(row.image.name)) for row in rows]


def cells_csv(rows: Sequence[CellRow], *, year_only: bool = False) -> str:
    """Return cells as CSV with a line of names on top; its lines end with CR LF.

    With ``year_only`` the times are the year alone.
    """
    labels = list(dict.fromkeys(label for row in rows for label in row.labels))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([*_COLUMNS, *(f"p_{label}" for label in labels)])
    writer.writerows(_line(row, labels, year_only=year_only) for row in rows)
    return text.getvalue()


def harmless(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    first = text.lstrip()[:1]
    return f"'{text}" if first in _FORMULA_STARTS or text[:1] in _CONTROL_STARTS else text


def _line(row: CellRow, labels: Sequence[str], *, year_only: bool) -> list[_Value]:
    box, call = row.box, row.call
    by_label = dict(zip(row.labels, call.probabilities, strict=True))
    return [
        harmless(row.slide_id),
        row.run,
        row.field,
        harmless(row.origin),
        harmless(str(row.image)),
        str(row.taken_at.year) if year_only else row.taken_at.isoformat(),
        box.left if box else None,
        box.top if box else None,
        box.width if box else None,
        box.height if box else None,
        harmless(call.label),
        f"{call.confidence:.4f}",
        _yes_or_no(call.identified),
        _yes_or_no(call.is_blast),
        _yes_or_no(row.counted),
        harmless(row.bundle),
        *(f"{by_label[label]:.4f}" if label in by_label else None for label in labels),
    ]


def _yes_or_no(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"
