"""``edgeall data``: what a folder of training images holds, before a network learns from it."""

# No postponed annotations here: typer would evaluate each of them again, which --help waits for.

from pathlib import Path
from typing import Annotated

import typer


def data(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="Images: a folder a class, C-NMC's names, or Pascal VOC."
        ),
    ],
    plots: Annotated[
        Path | None, typer.Option(help="Write plots of subsets and classes to this folder.")
    ] = None,
    split: Annotated[
        Path | None, typer.Option(help="The split.json of a run, which divides the images.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> None:
    """Show counts, sizes, subjects, duplicates and broken files of a data set."""
    from edgeall.cli.workstation import refuse_without_workstation

    refuse_without_workstation()
    from edgeall.cli import inspecting

    inspecting.run(folder, plots, split, as_json=as_json)
