"""A conversion from the trained file to the sealed bundle, stage by stage."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from edgeall import __version__
from edgeall.errors import ImageError, InputError, NetworkError
from edgeall.evaluate.inputs import read_inputs
from edgeall.evaluate.labelled import LabelledImage, find_labelled
from edgeall.evaluate.scores import to_measured
from edgeall.field.colour import mean_lab
from edgeall.model.manifest import (
    FORMAT,
    ColourStatistics,
    Identity,
    Manifest,
    OutputFacts,
    Provenance,
)
from edgeall.model.network import Network
from edgeall.model.runtime import runtime_name, runtime_version
from edgeall_convert.evaluate.assess import assess
from edgeall_convert.evaluate.page import write_report
from edgeall_convert.evaluate.report import (
    Assessment,
    ConversionReport,
    FloatProof,
    Held,
    Latency,
    RungResult,
)
from edgeall_convert.evaluate.report import Source as SourceFacts
from edgeall_convert.quantize import int8
from edgeall_convert.quantize.calibration import Calibration, gather
from edgeall_convert.quantize.facts import Facts, choose_output, input_size, settle
from edgeall_convert.quantize.graph import activation_of, frozen_graph, own_normalisation
from edgeall_convert.quantize.ladder import Candidate, Judge, climb
from edgeall_convert.quantize.load import LoadedNetwork, load
from edgeall_convert.quantize.proof import (
    float_operators,
    operator_counts,
    prove_float,
    tensor_scales,
)
from edgeall_convert.quantize.safety import refuse_unsafe
from edgeall_convert.quantize.seal import card_of, hash_of, seal_bundle, size_of
from edgeall_convert.quantize.source import Source, identify
from edgeall_convert.quantize.wrap import Wrapped
from edgeall_convert.sidecar import Sidecar, read_sidecar

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels
    from edgeall_convert.quantize.graph import Activation
    from edgeall_convert.quantize.request import Request

_FEWEST_TO_JUDGE = 30
_FEWEST_TO_CALIBRATE = 100
"""Held images under which a fitted temperature would be chance; it stays 1."""

_LATENCY_RUNS = 20
_LARGEST_COLOUR_SAMPLE = 200


@dataclass(frozen=True, slots=True, eq=False)
class _Trained:
    """The trained network with everything that is known before it is converted."""

    source: Source
    sidecar: Sidecar
    network: LoadedNetwork
    output: str
    activation: Activation
    classes: int
    facts: Facts


@dataclass(frozen=True, slots=True, eq=False)
class _HeldImages:
    """The images that judge; without labels ``truth`` and ``facts`` are None."""

    images: Sequence[Pixels]
    truth: NDArray[np.int64] | None
    subjects: Sequence[str | None]
    facts: Held | None
    warnings: tuple[str, ...]


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
    made = _Made(request, trained, calibration, held, float_bytes, proof, judge, chosen, rungs)
    return _finish(made)


def _load(request: Request) -> _Trained:
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
    return _Trained(source, sidecar, network, output, activation, classes, facts)


def _check_classes(model: str, output: str, shape: Sequence[int | None]) -> None:
    if sum(side != 1 for side in shape[1:]) > 1:
        sides = " x ".join(str(side) for side in shape[1:])
        raise NetworkError(
            f"{model}: its output {output} is a map of {sides} numbers, not a list of classes; "
            "name another output with --output."
        )


def _held(
    request: Request, facts: Facts, calibration: Calibration, say: Callable[[str], None]
) -> _HeldImages:
    if request.evaluate is not None:
        say("reading the labelled images")
        return _labelled(Path(request.evaluate), facts)
    if len(calibration.held) >= _FEWEST_TO_JUDGE:
        return _HeldImages(calibration.held, None, (), None, ())
    images = (*calibration.held, *calibration.images)
    warning = (
        f"judged on {len(images)} images without labels, those of the calibration among them: "
        "agreement only, no accuracy; give --evaluate DIR for proof"
    )
    return _HeldImages(images, None, (), None, (warning,))


def _labelled(folder: Path, facts: Facts) -> _HeldImages:
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
    return _HeldImages(
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


def _saver(trained: _Trained) -> Callable[[Literal["float32", "uint8"], Path], None]:
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


def _float_form(trained: _Trained) -> bytes:
    with tempfile.TemporaryDirectory(prefix="edgeall-") as scratch:
        folder = Path(scratch) / "float32"
        _saver(trained)("float32", folder)
        return int8.to_float32(folder)


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """All that a conversion made, for the manifest and the report."""

    request: Request
    trained: _Trained
    calibration: Calibration
    held: _HeldImages
    float_bytes: bytes
    proof: FloatProof
    judge: Judge
    chosen: Candidate | None
    rungs: list[RungResult]


def _finish(made: _Made) -> ConversionReport:
    bundle = Path(made.request.bundle)
    assessment = _assessment(made)
    network = made.chosen.network if made.chosen else made.float_bytes
    manifest = _manifest(made, network, assessment)
    report = _report(made, network, manifest, assessment)
    if made.chosen:
        seal_bundle(bundle, network, manifest, card_of(Path(made.request.model), manifest))
    stem = bundle.name.removesuffix(".tflite") + ("" if made.chosen else ".refused")
    write_report(
        report,
        bundle.with_name(f"{stem}.report.json"),
        bundle.with_name(f"{stem}.report.html"),
    )
    return report


def _assessment(made: _Made) -> Assessment | None:
    if made.held.truth is None or made.chosen is None:
        return None
    output = made.trained.facts.output
    return assess(
        made.judge.reference,
        made.chosen.probabilities,
        made.held.truth,
        output.labels,
        output.blasts,
        subjects=made.held.subjects,
        unidentified_below=output.unidentified_below,
    )


def _manifest(made: _Made, network: bytes, assessment: Assessment | None) -> Manifest:
    facts, sidecar = made.trained.facts, made.trained.sidecar
    result = made.chosen.result if made.chosen else None
    output: OutputFacts = facts.output
    if assessment and len(made.held.images) >= _FEWEST_TO_CALIBRATE:
        output = msgspec.structs.replace(output, temperature=assessment.temperature)
    path = Path(made.request.model)
    return Manifest(
        format=FORMAT,
        identity=Identity(
            name=facts.name,
            version=facts.version,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            network_sha256=hashlib.sha256(network).hexdigest(),
            network_bytes=len(network),
            source_name=path.name,
            source_sha256=hash_of(path),
            made_with=_versions(),
        ),
        input=facts.input,
        output=output,
        provenance=Provenance(
            data=sidecar.data,
            attribution=sidecar.attribution,
            split=sidecar.split,
            rung=result.name if result else "none",
            float_operators=result.float_operators if result else (),
            images=len(made.held.images),
            agreement=result.agreement if result else None,
            float_metrics=to_measured(assessment.float_scores) if assessment else None,
            int8_metrics=to_measured(assessment.int8_scores) if assessment else None,
            limits=sidecar.limits,
        ),
        colour=facts.colour or _colour(made),
    )


def _versions() -> dict[str, str]:
    return {
        "edgeall": __version__,
        "tensorflow": version("tensorflow"),
        "keras": version("keras"),
        runtime_name(): runtime_version(),
    }


def _colour(made: _Made) -> ColourStatistics | None:
    """Measure the calibration images where training left no statistics; samples prove nothing."""
    if made.calibration.are_samples:
        return None
    on_black = made.trained.facts.input.background == "black"
    measured = [
        mean
        for pixels in made.calibration.images[:_LARGEST_COLOUR_SAMPLE]
        if (mean := mean_lab(pixels, pixels.max(axis=2) > 0 if on_black else None))
    ]
    if len(measured) < _FEWEST_TO_JUDGE:
        return None
    mean, deviation = np.mean(measured, axis=0), np.maximum(np.std(measured, axis=0), 0.5)
    return ColourStatistics(
        mean=(float(mean[0]), float(mean[1]), float(mean[2])),
        deviation=(float(deviation[0]), float(deviation[1]), float(deviation[2])),
        images=len(measured),
    )


def _report(
    made: _Made, network: bytes, manifest: Manifest, assessment: Assessment | None
) -> ConversionReport:
    request, trained = made.request, made.trained
    taken, given = tensor_scales(network, manifest.output)
    refused = "" if made.chosen else f"no rung passed: {made.rungs[-1].refused_because}"
    return ConversionReport(
        sealed=made.chosen is not None,
        refused_because=refused,
        identity=manifest.identity,
        source=SourceFacts(
            kind=trained.source.kind,
            bytes=size_of(Path(request.model)),
            parameters=trained.network.parameters,
            preprocess=trained.facts.preprocess,
        ),
        input=manifest.input,
        output=manifest.output,
        calibration=made.calibration.facts,
        input_scale=taken,
        output_scale=given,
        float_proof=made.proof,
        rung=manifest.provenance.rung,
        rungs=tuple(made.rungs),
        max_drop=request.max_drop / 100 if made.held.facts else None,
        max_sensitivity_drop=request.max_sensitivity_drop / 100 if made.held.facts else None,
        held=made.held.facts,
        assessment=assessment,
        float_bytes=len(made.float_bytes),
        int8_bytes=len(network),
        latency=_latency(made, network),
        operators=operator_counts(network),
        float_operators=float_operators(network),
        warnings=(*made.calibration.facts.warnings, *made.held.warnings),
        data=trained.sidecar.data,
        attribution=trained.sidecar.attribution,
        limits=trained.sidecar.limits,
    )


def _latency(made: _Made, network: bytes) -> Latency:
    """Time float and int8 in turns, so that both see the same machine."""
    output, image = made.trained.facts.output, made.calibration.images[0]
    both = [Network(made.float_bytes, output), Network(network, output)]
    times = np.zeros((_LATENCY_RUNS, 2))
    for turn in range(_LATENCY_RUNS):
        for which, loaded in enumerate(both):
            began = time.perf_counter()
            loaded.raw_output(image)
            times[turn, which] = (time.perf_counter() - began) * 1000
    p50, p95 = np.percentile(times, 50, axis=0), np.percentile(times, 95, axis=0)
    return Latency(
        threads=1,
        runs=_LATENCY_RUNS,
        float_p50=float(p50[0]),
        float_p95=float(p95[0]),
        int8_p50=float(p50[1]),
        int8_p95=float(p95[1]),
    )
