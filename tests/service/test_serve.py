"""The service as it runs: a real process, a real store, real pictures in a watched folder."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from edgeall.errors import UsageError
from edgeall.samples.paths import fields_folder
from edgeall.service.control import Answer, Ask, ask
from edgeall.store.store import DATABASE, Store

SAMPLES = sorted(fields_folder().glob("*.jpg"))
WITHIN_S = 60.0


class Device:
    """A running service and its watched folder."""

    def __init__(self, settings: Path) -> None:
        self.folder = settings.parent
        self._settings = settings
        self.process: subprocess.Popen[str] | None = None
        self.log = ""

    def start(self, **environment: str) -> Device:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "edgeall", "serve", "--settings", str(self._settings)],
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        )
        self._wait(lambda: self.ask("status") is not None)
        return self

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        _, log = self.process.communicate(timeout=WITHIN_S)
        self.log += log
        return self.process.returncode

    def ask(self, do: str, **facts: str) -> Answer | None:
        try:
            return ask(self.folder / "control.sock", Ask(do=do, **facts))
        except UsageError:
            return None

    def order(self, do: str, **facts: str) -> Answer:
        answer = self.ask(do, **facts)
        assert answer is not None
        assert answer.refused is None, answer.refused
        return answer

    def drop(self, *samples: int) -> None:
        for sample in samples:
            shutil.copy(SAMPLES[sample], self.folder / "in")

    def until(self, **counts: int) -> None:
        self._wait(
            lambda: all(
                getattr(self.order("status").status.counts, name) >= count
                for name, count in counts.items()
            )
        )

    def state(self) -> str:
        return self.order("status").status.state

    def _wait(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + WITHIN_S
        while not condition():
            assert self.process is not None
            assert self.process.poll() is None, self.process.stderr.read()
            assert time.monotonic() < end, "the service did not get there"
            time.sleep(0.1)


@pytest.fixture
def device(settings_file) -> Iterator[Device]:
    made = Device(settings_file)
    yield made
    if made.process and made.process.poll() is None:
        made.process.kill()
        made.process.communicate()


def test_a_slide_is_read_from_its_first_picture_to_its_reading(device):
    device.start()
    device.order("begin", slide="P-77", operator="ada")
    device.drop(0, 1, 2)
    device.until(fields=3)
    answer = device.order("end", operator="ada")
    assert dict(answer.reading)["fields"] == "3"
    assert answer.status.state == "waiting for slide"
    assert device.stop() == 0
    with Store.open(device.folder / "store", read_only=True) as store:
        (stored,) = store.readings("P-77")
        assert (stored.reading.fields, stored.operator) == (3, "ada")
        assert len(list(store.fields("P-77"))) == 3
    assert len(list((device.folder / "in" / "taken").iterdir())) == 3
    assert "P-77" not in device.log


def test_a_picture_that_shows_a_field_again_is_put_aside(device):
    device.start()
    device.order("begin", slide="S")
    device.drop(0)
    device.until(fields=1)
    device.drop(0, 1)
    device.until(fields=2, refused=1)
    assert [path.name for path in (device.folder / "in" / "refused").iterdir()] == [SAMPLES[0].name]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_an_open_slide_goes_on_after_the_service_ended_however(device, number):
    device.start()
    device.order("begin", slide="S")
    device.drop(0, 1)
    device.until(fields=2)
    before = device.order("status").status.counts
    device.stop(number)
    device.start()
    status = device.order("status").status
    assert (status.state, status.slide, status.counts.fields) == ("reading", "S", before.fields)
    assert status.counts.cells == before.cells
    device.drop(1, 2)
    device.until(fields=3, refused=1)
    assert dict(device.order("end").reading)["fields"] == "3"


def test_killed_again_and_again_it_loses_no_picture_that_it_took_away(device):
    device.drop(*range(8))
    for pause in (0.0, 0.2, 0.4, 0.6):
        device.start()
        if device.state() != "reading":
            device.order("begin", slide="S")
        time.sleep(1.0 + pause)
        device.stop(signal.SIGKILL)
    device.start()
    device.until(fields=8)
    device.order("end")
    device.stop()
    with Store.open(device.folder / "store", read_only=True) as store:
        stored = {field.image.read_bytes() for field in store.fields("S")}
    assert stored == {sample.read_bytes() for sample in SAMPLES}


def test_sigterm_ends_it_within_two_seconds_in_the_middle_of_a_slide(device):
    device.start()
    device.order("begin", slide="S")
    device.drop(*range(6))
    device.until(fields=1)
    began = time.monotonic()
    assert device.stop() == 0
    assert time.monotonic() - began < 2.0


def test_a_pause_holds_over_a_restart(device):
    device.start()
    device.order("begin", slide="S")
    device.order("pause")
    device.drop(0)
    device.stop(signal.SIGKILL)
    device.start()
    assert device.state() == "paused"
    device.order("resume")
    device.until(fields=1)


def test_sighup_takes_up_settings_and_refuses_wrong_ones(device, settings_file):
    device.start()
    (device.folder / "other").mkdir()
    text = settings_file.read_text()
    settings_file.write_text(text.replace("/in", "/other"))
    device.process.send_signal(signal.SIGHUP)
    device._wait(lambda: device.order("status").status.source.endswith("/other"))
    settings_file.write_text(text + "[camera\n")
    device.process.send_signal(signal.SIGHUP)
    time.sleep(1.5)
    assert device.order("status").status.source.endswith("/other")
    device.stop()
    assert "event=settings_taken_up" in device.log
    assert "event=settings_refused" in device.log


def test_a_folder_that_vanishes_and_comes_back_costs_no_field(device):
    device.start()
    device.order("begin", slide="S")
    device.drop(0)
    device.until(fields=1)
    shutil.rmtree(device.folder / "in")
    device._wait(lambda: device.state() == "camera lost")
    assert "watch" in device.order("status").status.sentence
    (device.folder / "in").mkdir()
    device.drop(1)
    device.until(fields=2)
    assert device.state() == "reading"


def test_orders_that_do_not_fit_are_refused_with_a_sentence(device):
    device.start()
    assert "No slide is open" in device.ask("end").refused
    device.order("begin", slide="S")
    refused = device.ask("begin", slide="T")
    assert "still open" in refused.refused
    assert refused.exit_code == 2


def test_what_is_no_order_is_answered_and_harms_nothing(device):
    device.start()
    for line in (b"\n", b"rm -rf /\n", b'{"do": "explode"}\n', b"\xff" * 70000 + b"\n"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.connect(str(device.folder / "control.sock"))
            try:
                caller.sendall(line)
                said = caller.recv(65536)
            except (BrokenPipeError, ConnectionResetError):
                continue
        assert "not understood" in msgspec.json.decode(said, type=Answer).refused
    assert device.state() == "waiting for slide"


def test_a_second_service_is_refused(device, settings_file):
    device.start()
    second = subprocess.run(
        [sys.executable, "-m", "edgeall", "serve", "--settings", str(settings_file)],
        capture_output=True, text=True, timeout=WITHIN_S, check=False,
    )  # fmt: skip
    assert second.returncode == 2
    assert "running already" in second.stderr
    assert device.state() == "waiting for slide"


def test_the_socket_is_for_the_service_and_its_group_alone(device):
    device.start()
    assert (device.folder / "control.sock").stat().st_mode & 0o777 == 0o660


def test_systemd_is_told_ready_and_hears_the_watchdog_while_it_works(device, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(WITHIN_S)
        device.start(NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="10000000")
        heard = [manager.recv(4096).decode() for _ in range(4)]
    assert any(line.startswith("READY=1\nSTATUS=Ready") for line in heard)
    assert "WATCHDOG=1" in heard


def test_a_slide_of_another_network_is_ended_and_flagged_not_continued(device):
    device.start()
    device.order("begin", slide="S")
    device.drop(0)
    device.until(fields=1)
    device.stop(signal.SIGKILL)
    # What another bundle's manifest would leave there; rows cannot be changed by the kit itself.
    with closing(sqlite3.connect(device.folder / "store" / DATABASE)) as database:
        database.execute("DROP TRIGGER bundle_is_not_changed")
        database.execute("UPDATE bundle SET manifest_sha256 = ?", ("0" * 64,))
        database.commit()
    device.start()
    assert device.state() == "waiting for slide"
    device.stop()
    with Store.open(device.folder / "store", read_only=True) as store:
        (stored,) = store.readings("S")
    assert "interrupted" in stored.reading.flags


HANGING_CAMERA = """
import sys, threading, types
import numpy as np

class Request:
    def make_array(self, name):
        return np.random.default_rng().integers(0, 255, (480, 640, 3), dtype=np.uint8)
    def get_metadata(self):
        return {}
    def release(self):
        pass

class Picamera2:
    frames = 0
    global_camera_info = staticmethod(lambda: [{}])
    def __init__(self, number): pass
    def create_still_configuration(self, **wishes): return {}
    def configure(self, wishes): pass
    def start(self): pass
    def close(self): pass
    def capture_request(self):
        Picamera2.frames += 1
        if Picamera2.frames > 5:
            threading.Event().wait()
        return Request()

sys.modules["picamera2"] = types.SimpleNamespace(Picamera2=Picamera2)
"""


def test_a_camera_that_hangs_is_told_and_neither_an_order_nor_the_end_waits_for_it(
    device, settings_file, tmp_path
):
    # A fake as thin as the wire: the driver's module, in a process of its own.
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(HANGING_CAMERA)
    text = settings_file.read_text()
    settings_file.write_text(text.replace(f"watch:{tmp_path}/in", "picamera2"))
    device.start(PYTHONPATH=str(tmp_path / "site"))
    device.order("begin", slide="S")
    device._wait(lambda: device.state() == "camera lost")
    assert "delivered nothing" in device.order("status").status.sentence
    assert dict(device.order("end").reading)["fields"] == "0"
    began = time.monotonic()
    assert device.stop() == 0
    assert time.monotonic() - began < 2.0
    assert "event=camera_lost why=CameraHangs" in device.log
