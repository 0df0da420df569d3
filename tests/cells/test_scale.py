from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeall.camera.decode import decode_image
from edgeall.cells.scale import red_cell_radius, working_size
from edgeall.samples.paths import fields_folder

MakeSmear = Callable[..., Any]


@pytest.mark.parametrize("radius", [14, 25, 40])
def test_drawn_red_cells_are_measured(make_smear: MakeSmear, radius: int) -> None:
    smear = make_smear(red_radius=radius)
    assert red_cell_radius(smear.pixels) == pytest.approx(radius, rel=0.25)


def test_the_red_cells_of_the_sample_fields_are_measured() -> None:
    # BCCD's own boxes of red cells are 100 px wide in the median, 87 to 109 in 90% of fields.
    for path in sorted(fields_folder().glob("*.jpg")):
        working = working_size(decode_image(path), None)
        assert 33 < working.red_radius * working.shrunk_by < 75, path.name


def test_white_cells_do_not_set_the_scale(make_smear: MakeSmear) -> None:
    smear = make_smear()
    before = red_cell_radius(smear.pixels)
    for column in (120, 320, 520):
        smear.white_cell(column, 240, radius=60, nucleus=55)
    assert red_cell_radius(smear.pixels) == pytest.approx(before, rel=0.2)


def test_a_given_scale_is_not_measured_again() -> None:
    working = working_size(np.zeros((480, 640, 3), np.uint8), um_per_pixel=0.1)
    assert working.red_radius * working.shrunk_by == pytest.approx(36)


@given(st.integers(1, 3000), st.integers(1, 3000), st.sampled_from([None, 0.002, 0.1, 30.0]))
def test_the_work_is_bounded_whatever_the_frame(
    height: int, width: int, um_per_pixel: float | None
) -> None:
    frame = np.broadcast_to(np.uint8(200), (height, width, 3)).copy()
    working = working_size(frame, um_per_pixel)
    assert working.pixels.shape[0] * working.pixels.shape[1] <= 1.5 * 640 * 480
    assert working.shrunk_by >= 1
    assert working.red_radius >= 1
