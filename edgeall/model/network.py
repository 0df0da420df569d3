"""A network on this runtime: pixels in, probabilities out; no labels yet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgeall.errors import BundleError
from edgeall.model.feed import Preprocess, make_feed
from edgeall.model.runtime import Interpreter, open_interpreter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels
    from edgeall.model.manifest import OutputFacts

_SUM_TOLERANCE = 0.1
_SMALLEST = 1e-6
"""Stands for a probability that was rounded to nothing, where no step size says better."""


class Network:
    """A loaded network. Belongs to one thread at a time.

    Parameters
    ----------
    network
        The file, or its bytes.
    facts
        Which output to read, and whether it is a softmax or a sigmoid.
    threads
        Threads of the runtime.
    preprocess
        Only for a plain ``.tflite``; a bundle's own graph does this.

    Raises
    ------
    BundleError
        It does not load, or has not the output that the facts name.
    """

    def __init__(
        self,
        network: Path | bytes,
        facts: OutputFacts,
        *,
        threads: int = 1,
        preprocess: Preprocess = "none",
    ) -> None:
        self._facts = facts
        self._name = str(network) if isinstance(network, Path) else "this network"
        self._interpreter = open_interpreter(network, threads)
        taken, given = _tensors(self._interpreter, facts, self._name)
        self.input_shape = tuple(int(side) for side in taken["shape"])
        self._input: int = taken["index"]
        self._output: int = given["index"]
        self._scale, self._zero_point = given["quantization"]
        self._feed = make_feed(taken, preprocess, self._name)

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
