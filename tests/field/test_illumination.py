from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeall.camera.decode import decode_image
from edgeall.errors import ImageError
from edgeall.field.illumination import (
    background_colour,
    colour_difference,
    flatten,
    measure_empty_field,
)
from edgeall.samples.paths import fields_folder

SMEARS = [decode_image(path) for path in sorted(fields_folder().glob("*.jpg"))]


def light(height=480, width=640, *, falls=0.3, white=(210, 205, 195)):
    """Return how an empty field is lit, ``(h, w, 3)``: brightest off the middle, redder right."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    round_light = 1 - falls * ((x - 0.1) ** 2 + (y + 0.05) ** 2) / 2
    tint = 1 + 0.04 * x[..., None] * np.array([1, 0, -1])
    return round_light[..., None] * tint * np.array(white)


def photographed(lit, seed=0, noise=3.0):
    noisy = lit + np.random.default_rng(seed).normal(0, noise, lit.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def frames(lit, count=6):
    return [photographed(lit, seed) for seed in range(count)]


def dusty(lit, specks=12):
    random = np.random.default_rng(7)
    height, width = lit.shape[:2]
    y, x = np.mgrid[:height, :width]
    for _ in range(specks):
        top, left, radius = random.integers(height), random.integers(width), random.integers(2, 9)
        lit = np.where(((y - top) ** 2 + (x - left) ** 2 < radius**2)[..., None], 0.6 * lit, lit)
    return lit


@settings(max_examples=5)
@given(falls=st.floats(0, 0.4), red=st.integers(150, 230), blue=st.integers(150, 230))
def test_a_flattened_empty_field_is_even(falls, red, blue):
    lit = light(240, 320, falls=falls, white=(red, 210, blue))
    empty = measure_empty_field(frames(lit, 4))
    flat = flatten(np.rint(lit).astype(np.uint8), empty).astype(float)
    level = np.median(flat, axis=(0, 1))
    assert np.percentile(np.abs(flat / level - 1), 99) < 0.015
    assert colour_difference(background_colour(flat.astype(np.uint8)), empty.background) < 1.5


def test_dust_does_not_show_in_the_flat_field():
    clean = measure_empty_field(frames(light()))
    with_dust = measure_empty_field(frames(dusty(light())))
    assert np.abs(with_dust.gains / clean.gains - 1).max() < 0.005


def test_the_flat_field_fits_frames_of_another_size():
    empty = measure_empty_field(frames(light()))
    flat = flatten(np.rint(light(972, 1296)).astype(np.uint8), empty)
    assert flat.shape == (972, 1296, 3)
    assert np.ptp(flat[..., 1].astype(int)) <= 5


@pytest.mark.parametrize("blur", [0, 6, 14])
@pytest.mark.parametrize("smear", SMEARS[:4])
def test_a_field_with_cells_is_not_taken_for_empty(smear, blur):
    shown = cv2.GaussianBlur(smear, (0, 0), blur) if blur else smear
    with pytest.raises(ImageError, match=r"not empty|blurred bumps"):
        measure_empty_field([shown])


def test_one_white_cell_on_an_even_field_is_seen():
    cell = light()
    cv2.circle(cell, (300, 200), 60, (110, 70, 150), -1)
    with pytest.raises(ImageError, match="not empty"):
        measure_empty_field(frames(cell))


REFUSED = {
    "too bright": (light(white=(290, 280, 270)), "too bright"),
    "too dark": (light(white=(70, 60, 50)), "too dark"),
    "unevenly lit": (light(falls=0.85, white=(250, 250, 250)), "of the light|bumps"),
    "black": (light() * 0, "too dark"),
}


@pytest.mark.parametrize(("lit", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_calibrated_on_is_one_sentence(lit, said):
    with pytest.raises(ImageError, match=said):
        measure_empty_field(frames(lit, 2))


def test_frames_of_several_sizes_are_a_defect_of_the_caller():
    with pytest.raises(ValueError, match="one size"):
        measure_empty_field([SMEARS[0], SMEARS[0][:100]])


def test_the_background_is_found_between_the_cells():
    """All sample fields are of one set; their backgrounds lie close together."""
    colours = [background_colour(pixels) for pixels in SMEARS]
    common = tuple(np.median(np.array(colours), axis=0))
    assert max(colour_difference(colour, common) for colour in colours) < 6


@pytest.mark.parametrize("smear", SMEARS)
@pytest.mark.parametrize("lamp", [0.85, (1.0, 0.95, 0.8)])
def test_a_lamp_that_dims_or_yellows_is_seen_whatever_the_cells(smear, lamp):
    before = background_colour(smear)
    after = background_colour((smear * np.array(lamp)).astype(np.uint8))
    assert colour_difference(before, after) > 6


def test_a_black_frame_has_no_background():
    assert background_colour(np.zeros((48, 64, 3), np.uint8)) is None
