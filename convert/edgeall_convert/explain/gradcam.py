"""Grad-CAM: which places of the last feature maps raised a label's probability.

Source: R. R. Selvaraju et al., Grad-CAM, ICCV 2017. Each map is weighted by the
mean gradient of the label's score over it; what the weighted sum has above
zero is the heat.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from edgeall.errors import NetworkError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SMALLEST = 1e-7


def grad_cam(
    model: Any, image: NDArray[np.float32], label: int | None = None
) -> tuple[NDArray[np.float64], int, NDArray[np.float64], str]:
    """Return the heat, the label it is of, all probabilities, and the layer's name.

    Parameters
    ----------
    model
        A Keras classifier, its output probabilities or one sigmoid.
    image
        ``(1, h, w, c)`` in the network's own domain.
    label
        Position of the label; None for the top one.

    Returns
    -------
    The heat is ``(rows, columns)`` of the last feature maps, 0 to 1.

    Raises
    ------
    NetworkError
        The network has no feature maps with places in them.
    """
    front, back, name = _parts(model)
    with tf.GradientTape() as tape:
        maps = front(tf.constant(image))
        tape.watch(maps)
        said = back(maps)
        probabilities = tf.concat([1 - said, said], axis=1) if said.shape[1] == 1 else said
        chosen = int(np.argmax(probabilities[0])) if label is None else label
        score = tf.math.log(probabilities[:, chosen] + _SMALLEST)
    gradient = tape.gradient(score, maps)
    weights = tf.reduce_mean(gradient, axis=(1, 2), keepdims=True)
    heat = np.maximum(np.asarray(tf.reduce_sum(weights * maps, axis=3))[0], 0).astype(np.float64)
    most = heat.max()
    return heat / most if most else heat, chosen, np.asarray(probabilities[0], float), name


def _parts(model: Any) -> tuple[Any, Any, str]:
    """Return the network up to its last feature maps, the rest of it, and the layer's name."""
    layers = model.layers
    last = max((at for at, layer in enumerate(layers) if _has_places(layer)), default=None)
    if last is None:
        raise NetworkError(
            "This network has no feature maps outside of nested parts, so there is nothing to "
            "look at; convert it and explain the bundle instead."
        )
    name = layers[last].name
    if type(model).__name__ == "Sequential":
        return _chain(layers[: last + 1]), _chain(layers[last + 1 :]), name
    maker = _maker(model)
    # What comes next takes these maps; a nested part's own output is of another graph.
    maps = layers[last + 1].input if last + 1 < len(layers) else layers[last].output
    front = maker(model.inputs, maps)
    try:
        back = maker(maps, model.outputs[0])
    except ValueError as error:
        raise NetworkError(
            "What follows this network's last feature maps needs more than them; "
            "convert it and explain the bundle instead."
        ) from error
    return front, back, name


def _chain(layers: Sequence[Any]) -> Callable[[Any], Any]:
    def run(x: Any) -> Any:
        for layer in layers:
            x = layer(x)
        return x

    return run


def _has_places(layer: Any) -> bool:
    shape: tuple[int | None, ...] = tuple(getattr(getattr(layer, "output", None), "shape", ()))
    if len(shape) != 4 or type(layer).__name__ == "InputLayer":
        return False
    _, rows, columns, _ = shape
    return rows != 1 or columns != 1


def _maker(model: Any) -> Any:
    """Return what makes a model of this one's tensors: Keras 3's, or the older one's."""
    if isinstance(model, keras.Model):
        return keras.Model
    import tf_keras

    return tf_keras.Model
