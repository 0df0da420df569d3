"""What the commands print: progress, one line a field, the reading."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from edgeall.report.rows import DISCLAIMER as MORPHOLOGIST

if TYPE_CHECKING:
    from edgeall.model.call import Call
    from edgeall.service.pipeline import ReadField
    from edgeall.slide.reading import Reading

DISCLAIMER = f"This {MORPHOLOGIST}."
"""Under everything that looks like a result."""


def plain_console(*, to_stderr: bool = False) -> Console:
    """Return a console that neither guesses at links and numbers nor wraps paths."""
    return Console(stderr=to_stderr, highlight=False, soft_wrap=True, emoji=False)


@contextmanager
def field_progress(console: Console, expected: int | None) -> Iterator[Progress]:
    """Show how many fields were read, out of how many where that is known."""
    columns = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
    # Without a terminal there is nothing to redraw, and rich would leave an empty line.
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        progress.add_task("reading fields", total=expected)
        yield progress


def field_line(read: ReadField) -> str:
    """Return one line for a field: its name, its cells by label, what was wrong with it."""
    prepared = read.prepared
    parts = [_counts(read.calls, cells=prepared.cells != (None,))]
    if prepared.cut_by_border:
        parts.append(f"{len(prepared.cut_by_border)} cut by the border")
    if prepared.field.faults:
        parts.append(f"not counted: {', '.join(prepared.field.faults)}")
    frame = prepared.field.frame
    return f"{frame.number + 1:4d}  {_short(frame.origin)}  {'; '.join(parts)}"


def _counts(calls: Sequence[Call], *, cells: bool) -> str:
    if not cells:
        (call,) = calls
        named = call.label if call.identified else "unidentified"
        return f"{named} ({call.confidence:.0%})"
    if not calls:
        return "no white cells"
    counted = Counter(call.label if call.identified else "unidentified" for call in calls)
    listed = ", ".join(f"{number} {label}" for label, number in counted.most_common())
    return f"{len(calls)} cell{'s' * (len(calls) != 1)}: {listed}"


def _short(origin: str) -> str:
    return origin.rsplit("/", 1)[-1]


def reading_table(reading: Reading) -> Table:
    """Return the slide's reading as a table of two columns."""
    from edgeall.report.rows import printable, reading_rows

    return two_columns(f"Reading of slide {printable(reading.slide_id)}", reading_rows(reading))


def two_columns(title: str, rows: Sequence[tuple[str, str]]) -> Table:
    """Return names and values as a table."""
    table = Table(title=title, title_justify="left", show_header=False)
    for name, value in rows:
        table.add_row(Text(name), Text(value))
    return table


def warn(sentence: str) -> None:
    """Print a warning that is no result, on stderr."""
    print(f"edgeall: {sentence}", file=sys.stderr)
