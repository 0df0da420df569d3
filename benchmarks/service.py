"""The running service: what it costs when idle, and how near it comes to the bare network.

::

    python benchmarks/service.py

The service is a process of its own that watches a folder, with a real store.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
from networks import prepare
from table import Row, show

from edgeall.camera.decode import decode_image
from edgeall.camera.folder import list_images
from edgeall.errors import UsageError
from edgeall.field.resize import resize
from edgeall.model.bundle import open_bundle
from edgeall.model.classifier import Classifier
from edgeall.samples.paths import fields_folder
from edgeall.service.control import Ask, ask
from edgeall.store.store import DATABASE

FRAMES = 48
ROUNDS = 3
IDLE_S = 20.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    _, network = prepare("resnet50", parser.parse_args().folder)
    with tempfile.TemporaryDirectory() as scratch:
        busy, megabytes = _idle(Path(scratch) / "idle")
        frames = _write_frames(Path(scratch) / "frames")
        pairs = [
            (_bare(network, frames), _service(network, frames, Path(scratch) / f"turn{turn}"))
            for turn in range(ROUNDS)
        ]
    bare, served = np.median(np.array(pairs), axis=0)
    share = float(np.median([one / other for one, other in pairs]))
    show(
        "edgeall serve",
        [
            Row("idle, of one core", f"{busy:.1%}", "under 3%", busy < 0.03),
            Row("idle, resident memory", f"{megabytes:.0f} MB", "under 120 MB", megabytes < 120),
            Row("bare ResNet50 int8", f"{bare:.1f} ms a frame"),
            Row("served: watched, decoded, read, stored", f"{served:.1f} ms a frame"),
            Row("share of the bare rate, median of pairs", f"{share:.0%}", "90%", share >= 0.9),
        ],
    )


class _Device:
    """A service on a folder of its own."""

    def __init__(self, folder: Path, network: Path | None) -> None:
        self.folder = folder
        (folder / "in").mkdir(parents=True)
        settings = (
            f'[camera]\nsource = "watch:{folder}/in"\n[store]\nfolder = "{folder}/store"\n'
            f'[service]\ncontrol = "{folder}/control.sock"\n'
        )
        if network:
            settings += f'[model]\npath = "{network.absolute()}"\n'
        (folder / "edgeall.toml").write_text(settings)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "edgeall", "serve", "--settings", str(folder / "edgeall.toml")],
            stderr=subprocess.DEVNULL,
        )
        while not self._answers():
            time.sleep(0.1)

    def ask(self, **facts: str) -> int:
        """Return the fields of the open slide after an order."""
        answer = ask(self.folder / "control.sock", Ask(**facts))  # type: ignore[arg-type]
        if answer.refused is not None or answer.status is None:
            raise SystemExit(answer.refused)
        return answer.status.counts.fields

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait()

    def _answers(self) -> bool:
        try:
            return self.ask(do="status") >= 0
        except UsageError:
            return False


def _idle(folder: Path) -> tuple[float, float]:
    """Return the share of a core and the resident megabytes of a service without a slide."""
    device = _Device(folder, None)
    time.sleep(2)
    before = _cpu_seconds(device.process.pid)
    time.sleep(IDLE_S)
    busy = (_cpu_seconds(device.process.pid) - before) / IDLE_S
    resident = Path(f"/proc/{device.process.pid}/statm").read_text().split()[1]
    device.stop()
    return busy, int(resident) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _write_frames(folder: Path) -> Path:
    """Write fields that are no two alike: quarters of the samples, mirrored and mixed."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    samples = [cv2.imread(str(path)) for path in list_images(fields_folder())]
    for number in range(FRAMES):
        quarters = []
        for _ in range(4):
            sample = samples[rng.integers(len(samples))]
            top, left = rng.integers(0, 240), rng.integers(0, 320)
            quarters.append(sample[top : top + 240, left : left + 320][:: rng.choice([-1, 1])])
        picture = np.vstack([np.hstack(quarters[:2]), np.hstack(quarters[2:])])
        cv2.imwrite(str(folder / f"{number:03d}.jpg"), picture)
    return folder


def _bare(network: Path, frames: Path) -> float:
    """Return the milliseconds a frame of the network alone."""
    bundle = open_bundle(network)
    taken = bundle.manifest.input
    ready = [resize(decode_image(path), taken.height, taken.width) for path in list_images(frames)]
    classifier = Classifier(bundle)
    began = time.perf_counter()
    for pixels in ready:
        classifier.raw_output(pixels)
    return (time.perf_counter() - began) / len(ready) * 1000


def _service(network: Path, frames: Path, folder: Path) -> float:
    """Return the milliseconds a frame from the first stored field to the last."""
    device = _Device(folder, network)
    device.ask(do="begin", slide="b")
    device.ask(do="pause")
    for path in list_images(frames):
        (folder / "in" / path.name).write_bytes(path.read_bytes())
    device.ask(do="resume")
    while device.ask(do="status") < FRAMES:
        time.sleep(0.2)
    device.stop()
    with closing(sqlite3.connect(folder / "store" / DATABASE)) as database:
        first, last = database.execute(
            "SELECT min(monotonic_ns), max(monotonic_ns) FROM moment "
            "JOIN field ON field.written = moment.id"
        ).fetchone()
    return float(last - first) / 1e6 / (FRAMES - 1)


if __name__ == "__main__":
    main()
