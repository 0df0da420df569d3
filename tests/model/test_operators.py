from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeall.errors import BundleError
from edgeall.model.operators import check_is_whole, list_operators


def test_an_int8_network_has_no_float_operator(networks):
    operators = list_operators((networks / "tiny_int8.tflite").read_bytes())
    assert {"CONV_2D", "SOFTMAX"} <= {operator.name for operator in operators}
    assert [operator.name for operator in operators if operator.is_float] == []
    assert [operator.name for operator in operators if operator.has_coarse_weights] == []


def test_a_float_network_shows_its_float_operators(networks):
    operators = list_operators((networks / "tiny_float.tflite").read_bytes())
    named = {operator.name for operator in operators if operator.is_float}
    assert "CONV_2D" in named
    assert all(operator.output_name for operator in operators)


def test_a_whole_network_passes(networks):
    check_is_whole((networks / "tiny_int8.tflite").read_bytes(), "tiny")


@given(st.integers(8, 2700))
def test_a_network_cut_anywhere_is_refused(networks, length):
    with pytest.raises(BundleError, match="tiny: the file is truncated"):
        check_is_whole((networks / "tiny_int8.tflite").read_bytes()[:length], "tiny")
