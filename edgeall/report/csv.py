"""Cells as CSV: one line a cell, for a spreadsheet or a statistics program.

RFC 4180, UTF-8. Text that a spreadsheet would run as a formula (a slide's
identity is free text) is preceded by an apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from edgeall.store.durable import write_durably

if TYPE_CHECKING:
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


def cells_csv(rows: Sequence[CellRow]) -> str:
    """Return cells as CSV with a line of names on top; its lines end with CR LF."""
    labels = list(dict.fromkeys(label for row in rows for label in row.labels))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([*_COLUMNS, *(f"p_{label}" for label in labels)])
    writer.writerows(_line(row, labels) for row in rows)
    return text.getvalue()


def harmless(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    first = text.lstrip()[:1]
    return f"'{text}" if first in _FORMULA_STARTS or text[:1] in _CONTROL_STARTS else text


def _line(row: CellRow, labels: Sequence[str]) -> list[_Value]:
    box, call = row.box, row.call
    by_label = dict(zip(row.labels, call.probabilities, strict=True))
    return [
        harmless(row.slide_id),
        row.run,
        row.field,
        harmless(row.origin),
        harmless(str(row.image)),
        row.taken_at.isoformat(),
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
