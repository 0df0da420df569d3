"""The benchmark: how long one image takes here, in what, and how much memory it needs."""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from edgeall.camera.decode import decode_bytes, read_file
from edgeall.errors import BundleError
from edgeall.evaluate.first_result import FirstResult
from edgeall.field.resize import resize
from edgeall.model.classifier import Classifier
from edgeall.model.runtime import Interpreter, open_interpreter, runtime_name, runtime_version

if TYPE_CHECKING:
    from edgeall.model.bundle import Bundle

WARM_UP = 3
"""Rounds not counted: the first ones pay for pages and caches."""

COLD_STARTS = 3
"""Fresh processes started; the median is reported."""

_START_TIMEOUT_S = 300
_MS_PER_NS = 1e-6


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """Median and 95th percentile, in ms."""

    p50: float
    p95: float


class Invocation(msgspec.Struct, frozen=True, kw_only=True):
    """The bare network, its invoke alone, on so many threads."""

    threads: int
    times: Times


class WholePath(msgspec.Struct, frozen=True, kw_only=True):
    """From an image file's bytes to a call, on the first of the thread numbers.

    ``network_share`` is the median over the rounds of the bare invoke's time
    over the whole time of the same round.
    """

    image: str
    threads: int
    whole: Times
    decode: Times
    resize: Times
    classify: Times
    network_share: float


class ColdStart(msgspec.Struct, frozen=True, kw_only=True):
    """A fresh process from its start to its end after one result, in s; its peak memory."""

    runs: int
    seconds: float
    peak_bytes: int


class Benchmark(msgspec.Struct, frozen=True, kw_only=True):
    """What one image costs; ``path`` is None for a network without a manifest."""

    file: str
    machine: str
    runtime: str
    runs: int
    invocations: tuple[Invocation, ...]
    path: WholePath | None
    cold_start: ColdStart


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What is timed: a network, and for a bundle the image that is read with it."""

    network: Path
    bundle: Bundle | None
    image: Path | None


def benchmark(subject: Subject, threads: Sequence[int], runs: int) -> Benchmark:
    """Time a network, every kind of run once a round, so that they share the machine's moods.

    Raises
    ------
    BundleError
        It does not run here.
    ImageError
        The image cannot be read.
    """
    invoked, stages = _rounds(subject, threads, runs)
    return Benchmark(
        file=str(subject.network),
        machine=f"{platform.machine()}, {platform.system()} {platform.release()}",
        runtime=f"{runtime_name()} {runtime_version()}",
        runs=runs,
        invocations=tuple(
            Invocation(threads=count, times=_times(invoked[:, column]))
            for column, count in enumerate(threads)
        ),
        path=_path(subject.image, threads[0], invoked[:, 0], stages) if subject.image else None,
        cold_start=start_cold(subject),
    )


def start_cold(subject: Subject) -> ColdStart:
    """Start fresh processes one after the other, each up to its first result.

    Raises
    ------
    BundleError
        One ends without a result.
    """
    started = [_start_once(subject) for _ in range(COLD_STARTS)]
    return ColdStart(
        runs=COLD_STARTS,
        seconds=statistics.median(seconds for seconds, _ in started),
        peak_bytes=max(peak for _, peak in started),
    )


def _rounds(subject: Subject, threads: Sequence[int], runs: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ms a round: ``(runs, len(threads))`` of invoke, ``(runs, 3)`` of the stages."""
    interpreters = [_with_input(open_interpreter(subject.network, count)) for count in threads]
    path = _Path.of(subject, threads[0])
    invoked = np.zeros((runs, len(threads)))
    stages = np.zeros((runs, 3))
    for number in range(-WARM_UP, runs):
        for column, interpreter in enumerate(interpreters):
            begun = time.perf_counter_ns()
            interpreter.invoke()
            invoked[number, column] = time.perf_counter_ns() - begun
        if path:
            stages[number] = path.walk()
    return invoked * _MS_PER_NS, stages * _MS_PER_NS


def _with_input(interpreter: Interpreter) -> Interpreter:
    """Fill the inputs with noise: zeros would be unlike any image."""
    rng = np.random.default_rng(0)
    for details in interpreter.get_input_details():
        noise = rng.integers(0, 127, [int(side) for side in details["shape"]])
        interpreter.set_tensor(details["index"], noise.astype(details["dtype"]))
    return interpreter


@dataclass(frozen=True, slots=True, eq=False)
class _Path:
    """A bundle's way from an image's bytes to a call."""

    bundle: Bundle
    classifier: Classifier
    encoded: bytes
    name: str

    @classmethod
    def of(cls, subject: Subject, threads: int) -> _Path | None:
        if subject.bundle is None or subject.image is None:
            return None
        return cls(
            subject.bundle,
            Classifier(subject.bundle, threads=threads),
            read_file(subject.image),
            str(subject.image),
        )

    def walk(self) -> tuple[int, int, int]:
        """Classify the image once; return the ns of decoding, resizing, classifying."""
        facts = self.bundle.manifest.input
        begun = time.perf_counter_ns()
        pixels = decode_bytes(self.encoded, self.name)
        decoded = time.perf_counter_ns()
        fitted = resize(pixels, facts.height, facts.width, facts.resize)
        resized = time.perf_counter_ns()
        self.classifier.classify([fitted])
        return decoded - begun, resized - decoded, time.perf_counter_ns() - resized


def _path(image: Path, threads: int, invoked: np.ndarray, stages: np.ndarray) -> WholePath:
    whole = stages.sum(axis=1)
    return WholePath(
        image=str(image),
        threads=threads,
        whole=_times(whole),
        decode=_times(stages[:, 0]),
        resize=_times(stages[:, 1]),
        classify=_times(stages[:, 2]),
        network_share=float(min(1.0, np.median(invoked / whole))),
    )


def _times(ms: np.ndarray) -> Times:
    p50, p95 = np.percentile(ms, [50, 95])
    return Times(p50=float(p50), p95=float(p95))


def _start_once(subject: Subject) -> tuple[float, int]:
    """Return the seconds to the first result and the peak memory in bytes."""
    with_image = [str(subject.image)] if subject.bundle and subject.image else []
    command = [sys.executable, "-m", "edgeall.evaluate.first_result", str(subject.network)]
    begun = time.perf_counter()
    try:
        ended = subprocess.run(
            command + with_image, capture_output=True, timeout=_START_TIMEOUT_S, check=True
        )
        seconds = time.perf_counter() - begun
        return seconds, msgspec.json.decode(ended.stdout, type=FirstResult).peak_bytes
    except (subprocess.SubprocessError, msgspec.DecodeError) as error:
        raise BundleError(
            f"{subject.network}: a fresh process ended without a result ({error}); "
            "free some memory and run the benchmark again."
        ) from error
