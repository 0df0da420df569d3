"""``edgeall explain``: where a network looked."""

# No postponed annotations here: typer would evaluate each of them again, which --help waits for.

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels


def explain(
    model: Annotated[
        Path, typer.Argument(help="A bundle (occlusion), or a float .keras or .h5 (Grad-CAM).")
    ],
    image: Annotated[Path, typer.Argument(help="One image, read whole.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The picture. [default: IMAGE's name .explained.png]"),
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="Explain this label. [default: the one it is called]")
    ] = None,
    trust_model: Annotated[
        bool, typer.Option("--trust-model", help="Load a model that runs code of its own.")
    ] = False,
) -> None:
    """Show which parts of an image made a network call it so.

    A network may look at the right place for the wrong reason, and the other way round.
    """
    from edgeall.camera.decode import decode_image
    from edgeall.errors import UsageError

    place = output or Path(f"{image.stem}.explained.png")
    if place.resolve() == image.resolve():
        raise UsageError(f"-o {place}: this is the image itself; name another file.")
    if place.suffix.lower() != ".png":
        raise UsageError(f"-o {place}: the picture is a PNG; end its name with .png.")
    pixels = decode_image(image)
    if model.suffix.lower() == ".tflite":
        named, probability, how, heat = _occluded(model, image, label)
    else:
        named, probability, how, heat = _grad_cam(model, image, label, trust_model)
    from edgeall.report.heat import draw_heat

    words = f"{image.name}: {named}, {probability:.0%}. {how}, {model.name}."
    _write(place, draw_heat(pixels, heat, words))
    typer.echo(f"{words} Written: {place}")


def _occluded(
    model: Path, image: Path, label: str | None
) -> tuple[str, float, str, "NDArray[float64]"]:
    from edgeall.camera.decode import decode_image
    from edgeall.evaluate.occlusion import occlude
    from edgeall.field.resize import resize
    from edgeall.model.bundle import open_bundle
    from edgeall.model.classifier import Classifier

    bundle = open_bundle(model)
    taken = bundle.manifest.input
    pixels = resize(decode_image(image), taken.height, taken.width, taken.resize)
    found = occlude(bundle, Classifier(bundle), pixels, label)
    return found.label, found.probability, "Occlusion", found.heat


def _grad_cam(
    model: Path, image: Path, label: str | None, trust_model: bool
) -> tuple[str, float, str, "NDArray[float64]"]:
    from edgeall.cli.workstation import refuse_without_workstation

    refuse_without_workstation()
    import numpy as np

    from edgeall_convert.explain.explain import explain  # noqa: TID251 - the lazy hand-over
    from edgeall_convert.explain.request import (  # noqa: TID251 - the lazy hand-over
        ExplainRequest,
    )

    request = ExplainRequest(
        model=str(model), image=str(image), label=label, trust_model=trust_model
    )
    found = explain(request)
    how = f"Grad-CAM of {found.layer}"
    return found.label, found.probability, how, np.array(found.heat)


def _write(place: Path, picture: "Pixels") -> None:
    import cv2

    from edgeall.store.durable import write_durably

    write_durably(place, cv2.imencode(".png", picture[..., ::-1])[1].tobytes())
