"""The network as a bundle holds it: one image of raw pixels in, probabilities out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import (
    convert_variables_to_constants_v2,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall_convert.quantize.graph import Activation
    from edgeall_convert.quantize.load import LoadedNetwork
    from edgeall_convert.sidecar import Preprocess

SIGNATURE = "serving_default"
INPUT = "pixels"
OUTPUT = "probabilities"

_CAFFE_MEANS = (103.939, 116.779, 123.68)
"""Of blue, green and red over ImageNet (K. Simonyan and A. Zisserman, 2014)."""

_LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in a grayscale image (ITU-R BT.601)."""


class Wrapped(tf.Module):  # type: ignore[misc] # TensorFlow ships no types
    """One signature: ``pixels`` ``(1, height, width, 3)``, 0 to 255, to ``probabilities``.

    ``pixel_type`` float32 is what full int8 conversion starts from (its input
    becomes uint8); with uint8 the graph casts for itself, for rungs that keep
    part of the network in higher precision.
    """

    def __init__(
        self,
        network: LoadedNetwork,
        *,
        height: int,
        width: int,
        preprocess: Preprocess,
        output: str,
        activation: Activation,
        classes: int,
        pixel_type: Literal["float32", "uint8"] = "float32",
    ) -> None:
        super().__init__()
        weights, bias = pixel_map(preprocess, network.channels)
        identity = network.channels == 3 and preprocess == "none"

        def serve(pixels: Any) -> dict[str, Any]:
            image = tf.cast(pixels, tf.float32)
            if not identity:
                image = tf.nn.conv2d(image, tf.constant(weights), 1, "VALID") + tf.constant(bias)
            given = tf.cast(network.call(image)[output], tf.float32)
            return {OUTPUT: _probabilities(tf.reshape(given, [1, classes]), activation)}

        spec = tf.TensorSpec([1, height, width, 3], pixel_type, name=INPUT)
        # Frozen, because a Keras model's variables are lost on the way into a SavedModel of ours.
        frozen = convert_variables_to_constants_v2(tf.function(serve).get_concrete_function(spec))

        def serve_frozen(pixels: Any) -> dict[str, Any]:
            (probabilities,) = tf.nest.flatten(frozen(pixels))
            return {OUTPUT: tf.reshape(probabilities, [1, classes])}

        self.serve = tf.function(serve_frozen, input_signature=[spec])

    def save(self, folder: Path) -> None:
        """Write it as a SavedModel, from which the converter starts."""
        # Gradients (swish has its own) are of no use here, and cannot be saved once frozen.
        options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
        tf.saved_model.save(self, str(folder), {SIGNATURE: self.serve}, options)


def pixel_map(
    preprocess: Preprocess, channels: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the 1x1 convolution, ``(1, 1, 3, channels)`` and bias, that preprocesses pixels."""
    matrix, bias = np.eye(3), np.zeros(3)
    if preprocess == "unit":
        matrix = matrix / 255
    elif preprocess == "symmetric":
        matrix, bias = matrix / 127.5, bias - 1
    elif preprocess == "caffe":
        matrix, bias = matrix[:, ::-1], -np.array(_CAFFE_MEANS)
    if channels == 1:
        luma = np.array(_LUMA)[:, np.newaxis]
        scale, offset = {
            "none": (1.0, 0.0),
            "unit": (1 / 255, 0.0),
            "symmetric": (1 / 127.5, -1.0),
            "caffe": (1.0, -float(np.mean(_CAFFE_MEANS))),
        }[preprocess]
        matrix, bias = luma * scale, np.array([offset])
    return matrix.reshape(1, 1, 3, channels).astype(np.float32), bias.astype(np.float32)


def _probabilities(given: Any, activation: Activation) -> Any:
    """Append what makes probabilities of logits: one number by itself is a sigmoid's."""
    if activation != "logits":
        return given
    return tf.nn.sigmoid(given) if given.shape[-1] == 1 else tf.nn.softmax(given)
