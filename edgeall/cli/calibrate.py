"""``edgeall calibrate``: white balance, flat field and scale of a camera at its microscope."""

# No postponed annotations here: typer would evaluate each of them again, which --help waits for.

from pathlib import Path
from typing import Annotated

import typer


def calibrate(
    source: Annotated[
        str | None,
        typer.Option(
            help="The camera, or pictures of an empty field. [default: from the settings]"
        ),
    ] = None,
    camera: Annotated[
        str | None,
        typer.Option(
            help="Which camera the pictures are of, such as watch:FOLDER. [default: the source]"
        ),
    ] = None,
    graticule: Annotated[
        str | None,
        typer.Option(help="A picture of a stage micrometer, or the camera that looks at one."),
    ] = None,
    division_um: Annotated[
        float, typer.Option(min=0.1, max=1000, help="Distance of the graticule's lines in µm.")
    ] = 10.0,
    objective: Annotated[
        float | None, typer.Option(help="Magnification of the objective (needs --sensor).")
    ] = None,
    sensor: Annotated[
        str | None, typer.Option(help="imx477, imx708, imx296, imx219 or ov5647.")
    ] = None,
    adapter: Annotated[
        float, typer.Option(help="Magnification of the camera's adapter, such as 0.5.")
    ] = 1.0,
    um_per_pixel: Annotated[
        float | None, typer.Option(min=0.001, max=100, help="The scale itself, where it is known.")
    ] = None,
    operator: Annotated[str, typer.Option(help="Who calibrates, or accepts.")] = "",
    show: Annotated[
        bool, typer.Option("--show", help="Show the calibrations and how far the light has moved.")
    ] = False,
    accept: Annotated[
        str | None,
        typer.Option(metavar="REASON", help="Accept that the light has moved; needs --operator."),
    ] = None,
    store: Annotated[
        Path | None, typer.Option(help="The folder of the database. [default: from the settings]")
    ] = None,
    settings: Annotated[Path | None, typer.Option(help="The settings file (TOML).")] = None,
) -> None:
    """Calibrate a camera on an empty field: exposure, white balance, even light, scale.

    Look at a place of a stained slide without cells; then, for the scale, at a
    graticule, or say which objective it is. A scale that was found before is kept.
    """
    from edgeall.cli import calibrating

    request = calibrating.Request(
        source=source,
        camera=camera,
        scale=calibrating.ScaleWish(
            graticule, division_um, objective, sensor, adapter, um_per_pixel
        ),
        operator=operator,
        store=store,
        settings=settings,
    )
    if show:
        calibrating.show(request)
    elif accept is not None:
        calibrating.accept(request, accept)
    else:
        calibrating.calibrate(request)
