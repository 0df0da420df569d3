"""The evidence of a conversion: its manifest and its report, from all that was measured."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from edgeall import __version__
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
from edgeall_convert.evaluate.report import (
    Assessment,
    ConversionReport,
    FloatProof,
    Held,
    Latency,
    RungResult,
)
from edgeall_convert.evaluate.report import Source as SourceFacts
from edgeall_convert.quantize.ladder import AGREEMENT_EXPECTED
from edgeall_convert.quantize.proof import (
    float_operators,
    operator_counts,
    tensor_scales,
)
from edgeall_convert.quantize.seal import hash_of, size_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels
    from edgeall_convert.quantize.calibration import Calibration
    from edgeall_convert.quantize.facts import Facts
    from edgeall_convert.quantize.graph import Activation
    from edgeall_convert.quantize.ladder import Candidate, Judge
    from edgeall_convert.quantize.load import LoadedNetwork
    from edgeall_convert.quantize.request import Request
    from edgeall_convert.quantize.source import Source
    from edgeall_convert.sidecar import Sidecar

_FEWEST_COLOURS = 30
_LATENCY_RUNS = 20
_LARGEST_COLOUR_SAMPLE = 200


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """The trained network with everything that is known before it is converted."""

    source: Source
    sidecar: Sidecar
    network: LoadedNetwork
    output: str
    activation: Activation
    classes: int
    facts: Facts


@dataclass(frozen=True, slots=True, eq=False)
class HeldImages:
    """The images that judge; without labels ``truth`` and ``facts`` are None."""

    images: Sequence[Pixels]
    truth: NDArray[np.int64] | None
    subjects: Sequence[str | None]
    facts: Held | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """All that a conversion made, for the manifest and the report."""

    request: Request
    trained: Trained
    calibration: Calibration
    held: HeldImages
    float_bytes: bytes
    proof: FloatProof
    judge: Judge
    chosen: Candidate | None
    rungs: list[RungResult]


def assessment_of(made: Made) -> Assessment | None:
    """Hold float and int8 together on the labelled images; None without such, or if refused."""
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


def manifest_of(made: Made, network: bytes, assessment: Assessment | None) -> Manifest:
    """Return the manifest of the network, yet without golden examples and seal."""
    facts, sidecar = made.trained.facts, made.trained.sidecar
    result = made.chosen.result if made.chosen else None
    output: OutputFacts = facts.output
    if assessment:
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


def _colour(made: Made) -> ColourStatistics | None:
    """Measure the calibration images where training left no statistics; samples prove nothing."""
    if made.calibration.are_samples:
        return None
    on_black = made.trained.facts.input.background == "black"
    measured = [
        mean
        for pixels in made.calibration.images[:_LARGEST_COLOUR_SAMPLE]
        if (mean := mean_lab(pixels, pixels.max(axis=2) > 0 if on_black else None))
    ]
    if len(measured) < _FEWEST_COLOURS:
        return None
    mean, deviation = np.mean(measured, axis=0), np.maximum(np.std(measured, axis=0), 0.5)
    return ColourStatistics(
        mean=(float(mean[0]), float(mean[1]), float(mean[2])),
        deviation=(float(deviation[0]), float(deviation[1]), float(deviation[2])),
        images=len(measured),
    )


def report_of(
    made: Made, network: bytes, manifest: Manifest, assessment: Assessment | None
) -> ConversionReport:
    """Return the report, of a bundle that will be sealed or of one that was refused."""
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
        warnings=(*made.held.warnings, *_doubts(made)),
        data=trained.sidecar.data,
        attribution=trained.sidecar.attribution,
        limits=trained.sidecar.limits,
    )


def _doubts(made: Made) -> list[str]:
    """Warn of calls that changed and that no label can weigh."""
    agreement = made.chosen.result.agreement if made.chosen else None
    if made.held.truth is not None or agreement is None or agreement >= AGREEMENT_EXPECTED:
        return []
    return [
        f"int8 and float agree on {agreement:.1%} of {len(made.held.images)} unlabelled images "
        f"only, {AGREEMENT_EXPECTED:.0%} is usual: give images like those of the training with "
        "--calibration, and labelled ones with --evaluate"
    ]


def _latency(made: Made, network: bytes) -> Latency:
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
