"""``edgeall capture``: take frames, and with ``--classify`` read them."""

# No postponed annotations here: typer would evaluate each of them again, which --help waits for.

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class UnitChoice(StrEnum):
    """What one picture, or one crop, is."""

    field = "field"
    cell = "cell"


class CropChoice(StrEnum):
    """Search each picture for cells, or take it as one cell."""

    search = "find"
    none = "none"


class PreprocessChoice(StrEnum):
    """What the training of a plain ``.tflite`` fed it."""

    none = "none"
    unit = "unit"
    symmetric = "symmetric"
    caffe = "caffe"


def capture(
    classify: Annotated[
        bool, typer.Option("--classify", help="Read the frames with a network and store them.")
    ] = False,
    source: Annotated[
        str | None,
        typer.Option(
            help="auto, picamera2[:N], v4l2:/dev/videoN, an image, a folder, a glob, a video, "
            "or samples. [default: from the settings, else auto]"
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="The bundle (.tflite). [default: from the settings, else the shipped]"),
    ] = None,
    slide: Annotated[
        str | None, typer.Option(help="The slide's identity: free text or a barcode.")
    ] = None,
    operator: Annotated[str, typer.Option(help="Who is at the microscope.")] = "",
    count: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many cells (needs --classify).")
    ] = None,
    frames: Annotated[int | None, typer.Option(min=1, help="Stop after so many frames.")] = None,
    unit: Annotated[
        UnitChoice | None,
        typer.Option(help="Must be the bundle's own unit; a plain .tflite needs it said."),
    ] = None,
    crop: Annotated[
        CropChoice, typer.Option(help="none: each picture is one cell already cut out.")
    ] = CropChoice.search,
    um_per_pixel: Annotated[
        float | None, typer.Option(min=0.001, max=100, help="Scale of the frames in µm a pixel.")
    ] = None,
    size: Annotated[str | None, typer.Option(help="Frame size, as 1296x972.")] = None,
    exposure: Annotated[
        int | None, typer.Option(min=1, help="Lock the exposure, in microseconds.")
    ] = None,
    gain: Annotated[float | None, typer.Option(min=0.01, help="Lock the analogue gain.")] = None,
    colour_gains: Annotated[
        str | None, typer.Option(help="Lock the red and blue gains, as 1.8,1.5.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, max=64, help="Threads of the network.")
    ] = None,
    store: Annotated[
        Path | None, typer.Option(help="The folder of the database. [default: from the settings]")
    ] = None,
    no_store: Annotated[bool, typer.Option("--no-store", help="Keep nothing.")] = False,
    annotate: Annotated[
        Path | None, typer.Option(help="A folder for pictures with the cells boxed and named.")
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(help="Without --classify: the folder for the frames and their metadata."),
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write one line a cell to this file.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
    labels: Annotated[
        str | None, typer.Option(help="Labels of a plain .tflite, in order: normal,blast.")
    ] = None,
    blasts: Annotated[
        str | None, typer.Option(help="Which labels of a plain .tflite are blasts.")
    ] = None,
    preprocess: Annotated[
        PreprocessChoice | None, typer.Option(help="What a plain .tflite was trained with.")
    ] = None,
    settings: Annotated[Path | None, typer.Option(help="The settings file (TOML).")] = None,
) -> None:
    """Take frames from a camera or from files; with --classify read them cell by cell.

    The reading supports a skilled morphologist and does not replace one.
    """
    from edgeall.cli import capturing, recording
    from edgeall.cli.plain_facts import PlainFlags
    from edgeall.service.pipeline import Limits

    request = capturing.Request(
        source=source,
        model=model,
        slide=slide,
        operator=operator,
        limits=Limits(frames=frames, cells=count),
        unit=unit.value if unit else None,
        cropping=crop.value,
        camera=capturing.CameraWishes(size, exposure, gain, colour_gains, um_per_pixel),
        threads=threads,
        store=store,
        no_store=no_store,
        annotate=annotate,
        save=save,
        csv=csv,
        as_json=as_json,
        plain=PlainFlags(labels, blasts, preprocess.value if preprocess else None),
        settings=settings,
    )
    raise typer.Exit(capturing.classify(request) if classify else recording.record(request))
