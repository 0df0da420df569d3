from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgeall.errors import StoreError
from edgeall.field.illumination import EmptyField
from edgeall.store.calibrations import (
    Calibration,
    acceptances,
    add_acceptance,
    add_calibration,
    add_check,
    calibrated_cameras,
    latest_check,
    newest_calibration,
)
from edgeall.store.store import Store

GAINS = np.random.default_rng(0).uniform(0.8, 1.9, (24, 32, 3)).astype(np.float32)
EMPTY = EmptyField(GAINS, (80.0, -1.5, 2.5), (200.0, 205.0, 190.0), 0.7, 1296, 972, 8)


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path) as opened:
        yield opened


def calibration(camera="picamera2:0", **facts):
    known = {
        "um_per_pixel": 0.07,
        "scale_from": "graticule",
        "exposure_us": 8000,
        "gain": 1.5,
        "colour_gains": (1.8, 1.4),
    }
    return Calibration(camera=camera, empty_field=EMPTY, **(known | facts))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(
    camera=st.text(st.characters(codec="utf-8"), max_size=20),
    scale=st.none() | st.tuples(st.floats(0.001, 100), st.sampled_from(["objective", "typed"])),
    exposure=st.none() | st.integers(1, 10**8),
    gain=st.none() | st.floats(0.01, 1000),
    gains=st.none() | st.tuples(st.floats(0.01, 32), st.floats(0.01, 32)),
)
def test_what_was_stored_comes_back(store, camera, scale, exposure, gain, gains):
    um, how = scale or (None, None)
    given = calibration(
        camera, um_per_pixel=um, scale_from=how, exposure_us=exposure, gain=gain,
        colour_gains=gains,
    )  # fmt: skip
    number = add_calibration(store, given, "ada")
    stored = newest_calibration(store, camera)
    assert stored is not None
    assert (stored.number, stored.operator) == (number, "ada")
    back = stored.calibration
    for name in ("camera", "um_per_pixel", "scale_from", "exposure_us", "gain", "colour_gains"):
        assert getattr(back, name) == getattr(given, name)
    assert np.abs(back.empty_field.gains - GAINS).max() <= 1e-4
    assert back.empty_field.background == EMPTY.background


def test_the_newest_calibration_of_each_camera_counts(store):
    add_calibration(store, calibration(gain=1.0), "ada")
    add_calibration(store, calibration("v4l2:/dev/video0"), "ada")
    add_calibration(store, calibration(gain=2.0), "bo")
    newest = newest_calibration(store, "picamera2:0")
    assert newest is not None
    assert newest.calibration.gain == 2.0
    assert newest_calibration(store, "elsewhere") is None
    assert calibrated_cameras(store) == ["picamera2:0", "v4l2:/dev/video0"]


def test_checks_and_acceptances_belong_to_their_calibration(store):
    one = add_calibration(store, calibration(), "ada")
    assert latest_check(store, one) is None
    add_check(store, one, None, 2.0, within=True)
    drifted = add_check(store, one, None, 9.0, within=False)
    add_acceptance(store, drifted, "ada", "lamp ordered")
    two = add_calibration(store, calibration(), "ada")
    check = latest_check(store, one)
    assert check is not None
    assert (check.number, check.distance, check.within) == (drifted, 9.0, False)
    assert [(a.check, a.distance, a.reason) for a in acceptances(store, one)] == [
        (drifted, 9.0, "lamp ordered")
    ]
    assert acceptances(store, two) == []


@pytest.mark.parametrize("table", ["calibration", "calibration_check", "calibration_acceptance"])
def test_nothing_of_it_is_changed_or_removed(store, table):
    check = add_check(store, add_calibration(store, calibration(), ""), None, 9.0, within=False)
    add_acceptance(store, check, "ada", "so")
    for statement in (f"UPDATE {table} SET written = written", f"DELETE FROM {table}"):
        with pytest.raises(StoreError, match="append-only"), store.rows(write=True) as rows:
            rows.execute(statement)


def test_a_calibration_that_cannot_be_read_is_said(store):
    with store.rows(write=True) as rows:
        rows.execute(
            "INSERT INTO moment (boot_id, monotonic_ns, wall_clock, synchronised) "
            "VALUES ('b', 1, '2026-01-01T00:00:00+00:00', 0)"
        )
        rows.execute(
            "INSERT INTO calibration (camera, empty_field, operator, written) "
            "VALUES ('c', '{}', '', 1)"
        )
    with pytest.raises(StoreError, match="calibrate again"):
        newest_calibration(store, "c")
