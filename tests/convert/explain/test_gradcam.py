"""Grad-CAM: the heat lies where the network looks."""

from __future__ import annotations

import numpy as np
import pytest

from edgeall.errors import NetworkError

pytestmark = [pytest.mark.workstation, pytest.mark.filterwarnings("ignore")]


def _red_seer(keras, *, sequential: bool, sigmoid: bool = False):
    """Return a network that says its second label the more red it sees, and knows no place."""
    layers = keras.layers
    convolution = layers.Conv2D(1, 3, padding="same", use_bias=False, name="red")
    outputs = 1 if sigmoid else 2
    dense = layers.Dense(outputs, activation="sigmoid" if sigmoid else "softmax", name="said")
    stack = [convolution, layers.GlobalAveragePooling2D(), dense]
    if sequential:
        model = keras.Sequential([keras.Input((32, 32, 3)), *stack])
    else:
        pixels = keras.Input((32, 32, 3))
        x = pixels
        for layer in stack:
            x = layer(x)
        model = keras.Model(pixels, x)
    kernel = np.zeros((3, 3, 3, 1), np.float32)
    kernel[1, 1] = [[1], [-0.5], [-0.5]]
    convolution.set_weights([kernel])
    weights = np.full((1, 1), 0.2) if sigmoid else np.array([[-0.1, 0.1]])
    dense.set_weights([weights.astype(np.float32), np.zeros(outputs, np.float32)])
    return model


def _red_in_a_corner():
    image = np.full((1, 32, 32, 3), 100, np.float32)
    image[0, 4:12, 20:28, 1:] = 0
    return image


@pytest.mark.parametrize(("sequential", "sigmoid"), [(True, False), (False, False), (False, True)])
def test_the_heat_lies_where_the_label_is(sequential, sigmoid):
    import keras

    from edgeall_convert.explain.gradcam import grad_cam

    model = _red_seer(keras, sequential=sequential, sigmoid=sigmoid)
    heat, label, probabilities, layer = grad_cam(model, _red_in_a_corner())
    assert layer == "red"
    assert label == 1
    assert probabilities.sum() == pytest.approx(1)
    assert heat.shape == (32, 32)
    assert heat.max() == 1
    assert heat[4:12, 20:28].sum() / heat.sum() > 0.95


def test_another_label_can_be_asked_for():
    import keras

    from edgeall_convert.explain.gradcam import grad_cam

    model = _red_seer(keras, sequential=True)
    heat, label, _, _ = grad_cam(model, _red_in_a_corner(), 0)
    assert label == 0
    assert heat[4:12, 20:28].sum() <= 0.05 * max(heat.sum(), 1)


def test_the_published_networks_can_be_looked_into():
    from edgeall_convert.explain.gradcam import grad_cam
    from edgeall_convert.networks.registry import NETWORKS

    image = np.random.default_rng(1).uniform(0, 255, (1, 64, 64, 3)).astype(np.float32)
    for name in ("lenet", "sequential", "qcresnet", "resnet50"):
        model = NETWORKS[name].build(2, 64, None)
        heat, _, probabilities, _ = grad_cam(model, image)
        assert probabilities.shape == (2,)
        assert heat.ndim == 2
        assert np.isfinite(heat).all()


def test_a_network_without_feature_maps_is_told():
    import keras

    from edgeall_convert.explain.gradcam import grad_cam

    layers = keras.layers
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Flatten(), layers.Dense(2)])
    with pytest.raises(NetworkError, match="no feature maps"):
        grad_cam(model, np.zeros((1, 8, 8, 3), np.float32))
