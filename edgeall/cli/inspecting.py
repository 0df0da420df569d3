"""What ``edgeall data`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from edgeall.cli.printing import plain_console, warn
from edgeall.cli.score_tables import plain_table, table_console

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console
    from rich.table import Table

    from edgeall_convert.datasets.inspection import DataInspection  # noqa: TID251 - types only

_SHOWN = 8


def run(folder: Path, plots: Path | None, split: Path | None, *, as_json: bool) -> None:
    """Inspect, print, and draw.

    Raises
    ------
    EdgeallError
        The folder or the split cannot be used.
    """
    from edgeall_convert.datasets.inspection import (  # noqa: TID251 - the lazy hand-over
        inspect_data,
    )

    notes = plain_console(to_stderr=True)
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
    with Progress(
        *columns,
        TimeRemainingColumn(),
        console=notes,
        transient=True,
        disable=not notes.is_terminal,
    ) as shown:
        task = shown.add_task("reading images", total=None)
        inspection = inspect_data(
            folder, split, lambda done, total: shown.update(task, completed=done, total=total)
        )
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(inspection), indent=2).decode())
    else:
        _print(table_console(), inspection)
    if plots:
        from edgeall_convert.datasets.drawing import (  # noqa: TID251 - the lazy hand-over
            write_plots,
        )

        for path in write_plots(inspection, plots):
            notes.print(f"edgeall: wrote {path}", markup=False)
    for sentence in (*_first_problems(inspection.problems), *inspection.broken):
        warn(sentence)
    if inspection.broken:
        raise typer.Exit(1)


def _first_problems(problems: Sequence[str]) -> list[str]:
    """Return the first problems, and how many more there are."""
    more = len(problems) - _SHOWN
    told = f"{more} more problem{'s' * (more != 1)}: --json lists all."
    return [*problems[:_SHOWN], *([told] if more > 0 else [])]


def _print(console: Console, found: DataInspection) -> None:
    boxes = f", {found.examples} labelled boxes" if found.examples != found.files else ""
    console.print(Text(f"{found.folder}: {found.files} images{boxes}"))
    console.print(_subset_table(found))
    console.print(_size_table(found))
    if found.subjects:
        console.print(_subject_table(found))
    console.print(Text(_duplicate_sentence("equal byte by byte", found.exact)))
    console.print(Text(_duplicate_sentence("near-duplicates", found.near)))
    for group in found.near[:_SHOWN]:
        console.print(Text(f"  {', '.join(group[:4])}{' and more' if len(group) > 4 else ''}"))
    if len(found.near) > _SHOWN:
        more = _groups(len(found.near) - _SHOWN, "more ")
        console.print(Text(f"  and {more}: --json lists them all"))
    if found.held_near_duplicates is not None:
        share = f"{found.held_near_duplicates:.1%}"
        console.print(Text(f"{share} of the test images have a near-duplicate in training."))
    count = len(found.broken)
    console.print(Text(f"{count} file{'s' * (count != 1)} cannot be read."))


def _subset_table(found: DataInspection) -> Table:
    table = plain_table("Classes by subset", "class", *found.subsets)
    for label in found.labels:
        table.add_row(label, *(str(counts[label]) for counts in found.subsets.values()))
    table.add_section()
    table.add_row("all", *(str(sum(counts.values())) for counts in found.subsets.values()))
    return table


def _size_table(found: DataInspection) -> Table:
    table = plain_table("Sizes in pixels", "width x height", "images")
    for size, count in list(found.sizes.items())[:_SHOWN]:
        table.add_row(size, str(count))
    rest = list(found.sizes.values())[_SHOWN:]
    if rest:
        table.add_row(f"{len(rest)} other sizes", str(sum(rest)))
    return table


def _subject_table(found: DataInspection) -> Table:
    table = plain_table("Subjects", "subject", *found.labels)
    for subject in found.subjects:
        counts = (str(subject.by_label.get(label, "")) for label in found.labels)
        table.add_row(subject.subject, *counts)
    return table


def _duplicate_sentence(kind: str, groups: Sequence[Sequence[str]]) -> str:
    if not groups:
        return f"No images are {kind}."
    images = sum(len(group) for group in groups)
    return f"{images} images are {kind}, in {_groups(len(groups))}."


def _groups(count: int, which: str = "") -> str:
    return f"{count} {which}group{'s' * (count != 1)}"
