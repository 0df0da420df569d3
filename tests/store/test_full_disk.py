"""A disk that is full: at any point one sentence, and nothing that was stored is lost."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edgeall.errors import StoreError
from edgeall.store.durable import write_durably

FILLER = Path(__file__).with_name("fill_disk.py")


def namespace() -> list[str]:
    """Return the command before a command that may mount what it likes."""
    mapped = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", "--mount", *mapped]


def may_mount() -> bool:
    """Whether this user may make a file system of his own to fill."""
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run(
        [*namespace(), "sh", "-c", "mount -t tmpfs tmpfs /mnt"], capture_output=True, check=False
    )
    return tried.returncode == 0


@pytest.mark.skipif(not may_mount(), reason="needs the right to mount a small file system")
def test_a_disk_that_fills_up_at_any_point_loses_nothing(tmp_path):
    filled = subprocess.run(
        [*namespace(), sys.executable, FILLER, tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert filled.returncode == 0, filled.stderr
    endings = filled.stdout.splitlines()
    assert len(endings) > 100
    assert all("the disk is full" in line for line in endings)
    assert len({line.split()[0] for line in endings}) > 10, "it filled up at many points"


def test_a_file_that_cannot_be_finished_leaves_the_former_one(tmp_path):
    path = tmp_path / "cells.csv"
    write_durably(path, b"former")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
    try:
        with pytest.raises(StoreError, match="the disk failed"):
            write_durably(path, bytes(2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert path.read_bytes() == b"former"
    assert list(tmp_path.iterdir()) == [path]
