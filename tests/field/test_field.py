"""Focus, exposure and colour, on the sample fields and on what may be wrong with them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeall.camera.clock import stamp
from edgeall.camera.decode import decode_image
from edgeall.field.check import assess, assess_cell, faults_against
from edgeall.field.colour import colour_distance, mean_lab
from edgeall.field.exposure import measure_exposure
from edgeall.field.focus import ABSOLUTE_FLOOR, RELATIVE_FLOOR, is_in_focus, sharpness
from edgeall.field.resize import resize
from edgeall.samples.paths import cells_folder, fields_folder

FIELDS = [decode_image(path) for path in sorted(fields_folder().glob("*.jpg"))]
CELLS = [decode_image(path) for path in sorted(cells_folder().rglob("*.png"))]


def frame(pixels: np.ndarray) -> object:
    return stamp(pixels, "x", 0)


@pytest.mark.parametrize("pixels", FIELDS)
def test_a_sample_field_has_no_fault(pixels):
    assert assess(frame(pixels), None, None).counts


@pytest.mark.parametrize("pixels", FIELDS)
def test_sharpness_falls_with_every_blur(pixels):
    measured = [sharpness(pixels)]
    measured += [sharpness(cv2.GaussianBlur(pixels, (0, 0), s)) for s in (1, 2, 4, 6)]
    assert measured == sorted(measured, reverse=True)
    assert not is_in_focus(measured[3], 0.0)
    assert not is_in_focus(measured[4], measured[0])


@pytest.mark.parametrize("noise", [0, 2, 8])
def test_an_empty_field_has_no_focus_however_noisy(noise):
    grain = np.random.default_rng(0).normal(215, noise, (480, 640, 3))
    empty = np.clip(grain, 0, 255).astype(np.uint8)
    assert not is_in_focus(sharpness(empty), 0.0)


@pytest.mark.parametrize("pixels", CELLS)
def test_a_blurred_cell_is_out_of_focus(pixels):
    blurred = cv2.GaussianBlur(pixels, (0, 0), 20)
    assert "out of focus" in assess_cell(frame(blurred), None, background_black=False).faults


@pytest.mark.parametrize("pixels", CELLS)
def test_a_cell_on_black_is_judged_by_the_cell(pixels):
    assert assess_cell(frame(pixels), None, background_black=True).counts


def test_focus_is_judged_against_the_sharpest_field():
    assert is_in_focus(1.0, 1.0)
    assert not is_in_focus(0.99 * RELATIVE_FLOOR * 2, 2.0)
    assert not is_in_focus(0.99 * ABSOLUTE_FLOOR, 0.0)


def test_a_dark_field_is_underexposed_and_a_burnt_one_overexposed():
    dark = assess(frame(FIELDS[0] // 8), None, None)
    burnt = assess(frame(np.clip(FIELDS[0].astype(int) * 2, 0, 255).astype(np.uint8)), None, None)
    assert "underexposed" in dark.faults
    assert "overexposed" in burnt.faults


def test_an_all_black_and_an_all_white_frame_do_not_count():
    for value in (0, 255):
        assert not assess(frame(np.full((48, 64, 3), value, np.uint8)), None, None).counts


def test_exposure_shares_are_those_of_the_pixels():
    pixels = np.full((100, 100, 3), 128, np.uint8)
    pixels[:10], pixels[10:40] = 0, 255
    measured = measure_exposure(pixels)
    assert (measured.dark_share, measured.bright_share) == pytest.approx((0.1, 0.3))


def test_colours_far_from_the_training_are_a_fault():
    assert "colour drift" in assess(frame(FIELDS[0]), None, 9.0).faults
    assert assess(frame(FIELDS[0]), None, 1.0).counts


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((255, 255, 255), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
    ],
)
def test_lab_is_that_of_the_standard(rgb, lab):
    """Values of sRGB under D65, as IEC 61966-2-1 and CIE 15 give them."""
    assert mean_lab(np.full((8, 8, 3), rgb, np.uint8)) == pytest.approx(lab, abs=0.5)


def test_only_the_masked_pixels_have_a_colour():
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:4] = 255
    mask = np.zeros((8, 8), np.bool_)
    assert mean_lab(pixels, mask) is None
    mask[:4] = True
    assert mean_lab(pixels, mask) == pytest.approx((100, 0, 0), abs=0.1)


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-3, 3))
def test_the_distance_is_in_standard_deviations(a, b, c):
    measured = (50 + 10 * a, 5 + 2 * b, -5 + 3 * c)
    expected = ((a * a + b * b + c * c) / 3) ** 0.5
    assert colour_distance(measured, (50, 5, -5), (10, 2, 3)) == pytest.approx(expected, abs=1e-6)


def test_a_fault_of_focus_is_judged_anew_and_the_others_stay():
    assert faults_against(("out of focus", "overexposed"), 1.0, 1.0) == ("overexposed",)
    assert faults_against(("overexposed",), 0.5, 1.0) == ("out of focus", "overexposed")


@given(st.integers(1, 90), st.integers(1, 90), st.sampled_from(["area", "linear"]))
def test_a_resized_picture_has_the_size_and_the_mean(height, width, method):
    pixels = np.full((37, 53, 3), (10, 120, 250), np.uint8)
    resized = resize(pixels, height, width, method)
    assert resized.shape == (height, width, 3)
    assert np.abs(resized.astype(int) - [10, 120, 250]).max() <= 1


def test_a_picture_of_the_size_already_is_not_touched():
    assert resize(FIELDS[0], 480, 640) is FIELDS[0]
