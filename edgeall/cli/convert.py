"""``edgeall convert``: a trained network becomes a sealed int8 bundle, or is refused."""

# No postponed annotations here: typer would evaluate each of them again, which --help waits for.

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from edgeall.cli.capture import PreprocessChoice, UnitChoice


class BackgroundChoice(StrEnum):
    """What surrounds a cell in its crop."""

    as_seen = "as-seen"
    black = "black"


def convert(
    model: Annotated[Path, typer.Argument(help="A .keras or .h5 file, or a SavedModel folder.")],
    output_file: Annotated[
        Path | None,
        typer.Option("--output-file", "-o", help="The bundle. [default: MODEL's name, .tflite]"),
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(help="Training images, in one folder or in class folders, for the ranges."),
    ] = None,
    calibration_size: Annotated[
        int, typer.Option(min=1, help="How many of them, balanced over the classes.")
    ] = 200,
    seed: Annotated[int, typer.Option(help="Which of them: equal seeds choose alike.")] = 0,
    preprocess: Annotated[
        PreprocessChoice | None,
        typer.Option(help="What training fed the network, where its graph does not do it itself."),
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="The classes in the network's order, as normal,blast.")
    ] = None,
    blasts: Annotated[str | None, typer.Option(help="Which labels are blasts, or none.")] = None,
    unit: Annotated[UnitChoice | None, typer.Option(help="What one training image shows.")] = None,
    scale: Annotated[
        str | None,
        typer.Option(help="0.1um for the size of a pixel, or 60px for a cell's diameter."),
    ] = None,
    background: Annotated[
        BackgroundChoice | None, typer.Option(help="What surrounded the cells in training.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The bundle's name. [default: MODEL's]")] = None,
    model_version: Annotated[
        str | None, typer.Option(help="The bundle's version. [default: 1]")
    ] = None,
    input_size: Annotated[
        str | None, typer.Option(help="For a network of any size: as 224x224, height first.")
    ] = None,
    output: Annotated[
        str | None, typer.Option(help="Which output tells the classes, where there are several.")
    ] = None,
    evaluate: Annotated[
        Path | None,
        typer.Option(help="Labelled images outside the training: float and int8 are measured."),
    ] = None,
    max_drop: Annotated[
        float, typer.Option(help="Points of accuracy that int8 may lose on them.")
    ] = 0.5,
    max_sensitivity_drop: Annotated[
        float, typer.Option(help="Points of sensitivity to blasts that it may lose.")
    ] = 0.5,
    unidentified_below: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Confidence under which a call is unidentified."),
    ] = None,
    trust_model: Annotated[
        bool, typer.Option("--trust-model", help="Load a model that runs code of its own.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON and nothing else.")
    ] = False,
) -> None:
    """Quantize a trained network to int8, prove what that cost, and seal the bundle.

    Beside NAME.tflite lie NAME.report.json and NAME.report.html. A network that loses more than
    allowed on every rung of the ladder is refused with exit code 6, and NAME.tflite not written.
    """
    from edgeall.cli.workstation import refuse_without_workstation

    refuse_without_workstation()
    from edgeall.cli import converting
    from edgeall_convert.quantize.request import Request  # noqa: TID251 - the lazy hand-over

    um_per_pixel, cell_diameter_px = _scale(scale)
    height, width = _size(input_size)
    request = Request(
        model=str(model),
        bundle=str(output_file or model.with_name(f"{model.stem}.tflite")),
        calibration=str(calibration) if calibration else None,
        calibration_size=calibration_size,
        seed=seed,
        preprocess=preprocess.value if preprocess else None,
        labels=_listed("--labels", labels),
        blasts=() if blasts == "none" else _listed("--blasts", blasts),
        unit=unit.value if unit else None,
        um_per_pixel=um_per_pixel,
        cell_diameter_px=cell_diameter_px,
        background=background.value if background else None,
        name=name,
        version=model_version,
        height=height,
        width=width,
        output=output,
        evaluate=str(evaluate) if evaluate else None,
        max_drop=max_drop,
        max_sensitivity_drop=max_sensitivity_drop,
        unidentified_below=unidentified_below,
        trust_model=trust_model,
    )
    converting.run(request, as_json=as_json)


def _listed(flag: str, typed: str | None) -> tuple[str, ...] | None:
    if typed is None:
        return None
    names = tuple(name.strip() for name in typed.split(","))
    if not all(names):
        from edgeall.errors import UsageError

        raise UsageError(f"{flag} {typed!r}: a name is empty; separate names by single commas.")
    return names


def _scale(typed: str | None) -> tuple[float | None, float | None]:
    if typed is None:
        return None, None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(um|µm|μm|px)", typed.strip().lower())
    if not found or float(found[1]) <= 0:
        from edgeall.errors import UsageError

        raise UsageError(
            f"--scale {typed}: it takes the size of a pixel, as 0.1um, or the diameter of a cell "
            "in the network's input, as 60px."
        )
    number = float(found[1])
    return (None, number) if found[2] == "px" else (number, None)


def _size(typed: str | None) -> tuple[int | None, int | None]:
    if typed is None:
        return None, None
    found = re.fullmatch(r"(\d{1,4})x(\d{1,4})", typed.strip().lower())
    if not found or 0 in (int(found[1]), int(found[2])):
        from edgeall.errors import UsageError

        raise UsageError(f"--input-size {typed}: it takes height and width, as 224x224.")
    return int(found[1]), int(found[2])
