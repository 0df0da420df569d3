"""Augmentation: what stays and what changes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeall_convert.training.augment import Augmentation, augment
from edgeall_convert.training.recipes import choose_recipe
from edgeall_convert.training.stain import measure_stain

STRONG = choose_recipe("lenet", "robust", black=True).augmentation
STILL = Augmentation(turns=False, mirrors=False)


@given(st.integers(0, 2**32 - 1))
def test_a_cell_stays_one_piece_of_its_size_on_black(cells, seed):
    pixels = np.where(cells.pixels[0].max(axis=2, keepdims=True) > 20, cells.pixels[0], 0)
    mask = pixels.any(axis=2)
    stain = measure_stain(pixels, mask)
    shown = augment(
        pixels, STRONG, np.random.default_rng(seed), black=True, own_stain=stain, stains=[stain]
    )
    assert shown.shape == pixels.shape
    assert shown.dtype == np.uint8
    assert not shown[[0, 0, -1, -1], [0, -1, 0, -1]].any()
    assert 0.4 < (shown.max(axis=2) > 0).sum() / mask.sum() < 2.2


def test_nothing_changes_where_nothing_may(cells):
    shown = augment(cells.pixels[0], STILL, np.random.default_rng(1), black=False)
    assert np.array_equal(shown, cells.pixels[0])


def test_the_border_of_a_field_is_filled_with_field():
    field = np.full((64, 64, 3), 200, np.uint8)
    how = Augmentation(scale=0.3, shift=0.2)
    for seed in range(20):
        assert augment(field, how, np.random.default_rng(seed), black=False).min() == 200


def test_turning_keeps_what_a_cell_is_made_of(cells):
    pixels = cells.pixels[0]
    shown = augment(pixels, Augmentation(), np.random.default_rng(3), black=True)
    assert not np.array_equal(shown, pixels)
    inside = [one[one.max(axis=2) > 20].mean(axis=0) for one in (pixels, shown)]
    assert inside[1] == pytest.approx(inside[0], abs=6)


def test_the_camera_takes_sharpness_or_adds_to_it(cells):
    pixels = cells.pixels[0]
    how = Augmentation(turns=False, mirrors=False, camera=1.0)
    sharpness = {
        round(cv2.Laplacian(shown, cv2.CV_64F).var(), 1)
        for seed in range(12)
        for shown in [augment(pixels, how, np.random.default_rng(seed), black=True)]
    }
    assert min(sharpness) < cv2.Laplacian(pixels, cv2.CV_64F).var() < max(sharpness)
