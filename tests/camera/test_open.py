from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from edgeall.camera import v4l2
from edgeall.camera.open import open_camera
from edgeall.camera.source import CameraSettings, Source
from edgeall.errors import (
    CameraAbsentError,
    CameraBusyError,
    CameraError,
    CameraLostError,
    ImageError,
    InputError,
    MissingExtraError,
    UsageError,
)
from edgeall.samples.paths import fields_folder

FIELDS = sorted(fields_folder().glob("*.jpg"))


def read_all(source: Source) -> list[str]:
    origins = []
    while frame := source.read():
        origins.append(frame.origin)
    source.close()
    source.close()
    return origins


def test_a_folder_is_read_in_natural_order(tmp_path: Path):
    for name in ("field 10.jpg", "field 9.jpg", "Field 1.JPG", ".hidden.jpg", "note.txt"):
        shutil.copy(FIELDS[0], tmp_path / name)
    source = open_camera(str(tmp_path), CameraSettings(um_per_pixel=0.1))
    assert source.frames_expected == 3
    names = [Path(origin).name for origin in read_all(source)]
    assert names == ["Field 1.JPG", "field 9.jpg", "field 10.jpg"]


def test_a_frame_of_a_file_carries_its_bytes_and_its_scale():
    source = open_camera(str(FIELDS[0]), CameraSettings(um_per_pixel=0.1))
    frame = source.read()
    assert frame is not None
    assert (frame.encoded, frame.um_per_pixel) == (FIELDS[0].read_bytes(), 0.1)


def test_a_glob_is_read(tmp_path: Path):
    for number in (2, 11):
        shutil.copy(FIELDS[0], tmp_path / f"a{number}.jpg")
    shutil.copy(FIELDS[0], tmp_path / "b.jpg")
    names = read_all(open_camera(f"{tmp_path}/a*.jpg", CameraSettings()))
    assert [Path(name).name for name in names] == ["a2.jpg", "a11.jpg"]


def test_the_samples_know_their_scale():
    frame = open_camera("samples", CameraSettings()).read()
    assert frame is not None
    assert frame.um_per_pixel == pytest.approx(0.072)


def test_reading_goes_on_behind_a_bad_file(tmp_path: Path):
    shutil.copy(FIELDS[0], tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_bytes(b"")
    shutil.copy(FIELDS[1], tmp_path / "c.jpg")
    source = open_camera(str(tmp_path), CameraSettings())
    assert source.read() is not None
    with pytest.raises(ImageError, match=r"b\.jpg"):
        source.read()
    last = source.read()
    assert last is not None
    assert last.number == 2
    assert source.read() is None


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "smear.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 5, (640, 480))
    for field in FIELDS:
        writer.write(cv2.imread(str(field)))
    writer.release()
    return path


def test_a_video_is_read_frame_by_frame(video: Path):
    source = open_camera(str(video), CameraSettings())
    assert source.frames_expected == len(FIELDS)
    assert read_all(source)[2] == f"{video}, frame 3"


@pytest.mark.parametrize("content", [b"", b"no video", b"RIFF1234AVI LIST"])
def test_what_is_no_video_is_said(tmp_path: Path, content: bytes):
    path = tmp_path / "x.avi"
    path.write_bytes(content)
    with pytest.raises(ImageError, match="no video frame can be read"):
        open_camera(str(path), CameraSettings())


REFUSED = {
    "nonsense": (UsageError, "names no source"),
    "no/such/folder": (InputError, "no such file or folder"),
    "nothing*.png": (InputError, "no image matches"),
    "v4l2:/dev/video97": (CameraAbsentError, "no such device"),
    "v4l2:/dev/null": (CameraAbsentError, "no camera that captures"),
    f"v4l2:{FIELDS[0]}": (CameraAbsentError, "no camera that captures"),
}


@pytest.mark.parametrize(("spec", "error", "said"), [(k, *v) for k, v in REFUSED.items()])
def test_what_cannot_be_opened_is_one_sentence(spec, error, said):
    with pytest.raises(error, match=said):
        open_camera(spec, CameraSettings())


class Picamera2:
    """The wire's other end: as much of picamera2 as edgeall calls."""

    cameras = 1
    busy = False
    dies_after = 99
    controls: dict[str, object] | None = None

    @classmethod
    def global_camera_info(cls):
        return [{"Model": "imx477"}] * cls.cameras

    def __init__(self, number):
        if self.busy:
            raise RuntimeError("Failed to acquire camera: Device or resource busy")

    def create_still_configuration(self, **asked):
        type(self).controls = asked["controls"]
        self.size = asked["main"].get("size", (64, 48))
        return asked

    def configure(self, configuration):
        pass

    def start(self):
        pass

    def capture_request(self):
        type(self).dies_after -= 1
        if self.dies_after < 0:
            raise RuntimeError("camera frontend has timed out")
        pixels = np.zeros((self.size[1], self.size[0], 3), np.uint8)
        pixels[..., 0] = 200
        metadata = {"ExposureTime": 7990, "AnalogueGain": 1.5, "ColourGains": (1.8, 1.4)}
        return SimpleNamespace(
            make_array=lambda name: pixels, get_metadata=lambda: metadata, release=lambda: None
        )

    def close(self):
        pass


@pytest.fixture
def pi(monkeypatch) -> type[Picamera2]:
    fresh = type("Picamera2", (Picamera2,), {})
    monkeypatch.setitem(sys.modules, "picamera2", SimpleNamespace(Picamera2=fresh))
    return fresh


def test_auto_takes_the_pi_camera_first(pi):
    assert open_camera("auto", CameraSettings()).name == "picamera2:0"


def test_a_pi_camera_gives_rgb_and_what_the_driver_really_did(pi):
    asked = CameraSettings(
        width=128, height=96, exposure_us=8000, gain=1.5, colour_gains=(1.8, 1.4)
    )
    frame = open_camera("picamera2", asked).read()
    assert frame is not None
    assert frame.pixels.shape == (96, 128, 3)
    assert frame.pixels[0, 0].tolist() == [200, 0, 0]
    assert frame.settings["exposure_us"] == 7990
    assert frame.settings["red_gain"] == 1.8
    assert pi.controls == {
        "AeEnable": False,
        "ExposureTime": 8000,
        "AnalogueGain": 1.5,
        "AwbEnable": False,
        "ColourGains": (1.8, 1.4),
    }


def test_a_busy_pi_camera_is_said(pi):
    pi.busy = True
    with pytest.raises(CameraBusyError, match="another program holds the camera"):
        open_camera("picamera2", CameraSettings())


def test_a_pi_camera_that_is_not_there_is_said(pi):
    with pytest.raises(CameraAbsentError, match="libcamera has 1 camera;"):
        open_camera("picamera2:1", CameraSettings())


def test_a_pi_camera_unplugged_in_mid_run_is_lost(pi):
    pi.dies_after = 1
    source = open_camera("picamera2", CameraSettings())
    assert source.read() is not None
    with pytest.raises(CameraLostError, match="What was read before is kept"):
        source.read()


def test_without_picamera2_the_way_to_it_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(MissingExtraError, match="apt install python3-picamera2"):
        open_camera("picamera2", CameraSettings())


def test_auto_without_any_camera_says_what_was_looked_for(pi, monkeypatch):
    pi.cameras = 0
    monkeypatch.setattr("edgeall.camera.open.list_capture_devices", list)
    with pytest.raises(CameraAbsentError, match="libcamera has no camera, and no /dev/video"):
        open_camera("auto", CameraSettings())


class VideoCapture:
    """The wire's other end of a USB camera."""

    frames = 2
    refuses: int | None = None

    def __init__(self, node, backend):
        self.left = self.frames + 1  # one is read when it is opened
        self.kept: dict[int, float] = {}

    def isOpened(self):
        return True

    def set(self, prop, value):
        self.kept[prop] = min(value, 1280)
        return prop != self.refuses

    def get(self, prop):
        return self.kept.get(prop, 5.0)

    def read(self):
        self.left -= 1
        blue = np.zeros((48, 64, 3), np.uint8)
        blue[..., 0] = 255
        return (True, blue) if self.left >= 0 else (False, None)

    def release(self):
        pass


@pytest.fixture
def usb(monkeypatch) -> type[VideoCapture]:
    fresh = type("VideoCapture", (VideoCapture,), {})
    monkeypatch.setattr(v4l2.cv2, "VideoCapture", fresh)
    monkeypatch.setattr(v4l2, "_check_node", lambda node: None)
    return fresh


def test_a_usb_camera_gives_rgb_and_what_the_driver_really_did(usb):
    asked = CameraSettings(width=4056, height=960)
    frame = open_camera("v4l2:/dev/video0", asked).read()
    assert frame is not None
    assert frame.pixels[0, 0].tolist() == [0, 0, 255]
    assert frame.settings["width"] == 1280, "the driver clamped it"


def test_a_usb_camera_unplugged_in_mid_run_is_lost(usb):
    source = open_camera("v4l2:/dev/video0", CameraSettings())
    assert source.read() is not None
    assert source.read() is not None
    with pytest.raises(CameraLostError, match="check its cable"):
        source.read()


def test_a_usb_camera_that_refuses_a_setting_is_said(usb):
    usb.refuses = cv2.CAP_PROP_GAIN
    with pytest.raises(CameraError, match="cannot set its gain to 2"):
        open_camera("v4l2:/dev/video0", CameraSettings(gain=2))


def test_a_usb_camera_that_delivers_nothing_is_busy(usb):
    usb.frames = -1
    with pytest.raises(CameraBusyError, match="delivers no frame"):
        open_camera("v4l2:/dev/video0", CameraSettings())
