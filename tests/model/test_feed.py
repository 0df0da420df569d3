from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeall.errors import BundleError
from edgeall.model.feed import make_feed

PIXELS = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)


def details(dtype: type, scale: float = 0.0, zero_point: int = 0) -> dict[str, object]:
    return {"dtype": dtype, "quantization": (scale, zero_point)}


def test_a_bundle_is_fed_the_pixels_themselves():
    feed = make_feed(details(np.uint8, 1.0, 0), "none", "x")
    assert np.array_equal(feed(PIXELS)[0], PIXELS)


@pytest.mark.parametrize(
    ("preprocess", "expected"),
    [
        ("none", PIXELS.astype(float)),
        ("unit", PIXELS / 255),
        ("symmetric", PIXELS / 127.5 - 1),
        ("caffe", PIXELS[..., ::-1] - np.array([103.939, 116.779, 123.68])),
    ],
)
def test_a_float_network_is_fed_what_its_training_fed_it(preprocess, expected):
    fed = make_feed(details(np.float32), preprocess, "x")(PIXELS)
    assert fed.dtype == np.float32
    assert np.allclose(fed[0], expected, atol=1e-4)


@given(st.sampled_from([np.int8, np.uint8]), st.floats(0.9, 1.1))
def test_quantized_pixels_come_back_within_half_a_step(dtype, factor):
    scale = factor / 255
    zero_point = int(np.iinfo(dtype).min)
    fed = make_feed(details(dtype, scale, zero_point), "unit", "x")(PIXELS)[0].astype(float)
    back = (fed - zero_point) * scale
    representable = 255 * scale >= PIXELS / 255
    assert np.abs(back - PIXELS / 255)[representable].max() <= scale / 2 + 1e-9


def test_pixels_that_do_not_fit_the_input_are_refused():
    with pytest.raises(BundleError, match="do not fit its input"):
        make_feed(details(np.int8, 1 / 255, -128), "none", "x")


def test_an_input_that_holds_no_pixels_is_refused():
    with pytest.raises(BundleError, match="holds no pixels"):
        make_feed(details(np.int32), "none", "x")
