"""``edgeall calibrate``, run as a person runs it, on pictures of an empty field."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edgeall.samples.paths import fields_folder
from edgeall.store.calibrations import acceptances, add_check, newest_calibration
from edgeall.store.store import Store


@pytest.fixture
def empty_field(tmp_path):
    """Return a folder of four pictures of an empty field, 480 x 640, darker in the corners."""
    folder = tmp_path / "empty"
    folder.mkdir()
    y, x = np.mgrid[-1:1:480j, -1:1:640j]
    lit = (1 - 0.15 * (x**2 + y**2))[..., None] * np.array([200, 205, 208])
    for number in range(4):
        noise = np.random.default_rng(number).normal(0, 2, lit.shape)
        cv2.imwrite(str(folder / f"{number}.png"), np.rint(lit + noise).astype(np.uint8))
    return folder


@pytest.fixture
def ruler(tmp_path):
    """Return a picture of lines 25 pixels apart."""
    across = np.abs((np.arange(640) + 12) % 25 - 12)
    line = np.where(across <= 1, 80, 210).astype(np.uint8)
    path = tmp_path / "ruler.png"
    cv2.imwrite(str(path), np.repeat(np.tile(line, (480, 1))[..., None], 3, axis=2))
    return path


def test_light_and_scale_are_measured_printed_and_stored(edgeall, tmp_path, empty_field, ruler):
    done = edgeall(
        "calibrate", "--source", empty_field, "--graticule", ruler, "--division-um", 10,
        "--operator", "ada", "--store", tmp_path / "s",
    )  # fmt: skip
    assert done.code == 0
    for told in ("0.4 µm a pixel (graticule", "4 of 640x480", "darkest place", "Stored in"):
        assert told in done.stdout
    with Store.open(tmp_path / "s", read_only=True) as store:
        stored = newest_calibration(store, str(empty_field))
    assert stored is not None
    assert stored.operator == "ada"
    assert stored.calibration.um_per_pixel == pytest.approx(0.4, rel=1e-3)


def test_the_scale_follows_from_the_objective(edgeall, tmp_path, empty_field):
    done = edgeall(
        "calibrate", "--source", empty_field, "--objective", 100, "--sensor", "imx477",
        "--adapter", 0.5, "--store", tmp_path / "s",
    )  # fmt: skip
    assert f"{1.55 * 4056 / 640 / 50:.5g} µm a pixel (objective" in done.stdout


def test_a_scale_is_kept_when_the_light_alone_is_measured_again(edgeall, tmp_path, empty_field):
    where = ("--source", empty_field, "--store", tmp_path / "s")
    edgeall("calibrate", *where, "--um-per-pixel", 0.25)
    done = edgeall("calibrate", *where)
    assert "0.25 µm a pixel (typed, kept from 1)" in done.stdout


def test_pictures_stand_for_the_watched_folder_of_a_microscope(edgeall, tmp_path, empty_field):
    edgeall(
        "calibrate", "--source", empty_field, "--camera", "watch:/data", "--store", tmp_path / "s"
    )
    with Store.open(tmp_path / "s", read_only=True) as store:
        assert newest_calibration(store, "watch:/data") is not None


def test_a_drift_is_shown_and_accepted_by_a_person_for_a_reason(edgeall, tmp_path, empty_field):
    edgeall("calibrate", "--source", empty_field, "--store", tmp_path / "s")
    with Store.open(tmp_path / "s") as store:
        add_check(store, 1, None, 9.5, within=False)
    shown = edgeall("calibrate", "--show", "--store", tmp_path / "s")
    assert "by 9.5 (too far)" in shown.stdout
    assert "nothing is reported" in shown.stderr
    refused = edgeall("calibrate", "--accept", "new lamp", "--store", tmp_path / "s")
    assert (refused.code, "--operator" in refused.stderr) == (2, True)
    done = edgeall(
        "calibrate", "--accept", "new lamp", "--operator", "ada", "--store", tmp_path / "s"
    )
    assert "Accepted" in done.stdout
    with Store.open(tmp_path / "s", read_only=True) as store:
        assert [row.reason for row in acceptances(store, 1)] == ["new lamp"]
    assert edgeall("calibrate", "--show", "--store", tmp_path / "s").stderr == ""


def test_before_any_calibration_the_way_to_one_is_said(edgeall, tmp_path):
    shown = edgeall("calibrate", "--show", "--store", tmp_path / "s")
    assert (shown.code, "edgeall calibrate" in shown.stdout) == (0, True)


BAD_COMMANDS = {
    "cells in the field": (["--source", "samples"], 3, "not empty"),
    "two scales": (["--objective", "100", "--um-per-pixel", "1"], 2, "same thing"),
    "no sensor": (["--objective", "100"], 2, "--sensor"),
    "an unknown sensor": (["--objective", "100", "--sensor", "imx1"], 2, "imx1"),
    "no graticule": (
        ["--graticule", str(sorted(fields_folder().glob("*.jpg"))[0])],
        3,
        "graticule",
    ),
    "an absent camera": (["--source", "v4l2:/dev/video97"], 4, "/dev/video97"),
    "nothing to accept": (["--accept", "so", "--operator", "ada"], 2, "no drift"),
}


@pytest.mark.parametrize(("flags", "code", "named"), BAD_COMMANDS.values(), ids=BAD_COMMANDS)
def test_what_cannot_be_calibrated_is_one_sentence_and_stores_nothing(
    edgeall, tmp_path, empty_field, flags, code, named
):
    source = [] if "--source" in flags else ["--source", empty_field]
    done = edgeall("calibrate", *source, *flags, "--store", tmp_path / "s")
    assert done.code == code
    assert done.stderr.startswith("edgeall: ")
    assert named in done.stderr
    assert done.stderr.count("\n") == 1
    with Store.open(tmp_path / "s") as store:
        assert newest_calibration(store, str(empty_field)) is None
