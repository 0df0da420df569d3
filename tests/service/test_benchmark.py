"""The benchmark measures something, in order and in proportion."""

from __future__ import annotations

import msgspec
import pytest

from edgeall.errors import BundleError
from edgeall.model.bundle import open_bundle
from edgeall.samples.paths import cells_folder, fields_folder
from edgeall.service.benchmark import Benchmark, Picture, Subject, benchmark, start_cold

CELL = cells_folder() / "blast" / "UID_46_3_10_all.png"


def test_a_bundle_is_timed_from_the_file_to_the_call(tiny_bundle):
    result = benchmark(
        Subject(tiny_bundle, open_bundle(tiny_bundle), Picture(CELL, "none", None)), [1, 2], runs=10
    )
    assert [invocation.threads for invocation in result.invocations] == [1, 2]
    for invocation in result.invocations:
        assert 0 < invocation.times.p50 <= invocation.times.p95
    assert result.path.examples == 1
    assert result.path.decode.p50 < result.path.whole.p50
    # Three microseconds of network hardly show beside the decoding of a PNG.
    assert 0 < result.path.network_share < 0.5
    assert 0.02 < result.cold_start.seconds < 60
    assert 15e6 < result.cold_start.peak_bytes < 300e6
    assert msgspec.json.decode(msgspec.json.encode(result), type=Benchmark) == result


def test_the_cells_of_a_field_are_found_and_timed(tiny_bundle):
    field = Picture(fields_folder() / "BloodImage_00010.jpg", "find", None)
    path = benchmark(Subject(tiny_bundle, open_bundle(tiny_bundle), field), [1], runs=5).path
    assert path.examples >= 1
    assert path.prepare.p50 > path.classify.p50


def test_a_plain_network_is_timed_alone(networks):
    result = benchmark(Subject(networks / "tiny_float.tflite"), [1], runs=5)
    assert result.path is None
    assert result.cold_start.peak_bytes > 0


def test_a_fresh_process_that_fails_is_an_error(tmp_path):
    with pytest.raises(BundleError, match="a fresh process ended without a result"):
        start_cold(Subject(tmp_path / "absent.tflite"))
