from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

from edgeall.camera.frame import Frame
from edgeall.cells.cell import Box, Cell
from edgeall.field.check import Field
from edgeall.model.call import Call
from edgeall.slide.reading import Proportion, Reading
from edgeall.store.records import BundleRecord, FieldRecord

MakeField = Callable[..., FieldRecord]
MakeReading = Callable[..., Reading]

TAKEN_AT = datetime(2026, 11, 21, 2, 3, 4, 567890, tzinfo=UTC)


@pytest.fixture
def bundle() -> BundleRecord:
    return BundleRecord(
        name="blast-resnet",
        version="1.0.0",
        network_sha256="ab" * 32,
        manifest_json='{"format": 1, "output": {"labels": ["normal", "blast"]}}',
    )


@pytest.fixture
def make_field() -> MakeField:
    """Return a maker of field records: a number gives the same picture each time."""

    def make(number: int = 0, *, cells: int = 2, encoded: bool = True) -> FieldRecord:
        pixels = np.random.default_rng(number).integers(0, 256, (48, 64, 3), dtype=np.uint8)
        jpeg = cv2.imencode(".jpg", pixels)[1].tobytes()
        frame = Frame(
            pixels=pixels,
            origin=f"smear/{number:03d}.jpg",
            number=number,
            taken_at=TAKEN_AT,
            monotonic_s=12.5,
            settings={"exposure_us": 8000, "gain": 1.5, "pipeline": "virtual"},
            um_per_pixel=0.25,
            encoded=jpeg if encoded else None,
        )
        field = Field(frame, 100.0, 1.0, 0.0, 0.01, 0.5, ())
        return FieldRecord(field, tuple((_cell(n), _call(n)) for n in range(cells)), 1)

    return make


def _cell(number: int) -> Cell:
    return Cell(Box(10 * number, 4, 9, 8), np.ones((8, 9), np.bool_), 9.5, was_touching=number > 0)


def _call(number: int) -> Call:
    if number % 2:
        return Call("blast", 0.93, True, True, (0.07, 0.93))
    return Call("normal", 0.55, False, False, (0.55, 0.45))


@pytest.fixture
def make_reading() -> MakeReading:
    def make(slide_id: str = "S-1", *, interrupted: bool = False) -> Reading:
        return Reading(
            slide_id=slide_id,
            unit="cell",
            fields=2,
            fields_not_counted=1,
            counted=3,
            cut_by_border=1,
            repeated=0,
            differential=(("normal", 1), ("blast", 1)),
            unidentified=1,
            blasts=Proportion(1, 2, 0.5, 0.0126, 0.9874),
            more_needed=383,
            target_width=0.1,
            flags=("interrupted", "too few cells") if interrupted else ("too few cells",),
            bundle="blast-resnet 1.0.0 (abababababab)",
        )

    return make
