from __future__ import annotations

import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgeall.camera.clock import stamp
from edgeall.errors import CameraLostError, DiskFullError, ImageError
from edgeall.field.check import Field
from edgeall.model.call import Call
from edgeall.service.pipeline import Ended, Limits, ReadField, run
from edgeall.service.prepare import Prepared

if TYPE_CHECKING:
    from edgeall.camera.frame import Frame, Pixels

CALL = Call("normal", 0.9, True, False, (0.9, 0.1))
PIXELS = np.zeros((16, 16, 3), np.uint8)


@dataclass
class Script:
    """A source that plays a list: a frame for each number, or the error to raise."""

    items: list[int | Exception]
    pause_s: float = 0.0
    name: str = "script"
    frames_expected: int | None = None
    is_live: bool = False

    def read(self) -> Frame | None:
        time.sleep(self.pause_s)
        if not self.items:
            return None
        item = self.items.pop(0)
        if isinstance(item, Exception):
            raise item
        return stamp(PIXELS, f"frame {item}", item)

    def close(self) -> None:
        pass


@dataclass
class Log:
    """What was kept and what was notified, in one order."""

    events: list[tuple[str, str]] = field(default_factory=list)

    def keep(self, fields: Sequence[ReadField]) -> None:
        self.events += [("kept", read.prepared.field.frame.origin) for read in fields]

    def notify(self, item: ReadField | ImageError) -> None:
        if isinstance(item, ImageError):
            self.events.append(("refused", str(item)))
        else:
            self.events.append(("shown", item.prepared.field.frame.origin))

    def of(self, kind: str) -> list[str]:
        return [what for event, what in self.events if event == kind]


def prepare(frame: Frame) -> Prepared:
    checked = Field(frame, 1.0, 1.0, 0.0, 0.0, None, ())
    return Prepared(checked, (None, None), (PIXELS, PIXELS), ())


def classify(batch: Sequence[Pixels]) -> list[Call]:
    return [CALL] * len(batch)


def read(source: Script, log: Log, limits: Limits | None = None) -> Ended:
    return run(source, prepare, classify, log.keep, log.notify, limits or Limits())


def test_fields_are_kept_and_shown_in_the_order_of_their_frames():
    log = Log()
    ended = read(Script(list(range(30))), log)
    expected = [f"frame {number}" for number in range(30)]
    assert log.of("kept") == expected
    assert log.of("shown") == expected
    assert ended == Ended(by_hand=False, failure=None)


def test_no_field_is_shown_before_it_was_kept():
    log = Log()
    read(Script(list(range(30))), log)
    kept: set[str] = set()
    for event, origin in log.events:
        if event == "kept":
            kept.add(origin)
        else:
            assert origin in kept


def test_an_unreadable_file_is_told_and_the_others_are_read():
    log = Log()
    ended = read(Script([0, ImageError("b.png: bad"), 2]), log)
    assert log.of("shown") == ["frame 0", "frame 2"]
    assert log.of("refused") == ["b.png: bad"]
    assert ended.failure is None


def test_what_was_read_before_the_camera_was_lost_is_kept():
    log = Log()
    ended = read(Script([0, 1, CameraLostError("gone"), 3]), log)
    assert log.of("kept") == ["frame 0", "frame 1"]
    assert isinstance(ended.failure, CameraLostError)


def test_a_full_disk_stops_the_run_and_shows_nothing_that_was_not_kept():
    log = Log()

    def keep(fields: Sequence[ReadField]) -> None:
        if log.of("kept"):
            raise DiskFullError("full")
        log.keep(fields[:1])
        if len(fields) > 1:
            raise DiskFullError("full")

    source = Script(list(range(1000)), pause_s=0.001)
    ended = run(source, prepare, classify, keep, log.notify, Limits())
    assert isinstance(ended.failure, DiskFullError)
    assert set(log.of("shown")) <= set(log.of("kept"))
    assert source.items, "the camera went on after the disk was full"


@pytest.mark.parametrize(
    ("limits", "frames"), [(Limits(frames=3), 3), (Limits(cells=5), 3), (Limits(cells=4), 2)]
)
def test_a_limit_of_frames_or_cells_ends_the_run(limits: Limits, frames: int):
    log = Log()
    read(Script(list(range(50))), log, limits)
    assert len(log.of("shown")) == frames


def test_a_failing_network_is_reported_and_what_went_before_is_kept():
    log, calls = Log(), iter([[CALL, CALL]])
    ended = run(Script([0, 1, 2]), prepare, lambda _: next(calls), log.keep, log.notify, Limits())
    assert isinstance(ended.failure, StopIteration)
    assert log.of("kept") == ["frame 0"]


def test_ctrl_c_keeps_what_was_read():
    log = Log()
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    timer.start()
    ended = read(Script(list(range(10_000)), pause_s=0.01), log)
    timer.join()
    assert ended == Ended(by_hand=True, failure=None)
    assert log.of("shown") == log.of("kept") != []
