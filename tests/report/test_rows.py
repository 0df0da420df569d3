from __future__ import annotations

from dataclasses import replace

import pytest

from edgeall.report.rows import reading_rows
from edgeall.slide.reading import Proportion, Reading

READING = Reading(
    slide_id="S-1",
    unit="cell",
    fields=8,
    fields_not_counted=2,
    counted=40,
    cut_by_border=3,
    repeated=0,
    differential=(("normal", 30), ("blast", 8)),
    unidentified=2,
    blasts=Proportion(8, 38, 8 / 38, 0.0955, 0.3732),
    more_needed=220,
    target_width=0.1,
    flags=("out of focus", "too few cells"),
    bundle="b 1 (abababababab)",
)


def test_a_reading_is_told_line_by_line():
    assert reading_rows(READING) == [
        ("slide", "S-1"),
        ("fields", "8, 2 of them not counted"),
        ("cells counted", "40"),
        ("  normal", "30 (75.0%)"),
        ("  blast", "8 (20.0%)"),
        ("  unidentified", "2 (5.0%)"),
        ("cut by the border, not read", "3"),
        ("blasts among the identified", "8 of 38: 21.1% (95% interval 9.6% to 37.3%)"),
        ("still needed", "220 identified cells, for an interval of 10 points"),
        ("flags", "out of focus, too few cells"),
        ("bundle", "b 1 (abababababab)"),
    ]


def test_what_is_not_known_is_said_to_be():
    empty = replace(
        READING,
        fields_not_counted=0,
        counted=0,
        differential=(("normal", 0), ("blast", 0)),
        unidentified=0,
        blasts=None,
        more_needed=None,
        flags=(),
    )
    rows = dict(reading_rows(empty))
    assert rows["fields"] == "8"
    assert rows["  blast"] == "0"
    assert rows["blasts among the identified"] == "not known"
    assert rows["still needed"] == "not known"
    assert rows["flags"] == "none"


def test_whole_fields_are_counted_as_fields_of_frames():
    rows = dict(reading_rows(replace(READING, unit="field")))
    assert rows["frames"] == "8, 2 of them not counted"
    assert rows["fields counted"] == "40"
    assert "cut by the border, not read" not in rows


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (0, "none, the interval is within 10 points"),
        (1, "1 identified cell, for an interval of 10 points"),
    ],
)
def test_what_is_still_needed_is_said_in_cells(more, said):
    assert dict(reading_rows(replace(READING, more_needed=more)))["still needed"] == said


def test_a_slides_name_cannot_steer_the_terminal():
    rows = dict(reading_rows(replace(READING, slide_id="S\x1b[31m\n1")))
    assert rows["slide"] == "S\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}1"
