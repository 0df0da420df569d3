"""The classifier: crops or frames of the network's size in, calls out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from edgeall.errors import BundleError
from edgeall.model.call import Call
from edgeall.model.feed import Preprocess, make_feed
from edgeall.model.runtime import Interpreter, open_interpreter, runtime_name, runtime_version

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels
    from edgeall.model.bundle import Bundle
    from edgeall.model.manifest import OutputFacts

_SUM_TOLERANCE = 0.1
_SMALLEST = 1e-6
"""Stands for a probability that was rounded to nothing, where no step size says better."""


class Classifier:
    """Runs a bundle's network. Belongs to one thread at a time.

    Parameters
    ----------
    bundle
        The network and its facts.
    threads
        Threads of the runtime.
    preprocess
        Only for a plain ``.tflite``; a bundle's own graph does this.
    """

    def __init__(
        self, bundle: Bundle, *, threads: int = 1, preprocess: Preprocess = "none"
    ) -> None:
        self._facts = bundle.manifest.output
        self._name = str(bundle.path)
        self._interpreter = open_interpreter(bundle.path, threads)
        taken, given = _tensors(self._interpreter, self._facts, self._name)
        self._check_shape(bundle, taken)
        self._input: int = taken["index"]
        self._output: int = given["index"]
        self._scale, self._zero_point = given["quantization"]
        self._feed = make_feed(taken, preprocess, self._name)

    def classify(self, batch: Sequence[Pixels]) -> list[Call]:
        """Return one call an image, ``(h, w, 3)`` uint8 RGB of the network's size."""
        if not batch:
            return []
        calibrated = temper(self.probabilities(batch), self._facts.temperature)
        return [make_call(row, self._facts) for row in calibrated]

    def probabilities(self, batch: Sequence[Pixels]) -> NDArray[np.float64]:
        """Return ``(n, labels)``: what the network says, before its temperature.

        Raises
        ------
        BundleError
            The output is no set of probabilities.
        """
        raw = np.stack([self.raw_output(pixels) for pixels in batch]).astype(np.float64)
        real = (raw - self._zero_point) * self._scale if self._scale > 0 else raw
        if self._facts.activation == "sigmoid":
            real = np.hstack([1 - real, real])
        sums = real.sum(axis=1, keepdims=True)
        if not np.all(np.abs(sums - 1) < _SUM_TOLERANCE) or real.min() < -_SUM_TOLERANCE:
            raise BundleError(
                f"{self._name}: its outputs are no probabilities; "
                "convert the trained model with edgeall convert, which sees to that."
            )
        # Half a step: what the output cannot tell from nothing.
        floor = self._scale / 2 if self._scale > 0 else _SMALLEST
        positive = np.clip(real, floor, None)
        calibrated: NDArray[np.float64] = positive / positive.sum(axis=1, keepdims=True)
        return calibrated

    def raw_output(self, pixels: Pixels) -> NDArray[Any]:
        """Return the output tensor of one image, flat, as the network computed it."""
        self._interpreter.set_tensor(self._input, self._feed(pixels))
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output).reshape(-1)

    def _check_shape(self, bundle: Bundle, taken: dict[str, Any]) -> None:
        expected = (1, bundle.manifest.input.height, bundle.manifest.input.width, 3)
        shape = tuple(int(side) for side in taken["shape"])
        if shape != expected:
            raise BundleError(
                f"{self._name}: its network takes {shape}, its manifest says {expected}; "
                f"convert the model again ({runtime_name()} {runtime_version()})."
            )


def temper(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Divide log-probabilities ``(n, labels)`` by ``temperature`` and normalise again.

    Source: C. Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
    """
    logarithms = np.log(probabilities) / temperature
    weights = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
    tempered: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return tempered


def make_call(probabilities: NDArray[np.float64], facts: OutputFacts) -> Call:
    """Return the call for one row of calibrated probabilities, ``(labels,)``."""
    best = int(np.argmax(probabilities))
    label, confidence = facts.labels[best], float(probabilities[best])
    identified = confidence >= facts.unidentified_below
    return Call(
        label,
        confidence,
        identified,
        identified and label in facts.blasts,
        tuple(float(p) for p in probabilities),
    )


def _tensors(
    interpreter: Interpreter, facts: OutputFacts, name: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the details of the input and of the output that the manifest names."""
    if not interpreter.get_signature_list():
        given = interpreter.get_output_details()
        if len(given) != 1:
            raise BundleError(f"{name}: it has {len(given)} outputs without names; convert again.")
        return interpreter.get_input_details()[0], given[0]
    if facts.signature not in interpreter.get_signature_list():
        raise BundleError(f"{name}: it has no signature {facts.signature}; convert it again.")
    runner = interpreter.get_signature_runner(facts.signature)
    outputs = runner.get_output_details()
    if facts.tensor not in outputs:
        raise BundleError(
            f"{name}: it has no output {facts.tensor} (but {', '.join(sorted(outputs))}); "
            "convert it again."
        )
    (taken,) = runner.get_input_details().values()
    return taken, outputs[facts.tensor]
