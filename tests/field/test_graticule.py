from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeall.camera.decode import decode_image
from edgeall.errors import ImageError
from edgeall.field.graticule import measure_graticule
from edgeall.samples.paths import fields_folder


def graticule(
    period,
    angle=0.0,
    *,
    size=(400, 560),
    width=0.15,
    blur=1.0,
    noise=4.0,
    uneven=0.3,
    ruled=False,
    bright=False,
):
    """Return a picture of lines ``period`` pixels apart, turned by ``angle`` degrees.

    With ``ruled`` the lines stand on a long rule, every fifth and tenth longer.
    """
    height, wide = size
    y, x = np.mgrid[:height, :wide].astype(float)
    turn = np.radians(angle)
    across = (x - wide / 2) * np.cos(turn) + (y - height / 2) * np.sin(turn) + 0.3 * period
    along = (y - height / 2) * np.cos(turn) - (x - wide / 2) * np.sin(turn)
    number = np.rint(across / period)
    half = max(1.5, width * period) / 2
    ink = np.clip(half + 0.5 - np.abs(across - number * period), 0, 1)
    if ruled:
        long = np.where(number % 10 == 0, 0.45, np.where(number % 5 == 0, 0.38, 0.3)) * height
        ink = ink * ((along < 40) & (along > 40 - long))
        ink = np.maximum(ink, np.clip(half + 0.5 - np.abs(along - 40), 0, 1))
    ink = cv2.GaussianBlur(ink, (0, 0), blur) if blur else ink
    lit = 200 * (1 - uneven * ((x / wide - 0.6) ** 2 + (y / height - 0.3) ** 2))
    grey = lit * (0.3 + 0.6 * ink if bright else 1 - 0.6 * ink)
    noisy = grey[..., None] + np.random.default_rng(1).normal(0, noise, (height, wide, 3))
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def turned(one, other):
    return abs((one - other + 90) % 180 - 90)


@settings(max_examples=12)
@given(
    period=st.floats(np.log(8), np.log(120)).map(np.exp),
    angle=st.floats(-90, 90),
    width=st.floats(0.1, 0.5),
    blur=st.floats(0, 0.25),
    noise=st.floats(0, 12),
    uneven=st.floats(0, 0.6),
    ruled=st.booleans(),
)
def test_the_period_is_right_to_half_a_per_cent(period, angle, width, blur, noise, uneven, ruled):
    pixels = graticule(
        period, angle, width=width, blur=min(4, blur * period), noise=noise, uneven=uneven,
        ruled=ruled,
    )  # fmt: skip
    found = measure_graticule(pixels)
    assert found.period_px == pytest.approx(period, rel=0.005)
    assert turned(found.angle_deg, angle) < 1.5


@pytest.mark.parametrize("angle", [0, 33, 90])
def test_long_periods_need_a_wider_picture(angle):
    found = measure_graticule(graticule(200, angle, size=(900, 1200)))
    assert found.period_px == pytest.approx(200, rel=0.005)
    assert found.um_per_pixel(10) == pytest.approx(0.05, rel=0.005)


def test_bright_lines_are_lines_too():
    assert measure_graticule(graticule(40, 12, bright=True)).period_px == pytest.approx(
        40, rel=5e-3
    )


def test_a_large_picture_is_measured_as_well():
    found = measure_graticule(graticule(90, 20, size=(1300, 2000)))
    assert found.period_px == pytest.approx(90, rel=0.002)


def test_the_uncertainty_covers_the_error_and_falls_with_the_lines():
    few, many = (measure_graticule(graticule(p, 10, noise=8)) for p in (110, 11))
    assert many.lines > 5 * few.lines
    assert many.uncertainty_px < few.uncertainty_px
    for found, period in ((few, 110), (many, 11)):
        assert abs(found.period_px - period) < 4 * found.uncertainty_px


@pytest.mark.parametrize("path", sorted(fields_folder().glob("*.jpg")), ids=lambda path: path.stem)
def test_a_smear_is_no_graticule(path):
    with pytest.raises(ImageError, match="No graticule was recognised"):
        measure_graticule(decode_image(path))


NOTHING = {
    "noise": np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8),
    "an even field": np.full((240, 320, 3), 200, np.uint8),
    "one line": graticule(2000, 0, width=0.01),
    "two lines": graticule(400, 0, width=0.02),
    "lines too close": graticule(3.0, 0, blur=0),
}


@pytest.mark.parametrize("pixels", NOTHING.values(), ids=NOTHING)
def test_what_shows_no_even_row_of_lines_is_refused(pixels):
    with pytest.raises(ImageError, match="No graticule was recognised"):
        measure_graticule(pixels)


def test_lines_at_uneven_distances_are_refused():
    pixels = np.full((400, 600, 3), 200, np.uint8)
    for at in (20, 60, 150, 185, 300, 390, 410, 560):
        pixels[:, at : at + 6] = 60
    with pytest.raises(ImageError, match="No graticule was recognised"):
        measure_graticule(pixels)
