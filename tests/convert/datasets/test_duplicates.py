"""Near-duplicates: copies are found, cells that merely look alike are not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeall.camera.decode import decode_image
from edgeall.errors import ImageError
from edgeall.samples.paths import cells_folder, fields_folder
from edgeall_convert.datasets.duplicates import (
    Fingerprint,
    fingerprint,
    fingerprint_files,
    near_duplicates,
    share_across,
)

PICTURES = [
    decode_image(path)
    for folder in (cells_folder(), fields_folder())
    for path in sorted(folder.rglob("*"))
    if path.suffix in (".png", ".jpg")
]


def _copy(pixels, scale, quality):
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(encoded, cv2.IMREAD_COLOR)


def test_different_cells_and_fields_are_no_duplicates():
    assert near_duplicates([fingerprint(pixels) for pixels in PICTURES]) == []


@given(st.integers(0, len(PICTURES) - 1), st.floats(0.7, 1.0), st.integers(60, 95))
def test_a_copy_that_was_shrunk_and_saved_again_is_found(number, scale, quality):
    prints = [fingerprint(pixels) for pixels in PICTURES]
    prints.append(fingerprint(_copy(PICTURES[number], scale, quality)))
    assert near_duplicates(prints) == [(number, len(PICTURES))]


def test_copies_of_copies_are_one_group():
    one = fingerprint(PICTURES[0])
    other = fingerprint(PICTURES[-1])
    assert near_duplicates([one, other, one, one, other]) == [(0, 2, 3), (1, 4)]
    assert near_duplicates([one]) == []
    assert near_duplicates([]) == []


def test_an_image_of_one_colour_is_like_itself_alone():
    flat = fingerprint(np.full((50, 50, 3), 90, np.uint8))
    assert near_duplicates([flat, fingerprint(PICTURES[0])]) == []


def test_an_unreadable_file_has_its_error(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    first, second = fingerprint_files([tmp_path / "a.png", next(cells_folder().rglob("*.png"))])
    assert isinstance(first, ImageError)
    assert isinstance(second, Fingerprint)
    assert second.size == (450, 450)


def test_the_share_counts_held_images_with_a_twin_in_training():
    trains = [True, True, False, False, None, False]
    assert share_across([(0, 2), (3, 5), (4, 1)], trains) == pytest.approx(1 / 3)
    assert share_across([], trains) == 0
    assert share_across([(0, 1)], [True, True]) == 0
