from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from edgeall.report.slide_report import CellOfInterest, Counts, Signed, SlideReport, When
from edgeall.slide.interval import proportion
from edgeall.slide.reading import Reading

MakeReport = Callable[..., SlideReport]

BEGUN = When(datetime(2026, 11, 21, 2, 3, 4, tzinfo=UTC), True)
READ = When(datetime(2026, 11, 21, 2, 30, tzinfo=UTC), False)
SIGNED = When(datetime(2026, 11, 22, 9, 0, tzinfo=UTC), True)


def a_report(*, signed_version: int = 0, reviewed: bool = False, **other: Any) -> SlideReport:
    picture = np.random.default_rng(1).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    report = SlideReport(
        run=1,
        clinic="Hospital Güemes",
        device_id="3f2a9c1188",
        operator="Ada",
        slide_id="S-1",
        patient_id="P-77",
        reading=a_reading(),
        reviewed=a_review() if reviewed else None,
        flags=("out of focus", "too few cells"),
        labels=("normal", "blast"),
        blasts=frozenset({"blast"}),
        bundle="b 1 (abababababab)",
        network_sha256="ab" * 32,
        model_card="Trained on nothing. No good.",
        signed=Signed("Dr. Priya", SIGNED, signed_version, "wrong class", "see marrow")
        if signed_version
        else None,
        begun=BEGUN,
        read=READ,
        software="edgeall 0",
        code="0123456789abcdef",
        cells=(
            CellOfInterest(picture, "blast", 0.93, True, "normal" if reviewed else None),
            CellOfInterest(None, "unidentified", 0.55, False, None),
        ),
        cells_left_out=3,
    )
    return replace(report, **other)


def a_reading(slide_id: str = "S-1") -> Reading:
    return Reading(
        slide_id=slide_id,
        unit="cell",
        fields=8,
        fields_not_counted=2,
        counted=40,
        cut_by_border=3,
        repeated=0,
        differential=(("normal", 30), ("blast", 8)),
        unidentified=2,
        blasts=proportion(8, 38),
        more_needed=220,
        target_width=0.1,
        flags=("out of focus", "too few cells"),
        bundle="b 1 (abababababab)",
    )


def a_review() -> Counts:
    return Counts(
        counted=39,
        differential=(("normal", 31), ("blast", 6), ("monocyte", 1)),
        unidentified=1,
        blasts=proportion(6, 38),
        not_cells=1,
    )


@pytest.fixture(scope="session")
def make_report() -> MakeReport:
    """Return a maker of reports; for the session, so that hypothesis may use it, too."""
    return a_report


@pytest.fixture(scope="session")
def reading() -> Reading:
    return a_reading()
