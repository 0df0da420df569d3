from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgeall.errors import StoreError
from edgeall.store.images import INCOMING, Picture, keep_pictures, suffix_of
from edgeall.store.store import Store


def picture(data: bytes) -> Picture:
    return Picture(data, hashlib.sha256(data).hexdigest(), ".jpg")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".tif", ".webp"])
def test_the_suffix_is_read_from_the_bytes(suffix):
    encoded = cv2.imencode(suffix, np.zeros((16, 16, 3), np.uint8))[1].tobytes()
    assert suffix_of(encoded) == suffix


def test_bytes_of_no_known_kind_are_kept_all_the_same():
    assert suffix_of(b"") == ".img"
    assert suffix_of(b"P6 1 1 255 abc") == ".img"


def test_a_damaged_picture_is_written_again(tmp_path):
    whole = picture(b"a whole picture")
    keep_pictures(tmp_path, [whole])
    (tmp_path / whole.place).write_bytes(b"a whole pictur\0")
    keep_pictures(tmp_path, [whole])
    assert (tmp_path / whole.place).read_bytes() == whole.data


def test_nothing_lies_aside_afterwards(tmp_path):
    keep_pictures(tmp_path, [picture(bytes([number])) for number in range(20)])
    assert list((tmp_path / INCOMING).iterdir()) == []


def test_what_a_power_cut_left_is_cleared_on_opening(tmp_path):
    Store.open(tmp_path).close()
    incoming = tmp_path / "images" / INCOMING
    incoming.mkdir(parents=True)
    (incoming / "half.123").write_bytes(b"half a pict")
    Store.open(tmp_path, read_only=True).close()
    assert len(list(incoming.iterdir())) == 1, "looking clears nothing"
    Store.open(tmp_path).close()
    assert list(incoming.iterdir()) == []


def test_what_another_process_is_writing_is_not_cleared(tmp_path):
    script = (
        "import sys\nfrom pathlib import Path\nfrom edgeall.store.store import Store\n"
        "with Store.open(Path(sys.argv[1])):\n    print('open', flush=True)\n    input()\n"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout
    assert writer.stdout.readline() == "open\n"
    incoming = tmp_path / "images" / INCOMING
    incoming.mkdir(parents=True)
    (incoming / "in-progress").write_bytes(b"half")
    Store.open(tmp_path).close()
    assert (incoming / "in-progress").exists()
    writer.communicate("\n")
    Store.open(tmp_path).close()
    assert not (incoming / "in-progress").exists()


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "images").write_bytes(b"")
    with pytest.raises(StoreError, match="a file lies where a folder must be"):
        keep_pictures(tmp_path / "images", [picture(b"x")])


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    (tmp_path / INCOMING).mkdir()
    with pytest.raises(StoreError, match="the disk failed"):
        keep_pictures(tmp_path, [picture(b"x")])
    assert [path for path in Path(tmp_path).rglob("*") if path.is_file()] == []
