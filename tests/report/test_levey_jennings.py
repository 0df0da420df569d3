from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeall.report.levey_jennings import Chart, levey_jennings, sparkline
from edgeall.slide.westgard import Baseline

SVG = "{http://www.w3.org/2000/svg}"


def chart(values, passed=None, baseline=None, name="sharpness"):
    passed = [True] * len(values) if passed is None else passed
    return Chart(name, tuple(values), tuple(passed), baseline, None)


def test_each_control_is_a_point_and_a_failed_one_a_ring():
    drawn = levey_jennings("L1", [chart([1, 2, None, 9], [True, True, True, False])])
    circles = list(ElementTree.fromstring(drawn).iter(f"{SVG}circle"))
    assert [circle.get("class") for circle in circles] == ["p", "p", "f"]


def test_the_limits_are_drawn_in_order_and_hold_the_points():
    baseline = Baseline.of([1.0, 2.0, 3.0, 2.0, 1.5, 2.5], 0.0)
    root = ElementTree.fromstring(levey_jennings("L1", [chart([2.0, 1.5], baseline=baseline)]))
    lines = [float(line.get("y1")) for line in root.iter(f"{SVG}line")]
    mean, above2, below2, above3, below3 = lines
    assert above3 < above2 < mean < below2 < below3
    assert all(above3 < float(dot.get("cy")) < below3 for dot in root.iter(f"{SVG}circle"))


@pytest.mark.parametrize("values", [[], [None], [3.0], [3.0, 3.0]])
def test_few_values_are_drawn_too(values):
    assert "no limits yet" in levey_jennings("L1", [chart([1.0])])
    ElementTree.fromstring(levey_jennings("L1", [chart(values)]))


@given(st.text(), st.lists(st.none() | st.floats(-1e6, 1e6), max_size=40))
def test_any_name_and_values_make_a_document(name, values):
    ElementTree.fromstring(levey_jennings(name, [chart(values, name=name)]))


@given(st.lists(st.none() | st.floats(-1e9, 1e9), max_size=60))
def test_a_sparkline_shows_the_newest(values):
    drawn = sparkline(values)
    assert len(drawn) in (0, min(30, len(values)))


def test_a_sparkline_rises_with_the_values():
    assert sparkline([1, 2, None, 3]) == "▁▅ █" or sparkline([1, 2, None, 3]) == "▁▄ █"
    assert sparkline([]) == sparkline([None]) == ""
