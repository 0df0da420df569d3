"""The conversion report: the evidence that a bundle is as good as its source."""

from __future__ import annotations

from typing import Literal

import msgspec

from edgeall.evaluate.calibration import ReliabilityBin
from edgeall.evaluate.compare import Comparison
from edgeall.evaluate.scores import Scores
from edgeall.model.manifest import Identity, InputFacts, OutputFacts

FORMAT: Literal[1] = 1


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The trained network as it was given; ``kind`` in words (Keras 3, legacy HDF5)."""

    kind: str
    bytes: int
    parameters: int | None = None
    preprocess: str = "none"


class CalibrationSet(msgspec.Struct, frozen=True, kw_only=True):
    """The images whose ranges set the int8 scales; ``source`` says in words where from."""

    source: str
    images: int
    by_label: dict[str, int] = {}
    warnings: tuple[str, ...] = ()


class TensorScale(msgspec.Struct, frozen=True, kw_only=True):
    """The quantization of the network's input or output; scale 0 for none."""

    name: str
    type: str
    scale: float
    zero_point: int


class FloatProof(msgspec.Struct, frozen=True, kw_only=True):
    """The float network with normalisation folded in, held against its source.

    ``largest_difference`` is that of any probability of any of the images.
    """

    images: int
    largest_difference: float
    same_top_label: int


class RungResult(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the quantization ladder.

    Accuracies and drops are shares, a positive drop is a loss, latency is a
    median in ms on one thread. ``refused_because`` ends the sentence "not
    used, because"; empty where it passed. Figures are None where the rung
    failed before it could be measured.
    """

    name: str
    passed: bool
    float_accuracy: float | None = None
    accuracy: float | None = None
    accuracy_drop: float | None = None
    sensitivity_drop: float | None = None
    agreement: float | None = None
    bytes: int | None = None
    latency_ms: float | None = None
    float_operators: tuple[str, ...] = ()
    refused_because: str = ""


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Time of one bare invoke, in ms, on the workstation, runs of both interleaved."""

    threads: int
    runs: int
    float_p50: float
    float_p95: float
    int8_p50: float
    int8_p95: float


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """The labelled images that judged; ``skipped`` names those that could not be read."""

    folder: str
    images: int
    by_label: dict[str, int]
    skipped: tuple[str, ...] = ()


class Curves(msgspec.Struct, frozen=True, kw_only=True):
    """Points for the plots: int8 reliability before its temperature, ROC of both networks.

    A ROC point is (false alarm rate, sensitivity); empty without both kinds.
    """

    reliability_before: tuple[ReliabilityBin, ...]
    roc_float: tuple[tuple[float, float], ...]
    roc_int8: tuple[tuple[float, float], ...]


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """Float against int8 on the held images.

    ``error_before`` and ``error_after`` are int8's expected calibration error
    without and with a temperature, the latter fitted on one half of the
    images and measured on the other. ``temperature`` itself is fitted on all.
    ``int8_scores`` are those of the tempered probabilities.
    """

    float_scores: Scores
    int8_scores: Scores
    comparison: Comparison
    temperature: float
    error_before: float
    error_after: float
    curves: Curves


class ConversionReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `edgeall convert` found out, whether it wrote a bundle or refused.

    ``assessment`` and ``held`` are None without ``--evaluate``. Gate limits are shares.
    """

    format: Literal[1] = FORMAT
    sealed: bool
    refused_because: str = ""
    identity: Identity
    source: Source
    input: InputFacts
    output: OutputFacts
    calibration: CalibrationSet
    input_scale: TensorScale
    output_scale: TensorScale
    float_proof: FloatProof | None = None
    rung: str
    rungs: tuple[RungResult, ...]
    max_drop: float | None = None
    max_sensitivity_drop: float | None = None
    held: Held | None = None
    assessment: Assessment | None = None
    float_bytes: int
    int8_bytes: int
    latency: Latency | None = None
    operators: dict[str, int]
    float_operators: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    data: str = ""
    attribution: str = ""
    limits: tuple[str, ...] = ()
