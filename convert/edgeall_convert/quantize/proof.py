"""Proof instead of hope: the source, its float form and the int8 result, held together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from edgeall.errors import NetworkError
from edgeall.model.operators import list_operators
from edgeall_convert.evaluate.report import FloatProof, TensorScale
from edgeall_convert.quantize.wrap import SIGNATURE, pixel_map

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels
    from edgeall.model.manifest import OutputFacts
    from edgeall.model.network import Network
    from edgeall_convert.quantize.load import LoadedNetwork
    from edgeall_convert.sidecar import Preprocess

_PROOF_IMAGES = 8
_FLOAT_TOLERANCE = 0.02
"""Largest change of a probability between the source and its float TFLite form."""

_SCALE_TOLERANCE = 0.02


def prove_float(
    network: LoadedNetwork,
    output: str,
    preprocess: Preprocess,
    float_network: Network,
    images: Sequence[Pixels],
    *,
    are_probabilities: bool,
) -> FloatProof:
    """Hold the float TFLite network against the source network itself.

    Raises
    ------
    NetworkError
        They differ: the conversion lost the network before it was quantized.
    """
    chosen = images[:_PROOF_IMAGES]
    ours = float_network.probabilities(chosen)
    theirs = np.stack([_source_output(network, output, preprocess, image) for image in chosen])
    if not are_probabilities:
        theirs = _squashed(theirs)
    if theirs.shape[1] == 1:
        theirs = np.hstack([1 - theirs, theirs])
    proof = FloatProof(
        images=len(chosen),
        largest_difference=float(np.abs(ours - theirs).max()),
        same_top_label=int((ours.argmax(axis=1) == theirs.argmax(axis=1)).sum()),
    )
    if not proof.largest_difference <= _FLOAT_TOLERANCE:
        raise NetworkError(
            "The float form of this network differs from the network itself by "
            f"{proof.largest_difference:.3f} in a probability; an operator of it does not survive "
            "conversion, so replace unusual layers by Keras' own."
        )
    return proof


def _source_output(
    network: LoadedNetwork, output: str, preprocess: Preprocess, image: Pixels
) -> NDArray[np.float64]:
    """Run the source as its training did: preprocessed by plain arithmetic, not by our graph."""
    weights, bias = pixel_map(preprocess, network.channels)
    fed = (image.astype(np.float32) @ weights[0, 0] + bias)[np.newaxis]
    given = network.call(tf.constant(fed, tf.float32))[output]
    return np.asarray(given, np.float64).reshape(-1)


def _squashed(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    if logits.shape[1] == 1:
        squashed: NDArray[np.float64] = 1 / (1 + np.exp(-logits))
        return squashed
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    softmax: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return softmax


def float_operators(network: bytes) -> tuple[str, ...]:
    """Name the operators that compute in floating point, with what they compute."""
    return tuple(f"{op.name} {op.output_name}" for op in list_operators(network) if op.is_float)


def coarse_weights(network: bytes) -> tuple[str, ...]:
    """Name the convolutions whose weights have one scale instead of one a channel."""
    return tuple(op.output_name for op in list_operators(network) if op.has_coarse_weights)


def operator_counts(network: bytes) -> dict[str, int]:
    """Count the operators by name."""
    return dict(Counter(op.name for op in list_operators(network)).most_common())


def tensor_scales(network: bytes, facts: OutputFacts) -> tuple[TensorScale, TensorScale]:
    """Return the quantization of the input and of the output that the facts name."""
    from edgeall.model.runtime import open_interpreter

    runner = open_interpreter(network).get_signature_runner(SIGNATURE)
    (taken,) = runner.get_input_details().values()
    given = runner.get_output_details()[facts.tensor]
    return _scale_of(taken), _scale_of(given)


def _scale_of(details: dict[str, Any]) -> TensorScale:
    scale, zero_point = details["quantization"]
    return TensorScale(
        name=str(details["name"]),
        type=np.dtype(details["dtype"]).name,
        scale=float(scale),
        zero_point=int(zero_point),
    )


def why_scale_is_wrong(taken: TensorScale) -> str:
    """Say why an input does not hold raw pixels, 0 to 255; nothing where it does.

    A calibration that was scaled by 255 once too often or too seldom shows
    here and nowhere else: the converter takes it without a word.
    """
    if taken.type != "uint8":
        return f"its input is {taken.type}, not uint8"
    if taken.scale == 0.0 and taken.zero_point == 0:
        return ""  # a cast inside: the rungs that keep part of the network in higher precision
    lowest = (0 - taken.zero_point) * taken.scale
    highest = (255 - taken.zero_point) * taken.scale
    if abs(lowest) <= 255 * _SCALE_TOLERANCE and abs(highest - 255) <= 255 * _SCALE_TOLERANCE:
        return ""
    return (
        f"its input stands for {lowest:.3g} to {highest:.3g} where pixels are 0 to 255: the "
        "calibration images were scaled wrongly"
    )
