from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgeall.camera.clock import stamp
from edgeall.camera.live import LiveCamera
from edgeall.errors import CameraFrozenError, CameraHangsError, CameraLostError

if TYPE_CHECKING:
    from edgeall.camera.frame import Frame


class Wire:
    """A camera's wire: delivers what the generator gives, when it gives it."""

    name = "wire"
    frames_expected = None
    is_live = True

    def __init__(self, frames: Iterator[Frame]) -> None:
        self._frames = frames
        self.closed = threading.Event()

    def read(self) -> Frame | None:
        return next(self._frames, None)

    def close(self) -> None:
        self.closed.set()


def read_all(camera: LiveCamera) -> None:
    while camera.read():
        pass


def frame(number: int, level: int | None = None) -> Frame:
    value = number if level is None else level
    return stamp(np.full((4, 4, 3), value, np.uint8), "wire", number)


def test_the_newest_frame_is_handed_out_and_the_stale_ones_are_counted():
    delivered = threading.Event()

    def frames():
        yield from (frame(number) for number in range(5))
        delivered.set()
        threading.Event().wait(30)

    camera = LiveCamera(Wire(frames()))
    assert delivered.wait(5)
    assert camera.read().number == 4
    assert camera.dropped == 4
    camera.close()


def test_a_frame_is_handed_out_once():
    go_on = threading.Event()

    def frames():
        yield frame(0)
        go_on.wait(5)
        yield frame(1)
        threading.Event().wait(30)

    camera = LiveCamera(Wire(frames()))
    assert camera.read().number == 0
    go_on.set()
    assert camera.read().number == 1
    camera.close()


def test_a_camera_that_delivers_nothing_is_given_up():
    camera = LiveCamera(Wire(iter(lambda: time.sleep(30), None)), hangs_after_s=0.2)
    with pytest.raises(CameraHangsError, match="delivered nothing"):
        camera.read()


def test_a_camera_that_repeats_one_picture_is_given_up():
    def frames():
        for number in range(1000):
            time.sleep(0.01)
            yield frame(number, level=9)

    camera = LiveCamera(Wire(frames()), frozen_after_s=0.2)
    with pytest.raises(CameraFrozenError, match="repeats one picture"):
        read_all(camera)


def test_what_the_camera_raises_reaches_the_reader():
    def frames():
        yield frame(0)
        raise CameraLostError("wire: gone; plug it in.")

    wire = Wire(frames())
    camera = LiveCamera(wire)
    with pytest.raises(CameraLostError, match="plug it in"):
        read_all(camera)
    assert wire.closed.wait(5)


def test_closing_wakes_a_waiting_reader_even_where_the_driver_hangs():
    camera = LiveCamera(Wire(iter(lambda: time.sleep(30), None)), hangs_after_s=60)
    threading.Timer(0.1, camera.close).start()
    assert camera.read() is None
    assert not camera.has_ended(0)
