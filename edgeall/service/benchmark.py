"""The benchmark: how long one picture takes here, in what, and how much memory it needs."""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from edgeall.camera.decode import decode_bytes, read_file
from edgeall.camera.frame import Frame
from edgeall.errors import BundleError
from edgeall.model.classifier import Classifier
from edgeall.model.runtime import Interpreter, open_interpreter, runtime_name, runtime_version
from edgeall.service.first_result import FirstResult
from edgeall.service.prepare import Cropping, Preparer, make_preparer

if TYPE_CHECKING:
    from edgeall.camera.frame import Pixels
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
    """From an image file's bytes to its calls, on the first of the thread numbers.

    ``prepare`` checks the field, finds the cells and crops them, or resizes
    the whole picture. ``examples`` is how many cells or fields that gives.
    ``network_share`` is the median over the rounds of the bare invoke's time,
    once for each example, over the whole time of the same round.
    """

    image: str
    threads: int
    examples: int
    whole: Times
    decode: Times
    prepare: Times
    classify: Times
    network_share: float


class ColdStart(msgspec.Struct, frozen=True, kw_only=True):
    """A fresh process from its start to its end after one result, in s; its peak memory."""

    runs: int
    seconds: float
    peak_bytes: int


class Benchmark(msgspec.Struct, frozen=True, kw_only=True):
    """What one picture costs; ``path`` is None for a network without a manifest."""

    file: str
    machine: str
    runtime: str
    runs: int
    invocations: tuple[Invocation, ...]
    path: WholePath | None
    cold_start: ColdStart


@dataclass(frozen=True, slots=True)
class Picture:
    """The image file that is read, and how; the scale is None where it is not known."""

    path: Path
    cropping: Cropping
    um_per_pixel: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What is timed: a plain network, or a bundle with the picture that it reads."""

    network: Path
    bundle: Bundle | None = None
    picture: Picture | None = None


def benchmark(subject: Subject, threads: Sequence[int], runs: int) -> Benchmark:
    """Time a network, every kind of run once a round, so that they share the machine's moods.

    Raises
    ------
    BundleError
        It does not run here.
    ImageError
        The image cannot be read.
    """
    interpreters = [_with_input(open_interpreter(subject.network, count)) for count in threads]
    path = _Path.of(subject, threads[0])
    invoked, stages = _rounds(interpreters, path, runs)
    return Benchmark(
        file=str(subject.network),
        machine=f"{platform.machine()}, {platform.system()} {platform.release()}",
        runtime=f"{runtime_name()} {runtime_version()}",
        runs=runs,
        invocations=tuple(
            Invocation(threads=count, times=_times(invoked[:, column]))
            for column, count in enumerate(threads)
        ),
        path=_whole_path(path, threads[0], invoked[:, 0], stages) if path else None,
        cold_start=start_cold(subject),
    )


def frame_of(pixels: Pixels, path: Path, um_per_pixel: float | None) -> Frame:
    """Return an image file's pixels as the frame that capture would make of them."""
    return Frame(
        pixels=pixels,
        origin=str(path),
        number=0,
        taken_at=datetime.now(UTC),
        monotonic_s=time.monotonic(),
        um_per_pixel=um_per_pixel,
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


def _rounds(
    interpreters: Sequence[Interpreter], path: _Path | None, runs: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return ms a round: ``(runs, interpreters)`` of invoke, ``(runs, 3)`` of the stages."""
    invoked = np.zeros((runs, len(interpreters)))
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
    """A bundle's way from an image's bytes to its calls."""

    picture: Picture
    encoded: bytes
    prepare: Preparer
    classifier: Classifier

    @classmethod
    def of(cls, subject: Subject, threads: int) -> _Path | None:
        if subject.bundle is None or subject.picture is None:
            return None
        return cls(
            subject.picture,
            read_file(subject.picture.path),
            make_preparer(subject.bundle.manifest, subject.picture.cropping),
            Classifier(subject.bundle, threads=threads),
        )

    def examples(self) -> int:
        """Return how many cells or fields the picture gives."""
        return len(self.prepare(self._frame()).inputs)

    def walk(self) -> tuple[int, int, int]:
        """Read the picture once; return the ns of decoding, preparing, classifying."""
        begun = time.perf_counter_ns()
        frame = self._frame()
        decoded = time.perf_counter_ns()
        prepared = self.prepare(frame)
        ready = time.perf_counter_ns()
        self.classifier.classify(prepared.inputs)
        return decoded - begun, ready - decoded, time.perf_counter_ns() - ready

    def _frame(self) -> Frame:
        path = self.picture.path
        return frame_of(decode_bytes(self.encoded, str(path)), path, self.picture.um_per_pixel)


def _whole_path(path: _Path, threads: int, invoked: np.ndarray, stages: np.ndarray) -> WholePath:
    whole = stages.sum(axis=1)
    examples = path.examples()
    return WholePath(
        image=str(path.picture.path),
        threads=threads,
        examples=examples,
        whole=_times(whole),
        decode=_times(stages[:, 0]),
        prepare=_times(stages[:, 1]),
        classify=_times(stages[:, 2]),
        network_share=float(min(1.0, np.median(invoked * examples / whole))),
    )


def _times(ms: np.ndarray) -> Times:
    p50, p95 = np.percentile(ms, [50, 95])
    return Times(p50=float(p50), p95=float(p95))


def _start_once(subject: Subject) -> tuple[float, int]:
    """Return the seconds to the first result and the peak memory in bytes."""
    command = [sys.executable, "-m", "edgeall.service.first_result", str(subject.network)]
    if picture := subject.picture:
        scale = str(picture.um_per_pixel or "")
        command += [str(picture.path), picture.cropping, scale]
    begun = time.perf_counter()
    try:
        ended = subprocess.run(command, capture_output=True, timeout=_START_TIMEOUT_S, check=True)
        seconds = time.perf_counter() - begun
        return seconds, msgspec.json.decode(ended.stdout, type=FirstResult).peak_bytes
    except (subprocess.SubprocessError, msgspec.DecodeError) as error:
        raise BundleError(
            f"{subject.network}: a fresh process ended without a result ({error}); "
            "free some memory and run the benchmark again."
        ) from error
