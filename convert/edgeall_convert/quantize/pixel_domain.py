"""Whether a network that normalises for itself does so from pixels, or from 0 to 1.

``Normalization`` with ImageNet's means of 0.485, 0.456 and 0.406 follows a
division by 255 that somebody's own script made: fed 0 to 255 it gives numbers
in the hundreds, and neither the network nor its int8 form complains.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

_WEIGHTED = frozenset({"Conv2D", "DepthwiseConv2dNative", "MatMul", "BatchMatMulV2", "Einsum"})
_LARGEST_GAIN = 1.2
"""Steps of the normalised image for one step of a pixel: more of them would amplify pixels."""

_UNSCALED = 0.8
_LEAST_SHIFT = 2.0
"""Pixels that are shifted, but not scaled, are shifted by a mean of pixels (104 to 124)."""


def normalises_pixels(graph: Any) -> bool:
    """Tell whether what lies in front of the first weights brings 0 to 255 to a usual range.

    ``graph`` is a network of constants and operations. What is in front of its
    weights is run on a black and on a white image.
    """
    image = graph.inputs[0]
    tensor = _before_weights(image)
    if tensor is None:
        return False
    shape = image.shape.as_list()
    with tf.compat.v1.Session(graph=graph) as session:
        black, white = (
            np.asarray(session.run(tensor.name, {image.name: np.full(shape, level)}), np.float64)
            for level in (0.0, 255.0)
        )
    # A border that was padded with zeros is the same in both.
    changed = black != white
    if not changed.any():
        return False
    gain = float(np.median(np.abs(white - black)[changed])) / 255
    shift = float(np.median(np.abs(black)[changed]))
    return gain <= _UNSCALED or (gain <= _LARGEST_GAIN and shift >= _LEAST_SHIFT)


def _before_weights(image: Any) -> Any | None:
    seen, waiting = set[str](), [image]
    while waiting:
        tensor = waiting.pop()
        for operation in tensor.consumers():
            if operation.type in _WEIGHTED:
                return tensor
            if operation.name not in seen:
                seen.add(operation.name)
                waiting.extend(operation.outputs)
    return None
