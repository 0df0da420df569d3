"""A plain .tflite: no manifest, so every fact is given by a person."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgeall.errors import BundleError, MissingFactError
from edgeall.model.archive import Archive
from edgeall.model.bundle import Bundle, check_is_network, hash_of_network
from edgeall.model.manifest import (
    FORMAT,
    Background,
    Identity,
    InputFacts,
    Manifest,
    OutputFacts,
    Provenance,
    Unit,
)
from edgeall.model.operators import check_is_whole
from edgeall.model.runtime import open_interpreter

if TYPE_CHECKING:
    from edgeall.model.feed import Preprocess

PLAIN_LIMIT = "without a manifest: its facts were typed in, and no gate has measured it"


@dataclass(frozen=True, slots=True)
class PlainFacts:
    """What a manifest would have said. ``preprocess`` is what training fed the network."""

    labels: tuple[str, ...]
    blasts: tuple[str, ...]
    unit: Unit
    preprocess: Preprocess
    um_per_pixel: float | None = None
    cell_diameter_px: float | None = None
    background: Background = "as-seen"


def open_plain(path: Path, facts: PlainFacts) -> Bundle:
    """Open a network without a manifest; `Classifier` is given ``facts.preprocess``.

    Raises
    ------
    BundleError
        The file does not load, or is not one image in and one list of labels out.
    MissingFactError
        The labels do not fit its outputs.
    """
    check_is_network(path)
    check_is_whole(path.read_bytes(), str(path))
    interpreter = open_interpreter(path)
    taken, given = interpreter.get_input_details(), interpreter.get_output_details()
    shape = tuple(int(side) for side in taken[0]["shape"])
    if len(taken) != 1 or len(given) != 1 or len(shape) != 4 or shape[3] != 3:
        raise BundleError(
            f"{path}: it does not take one colour image and give one list of probabilities; "
            "convert the trained model with edgeall convert."
        )
    outputs = int(np.prod(given[0]["shape"]))
    _check_labels(path, facts.labels, outputs)
    length = path.stat().st_size
    manifest = Manifest(
        format=FORMAT,
        identity=Identity(
            name=path.stem,
            version="without manifest",
            created="unknown",
            network_sha256=hash_of_network(path, length),
            network_bytes=length,
            source_name=path.name,
            source_sha256=hash_of_network(path, length),
            made_with={},
        ),
        input=InputFacts(
            height=shape[1],
            width=shape[2],
            unit=facts.unit,
            um_per_pixel=facts.um_per_pixel,
            cell_diameter_px=facts.cell_diameter_px,
            background=facts.background,
        ),
        output=OutputFacts(
            labels=facts.labels,
            blasts=facts.blasts,
            activation="sigmoid" if outputs == 1 else "softmax",
        ),
        provenance=Provenance(limits=(PLAIN_LIMIT,)),
    )
    return Bundle(path, manifest, Archive(path, length, ()))


def _check_labels(path: Path, labels: tuple[str, ...], outputs: int) -> None:
    wanted = 2 if outputs == 1 else outputs
    if len(labels) != wanted:
        raise MissingFactError(
            f"{path}: it has {outputs} output{'s' * (outputs != 1)}, which takes {wanted} labels, "
            f"but --labels names {len(labels)}; name {wanted} in the network's own order."
        )
