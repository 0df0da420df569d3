"""Stains: measured and moved in optical density."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeall_convert.training.stain import (
    grayscale,
    jitter,
    measure_stain,
    optical_density,
    restain,
    transfer,
)

EVERY_VALUE = np.repeat(np.arange(1, 256, dtype=np.uint8)[:, np.newaxis, np.newaxis], 3, axis=2)


def test_density_is_minus_the_logarithm_of_what_passes():
    assert optical_density(EVERY_VALUE)[:, 0, 0] == pytest.approx(-np.log(np.arange(1, 256) / 255))


def test_nothing_changes_without_a_change():
    assert np.array_equal(restain(EVERY_VALUE, np.eye(3, 4)), EVERY_VALUE)


def test_twice_the_density_squares_what_passes():
    doubled = restain(EVERY_VALUE, 2 * np.eye(3, 4)).astype(float)
    assert doubled == pytest.approx(EVERY_VALUE.astype(float) ** 2 / 255, abs=0.51)


@given(st.integers(0, 2**32 - 1))
def test_a_transfer_brings_one_cells_colours_near_to_anothers(seed):
    rng = np.random.default_rng(seed)
    centres = rng.uniform(80, 180, (2, 3))
    one, other = (
        np.clip(rng.normal(centre, 12, (40, 40, 3)), 1, 255).astype(np.uint8) for centre in centres
    )
    mask = np.ones((40, 40), bool)
    before, wanted = measure_stain(one, mask), measure_stain(other, mask)
    after = measure_stain(restain(one, transfer(before, wanted, rng)), mask)
    gap = np.abs(after.mean - wanted.mean)
    assert np.all(gap <= 0.55 * np.abs(before.mean - wanted.mean) + 0.03)


def test_a_jitter_of_no_strength_is_none():
    assert jitter(np.random.default_rng(1), 0.0) == pytest.approx(np.eye(3, 4), abs=1e-9)


def test_a_jitter_moves_colours_by_its_strength():
    rng = np.random.default_rng(1)
    moved = [np.abs(jitter(rng, strength) - np.eye(3, 4)).max() for strength in (0.1, 0.4)]
    assert 0 < moved[0] < moved[1]


def test_gray_has_no_colour():
    gray = grayscale(np.random.default_rng(1).integers(0, 256, (9, 9, 3)).astype(np.uint8))
    assert np.ptp(gray, axis=2).max() == 0
