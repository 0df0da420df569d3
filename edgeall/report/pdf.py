"""The report as PDF: one page, and an appendix with the cells of interest.

The same report gives the same bytes. Nothing is said by colour alone, so that a
grey print says it all.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from edgeall.report.pdf_sheet import MARGIN, WIDTH, Sheet
from edgeall.report.rows import DISCLAIMER
from edgeall.report.slide_report import NOT_A_CELL, UNIDENTIFIED

if TYPE_CHECKING:
    from edgeall.report.slide_report import CellOfInterest, Counts, SlideReport
    from edgeall.slide.reading import Proportion

_COLUMNS, _ROWS = 6, 6
_CELL_SIDE = 26.0
_CELL_STEP = (WIDTH - _CELL_SIDE) / (_COLUMNS - 1)
_ROW_STEP = 38.0
_CLASSES_SHOWN = 24
_FOOT = 277.0
_NOT_SAID = "\N{EN DASH}"


def pdf_report(report: SlideReport) -> bytes:
    """Return a slide's report as a PDF document.

    Raises
    ------
    MissingExtraError
        The library that writes PDF is not installed.
    InputError
        The fonts are not installed.
    """
    sheet = Sheet(f"Slide {report.slide_id}, reading {report.code}", report.read.at)
    a_page = _COLUMNS * _ROWS
    pages = 1 + math.ceil(len(report.cells) / a_page)
    _begin(sheet, report, 1, pages)
    top = _head(sheet, report)
    top = _facts(sheet, report, top)
    top = _blasts(sheet, report, top + 3)
    top = _classes(sheet, report, top + 3)
    _signature(sheet, report, _words(sheet, report, top + 3) + 3)
    for page in range(1, pages):
        _begin(sheet, report, page + 1, pages)
        _cells(sheet, report, report.cells[(page - 1) * a_page : page * a_page])
    return sheet.bytes()


def _begin(sheet: Sheet, report: SlideReport, number: int, pages: int) -> None:
    sheet.page()
    if report.signed is None:
        sheet.across("PRELIMINARY")
    sheet.line(MARGIN, _FOOT, WIDTH)
    sheet.text(MARGIN, _FOOT + 1, WIDTH, f"This report {DISCLAIMER}.", size=8.5, bold=True)
    stored = f"Stored record {report.code} · {report.software} · page {number} of {pages}"
    sheet.text(MARGIN, _FOOT + 5.5, WIDTH, stored, size=7.5)


def _head(sheet: Sheet, report: SlideReport) -> float:
    title = report.clinic or "Blood smear report"
    top = sheet.text(MARGIN, MARGIN, WIDTH - 62, title, size=14, bold=True, lines=2)
    top = sheet.text(MARGIN, top, WIDTH - 62, "Blood smear, read for blasts by a network", size=9)
    sheet.box(MARGIN + WIDTH - 58, MARGIN, 58, 13, thick=0.6)
    state = report.status.upper()
    place = MARGIN + WIDTH - 57
    sheet.text(place, MARGIN + 1, 56, state, size=13, bold=True, align="C")
    sheet.text(place, MARGIN + 8, 56, _state_words(report), size=7.5, align="C")
    top = max(top, MARGIN + 14) + 1
    sheet.line(MARGIN, top, WIDTH, thick=0.5)
    return top + 1.5


def _state_words(report: SlideReport) -> str:
    if report.signed is None:
        return "not signed: not a result"
    return f"signed, version {report.version}"


def _facts(sheet: Sheet, report: SlideReport, top: float) -> float:
    reading = report.reading
    lost = reading.fields_not_counted
    fields = f"{reading.fields}, {lost} of them not counted" if lost else str(reading.fields)
    left = [
        ("Slide", report.slide_id),
        ("Patient or specimen", report.patient_id or "not given"),
        ("Operator", report.operator or "not given"),
    ]
    right = [
        ("Begun", str(report.begun)),
        ("Read", str(report.read)),
        ("Frames" if reading.unit == "field" else "Fields", fields),
        ("Device", report.device_id or "not given"),
    ]
    return max(_listed(sheet, MARGIN, top, left, 3), _listed(sheet, MARGIN + 94, top, right, 2))


def _listed(
    sheet: Sheet, left: float, top: float, rows: list[tuple[str, str]], lines: int
) -> float:
    for name, value in rows:
        sheet.text(left, top, 33, name, size=8)
        top = sheet.text(left + 33, top, 53, value, size=8, bold=True, lines=lines) + 0.6
    return top


def _blasts(sheet: Sheet, report: SlideReport, top: float) -> float:
    sheet.box(MARGIN, top, WIDTH, 25, thick=0.6)
    inside = MARGIN + 3
    believed = report.counts.blasts
    who = "after review" if report.reviewed else "by the network, not reviewed"
    end = sheet.text(inside, top + 2, WIDTH - 6, f"Blasts {who}", size=9)
    if believed is None:
        sheet.text(inside, end + 1, WIDTH - 6, "not known", size=15, bold=True)
        return top + 25
    words = f"{believed.value:.1%}   (95% interval {believed.low:.1%} to {believed.high:.1%})"
    end = sheet.text(inside, end + 0.5, WIDTH - 6, words, size=15, bold=True)
    few = f"{believed.count} of {believed.total} identified {report.reading.unit}s"
    by_network = report.reading.blasts
    if report.reviewed and by_network:
        few += f"; by the network {by_network.value:.1%} ({by_network.count} of {by_network.total})"
    sheet.text(inside, end, 105, few, size=8.5)
    _scale(sheet, MARGIN + 113, top + 18, 62, believed)
    return top + 25


def _scale(sheet: Sheet, left: float, top: float, width: float, share: Proportion) -> None:
    """Draw the interval as a bar over a line from 0 to 100%, the share as a stroke."""
    sheet.line(left, top, width)
    for percent in (0, 20, 50, 100):
        place = left + width * percent / 100
        sheet.pdf.line(place, top, place, top + 1)
        sheet.text(place - 6, top + 1.3, 12, f"{percent}%", size=6.5, align="C")
    start, end = left + width * share.low, left + width * share.high
    sheet.line(start, top - 2, max(end - start, 0.3), thick=1.6)
    sheet.pdf.set_line_width(0.5)
    sheet.pdf.line(left + width * share.value, top - 4, left + width * share.value, top)


def _classes(sheet: Sheet, report: SlideReport, top: float) -> float:
    called, reviewed = report.called, report.reviewed
    rows = _class_rows(report)
    size = 8.5 if len(rows) <= 12 else 8.5 * 12 / len(rows)
    places = ((0.0, 76.0, "L"), (76.0, 22.0, "R"), (98.0, 22.0, "R"), (124.0, 22.0, "R"))
    names = ["Class", "network", "share", "reviewed", "share"]
    columns = [*places, (146.0, 22.0, "R")]
    for name, (left, width, align) in zip(names, columns, strict=True):
        end = sheet.text(MARGIN + left, top, width, name, size=8, bold=True, align=align)
    sheet.line(MARGIN, end, WIDTH)
    top = end + 0.5
    for name, by_network, by_person in rows:
        values = [
            name,
            str(by_network),
            _share(name, by_network, called),
            _NOT_SAID if reviewed is None else str(by_person),
            _NOT_SAID if reviewed is None else _share(name, by_person, reviewed),
        ]
        for value, (left, width, align) in zip(values, columns, strict=True):
            end = sheet.text(MARGIN + left, top, width, value, size=size, align=align)
        top = end
    sheet.line(MARGIN, top, WIDTH)
    return top


def _class_rows(report: SlideReport) -> list[tuple[str, int, int]]:
    """Return name, count by the network and as reviewed, with what is no class at the end."""
    reviewed = report.reviewed
    by_network = dict(report.reading.differential)
    by_person = dict(reviewed.differential) if reviewed else {}
    names = list(dict.fromkeys([*by_network, *by_person]))
    rows = [
        (f"{name} (blast)" if _is_other_blast(name, report) else name,
         by_network.get(name, 0), by_person.get(name, 0))
        for name in names
    ]  # fmt: skip
    if len(rows) > _CLASSES_SHOWN:
        rest = rows[_CLASSES_SHOWN:]
        merged = f"{len(rest)} further classes, in full in the CSV and FHIR files"
        rows = [
            *rows[:_CLASSES_SHOWN],
            (merged, sum(row[1] for row in rest), sum(row[2] for row in rest)),
        ]
    rows.append(
        (UNIDENTIFIED, report.reading.unidentified, reviewed.unidentified if reviewed else 0)
    )
    if reviewed and reviewed.not_cells:
        rows.append((NOT_A_CELL, 0, reviewed.not_cells))
    total = reviewed.counted if reviewed else 0
    return [*rows, ("counted", report.reading.counted, total)]


def _is_other_blast(name: str, report: SlideReport) -> bool:
    return name in report.blasts and "blast" not in name.casefold()


def _share(name: str, count: int, counts: Counts) -> str:
    """Return a share of what was counted, of which that is no cell is no part."""
    return f"{count / counts.counted:.1%}" if counts.counted and name != NOT_A_CELL else ""


def _words(sheet: Sheet, report: SlideReport, top: float) -> float:
    flags = ", ".join(report.flags) or "none"
    for name, text, lines in (
        ("Flags", flags, 3),
        ("Network", f"{report.bundle}, sha256 {report.network_sha256[:16]}", 2),
        ("What it is worth", report.model_card, 6),
    ):
        sheet.text(MARGIN, top, 33, name, size=8)
        bold = name == "Flags" and bool(report.flags)
        top = sheet.text(MARGIN + 33, top, WIDTH - 33, text, size=8, bold=bold, lines=lines) + 0.8
    return top


def _signature(sheet: Sheet, report: SlideReport, top: float) -> None:
    signed = report.signed
    if signed is None:
        sheet.text(
            MARGIN,
            top,
            WIDTH,
            "Not signed. A reading is no result until a person who may has looked at the cells "
            "and signed.",
            size=9,
            bold=True,
            lines=2,
        )
        return
    who = signed.signer or "a reviewer whose name was taken away"
    words = f"Signed by {who}, {signed.at}, version {signed.version}"
    top = sheet.text(MARGIN, top, WIDTH, words, size=9, bold=True, lines=2)
    if signed.reason:
        top = sheet.text(
            MARGIN, top + 0.5, WIDTH, f"Reason of the amendment: {signed.reason}", size=8, lines=2
        )
    if signed.comment:
        sheet.text(MARGIN, top + 0.5, WIDTH, f"Comment: {signed.comment}", size=8, lines=3)


def _cells(sheet: Sheet, report: SlideReport, cells: tuple[CellOfInterest, ...]) -> None:
    top = sheet.text(
        MARGIN, MARGIN, WIDTH, f"Cells of interest, slide {report.slide_id}", size=11, bold=True
    )
    words = (
        "Under each cell: what the network said and how sure it was; after an arrow what a person "
        "said of it, where somebody did. A thick frame: the network held it for a blast."
    )
    if report.cells_left_out:
        words += f" {report.cells_left_out} further cells are not shown."
    top = sheet.text(MARGIN, top, WIDTH, words, size=8, lines=3) + 2
    for number, cell in enumerate(cells):
        left = MARGIN + (number % _COLUMNS) * _CELL_STEP
        _cell(sheet, cell, left, top + (number // _COLUMNS) * _ROW_STEP)


def _cell(sheet: Sheet, cell: CellOfInterest, left: float, top: float) -> None:
    side = _CELL_SIDE
    if cell.pixels is None:
        sheet.text(left + 1, top + 8, side - 2, "picture no longer stored", size=7, lines=3)
    else:
        sheet.picture(left, top, side, cell.pixels)
    sheet.box(left, top, side, side, thick=0.9 if cell.is_blast else 0.2)
    called = f"{cell.call} {cell.confidence:.0%}"
    below = sheet.text(left, top + side + 0.4, side, called, size=6, lines=2)
    if cell.reviewed is not None:
        sheet.text(left, below, side, f"→ {cell.reviewed}", size=6, bold=True, lines=2)
