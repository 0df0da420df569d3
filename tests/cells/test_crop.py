from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeall.camera.decode import decode_image
from edgeall.cells.cell import Box, Cell
from edgeall.cells.crop import CropRule, cell_of_crop, crop_cell
from edgeall.cells.finder import find_cells
from edgeall.errors import MissingFactError, UsageError
from edgeall.samples.paths import cells_folder, fields_folder

if TYPE_CHECKING:
    from numpy.typing import NDArray

Background = Literal["as-seen", "black"]


def _rule(
    *,
    side: int = 96,
    diameter: float | None = 60.0,
    um: float | None = None,
    background: Background = "as-seen",
) -> CropRule:
    return CropRule(side, side, um, diameter, background, "area")


def _round_cell(left: int, top: int, side: int) -> Cell:
    mask = np.zeros((side, side), np.uint8)
    cv2.circle(mask, (side // 2, side // 2), side // 2, 1, cv2.FILLED)
    area = float(mask.sum())
    return Cell(Box(left, top, side, side), mask.astype(np.bool_), (4 * area / np.pi) ** 0.5)


def _field_with(cell: Cell, height: int = 480, width: int = 640) -> NDArray[np.uint8]:
    """Return a grey field with the cell's pixels in white."""
    field = np.full((height, width, 3), 90, np.uint8)
    field[cell.box.top : cell.box.bottom, cell.box.left : cell.box.right][cell.mask] = 255
    return field


def _extent(crop: NDArray[np.uint8]) -> tuple[float, float, int, int]:
    """Return centre row, centre column, height and width of what is white."""
    rows, columns = np.nonzero(crop[..., 0] > 170)
    return (
        (rows.min() + rows.max()) / 2,
        (columns.min() + columns.max()) / 2,
        int(rows.max() - rows.min()) + 1,
        int(columns.max() - columns.min()) + 1,
    )


@given(
    left=st.integers(0, 560),
    top=st.integers(0, 400),
    side=st.integers(5, 80),
    height=st.integers(8, 200),
    width=st.integers(8, 200),
    diameter=st.floats(4, 300),
    background=st.sampled_from(["as-seen", "black"]),
    resize=st.sampled_from(["area", "linear"]),
)
def test_a_crop_always_has_the_rules_shape(
    left: int,
    top: int,
    side: int,
    height: int,
    width: int,
    diameter: float,
    background: Background,
    resize: Literal["area", "linear"],
) -> None:
    cell = _round_cell(left, top, side)
    rule = CropRule(height, width, None, diameter, background, resize)
    crop = crop_cell(_field_with(cell), cell, rule, None)
    assert crop.shape == (height, width, 3)
    assert crop.dtype == np.uint8


@given(
    left=st.integers(1, 539),
    top=st.integers(1, 379),
    side=st.integers(30, 100),
    diameter=st.floats(20, 80),
    background=st.sampled_from(["as-seen", "black"]),
)
def test_a_cell_lands_in_the_middle_at_the_rules_diameter(
    left: int, top: int, side: int, diameter: float, background: Background
) -> None:
    cell = _round_cell(left, top, side)
    rule = _rule(diameter=diameter, background=background)
    crop = crop_cell(_field_with(cell), cell, rule, None)
    # Rounding to the frame's pixels moves a crop by up to one of them, and its edge is soft.
    one = 1 + diameter / cell.diameter_px
    row, column, height, width = _extent(crop)
    assert (row, column) == pytest.approx((47.5, 47.5), abs=one)
    expected = diameter * side / cell.diameter_px
    assert (height, width) == pytest.approx((expected, expected), abs=1 + 2 * one)


def test_a_scale_in_micrometres_is_kept_whatever_the_cells_size() -> None:
    for side in (20, 40):
        cell = _round_cell(200, 200, side)
        rule = _rule(diameter=None, um=0.1)
        crop = crop_cell(_field_with(cell), cell, rule, um_per_pixel=0.2)
        assert _extent(crop)[3] == pytest.approx(2 * side, abs=2)


def test_a_scale_in_micrometres_needs_the_frames_own() -> None:
    cell = _round_cell(200, 200, 40)
    with pytest.raises(MissingFactError, match="--um-per-pixel"):
        crop_cell(_field_with(cell), cell, _rule(diameter=None, um=0.1), None)


def test_a_scale_that_cannot_be_right_is_refused() -> None:
    cell = _round_cell(200, 200, 40)
    with pytest.raises(UsageError, match="--um-per-pixel"):
        crop_cell(_field_with(cell), cell, _rule(diameter=None, um=0.1), 0.0001)


def test_on_black_neither_background_nor_neighbours_stay() -> None:
    cell = _round_cell(200, 200, 60)
    field = _field_with(cell)
    field[190:270, 262:300] = 255
    seen = crop_cell(field, cell, _rule(diameter=40), None)
    alone = crop_cell(field, cell, _rule(diameter=40, background="black"), None)
    assert seen[48, 80, 0] == 255
    assert alone[48, 80, 0] == 0
    assert alone[48, 48, 0] == 255
    assert alone[0].max() == 0


def test_beyond_the_border_the_field_goes_on() -> None:
    cell = _round_cell(0, 0, 40)
    crop = crop_cell(_field_with(cell), cell, _rule(diameter=20), None)
    assert crop[0, -1].tolist() == [90, 90, 90]
    assert crop[-1, 0].tolist() == [90, 90, 90]


def test_a_found_cell_keeps_its_own_colours() -> None:
    pixels = decode_image(fields_folder() / "BloodImage_00034.jpg")
    cell = find_cells(pixels).cells[0]
    rule = CropRule(cell.box.height, cell.box.width, None, cell.diameter_px, "black", "area")
    crop = crop_cell(pixels, cell, rule, None)
    box = cell.box
    own = pixels[box.top : box.bottom, box.left : box.right]
    assert np.array_equal(crop[cell.mask], own[cell.mask])
    assert not crop[~cell.mask].any()


def test_a_picture_of_one_cell_on_black_is_what_is_not_black() -> None:
    pixels = decode_image(cells_folder() / "blast" / "UID_32_3_7_all.png")
    cell = cell_of_crop(pixels, "black")
    assert 0 < cell.box.left < cell.box.right < 450
    shown = pixels.max(axis=2) > 16
    assert cell.mask.sum() == shown.sum()


def test_a_picture_of_one_cell_as_seen_is_the_whole_picture() -> None:
    cell = cell_of_crop(np.full((40, 60, 3), 200, np.uint8), "as-seen")
    assert cell.box == Box(0, 0, 60, 40)
    assert cell.mask.all()


def test_a_black_picture_is_a_cell_all_the_same() -> None:
    assert cell_of_crop(np.zeros((20, 20, 3), np.uint8), "black").box == Box(0, 0, 20, 20)
