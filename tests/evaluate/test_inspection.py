"""What is found in a bundle, in a plain network, and in a broken bundle."""

from __future__ import annotations

import pytest

from edgeall.errors import BundleError
from edgeall.evaluate.inspection import inspect_file


def test_a_bundle_is_whole_and_passes_its_self_test(tiny_bundle):
    found = inspect_file(tiny_bundle)
    assert (found.whole, found.self_test, found.problems) == (True, True, ())
    assert found.manifest.identity.name == "tiny"
    assert found.network_bytes == found.manifest.identity.network_bytes < found.bytes
    assert [file.name for file in found.archive] == [
        "manifest.json",
        "labels.txt",
        "card.md",
        "golden/00.png",
    ]
    assert found.card == "# tiny\n"
    assert sum(kind.with_floats for kind in found.operators) == 0
    (taken,) = found.inputs
    assert (taken.type, taken.shape, taken.scale) == ("uint8", (1, 32, 32, 3), 1.0)


def test_a_plain_network_has_operators_and_no_manifest(networks):
    found = inspect_file(networks / "tiny_float.tflite")
    assert (found.manifest, found.whole, found.self_test, found.archive) == (None, None, None, ())
    counts = {kind.name: (kind.count, kind.with_floats) for kind in found.operators}
    assert counts["CONV_2D"] == (1, 1)
    assert found.tensor_types["FLOAT32"] > 0


def test_an_altered_network_is_a_problem_and_is_still_shown(tiny_bundle):
    data = bytearray(tiny_bundle.read_bytes())
    place = bytes(data).index(b"serving_default")
    data[place : place + 7] = b"SERVING"
    tiny_bundle.write_bytes(data)
    found = inspect_file(tiny_bundle)
    assert (found.whole, found.self_test) == (False, None)
    assert "not the one that its manifest was sealed for" in found.problems[0]
    assert found.manifest.identity.name == "tiny"


def test_what_is_no_network_is_refused(tmp_path):
    other = tmp_path / "x.tflite"
    other.write_bytes(b"not a network at all")
    with pytest.raises(BundleError, match="no TFLite file"):
        inspect_file(other)
