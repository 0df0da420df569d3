from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeall.errors import InputError, MissingFactError, UsageError
from edgeall_convert.evaluate.report import TensorScale
from edgeall_convert.quantize.calibration import balanced, check_range
from edgeall_convert.quantize.facts import settle
from edgeall_convert.quantize.request import Request
from edgeall_convert.sidecar import Sidecar, read_sidecar, write_sidecar

pytestmark = pytest.mark.workstation

WHOLE: dict[str, Any] = {
    "labels": ("normal", "blast"),
    "blasts": ("blast",),
    "unit": "cell",
    "cell_diameter_px": 60.0,
    "preprocess": "unit",
}


def settled(sidecar: Sidecar | None = None, *, classes: int = 2, normalisation=(), **flags: Any):
    return settle(
        Request(model="m.keras", bundle="m.tflite", **flags),
        sidecar or Sidecar(),
        size=(32, 32),
        classes=classes,
        activation="softmax",
        normalisation=normalisation,
    )


def test_every_missing_fact_is_asked_for_at_once():
    with pytest.raises(MissingFactError) as caught:
        settled()
    for flag in ("--labels", "--blasts", "--unit", "--scale", "--preprocess"):
        assert flag in str(caught.value)


@pytest.mark.parametrize("fact", list(WHOLE))
def test_one_missing_fact_is_asked_for_alone(fact):
    flags = {key: value for key, value in WHOLE.items() if key != fact}
    with pytest.raises(MissingFactError) as caught:
        settled(**flags)
    flag = {"cell_diameter_px": "--scale"}.get(fact, f"--{fact}")
    assert str(caught.value).count("--") == 1
    assert flag in str(caught.value)


def test_a_sidecar_says_what_the_flags_do_not_and_flags_win():
    facts = settled(Sidecar(**WHOLE, name="net", version="2"), blasts=())
    assert (facts.name, facts.version, facts.output.blasts) == ("net", "2", ())
    assert facts.input.cell_diameter_px == 60


@pytest.mark.parametrize(
    ("changes", "classes", "said"),
    [
        ({"labels": ("a", "b"), "blasts": ()}, 4, "has 4 outputs; name 4"),
        ({"labels": ("a",), "blasts": ()}, 1, "one sigmoid output"),
        ({"labels": ("a", "a"), "blasts": ()}, 2, "two labels are the same"),
        ({"blasts": ("cancer",)}, 2, "cancer is none of the labels"),
    ],
)
def test_labels_that_do_not_fit_are_refused(changes, classes, said):
    with pytest.raises(UsageError, match=said):
        settled(classes=classes, **(WHOLE | changes))


def test_one_sigmoid_output_has_two_labels():
    assert settled(classes=1, **WHOLE).output.activation == "sigmoid"


def test_normalising_twice_is_refused():
    with pytest.raises(UsageError, match="twice would ruin it"):
        settled(normalisation=["Mul (rescaling)"], **WHOLE)
    facts = settled(normalisation=["Mul (rescaling)"], **(WHOLE | {"preprocess": None}))
    assert facts.preprocess == "none"


def test_a_sidecar_comes_back_as_it_was_written(tmp_path):
    facts = Sidecar(**WHOLE, calibration=("a.png",), split="subject")
    write_sidecar(tmp_path / "m.keras", facts)
    assert read_sidecar(tmp_path / "m.keras") == facts
    assert read_sidecar(tmp_path / "other.keras") == Sidecar()


@given(st.dictionaries(st.sampled_from("abc"), st.integers(1, 30), min_size=1), st.integers(0, 9))
def test_calibration_is_balanced_and_repeatable(tmp_path_factory, sizes, seed):
    home = tmp_path_factory.getbasetemp()
    files = [home / label / f"{n}.png" for label, count in sizes.items() for n in range(count)]
    order = balanced(files, seed)
    assert sorted(order) == sorted(files)
    assert order == balanced(files, seed)
    fewest = min(sizes.values())
    first = [path.parent.name for path in order[: fewest * len(sizes)]]
    assert {first.count(label) for label in sizes} == {fewest}


@pytest.mark.parametrize(
    ("pixels", "said"),
    [
        (np.zeros((8, 8, 3), np.uint8), "black or were saved with values of 0 to 1"),
        (np.ones((8, 8, 3), np.uint8), "values of 0 to 1"),
        (np.full((8, 8, 3), 200, np.uint8), "show nothing"),
    ],
)
def test_images_that_cannot_calibrate_are_refused(pixels, said):
    with pytest.raises(InputError, match=said):
        check_range([pixels] * 3, "folder")


@pytest.mark.parametrize(
    ("scale", "zero_point", "wrong"),
    [(1.0, 0, False), (1 / 255, 0, True), (255.0, 0, True), (2.0, 128, True), (0.5, 0, True)],
)
def test_an_input_that_does_not_hold_pixels_is_refused(scale, zero_point, wrong):
    from edgeall_convert.quantize.proof import why_scale_is_wrong

    taken = TensorScale(name="pixels", type="uint8", scale=scale, zero_point=zero_point)
    assert bool(why_scale_is_wrong(taken)) == wrong
