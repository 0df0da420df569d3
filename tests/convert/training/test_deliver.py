"""Delivery: what is measured and written for the converter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgeall.camera.decode import decode_image
from edgeall.cells.cell import Box
from edgeall.samples.paths import fields_folder
from edgeall_convert.datasets.examples import Example
from edgeall_convert.training.gallery import CELL_SHARE, Gallery, open_gallery, show_whole

pytestmark = [pytest.mark.workstation, pytest.mark.filterwarnings("ignore")]


def test_the_diameter_is_that_of_the_cells_as_the_network_sees_them(cells, found_cells):
    from edgeall_convert.training.deliver import measure_diameter

    for gallery in (cells, found_cells):
        assert measure_diameter(gallery, black=True) == pytest.approx(48 * CELL_SHARE, rel=0.1)
    boxed = replace(
        cells, examples=tuple(replace(one, box=Box(0, 0, 9, 9)) for one in cells.examples)
    )
    assert measure_diameter(boxed, black=False) == 48


def test_the_diameter_of_a_cell_in_a_picture_is_found_or_asked_for():
    from edgeall_convert.training.deliver import measure_diameter

    fields = [Example(path, "normal") for path in sorted(fields_folder().glob("*.jpg"))]
    pictures = open_gallery(fields, ("normal",), 300, show_whole)
    assert 30 < (measure_diameter(pictures, black=False) or 0) < 120
    empty = Gallery(np.full((4, 64, 64, 3), 220, np.uint8), np.zeros(4, int), tuple(fields[:4]))
    assert measure_diameter(empty, black=False) is None


def test_pictures_are_what_the_network_saw_pixel_by_pixel(cells, tmp_path):
    from edgeall_convert.training.deliver import choose_calibration, write_pictures

    chosen = choose_calibration(cells, 1)
    assert sorted(chosen.targets) == sorted(cells.targets)
    names = write_pictures(chosen, ("normal", "blast"), tmp_path / "calibration")
    assert len(set(names)) == len(chosen.targets)
    for name, pixels in zip(names, chosen.pixels, strict=True):
        assert np.array_equal(decode_image(tmp_path / name), pixels)


def test_cells_of_one_field_have_names_of_their_own(cells, tmp_path):
    from edgeall_convert.training.deliver import write_pictures

    one = cells.examples[0]
    same = replace(cells, examples=(one,) * len(cells.examples))
    names = write_pictures(same, ("normal", "blast"), tmp_path / "test")
    assert len(set(names)) == len(cells.examples)


def test_colours_are_measured_of_the_cells_alone(cells):
    from edgeall.field.colour import mean_lab
    from edgeall_convert.training.deliver import measure_colours
    from edgeall_convert.training.pipeline import Feeding

    statistics = measure_colours(cells, Feeding(4, None, False, True), 1)
    direct = np.mean([mean_lab(one, one.max(axis=2) > 0) for one in cells.pixels], axis=0)
    assert statistics.mean == pytest.approx(direct, abs=0.1)
    assert statistics.images == len(cells.pixels)
