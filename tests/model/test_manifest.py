from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeall.errors import ManifestError
from edgeall.model.manifest import (
    FORMAT,
    Identity,
    InputFacts,
    Manifest,
    OutputFacts,
    Provenance,
    decode,
    encode,
    sealed,
)


def make(**changes: Any) -> Manifest:
    facts: dict[str, Any] = {
        "format": FORMAT,
        "identity": Identity(
            name="net",
            version="1",
            created="2026-11-21T00:00:00Z",
            network_sha256="0" * 64,
            network_bytes=100,
            source_name="net.keras",
            source_sha256="1" * 64,
            made_with={"edgeall": "0"},
        ),
        "input": InputFacts(height=8, width=8, unit="cell", cell_diameter_px=5.0),
        "output": OutputFacts(labels=("normal", "blast"), blasts=("blast",), activation="softmax"),
        "provenance": Provenance(),
    }
    return sealed(Manifest(**(facts | changes)))


def test_a_manifest_comes_back_as_it_was_written() -> None:
    assert decode(encode(make()), "x.tflite") == make()


@given(st.floats(0.01, 100), st.floats(0, 1))
def test_numbers_come_back_exactly(temperature: float, threshold: float) -> None:
    output = OutputFacts(
        labels=("a", "b"),
        blasts=(),
        activation="softmax",
        temperature=temperature,
        unidentified_below=threshold,
    )
    assert decode(encode(make(output=output)), "x").output == output


def test_a_whole_number_given_for_a_float_keeps_the_seal() -> None:
    whole = InputFacts(height=8, width=8, unit="cell", cell_diameter_px=5)
    assert decode(encode(make(input=whole)), "x.tflite").input.cell_diameter_px == 5.0


def test_a_manifest_edited_by_hand_is_refused() -> None:
    edited = encode(make()).replace(b'"blasts": [\n      "blast"', b'"blasts": [\n      "normal"')
    assert edited != encode(make())
    with pytest.raises(ManifestError, match="changed after it was sealed"):
        decode(edited, "x.tflite")


def test_a_newer_format_asks_for_an_update() -> None:
    newer = encode(make()).replace(b'"format": 1', b'"format": 2')
    with pytest.raises(ManifestError, match="update edgeall"):
        decode(newer, "x.tflite")


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b'{"format": 1}'])
def test_what_is_no_manifest_is_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(ManifestError, match=r"^x\.tflite: "):
        decode(data, "x.tflite")


def outputs(**changes: Any) -> OutputFacts:
    facts: dict[str, Any] = {"labels": ("a", "b"), "blasts": (), "activation": "softmax"}
    return OutputFacts(**(facts | changes))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"output": outputs(labels=("a", "a"))}, "two of its labels are the same"),
        ({"output": outputs(blasts=("c",))}, "c is a blast but not one of its labels"),
        ({"output": outputs(labels=("a", "b", "c"), activation="sigmoid")}, "sigmoid"),
        ({"input": InputFacts(height=8, width=8, unit="cell")}, "exactly one scale"),
    ],
)
def test_facts_that_contradict_each_other_are_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ManifestError, match=said):
        decode(encode(make(**changes)), "x.tflite")


def test_a_fact_out_of_range_is_named() -> None:
    wrong = msgspec.json.decode(encode(make()))
    wrong["input"]["height"] = 0
    with pytest.raises(ManifestError, match=r"input\.height"):
        decode(msgspec.json.encode(wrong), "x.tflite")
