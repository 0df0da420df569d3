"""A network's own normalisation counts only where it starts from pixels of 0 to 255."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.workstation, pytest.mark.filterwarnings("ignore")]

IMAGENET = {"mean": [0.485, 0.456, 0.406], "variance": [0.229**2, 0.224**2, 0.225**2]}
CASES = {
    "Rescaling to 0 to 1": (True, lambda layers, x: layers.Rescaling(1 / 255)(x)),
    "Rescaling to -1 to 1": (True, lambda layers, x: layers.Rescaling(1 / 127.5, -1)(x)),
    "padded first": (True, lambda layers, x: layers.Rescaling(1 / 255)(layers.ZeroPadding2D(2)(x))),
    "operators": (True, lambda layers, x: x / 127.5 - 1.0),
    "ImageNet after Rescaling": (
        True,
        lambda layers, x: layers.Normalization(**IMAGENET)(layers.Rescaling(1 / 255)(x)),
    ),
    "means of pixels": (
        True,
        lambda layers, x: layers.Normalization(mean=[104, 117, 124], variance=[1, 1, 1])(x),
    ),
    "means and deviations of pixels": (
        True,
        lambda layers, x: layers.Normalization(mean=[124, 117, 104], variance=[3364] * 3)(x),
    ),
    "ImageNet by itself": (False, lambda layers, x: layers.Normalization(**IMAGENET)(x)),
    "0 to 1 made -1 to 1": (False, lambda layers, x: x * 2.0 - 1.0),
    "0 to 1 made -0.5 to 0.5": (False, lambda layers, x: x - 0.5),
    "batch normalisation": (False, lambda layers, x: layers.BatchNormalization()(x)),
    "none": (False, lambda layers, x: x),
}


@pytest.mark.parametrize(("pixels", "normalise"), CASES.values(), ids=CASES)
def test_only_arithmetic_on_pixels_counts_as_normalisation(pixels: bool, normalise: Any):
    import keras
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    from edgeall_convert.quantize.graph import own_normalisation

    layers = keras.layers
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3)(normalise(layers, image))
    model = keras.Model(image, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    serve = tf.function(lambda given: model(given, training=False))
    concrete = serve.get_concrete_function(tf.TensorSpec([1, 16, 16, 3]))
    graph = convert_variables_to_constants_v2(concrete).graph
    assert bool(own_normalisation(graph)) == pixels
