from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from edgeall.errors import StoreError
from edgeall.slide.control import ControlField, figures_of
from edgeall.slide.verdict import Finding, Verdict
from edgeall.store.controls import add_control, controls, is_today, passed_today
from edgeall.store.records import BundleRecord, Moment
from edgeall.store.store import Store

FIGURES = figures_of([ControlField(0.4, 0.1, (100.0,), ((60.0, 20.0, -30.0),), ())])
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR_NS = 3_600_000_000_000


def verdict(passed=True):
    findings = () if passed else (Finding("1-3s", "lightness", "It is dark.", True),)
    return Verdict(passed, findings, 7, 20)


@pytest.fixture(autouse=True)
def _utc(monkeypatch):
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path) as opened:
        yield opened


@pytest.fixture
def read(store, bundle):
    def one(material="L1", *, passed=True, bundle=bundle):
        run = store.begin_run(f"control-{material}", "ada", "samples", bundle)
        return add_control(store, run, material, FIGURES, verdict(passed), "ada")

    return one


def test_what_was_stored_comes_back(store, read, bundle):
    read(passed=False)
    (stored,) = controls(store)
    assert (stored.material, stored.operator, stored.passed) == ("L1", "ada", False)
    assert stored.figures == FIGURES
    assert stored.findings == verdict(False).findings
    assert (stored.slide_id, stored.network) == ("control-L1", bundle.network_sha256)


def test_controls_are_of_a_material_and_a_network(store, read):
    other = BundleRecord("other", "1", "cd" * 32, "{}")
    for material, more in (("L1", {}), ("L2", {}), ("L1", {"bundle": other})):
        read(material, **more)
    assert [c.material for c in controls(store)] == ["L1", "L2", "L1"]
    assert len(controls(store, material="L1")) == 2
    assert len(controls(store, material="L1", network="cd" * 32)) == 1


def test_a_run_has_one_verdict(store, read):
    read()
    (stored,) = controls(store)
    with pytest.raises(StoreError):
        add_control(store, stored.run, "L1", FIGURES, verdict(), "ada")


def test_today_is_passed_where_each_materials_newest_control_passed(store, read, bundle):
    assert not passed_today(store)
    read("L1", passed=False)
    assert not passed_today(store)
    read("L1")
    assert passed_today(store)
    assert passed_today(store, bundle.network_sha256)
    assert not passed_today(store, "cd" * 32), "another network was not controlled"
    read("L2", passed=False)
    assert not passed_today(store)


def moment(hours=0.0, *, boot="a", wall=None, synchronised=True):
    """Return a moment so many hours after noon, its wall clock right unless ``wall`` is given."""
    right = NOON + timedelta(hours=hours)
    return Moment(boot, int((hours + 100) * HOUR_NS), wall or right, synchronised)


TODAY = {
    "an hour ago": (moment(-1), moment(), True),
    "this morning, before a reboot": (moment(-6), moment(boot="b"), True),
    "yesterday": (moment(-20), moment(), False),
    "yesterday, before a reboot": (moment(-20), moment(boot="b"), False),
    "after a reboot, the clock then unknown": (
        moment(-1, synchronised=False), moment(boot="b"), False,
    ),
    "after a reboot, the clock now unknown": (
        moment(-1), moment(boot="b", synchronised=False), False,
    ),
    "same boot, the clock then at 1970": (
        moment(-1, wall=datetime(1970, 1, 1, tzinfo=UTC), synchronised=False), moment(), True,
    ),
    "same boot, yesterday's clock set to today": (
        moment(-30, wall=NOON, synchronised=False), moment(), False,
    ),
    "same boot, clock never known, 23 hours": (
        moment(-23, synchronised=False), moment(synchronised=False), True,
    ),
    "same boot, clock never known, 25 hours": (
        moment(-25, wall=NOON, synchronised=False), moment(synchronised=False), False,
    ),
    "later than now": (moment(3), moment(boot="b"), False),
    "a clock stopped at a date": (
        moment(wall=NOON, synchronised=False),
        moment(boot="b", wall=NOON, synchronised=False),
        False,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("then", "at", "today"), TODAY.values(), ids=TODAY)
def test_a_clock_that_is_wrong_never_makes_an_old_control_todays(then, at, today):
    assert is_today(then, at) is today
