"""V4L2 cameras (USB microscopes, webcams) through OpenCV."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edgeall.camera.clock import stamp
from edgeall.camera.folder import natural_key
from edgeall.errors import CameraAbsentError, CameraBusyError, CameraError, CameraLostError

if TYPE_CHECKING:
    from edgeall.camera.frame import Frame
    from edgeall.camera.source import CameraSettings

_QUERYCAP = 0x80685600
"""``VIDIOC_QUERYCAP`` of linux/videodev2.h, whose struct takes 104 bytes."""
_DEVICE_CAPS_OFFSET = 88
_VIDEO_CAPTURE = 0x00000001
_STREAMING = 0x04000000

_MANUAL_EXPOSURE = 1
"""``V4L2_EXPOSURE_MANUAL``; the driver's own exposure unit is 100 µs."""
_EXPOSURE_UNIT_US = 100


def list_capture_devices() -> list[Path]:
    """Return the V4L2 devices that can capture, ``/dev/video0`` first."""
    nodes = sorted(Path("/dev").glob("video[0-9]*"), key=natural_key)
    return [node for node in nodes if _can_capture(node)]


def _can_capture(node: Path) -> bool:
    answer = bytearray(104)
    try:
        device = os.open(node, os.O_RDWR | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.ioctl(device, _QUERYCAP, answer)
    except OSError:
        return False
    finally:
        os.close(device)
    (capabilities,) = struct.unpack_from("<I", answer, _DEVICE_CAPS_OFFSET)
    return bool(capabilities & _VIDEO_CAPTURE and capabilities & _STREAMING)


class V4l2Camera:
    """One V4L2 device.

    Raises
    ------
    CameraAbsentError
        There is no such device, or it captures nothing.
    CameraBusyError
        Another program holds it.
    CameraError
        It does not open, or refuses what was asked of it.
    """

    is_live = True
    frames_expected: int | None = None

    def __init__(self, node: Path, settings: CameraSettings) -> None:
        self.name = f"v4l2:{node}"
        _check_node(node)
        self._capture = cv2.VideoCapture(str(node), cv2.CAP_V4L2)
        self._um_per_pixel = settings.um_per_pixel
        self._next = 0
        if not self._capture.isOpened():
            raise CameraBusyError(
                f"{node}: the camera does not open; another program holds it, so close that one."
            )
        self._apply(settings)
        got, _ = self._capture.read()
        if not got:
            self._capture.release()
            raise CameraBusyError(
                f"{node}: the camera delivers no frame; another program holds it or its cable is "
                "loose, so close that one and plug it in again."
            )

    def read(self) -> Frame | None:
        """Return the next frame; see `Source.read`."""
        got, bgr = self._capture.read()
        if not got or bgr is None:
            self.close()
            raise CameraLostError(
                f"{self.name}: the camera stopped delivering frames; check its cable, then start "
                "again. What was read before is kept."
            )
        number = self._next
        self._next += 1
        return stamp(
            cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False),
            self.name,
            number,
            settings=self._actual(),
            um_per_pixel=self._um_per_pixel,
        )

    def close(self) -> None:
        """Let the camera go."""
        self._capture.release()

    def _apply(self, settings: CameraSettings) -> None:
        wishes: list[tuple[str, int, float]] = []
        if settings.width and settings.height:
            wishes.append(("width", cv2.CAP_PROP_FRAME_WIDTH, settings.width))
            wishes.append(("height", cv2.CAP_PROP_FRAME_HEIGHT, settings.height))
        if settings.exposure_us is not None:
            wishes.append(("manual exposure", cv2.CAP_PROP_AUTO_EXPOSURE, _MANUAL_EXPOSURE))
            units = max(1, settings.exposure_us // _EXPOSURE_UNIT_US)
            wishes.append(("exposure", cv2.CAP_PROP_EXPOSURE, units))
        if settings.gain is not None:
            wishes.append(("gain", cv2.CAP_PROP_GAIN, settings.gain))
        if settings.colour_gains is not None:
            self.close()
            raise CameraError(
                f"{self.name}: V4L2 cannot lock red and blue gains; leave --colour-gains away."
            )
        for what, prop, value in wishes:
            if not self._capture.set(prop, value):
                self.close()
                raise CameraError(
                    f"{self.name}: the camera cannot set its {what} to {value:g}; "
                    "leave that flag away or use another camera."
                )
        if settings.exposure_us is not None:
            # A locked camera keeps its white balance too, where it can; many have no such switch.
            self._capture.set(cv2.CAP_PROP_AUTO_WB, 0)

    def _actual(self) -> dict[str, str | int | float]:
        return {
            "width": int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
            "height": int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
            "exposure_us": self._capture.get(cv2.CAP_PROP_EXPOSURE) * _EXPOSURE_UNIT_US,
            "gain": self._capture.get(cv2.CAP_PROP_GAIN),
            "driver": "v4l2",
        }


def _check_node(node: Path) -> None:
    try:
        os.close(os.open(node, os.O_RDWR | os.O_NONBLOCK))
    except FileNotFoundError:
        raise CameraAbsentError(
            f"{node}: there is no such device; plug the camera in, or see what --source auto finds."
        ) from None
    except OSError as error:
        if error.errno == errno.EBUSY:
            raise CameraBusyError(
                f"{node}: another program holds the camera; close that one."
            ) from error
        raise CameraError(
            f"{node}: the camera cannot be opened ({error.strerror}); "
            "add yourself to the group video, or check the device."
        ) from error
    if not _can_capture(node):
        raise CameraAbsentError(
            f"{node}: this is no camera that captures video; see what --source auto finds."
        )
