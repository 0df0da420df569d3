"""``edgeall evaluate``: what a bundle gets right on labelled images, on this device."""

# No postponed annotations here: typer would evaluate each of them again, which --help waits for.

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgeall.cli.capture import PreprocessChoice

if TYPE_CHECKING:
    from edgeall.evaluate.run import Evaluation, Progress
    from edgeall.model.bundle import Bundle


def evaluate(
    model: Annotated[Path, typer.Argument(metavar="NAME.tflite", help="The bundle.")],
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Images in one folder a label, or C-NMC's own.")
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads of the network.")] = 1,
    csv: Annotated[Path | None, typer.Option(help="Write one line an image to this file.")] = None,
    labels: Annotated[
        str | None, typer.Option(help="Labels of a plain .tflite, in order: normal,blast.")
    ] = None,
    blasts: Annotated[
        str | None, typer.Option(help='Which labels of a plain .tflite are blasts; "" for none.')
    ] = None,
    preprocess: Annotated[
        PreprocessChoice | None, typer.Option(help="What a plain .tflite was trained with.")
    ] = None,
) -> None:
    """Measure a bundle on labelled images: accuracy, sensitivity, calibration, by subject.

    Each image is read whole, as one cell or one field. It supports a skilled
    morphologist and does not replace one.
    """
    from edgeall.cli.plain_facts import PlainFlags, open_whole_images
    from edgeall.cli.printing import warn
    from edgeall.evaluate.labelled import find_labelled
    from edgeall.evaluate.run import evaluate_bundle

    flags = PlainFlags(labels, blasts, preprocess.value if preprocess else None)
    bundle, feeding = open_whole_images(model, flags)
    images = find_labelled(folder, bundle.manifest.output.labels)
    with _progress(len(images)) as progress:
        evaluation = evaluate_bundle(
            bundle, images, threads=threads, preprocess=feeding, progress=progress
        )
    if csv:
        _write_csv(csv, bundle, evaluation)
    if as_json:
        typer.echo(_json(bundle, folder, evaluation))
    else:
        _print(bundle, evaluation)
    skipped = evaluation.measurement.skipped
    for sentence in skipped:
        warn(sentence)
    if skipped:
        warn(f"{len(skipped)} of {len(images)} images were skipped; the scores are of the others.")
        raise typer.Exit(1)


@contextmanager
def _progress(total: int) -> "Iterator[Progress]":
    """Show on stderr how many images were read."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Display

    from edgeall.cli.printing import plain_console

    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
    console = plain_console(to_stderr=True)
    display = Display(
        *columns,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with display:
        task = display.add_task("reading images", total=total)
        yield lambda done, _: display.update(task, completed=done)


def _write_csv(path: Path, bundle: "Bundle", evaluation: "Evaluation") -> None:
    from edgeall.evaluate.rows import as_csv
    from edgeall.store.durable import write_durably

    write_durably(path, as_csv(evaluation, bundle.manifest.output))


def _json(bundle: "Bundle", folder: Path, evaluation: "Evaluation") -> str:
    import msgspec

    from edgeall.cli.printing import DISCLAIMER

    document = {
        "bundle": bundle.title,
        "network_sha256": bundle.manifest.identity.network_sha256,
        "folder": str(folder),
        "temperature": bundle.manifest.output.temperature,
        "scores": evaluation.scores,
        "skipped": evaluation.measurement.skipped,
        "disclaimer": DISCLAIMER,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _print(bundle: "Bundle", evaluation: "Evaluation") -> None:
    from edgeall.cli.printing import DISCLAIMER
    from edgeall.cli.score_tables import score_tables, table_console

    console = table_console()
    console.print(bundle.title, markup=False, soft_wrap=True)
    for table in score_tables(evaluation.scores):
        console.print(table)
    console.print(DISCLAIMER)
