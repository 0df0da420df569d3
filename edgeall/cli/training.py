"""What ``edgeall train`` prints: how far it is, then what the network is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from edgeall.cli.printing import DISCLAIMER, plain_console, warn
from edgeall.cli.score_tables import score_tables, table_console

if TYPE_CHECKING:
    from edgeall_convert.evaluate.run_report import RunReport  # noqa: TID251 - for types only
    from edgeall_convert.process.messages import Stage  # noqa: TID251 - for types only
    from edgeall_convert.training.request import TrainRequest  # noqa: TID251 - for types only


def run(request: TrainRequest, *, as_json: bool) -> None:
    """Train, and print what came of it.

    Raises
    ------
    EdgeallError
        The training could not be done.
    """
    from edgeall_convert.training.train import train  # noqa: TID251 - the lazy hand-over

    notes = plain_console(to_stderr=True)
    columns = [
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    ]
    try:
        with Progress(
            *columns, console=notes, transient=True, disable=not notes.is_terminal
        ) as shown:
            task = shown.add_task("starting", total=None)

            def say(stage: Stage) -> None:
                if stage.done <= 1:
                    shown.reset(task, total=stage.total or None)
                shown.update(
                    task,
                    description=stage.what,
                    completed=stage.done,
                    total=stage.total or None,
                )

            report = train(request, say)
    except KeyboardInterrupt:
        warn(f"{request.out}: what was trained is kept; give the same command again to go on.")
        raise
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
    else:
        _print(report, request.out)
    for warning in report.warnings:
        warn(f"warning: {warning}.")
    for sentence in report.skipped:
        warn(sentence)
    if report.skipped:
        count = len(report.skipped)
        were = "1 image was" if count == 1 else f"{count} images were"
        warn(f"{were} left out; the figures are of the others.")
        raise typer.Exit(1)


def _print(report: RunReport, out: str) -> None:
    console = table_console()
    if report.test:
        for table in score_tables(report.test):
            console.print(table)
    console.print(
        Text(
            f"{report.network}, {report.recipe} recipe, best of {len(report.epochs)} epochs: "
            f"{report.best_epoch}, {report.seconds:.0f} s. Its source reports {report.reported}."
        )
    )
    console.print(Text(f"Run folder: {out}, its report: {out}/report.html"))
    console.print(
        Text(f"Next: edgeall convert {out}/model.keras --evaluate {out}/test"), soft_wrap=True
    )
    console.print(DISCLAIMER)
