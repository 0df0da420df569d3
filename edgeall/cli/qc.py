"""``edgeall qc``: read the control slide of the day and say whether it is as it was."""

# No postponed annotations here: typer would evaluate each of them again, which --help waits for.

from pathlib import Path
from typing import Annotated

import typer


def qc(
    source: Annotated[
        str | None,
        typer.Option(help="The camera, or pictures of the control slide. [default: settings]"),
    ] = None,
    material: Annotated[
        str, typer.Option(metavar="LOT", help="Which control slide: its lot or number.")
    ] = "control",
    operator: Annotated[str, typer.Option(help="Who is at the microscope.")] = "",
    frames: Annotated[int | None, typer.Option(min=1, help="Stop after so many frames.")] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Write the Levey-Jennings charts.")
    ] = None,
    history: Annotated[
        bool, typer.Option("--history", help="Read nothing; show the controls so far.")
    ] = False,
    store: Annotated[
        Path | None, typer.Option(help="The folder of the database. [default: from the settings]")
    ] = None,
    settings: Annotated[Path | None, typer.Option(help="The settings file (TOML).")] = None,
) -> None:
    """Read a control slide, compare its figures with its history, and say pass or fail.

    The exit code is 0 where it passed and 1 where it did not. Keep to one slide and
    one area of it; another slide needs another --material.
    """
    from edgeall.cli import controlling

    request = controlling.Request(
        source=source,
        material=material,
        operator=operator,
        frames=frames,
        plot=plot,
        store=store,
        settings=settings,
    )
    raise typer.Exit(controlling.show(request) if history else controlling.control(request))
