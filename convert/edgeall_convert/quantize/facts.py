"""The facts of a bundle: from the flags, else the sidecar, else asked for, all at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgeall.errors import MissingFactError, UsageError
from edgeall.model.manifest import Background, ColourStatistics, InputFacts, OutputFacts
from edgeall_convert.quantize.wrap import OUTPUT, SIGNATURE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeall_convert.quantize.graph import Activation
    from edgeall_convert.quantize.load import LoadedNetwork
    from edgeall_convert.quantize.request import Request
    from edgeall_convert.sidecar import Preprocess, Sidecar

_DEFAULT_BACKGROUND: Background = "as-seen"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a bundle's manifest and the conversion need to know."""

    name: str
    version: str
    input: InputFacts
    output: OutputFacts
    preprocess: Preprocess
    colour: ColourStatistics | None


def choose_output(network: LoadedNetwork, wanted: str | None, model: str) -> str:
    """Return the name of the output to read.

    Raises
    ------
    UsageError
        The wanted one does not exist.
    MissingFactError
        There are several and none was named.
    """
    if wanted is not None:
        if wanted not in network.outputs:
            raise UsageError(
                f"--output {wanted}: {model} has no such output; it has "
                f"{', '.join(network.outputs)}."
            )
        return wanted
    if len(network.outputs) > 1:
        raise MissingFactError(
            f"{model}: it has {len(network.outputs)} outputs ({', '.join(network.outputs)}); "
            "name the one that tells the classes apart with --output."
        )
    return network.outputs[0]


def input_size(network: LoadedNetwork, request: Request) -> tuple[int, int]:
    """Return height and width.

    Raises
    ------
    MissingFactError
        The network leaves them open and nobody said them.
    UsageError
        What was said is not what the network has.
    """
    known = (network.height, network.width)
    asked = (request.height, request.width)
    if None in known:
        if None in asked:
            raise MissingFactError(
                f"{request.model}: this network takes images of any size; name the size it was "
                "trained at with --input-size, as 224x224."
            )
        return int(asked[0] or 0), int(asked[1] or 0)
    if None not in asked and asked != known:
        raise UsageError(
            f"--input-size {asked[0]}x{asked[1]}: {request.model} takes {known[0]}x{known[1]}; "
            "leave the flag away."
        )
    return int(known[0] or 0), int(known[1] or 0)


def settle(
    request: Request,
    sidecar: Sidecar,
    *,
    size: tuple[int, int],
    classes: int,
    activation: Activation,
    normalisation: Sequence[str],
) -> Facts:
    """Settle every fact.

    Raises
    ------
    MissingFactError
        Some are missing; the message names each flag.
    UsageError
        Some contradict the network or each other.
    """
    labels = request.labels or sidecar.labels
    blasts = request.blasts if request.blasts is not None else sidecar.blasts
    unit = request.unit or sidecar.unit
    um, px = _scale(request, sidecar)
    preprocess = _preprocess(request, sidecar, normalisation)
    missing = []
    if labels is None:
        missing.append(f"--labels (its {_wanted(classes)} classes in order, as normal,blast)")
    if blasts is None:
        missing.append("--blasts (which of them are blasts, or none)")
    if unit is None:
        missing.append("--unit (field or cell: what one training image shows)")
    if unit != "field" and um is None and px is None:
        only = "" if unit else "for cells "
        missing.append(f"{only}--scale (0.1um a pixel, or 60px for the diameter of a cell)")
    if preprocess is None:
        missing.append("--preprocess (none, unit, symmetric or caffe: what training fed it)")
    if (
        labels is None
        or blasts is None
        or unit is None
        or preprocess is None
        or (unit == "cell" and um is None and px is None)
    ):
        raise MissingFactError(
            f"{request.model}: no sidecar says these facts, so say them: {'; '.join(missing)}."
        )
    _check_labels(request.model, labels, blasts, classes)
    return Facts(
        name=request.name or sidecar.name or Path(request.model).stem,
        version=request.version or sidecar.version or "1",
        input=InputFacts(
            height=size[0],
            width=size[1],
            unit=unit,
            um_per_pixel=um,
            cell_diameter_px=px,
            background=request.background or sidecar.background or _DEFAULT_BACKGROUND,
        ),
        output=OutputFacts(
            labels=labels,
            blasts=blasts,
            activation="sigmoid" if classes == 1 else "softmax",
            signature=SIGNATURE,
            tensor=OUTPUT,
            unidentified_below=_threshold(request, sidecar),
        ),
        preprocess=preprocess,
        colour=sidecar.colour,
    )


def _threshold(request: Request, sidecar: Sidecar) -> float:
    if request.unidentified_below is not None:
        return request.unidentified_below
    return sidecar.unidentified_below or 0.0


def _scale(request: Request, sidecar: Sidecar) -> tuple[float | None, float | None]:
    if request.um_per_pixel is not None or request.cell_diameter_px is not None:
        return request.um_per_pixel, request.cell_diameter_px
    return sidecar.um_per_pixel, sidecar.cell_diameter_px


def _preprocess(
    request: Request, sidecar: Sidecar, normalisation: Sequence[str]
) -> Preprocess | None:
    if normalisation:
        if request.preprocess not in (None, "none"):
            raise UsageError(
                f"--preprocess {request.preprocess}: {request.model} normalises its pixels itself "
                f"({normalisation[0]}), and twice would ruin it; leave the flag away."
            )
        return "none"
    return request.preprocess or sidecar.preprocess


def _wanted(classes: int) -> int:
    return 2 if classes == 1 else classes


def _check_labels(
    model: str, labels: tuple[str, ...], blasts: tuple[str, ...], classes: int
) -> None:
    wanted = _wanted(classes)
    if len(labels) != wanted:
        one = " (one sigmoid output: the first label is a probability under one half)"
        raise UsageError(
            f"--labels {','.join(labels)}: that is {len(labels)} labels, and {model} has {classes} "
            f"output{'s' * (classes != 1)}{one if classes == 1 else ''}; name {wanted}."
        )
    if len(set(labels)) != len(labels):
        raise UsageError(f"--labels {','.join(labels)}: two labels are the same; name each once.")
    if strangers := [blast for blast in blasts if blast not in labels]:
        raise UsageError(
            f"--blasts {','.join(blasts)}: {', '.join(strangers)} is none of the labels "
            f"({', '.join(labels)})."
        )
