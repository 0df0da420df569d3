from __future__ import annotations

import pytest

from edgeall.errors import StoreError
from edgeall.field.view import view_of
from edgeall.model.classifier import Classifier
from edgeall.service.attended import AttendedSlide
from edgeall.service.pipeline import ReadField
from edgeall.service.prepare import make_preparer

from .conftest import View, frame_of


@pytest.fixture
def slide(store, facts, shipped) -> AttendedSlide:
    return AttendedSlide.begin(
        store, facts, operator="ada", source="stage", bundle=shipped, origin="test"
    )


@pytest.fixture
def look(pictures, shipped):
    """Take a view of a picture on a slide, read it and keep it."""
    classifier = Classifier(shipped)
    prepare = make_preparer(shipped.manifest, "find")

    def look(slide: AttendedSlide, view: View) -> None:
        frame = frame_of(pictures[view.picture], view, 0)
        small = view_of(frame.pixels)
        taken = slide.take(frame, small, slide.overlaps(small))
        prepared = prepare(taken)
        slide.keep([ReadField(prepared, tuple(classifier.classify(prepared.inputs)))])

    return look


def test_a_cell_seen_in_two_fields_is_counted_once(slide, look):
    look(slide, View(2, 220, 160))
    alone = slide.cells
    assert alone >= 1
    look(slide, View(2, 205, 150))
    reading = slide.reading(interrupted=False, known=())
    assert reading.fields == 2
    assert slide.cells == reading.counted
    assert reading.repeated >= 1
    assert reading.counted == alone
    look(slide, View(1))
    assert slide.reading(interrupted=False, known=()).repeated == reading.repeated


def test_a_slide_goes_on_after_a_restart_as_if_nothing_had_happened(slide, look, store, facts):
    look(slide, View(2, 220, 160))
    look(slide, View(2, 205, 150))
    before = slide.reading(interrupted=False, known=())
    (left,) = store.open_slides()
    assert (left.slide_id, left.operator, left.is_paused) == ("S-1", "ada", False)
    again = AttendedSlide.go_on(store, left, facts)
    assert again.reading(interrupted=False, known=()) == before
    assert (again.fields, again.cells, again.sharpest) == (2, slide.cells, slide.sharpest)
    look(again, View(2, 195, 155))
    after = again.reading(interrupted=False, known=())
    assert after.fields == 3
    assert after.counted - before.counted <= 1
    assert after.repeated > before.repeated


def test_an_ended_slide_has_its_reading_and_is_open_no_more(slide, look, store):
    look(slide, View(0))
    look(slide, View(2, 205, 150))
    reading = slide.reading(interrupted=False, known=())
    slide.end(reading, "test", "ada")
    assert store.open_slides() == []
    (stored,) = store.readings("S-1")
    assert stored.reading == reading
    counted = [cell for cell in store.cells("S-1") if cell.counted]
    assert len(counted) == reading.counted
    with pytest.raises(StoreError):
        slide.end(reading, "test", "ada")


def test_a_field_that_was_taken_and_never_kept_is_forgotten(slide, look, pictures):
    frame = frame_of(pictures[0], View(0), 0)
    view = view_of(frame.pixels)
    slide.take(frame, view, [])
    assert slide.overlaps(view)
    slide.start_anew()
    assert slide.overlaps(view) == []
    look(slide, View(0))
    assert slide.fields == 1


def test_a_pause_is_remembered(slide, store):
    store.note_slide(slide.run, "paused", "test", "ada")
    assert [left.is_paused for left in store.open_slides()] == [True]
    store.note_slide(slide.run, "resumed", "test", "ada")
    assert [left.is_paused for left in store.open_slides()] == [False]


def test_a_run_of_capture_is_no_open_slide(store, facts, shipped):
    from edgeall.service.keep import bundle_record

    store.begin_run("S-9", "", "samples", bundle_record(shipped))
    assert store.open_slides() == []
