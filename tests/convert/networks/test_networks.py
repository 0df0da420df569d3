"""The published networks: what they take, what they say, and how many parts they have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.workstation, pytest.mark.filterwarnings("ignore")]


def _kinds(model: Any) -> list[str]:
    return [type(layer).__name__ for layer in model.layers]


def _of_kind(model: Any, kind: str) -> list[Any]:
    return [layer for layer in model.layers if type(layer).__name__ == kind]


def _counts(model: Any) -> list[int]:
    return [layer.count_params() for layer in model.layers if layer.count_params()]


def _says(model: Any, side: int) -> np.ndarray:
    pixels = np.random.default_rng(1).integers(0, 256, (2, side, side, 3)).astype(np.float32)
    return model(pixels, training=False).numpy()


@pytest.mark.parametrize("side", [48, 96])
def test_lenet_takes_raw_pixels_of_any_size_and_says_probabilities(side):
    from edgeall_convert.networks.lenet import lenet

    model = lenet(side, 3)
    assert model.input_shape == (None, side, side, 3)
    assert "Rescaling" in _kinds(model), "so that the sidecar says: preprocess none"
    assert _says(model, side).sum(axis=1) == pytest.approx([1, 1], abs=1e-5)


def test_lenet_has_the_layers_of_its_paper():
    from edgeall_convert.networks.lenet import lenet

    model = lenet(32, 10, channels=1)
    convolutions = [layer for layer in model.layers if type(layer).__name__ == "Conv2D"]
    assert [(layer.filters, layer.kernel_size) for layer in convolutions] == [
        (6, (5, 5)),
        (16, (5, 5)),
    ]
    dense = [layer.units for layer in model.layers if type(layer).__name__ == "Dense"]
    assert dense == [120, 84, 10]


def test_qcresnet_is_leaky_throughout_and_scales_with_its_width():
    from edgeall_convert.networks.qcresnet import qcresnet

    small = qcresnet(64, 2, width=8)
    assert "ReLU" not in _kinds(small)
    assert _kinds(small).count("LeakyReLU") == 17 + 2, "one a convolution, one a linear layer"
    assert _kinds(small).count("Dense") == 3
    assert small.count_params() < qcresnet(64, 2, width=16).count_params()
    assert _says(small, 64).sum(axis=1) == pytest.approx([1, 1], abs=1e-5)


def test_qcresnet_at_full_width_holds_a_whole_resnet18():
    from edgeall_convert.networks.qcresnet import qcresnet

    # Its weights, and the moving mean and variance of its 4,800 normalised maps.
    resnet18_without_its_classes = 11_176_512 + 2 * 4_800
    full = qcresnet(224, 2)
    head = sum(layer.count_params() for layer in full.layers if type(layer).__name__ == "Dense")
    assert full.count_params() - head == resnet18_without_its_classes


def test_qcresnet_has_the_seventeen_convolutions_of_its_paper_at_224_pixels():
    from edgeall_convert.networks.qcresnet import qcresnet

    full = qcresnet(classes=2)
    assert full.input_shape == (None, 224, 224, 3)
    kernels = [layer.kernel_size for layer in _of_kind(full, "Conv2D")]
    assert kernels.count((7, 7)) + kernels.count((3, 3)) == 17
    assert kernels.count((1, 1)) == len(kernels) - 17 == 3, "projected shortcuts"


def test_lenet_on_grayscale_digits_has_the_known_parameters():
    from edgeall_convert.networks.lenet import lenet

    model = lenet(32, 10, channels=1)
    assert _counts(model) == [156, 2_416, 48_120, 10_164, 850]
    assert model.count_params() == 61_706


def test_cnn4_has_the_printed_parameters_layer_by_layer():
    from edgeall_convert.networks.cnn4 import cnn4

    model = cnn4()
    assert model.input_shape == (None, 256, 256, 3)
    assert _counts(model) == [1_792, 36_928, 36_928, 36_928, 30_482_560, 129]
    assert model.count_params() == 30_595_265
    block = ["Conv2D", "Conv2D", "MaxPooling2D", "Dropout"]
    assert _kinds(model) == ["Rescaling", *block, *block, "Flatten", "Dense", "Dropout", "Dense"]
    assert model.layers[-1].activation.__name__ == "sigmoid"


def test_cnn4_says_probabilities_of_more_classes_that_sum_to_one():
    from edgeall_convert.networks.cnn4 import cnn4

    assert _says(cnn4(48, 3), 48).sum(axis=1) == pytest.approx([1, 1], abs=1e-5)


def test_sequential_is_one_convolution_one_pooling_and_the_classes():
    from edgeall_convert.networks.sequential import sequential

    model = sequential(classes=3)
    assert _kinds(model) == ["Rescaling", "Conv2D", "MaxPooling2D", "Flatten", "Dense"]
    assert _says(model, 150).sum(axis=1) == pytest.approx([1, 1], abs=1e-5)


def test_vggnet_has_the_known_parameters_at_a_thousand_classes():
    from edgeall_convert.networks.vggnet import vggnet

    model = vggnet(classes=1000)
    assert model.input_shape == (None, 224, 224, 3)
    assert model.count_params() == 138_357_544
    maps = [layer.filters for layer in _of_kind(model, "Conv2D")]
    assert maps == [64] * 2 + [128] * 2 + [256] * 3 + [512] * 6
    assert len(_of_kind(model, "MaxPooling2D")) == 5
    assert [layer.units for layer in _of_kind(model, "Dense")] == [4096, 4096, 1000]


def test_vggnet_keeps_the_signal_alive_through_all_its_layers():
    """Started as Glorot it would have a spread of 0.001."""
    import keras

    from edgeall_convert.networks.vggnet import vggnet

    keras.utils.set_random_seed(1)
    model = vggnet(64, 2)
    last = model.layers[-2].output
    pixels = np.random.default_rng(1).integers(0, 256, (2, 64, 64, 3)).astype(np.float32)
    spread = keras.Model(model.inputs, last)(pixels, training=False).numpy().std()
    assert spread > 0.1
