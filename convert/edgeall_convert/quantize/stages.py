"""A conversion from the trained file to the sealed bundle, stage by stage."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from edgeall.errors import ImageError, InputError, NetworkError
from edgeall.evaluate.inputs import read_inputs
from edgeall.evaluate.labelled import LabelledImage, find_labelled
from edgeall.model.network import Network
from edgeall_convert.evaluate.page import write_report
from edgeall_convert.evaluate.report import (
    ConversionReport,
    Held,
)
from edgeall_convert.quantize import int8
from edgeall_convert.quantize.calibration import Calibration, gather
from edgeall_convert.quantize.evidence import (
    HeldImages,
    Made,
    Trained,
    assessment_of,
    manifest_of,
    report_of,
)
from edgeall_convert.quantize.facts import Facts, choose_output, input_size, settle
from edgeall_convert.quantize.graph import activation_of, frozen_graph, own_normalisation
from edgeall_convert.quantize.ladder import Judge, climb
from edgeall_convert.quantize.load import load
from edgeall_convert.quantize.proof import (
    prove_float,
)
from edgeall_convert.quantize.safety import refuse_unsafe
from edgeall_convert.quantize.seal import card_of, seal_bundle
from edgeall_convert.quantize.source import identify
from edgeall_convert.quantize.wrap import Wrapped
from edgeall_convert.sidecar import read_sidecar

if TYPE_CHECKING:
    from edgeall_convert.quantize.request import Request

_FEWEST_TO_JUDGE = 30


def run(request: Request, say: Callable[[str], None]) -> ConversionReport:
    """Convert as requested; write the bundle and its report, or only the report if refused.

    Raises
    ------
    EdgeallError
        Before the gate: the network, the images or the facts cannot be used.
    """
    say("loading the network")
    trained = _load(request)
    say("reading calibration images")
    calibration = gather(request, trained.sidecar, trained.facts.input)
    held = _held(request, trained.facts, calibration, say)
    say("proving the float form")
    float_bytes = _float_form(trained)
    float_network = Network(float_bytes, trained.facts.output)
    proof = prove_float(
        trained.network,
        trained.output,
        trained.facts.preprocess,
        float_network,
        calibration.images,
        are_probabilities=trained.activation != "logits",
    )
    say("measuring the float network")
    judge = Judge(
        images=held.images,
        reference=float_network.probabilities(held.images),
        truth=held.truth,
        output=trained.facts.output,
        max_drop=request.max_drop / 100,
        max_sensitivity_drop=request.max_sensitivity_drop / 100,
    )
    chosen, rungs = climb(_saver(trained), calibration.images, judge, say)
    say("writing the report")
    made = Made(request, trained, calibration, held, float_bytes, proof, judge, chosen, rungs)
    return _finish(made)


def _load(request: Request) -> Trained:
    path = Path(request.model)
    source = identify(path)
    refuse_unsafe(source, trust_model=request.trust_model)
    sidecar = read_sidecar(path)
    network = load(source, trust_model=request.trust_model)
    output = choose_output(network, request.output, request.model)
    size = input_size(network, request)
    graph = frozen_graph(network, *size)
    position = sorted(network.outputs).index(output)
    shape = graph.outputs[position].shape.as_list()
    classes = int(np.prod(list(shape[1:]), dtype=np.int64)) if len(shape) > 1 else 1
    _check_classes(request.model, output, shape)
    activation = activation_of(graph, position)
    facts = settle(
        request,
        sidecar,
        size=size,
        classes=classes,
        activation=activation,
        normalisation=own_normalisation(graph),
    )
    return Trained(source, sidecar, network, output, activation, classes, facts)


def _check_classes(model: str, output: str, shape: Sequence[int | None]) -> None:
    if sum(side != 1 for side in shape[1:]) > 1:
        sides = " x ".join(str(side) for side in shape[1:])
        raise NetworkError(
            f"{model}: its output {output} is a map of {sides} numbers, not a list of classes; "
            "name another output with --output."
        )


def _held(
    request: Request, facts: Facts, calibration: Calibration, say: Callable[[str], None]
) -> HeldImages:
    if request.evaluate is not None:
        say("reading the labelled images")
        return _labelled(Path(request.evaluate), facts)
    if len(calibration.held) >= _FEWEST_TO_JUDGE:
        return HeldImages(calibration.held, None, (), None, ())
    images = (*calibration.held, *calibration.images)
    warning = (
        f"judged on {len(images)} images without labels, those of the calibration among them: "
        "agreement only, no accuracy; give --evaluate DIR for proof"
    )
    return HeldImages(images, None, (), None, (warning,))


def _labelled(folder: Path, facts: Facts) -> HeldImages:
    found = find_labelled(folder, facts.output.labels)
    images, read, skipped = [], list[LabelledImage](), []
    inputs = read_inputs([image.path for image in found], facts.input, grayscale_allowed=True)
    for image, pixels in zip(found, inputs, strict=True):
        if isinstance(pixels, ImageError):
            skipped.append(str(pixels))
        else:
            images.append(pixels)
            read.append(image)
    if not read:
        raise InputError(f"{folder}: none of its images can be read, the first: {skipped[0]}")
    labels = facts.output.labels
    return HeldImages(
        images,
        np.array([labels.index(image.label) for image in read], np.int64),
        [image.subject for image in read],
        Held(
            folder=str(folder),
            images=len(read),
            by_label=dict(Counter(image.label for image in read)),
            skipped=tuple(skipped),
        ),
        (),
    )


def _saver(trained: Trained) -> Callable[[Literal["float32", "uint8"], Path], None]:
    def save(pixel_type: Literal["float32", "uint8"], folder: Path) -> None:
        taken = trained.facts.input
        Wrapped(
            trained.network,
            height=taken.height,
            width=taken.width,
            preprocess=trained.facts.preprocess,
            output=trained.output,
            activation=trained.activation,
            classes=trained.classes,
            pixel_type=pixel_type,
        ).save(folder)

    return save


def _float_form(trained: Trained) -> bytes:
    with tempfile.TemporaryDirectory(prefix="edgeall-") as scratch:
        folder = Path(scratch) / "float32"
        _saver(trained)("float32", folder)
        try:
            return int8.to_float32(folder)
        except Exception as error:  # the converter raises all kinds
            raise NetworkError(_unconvertible(trained, error)) from error


def _unconvertible(trained: Trained, error: Exception) -> str:
    """Say which operators stand in the way, out of pages of the converter's own words."""
    named = sorted(set(re.findall(r"'(tf\.\w+)' op", str(error))))
    why = f"TFLite has no {', '.join(named)}" if named else str(error).strip().splitlines()[0][:160]
    return (
        f"{trained.source.path}: this network cannot become a TFLite one ({why}); "
        "replace that layer by one of Keras' own."
    )


def _finish(made: Made) -> ConversionReport:
    bundle = Path(made.request.bundle)
    assessment = assessment_of(made)
    network = made.chosen.network if made.chosen else made.float_bytes
    manifest = manifest_of(made, network, assessment)
    report = report_of(made, network, manifest, assessment)
    if made.chosen:
        seal_bundle(bundle, network, manifest, card_of(Path(made.request.model), manifest))
    stem = bundle.name.removesuffix(".tflite") + ("" if made.chosen else ".refused")
    write_report(
        report,
        bundle.with_name(f"{stem}.report.json"),
        bundle.with_name(f"{stem}.report.html"),
    )
    return report
