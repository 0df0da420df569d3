"""The ResNet50 transfer: its parameters, its pixels, and the weights it starts from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeall.errors import NetworkError

pytestmark = [pytest.mark.workstation, pytest.mark.filterwarnings("ignore")]

SIDE = 64
NOWHERE = "http://127.0.0.1:9/resnet50.h5"
"""A port that nothing listens on."""


@pytest.fixture(scope="module")
def base() -> Any:
    """Return a ResNet50 as the published weights have it: blue, green, red."""
    import keras

    keras.utils.set_random_seed(1)
    return keras.applications.ResNet50(include_top=False, weights=None, input_shape=(SIDE, SIDE, 3))


@pytest.fixture(scope="module")
def weights(base: Any, tmp_path_factory: Any) -> Path:
    """Return its weights in a file of HDF5, as the published ones are."""
    path = tmp_path_factory.mktemp("weights") / "resnet50.h5"
    base.save(path)
    return path


def _built(**more: Any) -> Any:
    from edgeall_convert.networks.resnet50 import resnet50

    return resnet50(2, size=SIDE, **more)


def _trained_by(model: Any) -> list[tuple[int, ...]]:
    return [tuple(variable.shape) for variable in model.trainable_variables]


def test_it_has_the_printed_parameters():
    from edgeall_convert.networks.resnet50 import resnet50

    model = resnet50(4, weights=None)
    assert model.input_shape == (None, 224, 224, 3)
    counts = {type(layer).__name__: layer.count_params() for layer in model.layers}
    assert counts == {
        "InputLayer": 0,
        "Rescaling": 0,
        "Functional": 23_587_712,
        "Flatten": 0,
        "Dropout": 0,
        "Dense": 401_412,
    }


def test_raw_pixels_reach_the_base_as_its_weights_expect_them(base, weights):
    import keras

    pixels = np.random.default_rng(2).integers(0, 256, (2, SIDE, SIDE, 3)).astype(np.float32)
    model = _built(weights=weights)
    expected = base(keras.applications.resnet50.preprocess_input(pixels.copy()), training=False)
    inner = model.get_layer("resnet50")
    given = inner(model.get_layer(index=1)(pixels), training=False)
    np.testing.assert_allclose(given, expected, rtol=1e-3, atol=1e-3)


def test_with_weights_the_head_alone_is_trained_also_after_loading(weights, tmp_path):
    import keras

    model = _built(weights=weights)
    assert _trained_by(model) == [(2 * 2 * 2048, 2), (2,)]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    assert _trained_by(loaded) == _trained_by(model)
    pixels = np.full((1, SIDE, SIDE, 3), 200, np.float32)
    np.testing.assert_allclose(loaded(pixels), model(pixels), atol=1e-6)


def test_without_weights_the_base_is_trained_too():
    model = _built(weights=None)
    assert sum(np.prod(shape) for shape in _trained_by(model)) > 23_000_000


def test_the_cached_weights_are_taken_and_nothing_is_fetched(weights, monkeypatch):
    from edgeall_convert.networks import resnet50 as module

    monkeypatch.setattr(module, "CACHED", weights)
    monkeypatch.setattr(module, "WEIGHTS_URL", NOWHERE)
    cached, given = _built(weights="imagenet"), _built(weights=weights)
    for one, other in zip(cached.layers[2].weights, given.layers[2].weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_offline_one_sentence_says_what_to_fetch_and_where_to_put_it(tmp_path, monkeypatch):
    from edgeall_convert.networks import resnet50 as module

    monkeypatch.setattr(module, "CACHED", tmp_path / "models" / "resnet50.h5")
    monkeypatch.setattr(module, "WEIGHTS_URL", NOWHERE)
    with pytest.raises(NetworkError) as caught:
        _built(weights="imagenet")
    said = str(caught.value)
    for wanted in (NOWHERE, str(module.CACHED), "--weights FILE", "--weights none"):
        assert wanted in said
    assert said.endswith(".")
    assert "\n" not in said


def test_the_published_file_is_where_keras_has_it():
    from edgeall_convert.networks.resnet50 import CACHED, WEIGHTS_URL

    name = "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"
    assert Path("~/.keras/models") / name == CACHED
    assert (
        f"https://storage.googleapis.com/tensorflow/keras-applications/resnet/{name}" == WEIGHTS_URL
    )


@pytest.mark.parametrize("content", [None, b"", b"no weights", "other"])
def test_a_file_that_does_not_fit_is_refused_in_one_sentence(tmp_path, content):
    path = tmp_path / "weights.h5"
    if content == "other":
        from edgeall_convert.networks.lenet import lenet

        lenet(32).save(path)
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(NetworkError, match=r"weights\.h5: .*--weights none\.$") as caught:
        _built(weights=path)
    assert "\n" not in str(caught.value)


def test_its_own_preprocessing_is_seen_so_that_nobody_is_asked_for_one(weights, tmp_path):
    from edgeall_convert.quantize.graph import activation_of, frozen_graph, own_normalisation
    from edgeall_convert.quantize.load import load
    from edgeall_convert.quantize.source import identify

    _built(weights=weights).save(tmp_path / "model.keras")
    network = load(identify(tmp_path / "model.keras"), trust_model=False)
    graph = frozen_graph(network, SIDE, SIDE)
    assert own_normalisation(graph)
    assert activation_of(graph, 0) == "softmax"


def test_its_preprocessing_and_first_block_become_full_int8(weights, tmp_path):
    """The other blocks are of the same layers, and take half a minute."""
    import keras

    from edgeall.camera.decode import decode_image
    from edgeall.field.resize import resize
    from edgeall.model.operators import list_operators
    from edgeall.samples.paths import cells_folder
    from edgeall_convert.quantize.int8 import to_int8

    model = _built(weights=weights)
    inner = model.get_layer("resnet50")
    front = keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3), batch_size=1),
            model.get_layer(index=1),
            keras.Model(inner.input, inner.get_layer("conv2_block1_out").output),
        ]
    )
    front.export(tmp_path / "saved", verbose=False)
    cells = sorted(cells_folder().rglob("*.png"))[:4]
    int8 = to_int8(tmp_path / "saved", [resize(decode_image(path), SIDE, SIDE) for path in cells])
    assert not [op for op in list_operators(int8) if op.is_float or op.has_coarse_weights]
