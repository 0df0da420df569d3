"""Makes the two tiny networks of the tests; run it by hand, with TensorFlow.

``tiny_int8.tflite`` and ``tiny_float.tflite`` take (1, 32, 32, 3) uint8 and
answer [normal, blast] from the mean brightness: a cell on black that fills
more of its picture is called a blast. Weights are fixed; 11 of the 12 sample
cells come out right.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from edgeall.camera.decode import decode_image
from edgeall.field.resize import resize
from edgeall.samples.paths import cells_folder

HERE = Path(__file__).parent
SIDE = 32


def _network(dtype: str) -> keras.Model:
    pixels = keras.Input(batch_shape=(1, SIDE, SIDE, 3), dtype=dtype)
    patches = keras.layers.Conv2D(4, 2, 2, activation="relu")(
        keras.layers.Rescaling(1 / 255)(pixels)
    )
    said = keras.layers.Dense(2, activation="softmax")(
        keras.layers.GlobalAveragePooling2D()(patches)
    )
    model = keras.Model(pixels, said)
    kernel = np.full((2, 2, 3, 4), 1 / 12) * np.array([1.0, 0.8, 0.6, 0.4])
    model.layers[-3].set_weights([kernel, np.zeros(4)])
    model.layers[-1].set_weights([np.array([[-20.0, 20.0]] * 4), np.array([1.94, -1.94])])
    return model


def _samples() -> Iterator[list[np.ndarray]]:
    for path in sorted(cells_folder().rglob("*.png")):
        pixels = resize(decode_image(path), SIDE, SIDE, "area")
        pixels[0, 0], pixels[0, 1] = 0, 255
        yield [pixels[np.newaxis].astype(np.float32)]


def main() -> None:
    """Write both networks beside this file."""
    model = _network("uint8")
    (HERE / "tiny_float.tflite").write_bytes(
        tf.lite.TFLiteConverter.from_keras_model(model).convert()
    )
    converter = tf.lite.TFLiteConverter.from_keras_model(_network("float32"))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = _samples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.int8
    (HERE / "tiny_int8.tflite").write_bytes(converter.convert())


if __name__ == "__main__":
    main()
