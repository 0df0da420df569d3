from __future__ import annotations

import cv2
import numpy as np
import pytest

from edgeall.camera import v4l2
from edgeall.camera.lock import settle
from edgeall.camera.open import open_camera
from edgeall.camera.source import CameraSettings
from edgeall.errors import CameraError
from edgeall.samples.paths import fields_folder


class VideoCapture:
    """The wire's other end of a USB camera without a gain."""

    def __init__(self, node, backend):
        self.kept = {cv2.CAP_PROP_EXPOSURE: 80.0, cv2.CAP_PROP_GAIN: -1.0}

    def isOpened(self):
        return True

    def set(self, prop, value):
        self.kept[prop] = value
        return prop != cv2.CAP_PROP_AUTO_WB

    def get(self, prop):
        return self.kept.get(prop, 0.0)

    def read(self):
        return True, np.zeros((48, 64, 3), np.uint8)

    def release(self):
        pass


@pytest.fixture
def usb(monkeypatch):
    monkeypatch.setattr(v4l2.cv2, "VideoCapture", VideoCapture)
    monkeypatch.setattr(v4l2, "_check_node", lambda node: None)
    return "v4l2:/dev/video0"


def test_a_locked_usb_camera_keeps_its_white_balance_where_it_can(usb):
    locked = open_camera(usb, CameraSettings(exposure_us=8000))
    assert locked._capture.kept[cv2.CAP_PROP_AUTO_WB] == 0
    free = open_camera(usb, CameraSettings())
    assert cv2.CAP_PROP_AUTO_WB not in free._capture.kept


def test_what_a_driver_does_not_tell_is_not_locked(usb):
    settled = settle(open_camera(usb, CameraSettings()))
    assert settled.settings == CameraSettings(width=64, height=48, exposure_us=8000)


def test_files_are_read_up_to_what_there_is():
    pictures = open_camera(str(sorted(fields_folder().glob("*.jpg"))[0]), CameraSettings())
    assert len(settle(pictures, 8).frames) == 1


def test_a_source_without_a_frame_is_said():
    pictures = open_camera(str(sorted(fields_folder().glob("*.jpg"))[0]), CameraSettings())
    pictures.read()
    with pytest.raises(CameraError, match="gives no frame"):
        settle(pictures)
