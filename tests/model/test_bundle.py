from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeall.camera.decode import decode_image
from edgeall.errors import BundleError, ManifestError, MissingFactError, SelfTestError
from edgeall.field.resize import resize
from edgeall.model.bundle import open_bundle
from edgeall.model.classifier import Classifier, make_call, temper
from edgeall.model.manifest import OutputFacts
from edgeall.model.plain import PlainFacts, open_plain
from edgeall.model.selftest import self_test
from edgeall.samples.paths import cells_folder, model_path

FACTS = PlainFacts(("normal", "blast"), ("blast",), "field", "none")


def cell(name: str) -> np.ndarray:
    return resize(decode_image(cells_folder() / name), 32, 32)


def test_the_shipped_bundle_opens_and_passes_its_self_test():
    bundle = open_bundle(model_path())
    self_test(bundle, Classifier(bundle))
    assert bundle.manifest.output.blasts == ("blast",)
    assert model_path().stat().st_size < 5_000_000
    assert "does not replace" in bundle.card()


def test_the_shipped_bundle_is_int8_throughout_and_takes_raw_pixels():
    from edgeall.model.operators import list_operators
    from edgeall.model.runtime import open_interpreter

    bundle = open_bundle(model_path())
    network = model_path().read_bytes()[: bundle.manifest.identity.network_bytes]
    assert [operator for operator in list_operators(network) if operator.is_float] == []
    (taken,) = open_interpreter(model_path()).get_input_details()
    assert (taken["dtype"], taken["quantization"]) == (np.uint8, (1.0, 0))


def test_a_network_without_manifest_is_no_bundle(networks):
    with pytest.raises(ManifestError, match="carries no manifest"):
        open_bundle(networks / "tiny_int8.tflite")


@pytest.mark.parametrize("content", [b"", b"hello", b"\x1c\x00\x00\x00TFL2" * 9])
def test_what_is_no_tflite_file_is_said(tmp_path: Path, content: bytes):
    path = tmp_path / "x.tflite"
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"x\.tflite: "):
        open_bundle(path)


def test_bundle_and_plain_network_say_the_same(tiny_bundle, networks):
    pixels = [cell("blast/UID_32_3_7_all.png"), cell("normal/UID_H14_1_10_hem.png")]
    plain = Classifier(open_plain(networks / "tiny_int8.tflite", FACTS))
    sealed = Classifier(open_bundle(tiny_bundle))
    assert np.array_equal(plain.probabilities(pixels), sealed.probabilities(pixels))


def test_int8_and_float_agree(networks):
    pixels = [cell(f"blast/{path.name}") for path in (cells_folder() / "blast").iterdir()]
    int8, full = (
        Classifier(open_plain(networks / name, FACTS)).probabilities(pixels)
        for name in ("tiny_int8.tflite", "tiny_float.tflite")
    )
    assert np.abs(int8 - full).max() < 0.1


def test_labels_must_fit_the_outputs(networks):
    facts = PlainFacts(("a", "b", "c"), (), "field", "none")
    with pytest.raises(MissingFactError, match="takes 2 labels, but --labels names 3"):
        open_plain(networks / "tiny_int8.tflite", facts)


def test_a_bundle_without_golden_examples_fails_its_self_test(networks):
    bundle = open_plain(networks / "tiny_int8.tflite", FACTS)
    with pytest.raises(SelfTestError, match="no golden examples"):
        self_test(bundle, Classifier(bundle))


shares = st.lists(st.floats(0.001, 1), min_size=2, max_size=6).map(
    lambda weights: np.array([weights]) / sum(weights)
)


@given(shares, st.floats(0.05, 20))
def test_a_temperature_keeps_the_order_and_the_sum(probabilities, temperature):
    tempered = temper(probabilities, temperature)
    assert tempered.sum() == pytest.approx(1)
    # Shares that differ by a last bit may come out as equal.
    assert tempered[0, probabilities.argmax()] == pytest.approx(tempered.max())


@given(shares)
def test_a_temperature_of_one_changes_nothing(probabilities):
    assert np.allclose(temper(probabilities, 1.0), probabilities)


@pytest.mark.parametrize(
    ("blast", "threshold", "identified", "is_blast"),
    [(0.9, 0.7, True, True), (0.6, 0.7, False, False), (0.1, 0.7, True, False)],
)
def test_a_call_under_the_threshold_is_unidentified(blast, threshold, identified, is_blast):
    facts = OutputFacts(
        labels=("normal", "blast"),
        blasts=("blast",),
        activation="softmax",
        unidentified_below=threshold,
    )
    call = make_call(np.array([1 - blast, blast]), facts)
    assert (call.identified, call.is_blast) == (identified, is_blast)
