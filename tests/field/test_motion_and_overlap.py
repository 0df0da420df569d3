from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeall.camera.decode import decode_bytes
from edgeall.field.motion import MOVED, Rest, difference
from edgeall.field.overlap import SeenFields
from edgeall.field.view import view_of
from edgeall.samples.paths import fields_folder

PICTURES = [
    decode_bytes(path.read_bytes(), path.name) for path in sorted(fields_folder().glob("*.jpg"))
]
WIDTH, HEIGHT = 400, 300


def window(picture: int, left: int, top: int, noise: int = 0) -> np.ndarray:
    """Return what a camera sees of a picture from there, with its noise."""
    cut = PICTURES[picture][top : top + HEIGHT, left : left + WIDTH].astype(np.float32)
    grain = np.random.default_rng(noise).normal(0, 4, cut.shape)
    return np.clip(cut + grain, 0, 255).astype(np.uint8)


@given(
    picture=st.integers(0, len(PICTURES) - 1),
    start=st.tuples(st.integers(0, 239), st.integers(0, 179)),
    end=st.tuples(st.integers(0, 239), st.integers(0, 179)),
)
@settings(max_examples=60)
def test_a_field_seen_from_elsewhere_is_recognised_and_placed(picture, start, end):
    seen = SeenFields()
    seen.add(7, view_of(window(picture, *start, noise=1)))
    (found,) = seen.overlaps(view_of(window(picture, *end, noise=2)))
    right, down = end[0] - start[0], end[1] - start[1]
    assert found.number == 7
    assert (found.right, found.down) == pytest.approx((right, down), abs=3)
    expected = (WIDTH - abs(right)) * (HEIGHT - abs(down)) / (WIDTH * HEIGHT)
    assert found.share == pytest.approx(expected, abs=0.03)


def test_fields_of_other_places_are_never_taken_for_one_another():
    seen = SeenFields()
    for number in range(len(PICTURES)):
        seen.add(number, view_of(window(number, 100, 80)))
    for number in range(len(PICTURES)):
        overlaps = seen.overlaps(view_of(window(number, 120, 90, noise=3)))
        assert [overlap.number for overlap in overlaps] == [number]


def test_an_empty_field_overlaps_nothing():
    rng = np.random.default_rng(0)
    blank = [
        np.clip(rng.normal(220, 3, (HEIGHT, WIDTH, 3)), 0, 255).astype(np.uint8) for _ in range(4)
    ]
    seen = SeenFields()
    for number, pixels in enumerate(blank[:3]):
        seen.add(number, view_of(pixels))
    assert seen.overlaps(view_of(blank[3])) == []


def test_a_field_of_another_size_is_another_field():
    seen = SeenFields()
    seen.add(0, view_of(PICTURES[0]))
    assert seen.overlaps(view_of(PICTURES[0][:300])) == []


def test_forgotten_fields_are_not_recognised():
    seen = SeenFields()
    seen.add(0, view_of(window(0, 0, 0)))
    seen.add(1, view_of(window(1, 0, 0)))
    seen.forget_from(1)
    assert seen.overlaps(view_of(window(1, 0, 0)))[:1] == []
    assert len(seen.overlaps(view_of(window(0, 0, 0)))) == 1


@pytest.mark.parametrize("picture", range(len(PICTURES)))
def test_noise_is_rest_and_a_hundredth_of_the_width_is_motion(picture):
    here, again = view_of(window(picture, 50, 50)), view_of(window(picture, 50, 50, noise=9))
    moved = view_of(window(picture, 54, 50, noise=9))
    assert difference(here, again) < MOVED < difference(here, moved)


def test_rest_is_counted_from_when_the_picture_stopped():
    rest = Rest()
    places = [0, 30, 60, 60, 60, 60]
    seconds = [
        rest.seconds(view_of(window(0, place, 0, noise=at)), at / 10)
        for at, place in enumerate(places)
    ]
    assert seconds == pytest.approx([0, 0, 0, 0.1, 0.2, 0.3])


def test_a_slow_drift_is_no_rest():
    rest = Rest()
    longest = max(
        rest.seconds(view_of(window(0, step, 0, noise=step)), step / 10) for step in range(40)
    )
    assert longest <= 0.5
