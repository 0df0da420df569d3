"""``edgeall train``: a published network, trained on a folder of labelled images."""

# No postponed annotations here: typer would evaluate each of them again, which --help waits for.

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class NetworkChoice(StrEnum):
    """The published classifiers."""

    resnet50 = "resnet50"
    qcresnet = "qcresnet"
    qcresnet_small = "qcresnet-small"
    cnn4 = "cnn4"
    sequential = "sequential"
    vggnet = "vggnet"
    lenet = "lenet"


class RecipeChoice(StrEnum):
    """How it is trained."""

    published = "published"
    robust = "robust"


class ShownChoice(StrEnum):
    """What one input of the network shows."""

    field = "field"
    cell = "cell"
    found = "found"


def train(
    data: Annotated[
        Path, typer.Argument(help="Images: a folder a class, C-NMC's names, or Pascal VOC.")
    ],
    network: Annotated[NetworkChoice, typer.Option(help="Which published network.")],
    recipe: Annotated[
        RecipeChoice,
        typer.Option(help="As published, or varied so that it holds up in another laboratory."),
    ] = RecipeChoice.published,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The run folder. [default: runs/ and what was asked]"),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="random, block, subject, given (by folders), or a split.json. "
            "[default: given where folders are named train and test, else random]"
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds split and train alike.")] = 0,
    unit: Annotated[
        ShownChoice | None,
        typer.Option(help="An image is a field, is a cell, or has its cells found and cut out."),
    ] = None,
    blasts: Annotated[
        str | None, typer.Option(help="Which classes are blasts, as early,pre,pro; or none.")
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(help="DIR or DIR=CLASS: another data set, all of which trains. Repeatable."),
    ] = None,
    weights: Annotated[
        str, typer.Option(help="What resnet50 starts from: imagenet, none or a weights file.")
    ] = "imagenet",
    input_size: Annotated[
        int | None, typer.Option(min=32, max=1024, help="Side of the input. [default: published]")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="[default: the recipe's]")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="[default: the recipe's]")] = None,
    rate: Annotated[
        float | None, typer.Option(min=1e-9, help="Learning rate. [default: the recipe's]")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at an unreadable image; do not leave it out.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON and nothing else.")
    ] = False,
) -> None:
    """Train a published network and write all that `edgeall convert` needs.

    The run folder holds model.keras, its facts, calibration and test images, the split, and
    report.html. An interrupted training goes on when the same command is given again.
    """
    from edgeall.cli.workstation import refuse_without_workstation

    refuse_without_workstation()
    import sys

    from edgeall.cli import training
    from edgeall_convert.training.request import (  # noqa: TID251 - the lazy hand-over
        TrainRequest,
    )

    request = TrainRequest(
        data=str(data),
        network=network.value,
        out=str(output or _run_folder(data, network, recipe, split, seed)),
        recipe=recipe.value,
        split=split,
        seed=seed,
        unit=unit.value if unit else None,
        blasts=_blasts(blasts),
        also=tuple(_further(typed) for typed in also or ()),
        weights=weights,
        size=input_size,
        epochs=epochs,
        batch=batch,
        rate=rate,
        strict=strict,
        command=("edgeall", *sys.argv[1:]),
    )
    training.run(request, as_json=as_json)


def _run_folder(
    data: Path, network: NetworkChoice, recipe: RecipeChoice, split: str | None, seed: int
) -> Path:
    parts = [data.resolve().name, network.value, recipe.value, str(seed)]
    return Path("runs") / "-".join([*parts, *([Path(split).stem] if split else [])])


def _blasts(typed: str | None) -> tuple[str, ...] | None:
    if typed is None:
        return None
    return () if typed == "none" else tuple(name.strip() for name in typed.split(","))


def _further(typed: str) -> tuple[str, str]:
    folder, _, label = typed.partition("=")
    return folder, label
