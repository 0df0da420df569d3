"""The classifier: crops or frames of the network's size in, calls out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from edgeall.errors import BundleError
from edgeall.model.call import Call
from edgeall.model.network import Network

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels
    from edgeall.model.bundle import Bundle
    from edgeall.model.feed import Preprocess
    from edgeall.model.manifest import OutputFacts


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
        self._network = Network(bundle.path, self._facts, threads=threads, preprocess=preprocess)
        expected = (1, bundle.manifest.input.height, bundle.manifest.input.width, 3)
        if self._network.input_shape != expected:
            raise BundleError(
                f"{bundle.path}: its network takes {self._network.input_shape}, its manifest says "
                f"{expected}; convert the model again."
            )

    def classify(self, batch: Sequence[Pixels]) -> list[Call]:
        """Return one call an image, ``(h, w, 3)`` uint8 RGB of the network's size."""
        if not batch:
            return []
        calibrated = temper(self.probabilities(batch), self._facts.temperature)
        return [make_call(row, self._facts) for row in calibrated]

    def probabilities(self, batch: Sequence[Pixels]) -> NDArray[np.float64]:
        """Return ``(n, labels)``: what the network says, before its temperature."""
        return self._network.probabilities(batch)

    def raw_output(self, pixels: Pixels) -> NDArray[Any]:
        """Return the output tensor of one image, flat, as the network computed it."""
        return self._network.raw_output(pixels)


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
