"""The data disk: a file behind a server whose write cache dies with it, as a card's does."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECTORS = 2 * 1024 * 1024
"""1 GiB in sectors of 512 bytes: more than a slide's room; the file is sparse."""


class DataDisk:
    """An ext4 disk in a file; what the guest wrote and did not flush is not in the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.socket = path.with_suffix(".socket")
        self._server: subprocess.Popen[bytes] | None = None

    @classmethod
    def made_of(cls, folder: Path, path: Path) -> DataDisk:
        """Make a disk that holds a folder's files."""
        path.unlink(missing_ok=True)
        subprocess.run(
            ["mkfs.ext4", "-q", "-L", "data", "-d", folder, path, f"{SECTORS // 2}k"], check=True
        )
        return cls(path)

    def copied_to(self, path: Path) -> DataDisk:
        """Return a disk with the same contents."""
        subprocess.run(["cp", "--sparse=always", self.path, path], check=True)
        return DataDisk(path)

    def plug_in(self) -> None:
        """Serve it: a flush writes the cache to the file, anything else stays in the cache."""
        self.socket.unlink(missing_ok=True)
        self._server = subprocess.Popen(
            ["nbdkit", "--foreground", "--exit-with-parent", "--unix", self.socket,
             "--filter=cache", "file", self.path, "cache=writeback"],
        )  # fmt: skip
        end = time.monotonic() + 10
        while not self.socket.exists():
            assert self._server.poll() is None, "nbdkit did not start"
            assert time.monotonic() < end, "nbdkit does not listen"
            time.sleep(0.02)

    def cut(self) -> None:
        """Lose what was not flushed."""
        if self._server:
            self._server.kill()
            self._server.wait()
            self._server = None

    @contextmanager
    def looked_into(self, place: Path) -> Iterator[Path]:
        """Mount a copy, so that what the guest's own kernel finds next is what the cut left."""
        copy = self.copied_to(place.with_suffix(".copy")).path
        place.mkdir(exist_ok=True)
        # Mounting replays the file system's journal.
        subprocess.run(["mount", "-o", "loop", copy, place], check=True)
        try:
            yield place
        finally:
            subprocess.run(["umount", place], check=True)
            copy.unlink()
