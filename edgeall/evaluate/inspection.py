"""The inspection: what a .tflite file is and says, whether or not it can be trusted."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from edgeall.errors import BundleError
from edgeall.model.archive import Archive, read_archive
from edgeall.model.bundle import CARD, MANIFEST, check_is_network, open_bundle
from edgeall.model.classifier import Classifier
from edgeall.model.manifest import Manifest
from edgeall.model.operators import Operator, list_operators
from edgeall.model.runtime import open_interpreter, runtime_name, runtime_version
from edgeall.model.selftest import self_test


class TensorFacts(msgspec.Struct, frozen=True, kw_only=True):
    """An input or output as the runtime sees it; scale 0 where it is not quantized."""

    name: str
    type: str
    shape: tuple[int, ...]
    scale: float
    zero_point: int


class OperatorCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many operators of one kind a network has, and how many of them touch floats."""

    name: str
    count: int
    with_floats: int


class ArchivedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the appended archive, in bytes."""

    name: str
    bytes: int
    packed_bytes: int


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """Everything found in one .tflite file.

    Attributes
    ----------
    file, bytes, network_bytes
        The file, its size, and the size of the network in front of the archive.
    runtime
        Name and version of the runtime that loaded it.
    inputs, outputs
        Of the network; the order of outputs means nothing.
    operators
        By kind, the most frequent first.
    tensor_types
        How many tensors of each type the operators read and write.
    archive
        The appended files.
    manifest
        None for a plain network or where it cannot be read.
    whole
        The seal and the network's hash fit; None for a plain network.
    self_test
        The golden outputs came out the same here; None where that was not tried.
    problems
        One sentence for each thing that is wrong.
    card
        The model card, empty where there is none.
    """

    file: str
    bytes: int
    network_bytes: int
    runtime: str
    inputs: tuple[TensorFacts, ...]
    outputs: tuple[TensorFacts, ...]
    operators: tuple[OperatorCount, ...]
    tensor_types: dict[str, int]
    archive: tuple[ArchivedFile, ...]
    manifest: Manifest | None
    whole: bool | None
    self_test: bool | None
    problems: tuple[str, ...]
    card: str


def inspect_file(path: Path) -> Inspection:
    """Look into a bundle or a plain network.

    A broken seal, a foreign network or a failed self-test is reported among
    the problems, with all that could be read nevertheless.

    Raises
    ------
    BundleError
        The file is no network that this device's runtime loads.
    """
    check_is_network(path)
    interpreter = open_interpreter(path)
    archive = read_archive(path)
    length = archive.network_bytes if archive else path.stat().st_size
    operators = list_operators(_first_bytes(path, length))
    manifest, whole, tested, problems = _trust(path, archive)
    return Inspection(
        file=str(path),
        bytes=path.stat().st_size,
        network_bytes=length,
        runtime=f"{runtime_name()} {runtime_version()}",
        inputs=tuple(_facts(details) for details in interpreter.get_input_details()),
        outputs=tuple(_facts(details) for details in interpreter.get_output_details()),
        operators=count_operators(operators),
        tensor_types=_tensor_types(operators),
        archive=_archived(path) if archive else (),
        manifest=manifest,
        whole=whole,
        self_test=tested,
        problems=problems,
        card=_card(archive),
    )


def count_operators(operators: Sequence[Operator]) -> tuple[OperatorCount, ...]:
    """Count operators by kind, the most frequent first."""
    counts = Counter(operator.name for operator in operators)
    floats = Counter(operator.name for operator in operators if operator.is_float)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        OperatorCount(name=name, count=count, with_floats=floats[name]) for name, count in ordered
    )


def _trust(
    path: Path, archive: Archive | None
) -> tuple[Manifest | None, bool | None, bool | None, tuple[str, ...]]:
    """Return the manifest, whether the bundle is whole, its self-test, and what is wrong."""
    if archive is None or MANIFEST not in archive.names:
        return None, None, None, ()
    try:
        bundle = open_bundle(path)
    except BundleError as error:
        return _untrusted_manifest(archive), False, None, (str(error),)
    try:
        self_test(bundle, Classifier(bundle))
    except BundleError as error:
        return bundle.manifest, True, False, (str(error),)
    return bundle.manifest, True, True, ()


def _untrusted_manifest(archive: Archive) -> Manifest | None:
    """Return a manifest to look at, though not to believe."""
    try:
        return msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
    except (BundleError, msgspec.DecodeError):
        return None


def _card(archive: Archive | None) -> str:
    if archive is None or CARD not in archive.names:
        return ""
    try:
        return archive.read(CARD).decode("utf-8", errors="replace")
    except BundleError:
        return ""


def _facts(details: dict[str, Any]) -> TensorFacts:
    scale, zero_point = details["quantization"]
    return TensorFacts(
        name=str(details["name"]),
        type=np.dtype(details["dtype"]).name,
        shape=tuple(int(side) for side in details["shape"]),
        scale=float(scale),
        zero_point=int(zero_point),
    )


def _tensor_types(operators: Sequence[Operator]) -> dict[str, int]:
    tensors = {
        (tensor.name, tensor.type, tensor.shape)
        for operator in operators
        for tensor in operator.inputs + operator.outputs
    }
    return dict(Counter(kind for _, kind, _ in tensors).most_common())


def _archived(path: Path) -> tuple[ArchivedFile, ...]:
    with zipfile.ZipFile(path) as opened:
        return tuple(
            ArchivedFile(
                name=entry.filename, bytes=entry.file_size, packed_bytes=entry.compress_size
            )
            for entry in opened.infolist()
        )


def _first_bytes(path: Path, length: int) -> bytes:
    with path.open("rb") as opened:
        return opened.read(length)
