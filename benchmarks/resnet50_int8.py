"""ResNet50: int8 against its own float32, one thread, and the bundle against the ``.keras``."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from networks import prepare
from table import Row, show

from edgeall.model.bundle import open_bundle
from edgeall.model.network import Network

RUNS = 40

FLOAT = """
import sys
from pathlib import Path
from edgeall_convert.quantize import int8
from edgeall_convert.quantize.load import load
from edgeall_convert.quantize.source import identify
from edgeall_convert.quantize.wrap import Wrapped
network = load(identify(Path(sys.argv[1])), trust_model=False)
wrapped = Wrapped(network, height=network.height, width=network.width, preprocess="none",
                  output=network.outputs[0], activation="softmax", classes=4)
wrapped.save(Path(sys.argv[2]) / "saved")
Path(sys.argv[3]).write_bytes(int8.to_float32(Path(sys.argv[2]) / "saved"))
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    folder = parser.parse_args().folder
    keras, path = prepare("resnet50", folder)
    full = folder / "resnet50.float32.tflite"
    if not full.exists():
        _make_float(keras, full)
    output = open_bundle(path).manifest.output
    networks = [Network(full, output), Network(path, output)]
    _, height, width, _ = networks[0].input_shape
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    times = np.zeros((RUNS, 2))
    for run in range(RUNS):
        for which, network in enumerate(networks):
            began = time.perf_counter()
            network.raw_output(pixels)
            times[run, which] = time.perf_counter() - began
    float_ms, int8_ms = np.median(times[5:], axis=0) * 1000
    size = path.stat().st_size / keras.stat().st_size
    show(
        "ResNet50, one thread, LiteRT",
        [
            Row("float32, median", f"{float_ms:.1f} ms"),
            Row("int8, median", f"{int8_ms:.1f} ms"),
            Row("faster by", f"{float_ms / int8_ms:.2f}", "at least 3", float_ms / int8_ms >= 3),
            Row("bundle over .keras", f"{size:.1%}", "at most 26%", size <= 0.26),
        ],
    )


def _make_float(keras: Path, full: Path) -> None:
    import subprocess
    import sys

    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-c", FLOAT, str(keras), scratch, str(full)]
        subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    main()
