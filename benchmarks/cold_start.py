"""``capture --classify`` on one image from a cold start: peak memory and time."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

import numpy as np
from table import Row, show

from edgeall.camera.folder import list_images
from edgeall.samples.paths import fields_folder

ROUNDS = 7
LIMIT_MB = 150


def main() -> None:
    """Measure and print."""
    image = list_images(fields_folder())[0]
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "edgeall", "capture", "--classify", "--source"]
        command += [str(image), "--store", scratch]
        runs = np.array([_run(command) for _ in range(ROUNDS)])
    seconds, peak = float(np.median(runs[:, 0])), float(runs[:, 1].max())
    show(
        "Cold start: capture --classify on one 640x480 image, stored",
        [
            Row("from start to end, median", f"{seconds:.2f} s"),
            Row("peak memory", f"{peak:.0f} MB", f"at most {LIMIT_MB} MB", peak <= LIMIT_MB),
        ],
    )


def _run(command: list[str]) -> tuple[float, float]:
    """Return seconds, and the most memory the process had, in MB (10^6 bytes)."""
    began = time.perf_counter()
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(running.pid, 0)
    if status:
        raise SystemExit("capture failed")
    return time.perf_counter() - began, usage.ru_maxrss * 1024 / 1e6


if __name__ == "__main__":
    main()
