"""Saved networks load as what they are, or are refused by what they take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeall.errors import NetworkError

pytestmark = [
    pytest.mark.workstation,
    # Keras itself warns while it saves the older formats of these tests.
    pytest.mark.filterwarnings("ignore"),
]


def classes(image: Any, count: int = 2, activation: str = "softmax") -> Any:
    from keras import layers

    pooled = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(image))
    return layers.Dense(count, activation=activation)(pooled)


def load(path: Path) -> Any:
    from edgeall_convert.quantize.load import load as load_source
    from edgeall_convert.quantize.source import identify

    return load_source(identify(path), trust_model=False)


def saved(model: Any, folder: Path, form: str) -> Path:
    path = folder / f"n.{form}"
    if form == "saved":
        model.export(str(path), verbose=False)
    else:
        model.save(path)
    return path


Build = Callable[[], Any]


def image_network(*shape: int, **more: Any) -> Build:
    def build() -> Any:
        import keras

        image = keras.Input(shape or (16, 16, 3), **more)
        return keras.Model(image, classes(image))

    return build


def two_images() -> Any:
    import keras

    images = [keras.Input((16, 16, 3)), keras.Input((16, 16, 3))]
    return keras.Model(images, keras.layers.Add()([classes(image) for image in images]))


def channels_first() -> Any:
    import keras

    image = keras.Input((3, 16, 16))
    return keras.Model(image, classes(keras.layers.Permute((2, 3, 1))(image)))


def sequence() -> Any:
    import keras

    return keras.Sequential([keras.Input((20, 5)), keras.layers.LSTM(4), keras.layers.Dense(2)])


def text() -> Any:
    import keras

    layers = keras.layers
    words = layers.TextVectorization(vocabulary=["a", "b"], output_sequence_length=4)
    return keras.Sequential(
        [
            keras.Input((1,), dtype="string"),
            words,
            layers.Embedding(5, 2),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )


REFUSED = {
    "two images": (two_images, "takes 2 inputs, not one image"),
    "channels first": (channels_first, "takes its channels first"),
    "four channels": (image_network(16, 16, 4), "takes 4 channels"),
    "a sequence": (sequence, "not take an image but 20 x 5 numbers"),
    "text": (text, "takes text, not an image"),
}


@pytest.mark.parametrize(("build", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_network_from_one_image_is_told_apart(tmp_path, build, said):
    build().save(tmp_path / "n.keras")
    with pytest.raises(NetworkError, match=said):
        load(tmp_path / "n.keras")


@pytest.mark.parametrize("form", ["keras", "h5", "saved"])
def test_every_form_computes_what_was_saved(tmp_path, form):
    model = image_network()()
    path = saved(model, tmp_path, form)
    image = np.random.default_rng(0).random((1, 16, 16, 3), np.float32)
    network = load(path)
    assert (network.height, network.width, network.channels) == (16, 16, 3)
    (given,) = network.call(image).values()
    np.testing.assert_allclose(given, model(image), atol=1e-6)


def test_a_file_loads_whatever_it_is_called(tmp_path):
    image_network()().save(tmp_path / "n.keras")
    (tmp_path / "n.keras").rename(tmp_path / "checkpoint.best")
    assert load(tmp_path / "checkpoint.best").channels == 3


def test_an_open_size_is_left_open(tmp_path):
    image_network(None, None, 3)().save(tmp_path / "n.keras")
    network = load(tmp_path / "n.keras")
    assert (network.height, network.width) == (None, None)


@pytest.mark.parametrize("form", ["keras", "saved"])
def test_a_network_of_whole_numbers_is_fed_whole_numbers(tmp_path, form):
    import keras

    image = keras.Input((16, 16, 1), dtype="uint8")
    model = keras.Model(image, classes(keras.layers.Rescaling(1 / 255)(image)))
    path = saved(model, tmp_path, form)
    pixels = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 1), np.uint8)
    (given,) = load(path).call(pixels.astype(np.float32)).values()
    np.testing.assert_allclose(given, model(pixels), atol=1e-6)


@pytest.mark.parametrize("form", ["keras", "saved"])
def test_outputs_have_the_names_that_their_author_gave_them(tmp_path, form):
    import keras

    image = keras.Input((16, 16, 3))
    model = keras.Model(image, {"zeta": classes(image, 3), "alpha": classes(image, 1, "sigmoid")})
    path = saved(model, tmp_path, form)
    network = load(path)
    assert network.outputs == ("alpha", "zeta")
    given = network.call(np.zeros((1, 16, 16, 3), np.float32))
    assert (given["alpha"].shape, given["zeta"].shape) == ((1, 1), (1, 3))


def test_what_keras_cannot_read_says_why(tmp_path):
    import h5py

    image_network()().save(tmp_path / "n.h5")
    with h5py.File(tmp_path / "n.h5", "a") as opened:
        opened.attrs["model_config"] = opened.attrs["model_config"].replace('"Dense"', '"PReLU"')
    with pytest.raises(NetworkError, match="neither Keras 3 nor tf_keras can load it"):
        load(tmp_path / "n.h5")
