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
    CELL_SHARE,
    Shown,
    open_gallery,
    show_cells,
    show_whole,
)


def test_whole_pictures_keep_their_cells_sizes_and_found_ones_share_one(cells, found_cells):
    def diameters(gallery):
        areas = (gallery.pixels.max(axis=3) > 20).sum(axis=(1, 2))
        return np.sqrt(4 * areas / np.pi) / gallery.pixels.shape[1]

    assert np.ptp(diameters(cells)) > 2 * np.ptp(diameters(found_cells))
    assert diameters(found_cells) == pytest.approx(CELL_SHARE, rel=0.06)
    assert diameters(cells) == pytest.approx(CELL_SHARE * found_cells.own_scales, rel=0.1)


def test_the_cells_of_a_field_are_cut_as_the_device_cuts_them():
    fields = [Example(path, "normal") for path in sorted(fields_folder().glob("*.jpg"))]
    gallery = open_gallery(fields, ("normal",), 48, show_cells)
    assert len(gallery.examples) >= len(fields) - 1
    assert not gallery.pixels[:, 0, 0].any()
    assert set(gallery.own_scales) == {1.0}


def test_a_box_is_cut_out():
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[10:20, 30:50] = 200
    example = Example(fields_folder(), "a", box=Box(30, 10, 20, 10))
    (shown,) = show_whole(pixels, example, 32)
    assert isinstance(shown, Shown)
    assert shown.pixels.shape == (32, 32, 3)
    assert shown.pixels.min() == 200


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
