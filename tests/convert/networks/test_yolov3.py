"""YOLOv3 and its tiny form: known counts, grids, and full int8."""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import Any

import numpy as np
import pytest

from edgeall.errors import UsageError

pytestmark = [pytest.mark.workstation, pytest.mark.filterwarnings("ignore")]

KNOWN = {
    "yolov3": {"total": 62_001_757, "trained": 61_949_149, "grids": (13, 26, 52)},
    "yolov3-tiny": {"total": 8_858_734, "trained": 8_852_366, "grids": (13, 26)},
}


def _built(name: str, classes: int, size: int | None = None) -> Any:
    from edgeall_convert.networks.registry import NETWORKS

    return NETWORKS[name].build(classes, size)


@pytest.mark.parametrize("name", KNOWN)
def test_a_detector_has_the_known_parameters_and_grids_at_eighty_classes(name):
    model, known = _built(name, 80), KNOWN[name]
    assert model.input_shape == (None, 416, 416, 3)
    assert [tuple(shape) for shape in model.output_shape] == [
        (None, grid, grid, 3 * 85) for grid in known["grids"]
    ]
    assert model.count_params() == known["total"]
    assert sum(prod(variable.shape) for variable in model.trainable_variables) == known["trained"]
    activations = [layer for layer in model.layers if type(layer).__name__ == "LeakyReLU"]
    assert {round(layer.negative_slope, 6) for layer in activations} == {0.1}


def test_the_backbone_of_yolov3_has_fifty_two_convolutions():
    import keras

    from edgeall_convert.networks import darknet
    from edgeall_convert.networks.yolov3 import _backbone

    pixels, x = darknet.pixels_input(64)
    kinds = Counter(type(layer).__name__ for layer in keras.Model(pixels, _backbone(x)[-1]).layers)
    assert kinds["Conv2D"] == kinds["LeakyReLU"] == 52
    assert kinds["Add"] == 1 + 2 + 8 + 8 + 4


@pytest.mark.parametrize("module", ["yolov3", "yolov3_tiny"])
def test_each_grid_has_three_anchors_and_a_coarser_grid_larger_ones(module):
    from importlib import import_module

    network = import_module(f"edgeall_convert.networks.{module}")
    assert [len(anchors) for anchors in network.ANCHORS] == [3] * len(network.STRIDES)
    assert list(network.STRIDES) == sorted(network.STRIDES, reverse=True)
    areas = [w * h for anchors in reversed(network.ANCHORS) for w, h in anchors]
    assert areas == sorted(areas)


def test_a_side_that_the_grids_do_not_divide_is_refused():
    with pytest.raises(UsageError, match="a multiple of 32"):
        _built("yolov3-tiny", 2, 400)


def test_the_tiny_detector_becomes_full_int8_and_says_what_the_float_network_says(tmp_path):
    import keras

    from edgeall.camera.decode import decode_image
    from edgeall.field.resize import resize
    from edgeall.model.operators import list_operators
    from edgeall.samples.paths import fields_folder
    from edgeall_convert.quantize.int8 import to_int8

    keras.utils.set_random_seed(1)
    model = _built("yolov3-tiny", 2)
    fields = sorted(fields_folder().rglob("*.jpg"))[:4]
    images = [resize(decode_image(path), 416, 416) for path in fields]
    one = [keras.InputSpec(shape=(1, 416, 416, 3), dtype="float32")]
    model.export(tmp_path / "saved", input_signature=one, verbose=False)
    network = to_int8(tmp_path / "saved", images)
    assert not [op for op in list_operators(network) if op.is_float or op.has_coarse_weights]

    found = _run(network, images[0])
    for boxes in model(images[0][np.newaxis].astype(np.float32), training=False):
        wanted = boxes.numpy()
        agreement = np.corrcoef(wanted.ravel(), found[wanted.shape].ravel())[0, 1]
        assert agreement > 0.99


def _run(network: bytes, image: np.ndarray) -> dict[tuple[int, ...], np.ndarray]:
    """Return the dequantized outputs by their shapes."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=network)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image[np.newaxis])
    interpreter.invoke()
    by_shape = {}
    for output in interpreter.get_output_details():
        scale, zero = output["quantization"]
        raw = interpreter.get_tensor(output["index"]).astype(np.float32)
        by_shape[raw.shape] = scale * (raw - zero)
    return by_shape
