"""The ladder: from full int8 with a hundred images up to float16, until the gate is passed."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from edgeall.errors import BundleError
from edgeall.evaluate.compare import compare
from edgeall.model.network import Network
from edgeall_convert.evaluate.report import RungResult
from edgeall_convert.quantize import int8
from edgeall_convert.quantize.calibration import FIRST_RUNG_IMAGES
from edgeall_convert.quantize.proof import (
    coarse_weights,
    float_operators,
    tensor_scales,
    why_scale_is_wrong,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels
    from edgeall.model.manifest import OutputFacts

AGREEMENT_FLOOR = 0.80
"""Without labelled images: share of clear calls that float and int8 must share.

A wrong calibration leaves 33 to 40% of them, the benchmark MLPerf Tiny's own
int8 file 79% of all calls on smears, which it was not made for. What lies
between is loss that only labelled images can weigh: it is warned of."""

AGREEMENT_EXPECTED = 0.97
"""Share of calls that agree where nothing is wrong: 98.8 to 99.5% over the networks tried."""

_CLEAR = 0.1
"""A call is clear where the float network's first two probabilities lie so far apart."""

_CLEAR_SHARE = 0.1
"""Share of clear calls under which the network is undecided everywhere (hardly trained)."""

_LARGEST_CHANGE = 0.1
"""Mean change of a probability from which such a network is another one after quantization."""

_TIMED_RUNS = 15


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """What a candidate is held against.

    ``images`` ``n`` of the network's size, ``reference`` the float network's
    probabilities on them, ``(n, k)``, ``truth`` their true labels or None.
    Drops are shares.
    """

    images: Sequence[Pixels]
    reference: NDArray[np.float64]
    truth: NDArray[np.int64] | None
    output: OutputFacts
    max_drop: float
    max_sensitivity_drop: float


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A converted network with what was measured on it."""

    network: bytes
    probabilities: NDArray[np.float64]
    result: RungResult


Saver = Callable[[Literal["float32", "uint8"], Path], None]
"""Writes the wrapped network as a SavedModel with that type of pixels."""


def climb(
    save: Saver, images: Sequence[Pixels], judge: Judge, say: Callable[[str], None]
) -> tuple[Candidate | None, list[RungResult]]:
    """Climb until a rung passes; return it, or None, and the results of all that were tried."""
    results: list[RungResult] = []
    with tempfile.TemporaryDirectory(prefix="edgeall-") as scratch:
        for name, convert in _rungs(save, images, Path(scratch)):
            say(f"quantizing: {name}")
            try:
                network = convert()
            except Exception as error:  # the converter raises all kinds; the next rung may do
                results.append(_failed(name, error))
                continue
            candidate = _measure(name, network, judge)
            results.append(candidate.result)
            if candidate.result.passed:
                return candidate, results
    return None, results


def _rungs(
    save: Saver, images: Sequence[Pixels], scratch: Path
) -> Iterator[tuple[str, Callable[[], bytes]]]:
    from_float, from_uint8 = scratch / "float32", scratch / "uint8"
    save("float32", from_float)
    yield "default", lambda: int8.to_int8(from_float, images[:FIRST_RUNG_IMAGES])
    if len(images) > FIRST_RUNG_IMAGES:
        yield "more calibration", lambda: int8.to_int8(from_float, images)
    save("uint8", from_uint8)
    yield "worst layers in float", lambda: int8.to_partial_int8(from_uint8, images)
    yield "int16 activations", lambda: int8.to_int16(from_uint8, images)
    yield "float16", lambda: int8.to_float16(from_uint8)


def _failed(name: str, error: Exception) -> RungResult:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = lines[0][:160] if lines else type(error).__name__
    return RungResult(name=name, passed=False, refused_because=f"it cannot be converted: {reason}")


def _measure(name: str, network: bytes, judge: Judge) -> Candidate:
    floats = float_operators(network)
    try:
        loaded = Network(network, judge.output)
        probabilities = loaded.probabilities(judge.images)
    except BundleError as error:
        failed = RungResult(
            name=name, passed=False, bytes=len(network), refused_because=f"it does not run: {error}"
        )
        return Candidate(network, np.zeros_like(judge.reference), failed)
    figures = _figures(probabilities, judge)
    reason = _structure_fault(name, network, floats, judge.output) or _loss(figures, judge)
    result = RungResult(
        name=name,
        passed=not reason,
        bytes=len(network),
        latency_ms=median_latency(loaded, judge.images[0]),
        float_operators=floats,
        refused_because=reason,
        float_accuracy=figures.float_accuracy,
        accuracy=figures.accuracy,
        accuracy_drop=figures.accuracy_drop,
        sensitivity_drop=figures.sensitivity_drop,
        agreement=figures.agreement,
    )
    return Candidate(network, probabilities, result)


@dataclass(frozen=True, slots=True)
class _Figures:
    agreement: float
    clear_agreement: float
    clear: int
    images: int
    mean_change: float
    float_accuracy: float | None = None
    accuracy: float | None = None
    accuracy_drop: float | None = None
    sensitivity_drop: float | None = None


def _figures(probabilities: NDArray[np.float64], judge: Judge) -> _Figures:
    same = probabilities.argmax(axis=1) == judge.reference.argmax(axis=1)
    ranked = np.sort(judge.reference, axis=1)
    clear = ranked[:, -1] - ranked[:, -2] >= _CLEAR
    agreement = float(same.mean())
    clear_agreement = float(same[clear].mean()) if clear.any() else 1.0
    change = float(np.abs(probabilities - judge.reference).mean())
    common = (agreement, clear_agreement, int(clear.sum()), len(clear), change)
    if judge.truth is None:
        return _Figures(*common)
    output = judge.output
    compared = compare(judge.reference, probabilities, judge.truth, output.labels, output.blasts)
    return _Figures(
        *common,
        float_accuracy=float((judge.reference.argmax(axis=1) == judge.truth).mean()),
        accuracy=float((probabilities.argmax(axis=1) == judge.truth).mean()),
        accuracy_drop=compared.accuracy_drop,
        sensitivity_drop=compared.sensitivity_drop,
    )


def _structure_fault(
    name: str, network: bytes, floats: tuple[str, ...], output: OutputFacts
) -> str:
    full_int8 = name in ("default", "more calibration")
    if full_int8 and floats:
        return f"float operators were left inside: {', '.join(floats)}"
    if full_int8 and (coarse := coarse_weights(network)):
        return f"weights without a scale for each channel: {', '.join(coarse)}"
    return why_scale_is_wrong(tensor_scales(network, output)[0])


def _loss(figures: _Figures, judge: Judge) -> str:
    if figures.accuracy_drop is None and figures.clear < _CLEAR_SHARE * figures.images:
        if figures.mean_change <= _LARGEST_CHANGE:
            return ""
        return f"its probabilities moved by {figures.mean_change:.2f} on average"
    if figures.accuracy_drop is None:
        lost = round((1 - figures.clear_agreement) * figures.clear)
        allowed = max(1, int((1 - AGREEMENT_FLOOR) * figures.clear))
        if lost <= allowed:
            return ""
        return (
            f"{lost} of {figures.clear} clear calls changed, {allowed} may, without labelled images"
        )
    if figures.accuracy_drop > judge.max_drop:
        return (
            f"accuracy fell by {figures.accuracy_drop:.2%}, "
            f"more than --max-drop {judge.max_drop * 100:g}"
        )
    drop = figures.sensitivity_drop
    if drop is not None and drop > judge.max_sensitivity_drop:
        limit = judge.max_sensitivity_drop * 100
        return f"sensitivity fell by {drop:.2%}, more than --max-sensitivity-drop {limit:g}"
    return ""


def median_latency(network: Network, image: Pixels) -> float:
    """Return the median time of one image, in ms, on one thread of this machine."""
    times = []
    for _ in range(_TIMED_RUNS):
        began = time.perf_counter()
        network.raw_output(image)
        times.append(time.perf_counter() - began)
    return float(np.median(times) * 1000)
