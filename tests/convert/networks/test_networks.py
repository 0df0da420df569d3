"""The published networks: what they take, what they say, and how many parts they have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.workstation, pytest.mark.filterwarnings("ignore")]


def _kinds(model: Any) -> list[str]:
    return [type(layer).__name__ for layer in model.layers]


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


def test_resnet50_has_the_printed_parameters():
    from edgeall_convert.networks.resnet50 import resnet50

    model = resnet50(4, weights=None)
    assert model.input_shape == (None, 224, 224, 3)
    assert _counts(model) == [23_587_712, 401_412]
