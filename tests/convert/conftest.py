"""Small trained-looking networks, built once; TensorFlow is imported where one is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def _leaky(keras: Any) -> Any:
    layers = keras.layers
    pixels = keras.Input((32, 32, 3))
    x = layers.LeakyReLU(0.1)(layers.Conv2D(8, 3)(pixels))
    x = layers.BatchNormalization()(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(pixels, layers.Dense(3, activation="softmax")(x))


def _nested(keras: Any) -> Any:
    layers = keras.layers
    base = keras.Sequential(
        [keras.Input((32, 32, 3)), layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D()],
        name="base",
    )
    pixels = keras.Input((32, 32, 3))
    x = layers.Flatten()(base(layers.Rescaling(1 / 255)(pixels)))
    return keras.Model(pixels, layers.Dense(2, activation="softmax")(x))


def _gray_sigmoid(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((32, 32, 1)),
            layers.Rescaling(1 / 127.5, -1),
            layers.Conv2D(4, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def _any_size_logits(keras: Any) -> Any:
    layers = keras.layers
    pixels = keras.Input((None, None, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, activation="relu")(pixels))
    return keras.Model(pixels, layers.Dense(2)(x))


def _two_outputs(keras: Any) -> Any:
    layers = keras.layers
    pixels = keras.Input((32, 32, 3))
    x = layers.Flatten()(layers.Conv2D(4, 3)(pixels))
    kind = layers.Dense(3, activation="softmax", name="kind")(x)
    sick = layers.Dense(1, activation="sigmoid", name="sick")(x)
    return keras.Model(pixels, [kind, sick])


def _swish(keras: Any) -> Any:
    """Build one whose activation brings its own gradient, as EfficientNet's does."""
    layers = keras.layers
    pixels = keras.Input((32, 32, 3))
    x = layers.SeparableConv2D(8, 3, activation="swish")(layers.Rescaling(1 / 255)(pixels))
    return keras.Model(pixels, layers.Dense(2, activation="softmax")(layers.Flatten()(x)))


def _half(keras: Any) -> Any:
    """Build one that computes in half precision, as those trained on a GPU often do."""
    layers, half = keras.layers, "mixed_float16"
    pixels = keras.Input((32, 32, 3))
    x = layers.Conv2D(4, 3, activation="relu", dtype=half)(layers.Rescaling(1 / 255)(pixels))
    x = layers.Flatten(dtype=half)(x)
    return keras.Model(pixels, layers.Dense(2, activation="softmax", dtype="float32")(x))


BUILDERS: dict[str, Callable[[Any], Any]] = {
    "leaky": _leaky,
    "nested": _nested,
    "gray_sigmoid": _gray_sigmoid,
    "any_size_logits": _any_size_logits,
    "two_outputs": _two_outputs,
    "swish": _swish,
    "half": _half,
}


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Callable[[str], Path]:
    """Return a function from a name to a saved network: NAME, NAME.h5, NAME.saved, NAME.tfk."""
    home = tmp_path_factory.mktemp("trained")

    def make(name: str) -> Path:
        import keras

        stem, _, form = name.partition(".")
        path = home / (name if form else f"{name}.keras")
        if form == "tfk":
            return _with_tf_keras(home / f"{stem}.tfk.keras")
        if not path.exists():
            keras.utils.set_random_seed(1)
            model = BUILDERS[stem](keras)
            if form == "saved":
                model.export(str(path), verbose=False)
            else:
                model.save(path)
        return path

    return make


def _with_tf_keras(path: Path) -> Path:
    import tf_keras

    layers = tf_keras.layers
    tf_keras.Sequential(
        [
            layers.Input((32, 32, 3)),
            layers.Conv2D(4, 3),
            layers.Flatten(),
            layers.Dense(2, "softmax"),
        ]
    ).save(path)
    return path
