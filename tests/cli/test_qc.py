"""``edgeall qc``, run as a person runs it, on the samples and with the shipped model."""

from __future__ import annotations

from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from edgeall.samples.paths import fields_folder
from edgeall.store.controls import controls, passed_today
from edgeall.store.store import Store


@pytest.fixture
def control(edgeall, tmp_path):
    """Read a control slide as asked."""

    def run(*flags, source=None):
        return edgeall(
            "qc", "--source", source or fields_folder(), "--store", tmp_path / "s", *flags
        )

    return run


def changed(folder, change):
    """Return a folder with the sample fields, changed."""
    folder.mkdir()
    for path in sorted(fields_folder().glob("*.jpg")):
        cv2.imwrite(str(folder / f"{path.stem}.png"), change(cv2.imread(str(path))))
    return folder


def test_a_control_is_read_judged_and_stored(control, tmp_path):
    done = control("--material", "LOT 7", "--operator", "ada")
    assert done.code == 0
    assert "PASSED: baseline being built (0 of 20" in done.stdout
    with Store.open(tmp_path / "s", read_only=True) as store:
        (stored,) = controls(store)
        assert passed_today(store)
        assert len(list(store.fields(stored.slide_id))) == 8
    assert stored.slide_id.startswith("control-LOT-7-2")
    assert (stored.material, stored.operator) == ("LOT 7", "ada")
    assert stored.figures.cells > 5


def test_after_five_the_history_sets_limits_that_a_yellow_lamp_breaks(control, tmp_path):
    for _ in range(5):
        assert control("--frames", 5).code == 0
    yellow = changed(tmp_path / "yellow", lambda bgr: (bgr * np.array([0.8, 1, 1])).astype("u1"))
    plot = tmp_path / "charts.svg"
    failed = control("--frames", 5, "--plot", plot, source=yellow)
    assert failed.code == 1
    assert "FAILED: limits from 5 passed controls" in failed.stdout
    assert "Fails: Yellowness of the cells" in failed.stdout
    rings = ElementTree.parse(plot).iter("{http://www.w3.org/2000/svg}circle")
    assert "f" in [ring.get("class") for ring in rings]
    with Store.open(tmp_path / "s", read_only=True) as store:
        assert not passed_today(store)


def test_a_control_out_of_focus_fails_at_once(control, tmp_path):
    blurred = changed(tmp_path / "blurred", lambda bgr: cv2.GaussianBlur(bgr, (0, 0), 8))
    done = control(source=blurred)
    assert done.code == 1
    assert "Fails: " in done.stdout


def test_the_history_is_shown_without_reading(edgeall, control, tmp_path):
    control("--frames", 2)
    shown = edgeall("qc", "--history", "--store", tmp_path / "s")
    assert (shown.code, "passed" in shown.stdout) == (0, True)
    with Store.open(tmp_path / "s", read_only=True) as store:
        assert len(controls(store)) == 1


def test_before_the_first_control_the_way_to_one_is_said(edgeall, tmp_path):
    shown = edgeall("qc", "--history", "--store", tmp_path / "s")
    assert (shown.code, "edgeall qc" in shown.stdout) == (0, True)


BAD_COMMANDS = {
    "no material": (["--material", " "], 2, "--material"),
    "an absent file": (["--source", "no/such.png"], 3, "no/such.png"),
    "an absent camera": (["--source", "v4l2:/dev/video97"], 4, "/dev/video97"),
}


@pytest.mark.parametrize(("flags", "code", "named"), BAD_COMMANDS.values(), ids=BAD_COMMANDS)
def test_what_cannot_be_controlled_is_one_sentence(edgeall, tmp_path, flags, code, named):
    done = edgeall("qc", "--store", tmp_path / "s", *flags)
    assert done.code == code
    assert done.stderr.startswith("edgeall: ")
    assert named in done.stderr
    assert done.stderr.count("\n") == 1
