"""``edgeall results``: the slides in the store, and one slide's readings in full."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgeall.cli.stored import HOW_TO_BEGIN, find_slide, store_folder

if TYPE_CHECKING:
    from rich.table import Table

    from edgeall.store.records import Moment, SlideSummary, StoredReading
    from edgeall.store.store import Store


def results(
    slide: Annotated[
        str | None, typer.Argument(metavar="[SLIDE]", help="Show this slide's readings in full.")
    ] = None,
    store: Annotated[
        Path | None, typer.Option(help="The folder of the database. [default: from the settings]")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
    settings: Annotated[Path | None, typer.Option(help="The settings file (TOML).")] = None,
) -> None:
    """List the slides that were read, the last one at the end, or show one in full.

    A reading supports a skilled morphologist and does not replace one.
    """
    from edgeall.store.store import Store

    folder = store_folder(store, settings)
    if not Store.exists(folder) and slide is None:
        _print_empty(folder, as_json=as_json)
        return
    with Store.open(folder, read_only=True) as opened:
        if slide is None:
            _list(folder, opened.slides(), as_json=as_json)
        else:
            _show(opened, find_slide(opened, slide), as_json=as_json)


def _print_empty(folder: Path, *, as_json: bool) -> None:
    if as_json:
        _print_json({"slides": []})
        return
    typer.echo(f"Nothing is stored in {folder} yet. Read the sample fields with:")
    typer.echo(f"  {HOW_TO_BEGIN}")


def _list(folder: Path, slides: list[SlideSummary], *, as_json: bool) -> None:
    if as_json:
        _print_json({"slides": slides})
    elif not slides:
        _print_empty(folder, as_json=False)
    else:
        _print_tables([_slides_table(folder, slides)])
        newest = shlex.quote(slides[-1].slide_id)
        _print_clock_note([summary.latest for summary in slides])
        typer.echo(f"One in full: edgeall results {newest}")


def _slides_table(folder: Path, slides: list[SlideSummary]) -> Table:
    from rich.table import Table
    from rich.text import Text

    from edgeall.report.rows import printable

    table = Table(title=f"Slides in {folder}", title_justify="left")
    for name in ("slide", "read (UTC)", "fields", "cells", "blasts, 95% interval", "flags"):
        numeric = name in ("fields", "cells")
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for summary in slides:
        table.add_row(
            Text(printable(summary.slide_id)),
            _when(summary.latest.written) if summary.latest else "no reading",
            str(summary.fields),
            str(summary.cells),
            _blasts(summary),
            _flags(summary),
        )
    return table


def _blasts(summary: SlideSummary) -> str:
    blasts = summary.latest.reading.blasts if summary.latest else None
    if blasts is None:
        return "not known"
    return f"{blasts.value:.1%}, {blasts.low:.1%} to {blasts.high:.1%}"


def _flags(summary: SlideSummary) -> str:
    flags: list[str] = list(summary.latest.reading.flags) if summary.latest else []
    if summary.cut_off:
        flags.append(f"{_runs(summary.cut_off)} without a reading")
    return ", ".join(flags) or "none"


def _show(store: Store, summary: SlideSummary, *, as_json: bool) -> None:
    readings = store.readings(summary.slide_id)
    if as_json:
        _print_json({"slide": summary, "readings": readings})
        return
    from edgeall.cli.printing import DISCLAIMER, reading_table

    for stored in readings:
        _print_tables([reading_table(stored.reading)])
        typer.echo(_circumstances(stored))
        typer.echo()
    if summary.cut_off:
        typer.echo(
            f"{_runs(summary.cut_off).capitalize()} of this slide without a reading: still going "
            "on, or cut off; the fields read until then are kept."
        )
    _print_clock_note(readings)
    typer.echo(f"Its cells: edgeall export {shlex.quote(summary.slide_id)} --csv cells.csv")
    typer.echo(DISCLAIMER)


def _circumstances(stored: StoredReading) -> str:
    from edgeall.report.rows import printable

    operator = f" by {printable(stored.operator)}" if stored.operator else ""
    return (
        f"Reading {stored.number}, {_when(stored.written)} UTC{operator}, "
        f"from {printable(stored.source)}"
    )


def _when(moment: Moment) -> str:
    return f"{moment.wall_clock:%Y-%m-%d %H:%M}{'' if moment.synchronised else '?'}"


def _print_clock_note(readings: list[StoredReading] | list[StoredReading | None]) -> None:
    if any(stored and not stored.written.synchronised for stored in readings):
        typer.echo("? The clock was not known to be synchronised.")


def _runs(count: int) -> str:
    return "one run" if count == 1 else f"{count} runs"


def _print_tables(tables: list[Table]) -> None:
    from edgeall.cli.printing import plain_console

    for table in tables:
        plain_console().print(table)


def _print_json(document: object) -> None:
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
