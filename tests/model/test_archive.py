from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeall.errors import BundleError
from edgeall.model.archive import append_archive, read_archive

NETWORK = b"\x1c\x00\x00\x00TFL3" + bytes(range(256)) * 8


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}\.txt", fullmatch=True), st.binary(), min_size=1))
def test_files_come_back_and_the_network_stays_in_front(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    path = tmp_path_factory.mktemp("archive") / "x.tflite"
    path.write_bytes(append_archive(NETWORK, files))
    archive = read_archive(path)
    assert archive is not None
    assert path.read_bytes()[: archive.network_bytes] == NETWORK
    assert {name: archive.read(name) for name in archive.names} == files


def test_equal_files_give_equal_bytes() -> None:
    assert append_archive(NETWORK, {"a": b"1"}) == append_archive(NETWORK, {"a": b"1"})


def test_any_zip_tool_lists_it(tmp_path: Path) -> None:
    path = tmp_path / "x.tflite"
    path.write_bytes(append_archive(NETWORK, {"manifest.json": b"{}"}))
    listed = subprocess.run(
        [sys.executable, "-m", "zipfile", "-l", path], capture_output=True, text=True, check=True
    )
    assert "manifest.json" in listed.stdout


def test_a_network_alone_has_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "x.tflite"
    path.write_bytes(NETWORK)
    assert read_archive(path) is None


def test_a_file_that_is_not_inside_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.tflite"
    path.write_bytes(append_archive(NETWORK, {"a": b"1"}))
    archive = read_archive(path)
    assert archive is not None
    with pytest.raises(BundleError, match=r"manifest\.json is missing inside it"):
        archive.read("manifest.json")


def test_a_flipped_byte_in_the_archive_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "x.tflite"
    data = bytearray(append_archive(NETWORK, {"a": b"some text that is long enough" * 9}))
    data[len(NETWORK) + 40] ^= 0xFF
    path.write_bytes(data)
    archive = read_archive(path)
    assert archive is not None
    with pytest.raises(BundleError, match="a inside it is damaged"):
        archive.read("a")
