from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

import pytest

from edgeall.camera.watched import WatchedFolder
from edgeall.errors import CameraAbsentError, CameraLostError, ImageError
from edgeall.samples.paths import fields_folder

SAMPLES = sorted(fields_folder().glob("*.jpg"))


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def drop(folder: Path, sample: int, name: str = "") -> Path:
    return Path(shutil.copy(SAMPLES[sample], folder / (name or SAMPLES[sample].name)))


def test_pictures_come_in_the_order_they_were_saved(folder):
    for at, name in enumerate(("z.jpg", "a.jpg", "m.jpg")):
        drop(folder, at, name)
        time.sleep(0.02)
    watched = WatchedFolder(folder, um_per_pixel=0.2)
    names = []
    for _ in range(3):
        frame = watched.read()
        names.append(Path(frame.origin).name)
        watched.settle(frame.origin, "taken")
    assert names == ["z.jpg", "a.jpg", "m.jpg"]
    assert sorted(path.name for path in (folder / "taken").iterdir()) == ["a.jpg", "m.jpg", "z.jpg"]
    assert frame.um_per_pixel == 0.2


def test_a_file_that_still_grows_is_waited_for(folder):
    whole = SAMPLES[0].read_bytes()
    growing = folder / "growing.jpg"

    def write() -> None:
        with growing.open("wb") as opened:
            for start in range(0, len(whole), len(whole) // 8):
                opened.write(whole[start : start + len(whole) // 8])
                opened.flush()
                time.sleep(0.15)

    writer = threading.Thread(target=write)
    writer.start()
    frame = WatchedFolder(folder, None).read()
    writer.join()
    assert frame.encoded == whole


def test_a_picture_stays_until_it_is_settled_and_is_given_once(folder):
    drop(folder, 0)
    watched = WatchedFolder(folder, None)
    first = watched.read()
    threading.Timer(1.5, watched.close).start()
    assert watched.read() is None
    assert Path(first.origin).exists()
    assert WatchedFolder(folder, None).read().encoded == first.encoded


def test_a_broken_picture_is_named_and_put_aside(folder):
    (folder / "cut.jpg").write_bytes(SAMPLES[0].read_bytes()[:5000])
    watched = WatchedFolder(folder, None)
    with pytest.raises(ImageError, match=r"cut\.jpg"):
        watched.read()
    assert (folder / "refused" / "cut.jpg").exists()
    drop(folder, 1)
    assert watched.read().origin.endswith(SAMPLES[1].name)


def test_a_folder_that_vanishes_is_a_lost_camera(folder):
    watched = WatchedFolder(folder, None)
    folder.rmdir()
    with pytest.raises(CameraLostError, match="watched folder"):
        watched.read()


def test_an_absent_folder_is_refused(tmp_path):
    with pytest.raises(CameraAbsentError, match="no such folder"):
        WatchedFolder(tmp_path / "none", None)


def test_hidden_and_foreign_files_are_left_alone(folder):
    (folder / ".partial.jpg").write_bytes(b"x")
    (folder / "notes.txt").write_text("x")
    drop(folder, 2)
    frame = WatchedFolder(folder, None).read()
    assert frame.origin.endswith(SAMPLES[2].name)
