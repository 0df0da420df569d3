from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
import pytest

from edgeall.camera.decode import decode_image
from edgeall.camera.frame import Frame
from edgeall.camera.lock import camera_name, settle
from edgeall.camera.source import CameraSettings
from edgeall.errors import CameraError, ImageError, UsageError
from edgeall.field.illumination import background_colour, colour_difference, measure_empty_field
from edgeall.samples.paths import fields_folder
from edgeall.service.calibrated import (
    EvenlyLit,
    SlideLight,
    accept_drift,
    reporting_stopped,
    slide_light,
)
from edgeall.service.calibrating import fitted_scale, measure_light
from edgeall.settings.sections import Drift
from edgeall.store.calibrations import Calibration, add_calibration
from edgeall.store.store import Store

CAMERA = "picamera2:0"
DRIFT = Drift()
SMEARS = [decode_image(path) for path in sorted(fields_folder().glob("*.jpg"))]
BACKGROUND = tuple(np.median([background_colour(pixels) for pixels in SMEARS], axis=0).tolist())


def vignette():
    y, x = np.mgrid[-1:1:480j, -1:1:640j]
    return (1 - 0.2 * (x**2 + y**2))[..., None]


YELLOWED = np.array([1.05, 1.0, 0.85])

EMPTY = replace(
    measure_empty_field([np.rint(vignette() * [200, 198, 190]).astype(np.uint8)]),
    background=BACKGROUND,
)


SAME = 1 / float(np.median(vignette()))
"""Lamp at which a flattened frame is as bright as the picture itself."""


def photographed(pixels, number=0, **settings):
    return Frame(pixels, CAMERA, number, datetime.now(UTC), float(number), settings)


def through_the_microscope(pixels, lamp=1.0):
    seen = np.rint(pixels * vignette() * SAME * lamp)
    return photographed(np.clip(seen, 0, 255).astype(np.uint8))


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def calibrated(store):
    calibration = Calibration(CAMERA, 0.07, "graticule", 8000, 1.5, (1.8, 1.4), EMPTY)
    add_calibration(store, calibration, "ada")
    return store


def light_after(store, lamp):
    light = slide_light(store, CAMERA, DRIFT)
    for pixels in SMEARS:
        light.correct(through_the_microscope(pixels, lamp))
    return light


def test_a_camera_is_asked_for_what_it_was_calibrated_with(calibrated):
    locked = slide_light(calibrated, CAMERA, DRIFT).locked(CameraSettings(gain=2.0))
    assert locked == CameraSettings(640, 480, 8000, 2.0, (1.8, 1.4), 0.07)


def test_frames_come_out_evenly_lit_with_their_scale(calibrated):
    smear = SMEARS[0]
    frame = replace(through_the_microscope(smear), encoded=b"the file's own bytes")
    corrected = slide_light(calibrated, CAMERA, DRIFT).correct(frame)
    assert corrected.um_per_pixel == 0.07
    assert corrected.encoded is None
    apart = corrected.pixels / np.median(corrected.pixels) - smear / np.median(smear)
    assert np.abs(apart).mean() < 0.02
    assert np.abs(frame.pixels / np.median(frame.pixels) - smear / np.median(smear)).mean() > 0.03


def test_under_the_same_light_a_slide_carries_no_flag(calibrated):
    light = light_after(calibrated, 1.0)
    assert light.flags() == ()
    check = light.judge(calibrated, None)
    assert check is not None
    assert check.within
    assert reporting_stopped(calibrated, CAMERA, DRIFT) is None


def test_a_lamp_that_yellowed_is_a_flag_and_stops_the_reports_until_it_is_accepted(calibrated):
    light = light_after(calibrated, YELLOWED)
    assert light.flags() == ("illumination drift",)
    light.judge(calibrated, None)
    assert "--accept" in str(reporting_stopped(calibrated, CAMERA, DRIFT))
    accept_drift(calibrated, CAMERA, operator="ada", reason="lamp ordered")
    assert reporting_stopped(calibrated, CAMERA, DRIFT) is None
    again = light_after(calibrated, YELLOWED)
    again.judge(calibrated, None)
    assert again.flags() == ("illumination drift",), "an accepted drift is still told"
    assert reporting_stopped(calibrated, CAMERA, DRIFT) is None


def test_an_accepted_drift_that_grows_stops_the_reports_again(calibrated):
    light_after(calibrated, YELLOWED).judge(calibrated, None)
    accept_drift(calibrated, CAMERA, operator="ada", reason="lamp ordered")
    light_after(calibrated, YELLOWED * [1, 0.9, 0.7]).judge(calibrated, None)
    assert reporting_stopped(calibrated, CAMERA, DRIFT) is not None


def test_a_new_calibration_ends_the_drift(calibrated):
    light_after(calibrated, 0.6).judge(calibrated, None)
    assert reporting_stopped(calibrated, CAMERA, DRIFT) is not None
    add_calibration(calibrated, Calibration(CAMERA, 0.07, "typed", None, None, None, EMPTY), "ada")
    assert reporting_stopped(calibrated, CAMERA, DRIFT) is None


def test_without_a_calibration_frames_pass_and_the_slide_is_flagged(store):
    light = slide_light(store, CAMERA, DRIFT)
    frame = through_the_microscope(SMEARS[0])
    assert light.correct(frame) is frame
    assert light.flags() == ("not calibrated",)
    assert light.judge(store, None) is None
    assert SlideLight(None, Drift(required=False)).flags() == ()


def test_frames_of_another_size_are_not_calibrated(calibrated):
    light = slide_light(calibrated, CAMERA, DRIFT)
    frame = photographed(SMEARS[0][:240])
    assert light.correct(frame) is frame
    assert light.flags() == ("not calibrated",)


def test_only_a_drift_is_accepted_and_only_by_somebody(calibrated):
    with pytest.raises(UsageError, match="no drift"):
        accept_drift(calibrated, CAMERA, operator="ada", reason="so")
    with pytest.raises(UsageError, match="--operator"):
        accept_drift(calibrated, CAMERA, operator=" ", reason="so")


@dataclass
class FakeCamera:
    """A live camera whose automatic exposure takes twelve frames."""

    settles: bool = True
    name: str = CAMERA
    frames_expected: int | None = None
    is_live: bool = True
    count: int = field(default=0)

    def read(self):
        self.count += 1
        left = max(0, 12 - self.count) if self.settles else self.count % 7
        random = np.random.default_rng(self.count)
        lit = np.array([205, 204, 200]) * (1 - 0.05 * left) * vignette()
        pixels = np.rint(lit + random.normal(0, 2, lit.shape)).astype(np.uint8)
        exposure = 8000 - 400 * left
        return photographed(
            pixels, self.count, exposure_us=exposure, gain=1.5, red_gain=1.8, blue_gain=1.4
        )

    def close(self):
        pass


def test_a_camera_is_locked_where_its_automatics_come_to_rest():
    settled = settle(FakeCamera())
    assert settled.settings == CameraSettings(640, 480, 8000, 1.5, (1.8, 1.4), None)
    assert {frame.settings["exposure_us"] for frame in settled.frames} == {8000}


def test_a_camera_that_never_comes_to_rest_is_said():
    with pytest.raises(CameraError, match="does not come to rest"):
        settle(FakeCamera(settles=False))


def test_the_light_is_measured_with_everything_locked(monkeypatch):
    asked = []

    def opened(spec, settings):
        asked.append(settings)
        return FakeCamera()

    monkeypatch.setattr("edgeall.service.calibrating.open_camera", opened)
    light = measure_light("picamera2", CameraSettings())
    assert [settings.exposure_us for settings in asked] == [None, 8000]
    assert light.could_not_lock is None
    assert light.empty_field.evenness == pytest.approx(0.6, abs=0.02)


def test_a_camera_that_refuses_its_locks_is_calibrated_and_told(monkeypatch):
    def opened(spec, settings):
        if settings.exposure_us:
            raise CameraError("v4l2: the camera cannot set its exposure.")
        return FakeCamera()

    monkeypatch.setattr("edgeall.service.calibrating.open_camera", opened)
    light = measure_light("v4l2:/dev/video0", CameraSettings())
    assert light.settings.exposure_us is None
    assert "automatics stay on" in str(light.could_not_lock)


def test_a_camera_that_looks_at_cells_is_not_calibrated():
    with pytest.raises(ImageError, match="not empty"):
        measure_light("samples", CameraSettings())


def test_a_scale_holds_for_frames_shrunk_from_the_same_view_only():
    assert fitted_scale(0.05, 1280, 960, EMPTY) == pytest.approx(0.1)
    with pytest.raises(UsageError, match="another shape"):
        fitted_scale(0.05, 1280, 720, EMPTY)


def test_the_name_of_a_camera_is_known_without_opening_it(monkeypatch):
    monkeypatch.setattr("edgeall.camera.lock.count_cameras", lambda: 1)
    assert camera_name("picamera2") == camera_name("auto") == "picamera2:0"
    assert camera_name("watch:/data") == "watch:/data"


def test_a_corrected_source_gives_corrected_frames_and_is_otherwise_the_same(calibrated):
    light = slide_light(calibrated, CAMERA, DRIFT)
    source = EvenlyLit(FakeCamera(), light)
    frame = source.read()
    assert frame is not None
    assert (source.name, source.is_live, frame.um_per_pixel) == (CAMERA, True, 0.07)
    assert colour_difference(background_colour(frame.pixels), BACKGROUND) == light.distances[0]
