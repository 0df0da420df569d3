"""``edgeall export``: a slide's cells as a table for another program."""

# No postponed annotations here: typer would evaluate each of them again, which --help waits for.

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgeall.cli.stored import find_slide, store_folder
from edgeall.errors import UsageError

if TYPE_CHECKING:
    from edgeall.store.records import SlideSummary
    from edgeall.store.store import Store


def export(
    slide: Annotated[str, typer.Argument(metavar="SLIDE", help="The slide's identity.")],
    csv: Annotated[
        Path, typer.Option(metavar="PATH", help="Write one line a cell to this file; - for stdout.")
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    store: Annotated[
        Path | None, typer.Option(help="The folder of the database. [default: from the settings]")
    ] = None,
    settings: Annotated[Path | None, typer.Option(help="The settings file (TOML).")] = None,
) -> None:
    """Write every cell of a slide with its call, its box and its picture's path.

    It supports a skilled morphologist and does not replace one.
    """
    from edgeall.report.csv import cells_csv, write_cells_csv
    from edgeall.store.store import Store

    to_stdout = str(csv) == "-"
    if csv.is_file() and not force and not to_stdout:
        raise UsageError(f"{csv}: there is such a file already; add --force to replace it.")
    with Store.open(store_folder(store, settings), read_only=True) as opened:
        summary = find_slide(opened, slide)
        _refuse_drifted(opened, summary, settings)
        rows = list(opened.cells(summary.slide_id))
    if to_stdout:
        typer.echo(cells_csv(rows).encode("utf-8", "replace"), nl=False)
    else:
        count = write_cells_csv(csv, rows)
        typer.echo(f"{count} {'cell' if count == 1 else 'cells'} written to {csv}", err=True)


def _refuse_drifted(store: "Store", summary: "SlideSummary", settings: Path | None) -> None:
    """Refuse a slide that was read under a light that has moved and that nobody accepted."""
    from edgeall.camera.lock import camera_name
    from edgeall.service.calibrated import reporting_stopped
    from edgeall.settings.load import load_settings

    latest = summary.latest
    if latest is None or "illumination drift" not in latest.reading.flags:
        return
    why = reporting_stopped(store, camera_name(latest.source), load_settings(settings).drift)
    if why is not None:
        raise UsageError(why)
