from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from edgeall.model.call import Call
from edgeall.slide.control import KINDS, ControlField, Figures, figures_of
from edgeall.slide.verdict import PastControl, baseline_of, judge
from edgeall.slide.westgard import FEWEST, Baseline, broken_rules

BLAST = Call("blast", 0.9, True, True, (0.1, 0.9))
NORMAL = Call("normal", 0.9, True, False, (0.9, 0.1))
UNSURE = Call("blast", 0.55, False, False, (0.45, 0.55))

FIGURES = Figures(
    fields=20, cells=100, cells_per_field=5.0, diameter=12.0, diameter_unit="µm",
    lightness=60.0, a=22.0, b=-30.0, sharpness=0.5, unidentified_share=0.1, blast_share=0.3,
)  # fmt: skip

SCATTER = (0.0, 0.8, -0.8, 0.5, -0.5, 0.2, -0.2)
"""Deviations of earlier runs, in the figure's unit."""


def past(key="lightness", values=None, passed=True):
    start = getattr(FIGURES, key)
    values = [start + off for off in SCATTER] if values is None else values
    return [PastControl(replace(FIGURES, **{key: value}), passed) for value in values]


def rules(verdict):
    return [(finding.rule, finding.figure) for finding in verdict.findings]


def test_figures_are_those_of_the_cells():
    fields = [
        ControlField(0.4, 0.1, (100, 120), ((60, 20, -30), (50, 30, -20)), (BLAST, NORMAL)),
        ControlField(0.6, 0.1, (140,), ((40, 10, -10),), (UNSURE,)),
    ]
    found = figures_of(fields)
    assert (found.fields, found.cells, found.cells_per_field) == (2, 3, 1.5)
    assert (found.diameter, found.diameter_unit) == (pytest.approx(12), "µm")
    assert (found.lightness, found.a, found.b) == pytest.approx((50, 20, -20))
    assert found.sharpness == 0.5
    assert found.unidentified_share == pytest.approx(1 / 3)
    assert found.blast_share == 0.5


def test_without_a_scale_diameters_stay_in_pixels():
    fields = [ControlField(0.4, 0.1, (100,), (), (BLAST,)), ControlField(0.4, None, (60,), (), ())]
    assert (figures_of(fields).diameter, figures_of(fields).diameter_unit) == (80, "px")


def test_a_slide_without_cells_has_no_figures_of_cells():
    none = figures_of([ControlField(0.4, 0.1, (), (), ())])
    assert none.cells_per_field == 0
    assert (none.diameter, none.lightness, none.unidentified_share, none.blast_share) == (None,) * 4
    assert figures_of([]).sharpness is None


def test_a_control_like_those_before_passes():
    verdict = judge(FIGURES, (), past(), 20)
    assert (verdict.passed, verdict.findings, verdict.runs) == (True, (), len(SCATTER))


@pytest.mark.parametrize(
    ("key", "far"),
    [
        ("cells_per_field", 0.5),
        ("diameter", 15.0),
        ("lightness", 75.0),
        ("a", 10.0),
        ("b", -15.0),
        ("sharpness", 0.2),
        ("unidentified_share", 0.6),
        ("blast_share", 0.9),
    ],
)
def test_each_figure_far_from_its_mean_fails_the_control(key, far):
    relative = 0.02 * getattr(FIGURES, key)
    values = [getattr(FIGURES, key) + off * relative for off in SCATTER]
    verdict = judge(replace(FIGURES, **{key: far}), (), past(key, values), 20)
    assert not verdict.passed
    assert ("1-3s", key) in rules(verdict)
    assert verdict.findings[0].sentence.endswith(".")


def test_twice_beyond_two_deviations_on_one_side_fails():
    expected = Baseline.of([60 + off for off in SCATTER], 0.5)
    beyond = 60 + expected.limit(2.5)
    history = [*past(), *past(values=[beyond], passed=False)]
    assert rules(judge(replace(FIGURES, lightness=beyond), (), history, 20)) == [
        ("2-2s", "lightness")
    ]
    other_side = 60 - expected.limit(2.5)
    assert judge(replace(FIGURES, lightness=other_side), (), history, 20).passed


def test_a_small_shift_that_lasts_warns_and_passes():
    history = [*past(), *past(values=[61.2] * 3, passed=False)]
    verdict = judge(replace(FIGURES, lightness=61.2), (), history, 20)
    assert verdict.passed
    assert rules(verdict) == [("4-1s", "lightness")]


def test_ten_times_on_one_side_warns():
    assert broken_rules([-0.1, *[0.2] * 10]) == ["10-x"]
    assert broken_rules([*[0.2] * 9, -0.1, 0.2]) == []


@pytest.mark.parametrize("runs", range(FEWEST))
def test_until_five_have_passed_only_what_always_holds_is_judged(runs):
    verdict = judge(replace(FIGURES, lightness=5.0), (), past()[:runs], 20)
    assert verdict.passed
    assert f"baseline being built ({runs} of 20" in verdict.basis


@pytest.mark.parametrize(
    "flag", ["no cells found", "out of focus", "exposure", "colour drift", "interrupted"]
)
def test_what_always_fails_a_control_fails_it_with_and_without_a_baseline(flag):
    for history in ([], past()):
        verdict = judge(FIGURES, (flag,), history, 20)
        assert not verdict.passed
        assert rules(verdict) == [(flag, None)]


def test_light_that_has_moved_is_told_and_judged_by_the_figures():
    verdict = judge(FIGURES, ("illumination drift",), past(), 20)
    assert verdict.passed
    assert rules(verdict) == [("illumination drift", None)]


def test_a_patients_flags_do_not_fail_a_control():
    assert judge(FIGURES, ("too few cells", "no passed control"), [], 20).passed


def test_limits_come_from_the_last_passed_controls_only():
    old, new = past(values=[90.0] * 6), past()
    failed = past(values=[5.0] * 6, passed=False)
    verdict = judge(FIGURES, (), [*old, *failed, *new], len(new))
    assert verdict.runs == len(new)
    assert verdict.passed


def test_a_diameter_in_another_unit_is_not_compared():
    history = past("diameter")
    verdict = judge(replace(FIGURES, diameter=160.0, diameter_unit="px"), (), history, 20)
    assert verdict.passed
    kind = next(kind for kind in KINDS if kind.key == "diameter")
    assert baseline_of(kind, replace(FIGURES, diameter_unit="px"), history, 20) is None


def test_equal_runs_do_not_make_a_limit_of_nothing():
    verdict = judge(replace(FIGURES, lightness=60.4), (), past(values=[60.0] * 8), 20)
    assert verdict.passed


@given(st.floats(0.01, 6), st.integers(4, 60))
def test_distances_are_as_rare_as_those_of_students_t(t, freedom):
    """Wallace's approximation against SciPy's exact quantile."""
    runs = freedom + 1
    baseline = Baseline(0.0, 1.0, 0.0, runs)
    exact = stats.norm.isf(stats.t.sf(t, freedom))
    assert baseline.z(t * math.sqrt(1 + 1 / runs)) == pytest.approx(exact, abs=0.03)


@given(st.floats(0, 4), st.floats(0.1, 9), st.floats(0, 9), st.integers(2, 60))
def test_a_limit_is_where_the_distance_is_reached(z, deviation, floor, runs):
    baseline = Baseline(50.0, deviation, floor, runs)
    assert baseline.z(50 + baseline.limit(z)) == pytest.approx(z, abs=1e-6)
    assert baseline.z(50 - baseline.limit(z)) == pytest.approx(-z, abs=1e-6)
