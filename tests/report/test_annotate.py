from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import edgeall
from edgeall.cells.cell import Box, Cell
from edgeall.model.call import Call
from edgeall.report.annotate import annotate

FIELDS = sorted((Path(edgeall.__file__).parent / "samples" / "fields").glob("*.jpg"))
BLAST = Call("blast", 0.93, True, True, (0.07, 0.93))
NORMAL = Call("normal", 0.97, True, False, (0.97, 0.03))
UNIDENTIFIED = Call("blast", 0.55, False, False, (0.45, 0.55))
COLOURS = {"blast": (213, 94, 0), "normal": (0, 114, 178), "unidentified": (240, 228, 66)}


def cell(left: int, top: int, side: int) -> Cell:
    return Cell(Box(left, top, side, side), np.ones((side, side), np.bool_), float(side))


def field() -> np.ndarray:
    return cv2.cvtColor(cv2.imread(str(FIELDS[0])), cv2.COLOR_BGR2RGB)


def share(picture: np.ndarray, colour: tuple[int, int, int]) -> float:
    return float((picture == np.array(colour, np.uint8)).all(axis=2).mean())


@pytest.mark.parametrize(
    ("call", "kind"), [(BLAST, "blast"), (NORMAL, "normal"), (UNIDENTIFIED, "unidentified")]
)
def test_each_kind_of_cell_has_its_colour(call, kind):
    drawn = annotate(field(), [(cell(200, 200, 80), call)])
    for name, colour in COLOURS.items():
        assert (share(drawn, colour) > 0) == (name == kind)


def test_kinds_differ_by_their_line_as_well_as_by_colour():
    """The share of a box's upper side that is drawn: whole, or dashed."""

    def drawn_share(call: Call) -> float:
        drawn = annotate(np.full((480, 640, 3), 200, np.uint8), [(cell(200, 200, 200), call)])
        side = drawn[200, 200:400]
        return float((side != 200).any(axis=1).mean())

    assert drawn_share(BLAST) == 1.0
    assert drawn_share(NORMAL) == 1.0
    assert 0.5 < drawn_share(UNIDENTIFIED) < 0.95


def test_a_blasts_line_is_the_thickest():
    def inked(call: Call) -> int:
        drawn = annotate(np.full((480, 640, 3), 200, np.uint8), [(cell(200, 200, 200), call)])
        return int((drawn[300, 195:215] != 200).any(axis=1).sum())

    assert inked(BLAST) > inked(NORMAL)


def test_the_specimen_outside_the_boxes_is_untouched():
    pixels = field()
    before = pixels.copy()
    drawn = annotate(pixels, [(cell(100, 100, 60), BLAST)], [Box(600, 300, 40, 60)])
    assert np.array_equal(pixels, before), "the picture that was given stays as it was"
    assert drawn.dtype == np.uint8
    assert drawn.shape[1:] == pixels.shape[1:]
    assert np.array_equal(drawn[200:270, :590], pixels[200:270, :590])
    assert np.array_equal(drawn[110:150, 110:150], pixels[110:150, 110:150])


@pytest.mark.parametrize("shape", [(480, 640), (3000, 4000), (450, 450), (40, 30)])
def test_the_footer_lies_under_the_picture(shape):
    height, width = shape
    drawn = annotate(np.full((height, width, 3), 255, np.uint8), [])
    assert drawn.shape[0] > height
    assert (drawn[:height] == 255).all()
    assert (drawn[height:] == 255).any(), "something is written there"


def test_lines_and_names_grow_with_the_picture():
    def inked(height: int, width: int) -> float:
        side = height // 5
        pixels = np.full((height, width, 3), 255, np.uint8)
        drawn = annotate(pixels, [(cell(side, side, side), NORMAL)])
        return share(drawn[:height], COLOURS["normal"])

    assert inked(3000, 4000) == pytest.approx(inked(480, 640), rel=0.2)


def test_two_names_do_not_lie_on_each_other():
    pixels = np.full((480, 640, 3), 255, np.uint8)
    together = annotate(pixels, [(cell(200, 200, 80), NORMAL), (cell(200, 205, 80), UNIDENTIFIED)])
    alone = annotate(pixels, [(cell(200, 200, 80), NORMAL)])
    tab_alone = alone[175:199, 200:260]
    assert np.array_equal(together[175:199, 200:260], tab_alone)


def test_a_whole_field_is_named_at_its_corner():
    drawn = annotate(np.full((480, 640, 3), 255, np.uint8), [(None, BLAST)])
    assert share(drawn[:30, :120], COLOURS["blast"]) > 0.1
    assert (drawn[40:440, 40:600] == 255).all()


@given(
    boxes=st.lists(
        st.builds(
            Box,
            st.integers(-50, 120),
            st.integers(-50, 120),
            st.integers(1, 200),
            st.integers(1, 200),
        ),
        max_size=4,
    ),
    height=st.integers(16, 90),
    width=st.integers(16, 90),
)
def test_boxes_anywhere_are_drawn_without_failing(boxes, height, width):
    pixels = np.full((height, width, 3), 255, np.uint8)
    cells = [
        (Cell(box, np.ones((box.height, box.width), np.bool_), 1.0), call)
        for box, call in zip(boxes, (BLAST, NORMAL, UNIDENTIFIED, BLAST), strict=False)
    ]
    assert annotate(pixels, cells, boxes).shape[1] == width
