from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from edgeall.camera.frame import Frame
from edgeall.cells.cell import Box, Cell
from edgeall.errors import UsageError
from edgeall.field.check import Field
from edgeall.model.call import Call
from edgeall.report.from_store import CellVerdict, Sender, slide_report
from edgeall.report.interest import SIDE
from edgeall.report.slide_report import deidentified
from edgeall.store.records import BundleRecord, FieldRecord
from edgeall.store.store import Store

MANIFEST = (
    '{"output": {"labels": ["normal", "blast"], "blasts": ["blast"]}, "provenance": {"data": "x",'
    ' "images": 9, "split": "subject", "limits": ["Not fit."], "int8_metrics": {"sensitivity":'
    ' {"value": 0.9, "low": 0.8, "high": 0.95}}}}'
)
CALLS = (
    Call("blast", 0.7, True, True, (0.3, 0.7)),
    Call("blast", 0.9, True, True, (0.1, 0.9)),
    Call("normal", 0.95, True, False, (0.95, 0.05)),
    Call("blast", 0.55, False, True, (0.45, 0.55)),
)
SENDER = Sender("Clinic", "device")


@pytest.fixture
def store(tmp_path, reading) -> Iterator[Store]:
    """Return a store with one slide of one counted field and one that is not."""
    pixels = np.full((48, 64, 3), 90, np.uint8)
    frame = Frame(pixels, "f.png", 0, datetime(2026, 11, 21, tzinfo=UTC), 1.0)
    cell = Cell(Box(50, 40, 20, 16), np.ones((16, 20), np.bool_), 18.0)
    record = FieldRecord(
        Field(frame, 9.0, 1.0, 0.0, 0.0, None, ()), tuple((cell, call) for call in CALLS), 0
    )
    bundle = BundleRecord("b", "1", "ab" * 32, MANIFEST)
    with Store.open(tmp_path / "store") as opened:
        run = opened.begin_run("S-1", "ada", "samples", bundle)
        fields = opened.add_fields(run, [record, record])
        opened.add_reading(run, reading, fields[:1])
        yield opened


def test_a_report_holds_what_was_stored(store, reading):
    report = slide_report(store, "S-1", SENDER, patient_id="P")
    assert report.reading == reading
    assert (report.operator, report.clinic, report.device_id) == ("ada", "Clinic", "device")
    assert (report.status, report.version, report.reviewed) == ("preliminary", 0, None)
    assert report.network_sha256 == "ab" * 32
    assert report.model_card == (
        "Trained on x. On 9 held images (subject split): "
        "sensitivity 90.0% (95% interval 80.0% to 95.0%). Not fit."
    )


def test_counted_blasts_come_first_the_surest_at_the_head_then_the_unidentified(store):
    cells = slide_report(store, "S-1", SENDER).cells
    assert [(cell.call, cell.confidence) for cell in cells] == [
        ("blast", 0.9),
        ("blast", 0.7),
        ("unidentified", 0.55),
    ]
    assert all(cell.pixels is not None and cell.pixels.shape == (SIDE, SIDE, 3) for cell in cells)


def test_reviews_change_the_counts_and_the_fraction(store):
    reviews = {
        1: CellVerdict("not a cell"),
        3: CellVerdict("class", "monocyte"),
        4: CellVerdict("class", "blast"),
        5: CellVerdict("class", "normal"),
        2: CellVerdict("as called"),
    }
    report = slide_report(store, "S-1", SENDER, reviews=reviews)
    counts = report.counts
    assert counts.differential == (("normal", 0), ("blast", 2), ("monocyte", 1))
    assert (counts.counted, counts.unidentified, counts.not_cells) == (3, 0, 1)
    assert counts.blasts is not None
    assert (counts.blasts.count, counts.blasts.total) == (2, 3)
    assert [cell.reviewed for cell in report.cells] == ["monocyte", "not a cell", "blast", None]


def test_a_reading_made_of_the_reviews_stands_instead_of_a_count_of_our_own(store, reading):
    made = replace(reading, counted=41, unidentified=3, flags=("too few cells",))
    reviews = {1: CellVerdict("not a cell")}
    report = slide_report(store, "S-1", SENDER, reviews=reviews, reviewed_reading=made)
    assert (report.counts.counted, report.counts.not_cells) == (41, 1)
    assert report.flags == ("too few cells",)
    assert report.called.counted == 40


def test_what_there_is_no_room_for_is_counted(store):
    report = slide_report(store, "S-1", SENDER, cells_shown=1)
    assert (len(report.cells), report.cells_left_out) == (1, 2)


def test_a_removed_picture_leaves_its_cells(store):
    for path in store.images.rglob("*.png"):
        path.unlink()
    assert [cell.pixels for cell in slide_report(store, "S-1", SENDER).cells] == [None] * 3


def test_the_code_is_the_records_own(store, reading):
    first, again = (slide_report(store, "S-1", SENDER).code for _ in range(2))
    assert first == again
    assert len(first) == 16
    run = store.begin_run("S-1", "ada", "samples", BundleRecord("b", "1", "ab" * 32, MANIFEST))
    store.add_reading(run, reading, [])
    assert slide_report(store, "S-1", SENDER).code != first
    assert slide_report(store, "S-1", SENDER, run=1).code == first


def test_a_slide_without_a_reading_says_so(store):
    with pytest.raises(UsageError, match="no reading yet"):
        slide_report(store, "S-2", SENDER)
    with pytest.raises(UsageError, match="no reading of run 7"):
        slide_report(store, "S-1", SENDER, run=7)


def test_a_deidentified_report_keeps_the_finding_and_the_year(store):
    report = slide_report(store, "S-1", SENDER, patient_id="P")
    bare = deidentified(report)
    assert bare.slide_id == bare.reading.slide_id == report.code
    assert (bare.clinic, bare.operator, bare.device_id, bare.patient_id) == ("", "", "", None)
    assert str(bare.read) == str(report.read.at.year)
    assert bare.read.at.month == bare.read.at.day == 1
    assert bare.counts == report.counts
