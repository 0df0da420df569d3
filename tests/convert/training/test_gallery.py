"""The gallery: pictures read as the recipe reads them."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from edgeall.cells.cell import Box
from edgeall.errors import ImageError, InputError
from edgeall.samples.paths import cells_folder, fields_folder
from edgeall_convert.datasets.examples import Example, list_examples
from edgeall_convert.training.gallery import (
    BLACK,
    CELL_SHARE,
    open_gallery,
    show_cells,
    show_whole,
)


def test_cut_out_cells_are_seen_whole_in_both_ways(cells, found_cells):
    assert np.array_equal(cells.targets, found_cells.targets)
    difference = np.abs(cells.pixels.astype(int) - found_cells.pixels)
    assert difference.max() <= BLACK
    diameters = np.sqrt(4 * (cells.pixels.max(axis=3) > BLACK).sum(axis=(1, 2)) / np.pi) / 48
    assert np.median(diameters) == pytest.approx(CELL_SHARE, rel=0.1)


def test_the_cells_of_a_field_are_cut_as_the_device_cuts_them():
    fields = [Example(path, "normal") for path in sorted(fields_folder().glob("*.jpg"))]
    gallery = open_gallery(fields, ("normal",), 48, show_cells)
    assert len(gallery.examples) >= len(fields) - 1
    assert not gallery.pixels[:, 0, 0].any()
    areas = (gallery.pixels.max(axis=3) > 0).sum(axis=(1, 2))
    assert np.sqrt(4 * areas / np.pi) / 48 == pytest.approx(CELL_SHARE, rel=0.08)


def test_a_box_is_cut_out():
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[10:20, 30:50] = 200
    example = Example(fields_folder(), "a", box=Box(30, 10, 20, 10))
    (shown,) = show_whole(pixels, example, 32)
    assert shown.shape == (32, 32, 3)
    assert shown.min() == 200


@pytest.fixture
def damaged(tmp_path):
    source = sorted(cells_folder().rglob("*.png"))
    (tmp_path / "a").mkdir()
    shutil.copy(source[0], tmp_path / "a" / "whole.png")
    (tmp_path / "a" / "cut.png").write_bytes(source[1].read_bytes()[:900])
    return list_examples(tmp_path)


def test_an_unreadable_image_is_named_and_left_out(damaged):
    gallery = open_gallery(damaged, ("a",), 32, show_whole)
    assert [example.path.name for example in gallery.examples] == ["whole.png"]
    assert len(gallery.skipped) == 1
    assert "cut.png" in gallery.skipped[0]


def test_an_unreadable_image_stops_a_strict_reading(damaged):
    with pytest.raises(ImageError, match=r"cut\.png"):
        open_gallery(damaged, ("a",), 32, show_whole, strict=True)


def test_a_set_without_one_usable_image_is_refused(damaged):
    with pytest.raises(InputError, match=r"None of the 1 images can be used.*cut\.png"):
        open_gallery(damaged[:1], ("a",), 32, show_whole)
    with pytest.raises(InputError, match="No white cell was found"):
        open_gallery(damaged[1:], ("a",), 32, lambda pixels, example, size: [])
