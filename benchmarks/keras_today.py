"""The same cells as a user would read them today: Keras' predict on the .keras, cell by cell."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from networks import prepare
from table import Row, show

from edgeall.samples.paths import cells_folder

TODAY = """
import sys, time
began = time.perf_counter()
import cv2, keras, numpy as np
from pathlib import Path
model = keras.models.load_model(sys.argv[1], compile=False)
ready = time.perf_counter()
for path in sorted(Path(sys.argv[2]).rglob("*.png")) * 5:
    pixels = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    model.predict(cv2.resize(pixels, (128, 128))[None].astype(np.float32), verbose=0)
print(ready - began, time.perf_counter() - ready)
"""

OURS = """
import sys, time
began = time.perf_counter()
from pathlib import Path
from edgeall.camera.decode import decode_image
from edgeall.field.resize import resize
from edgeall.model.bundle import open_bundle
from edgeall.model.classifier import Classifier
classifier = Classifier(open_bundle(Path(sys.argv[1])))
ready = time.perf_counter()
for path in sorted(Path(sys.argv[2]).rglob("*.png")) * 5:
    classifier.classify([resize(decode_image(path), 128, 128)])
print(ready - began, time.perf_counter() - ready)
"""

CELLS = 60


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    keras, bundle = prepare("lenet", parser.parse_args().folder)
    rows = []
    for name, code, model in (("Keras predict", TODAY, keras), ("edgeall, int8", OURS, bundle)):
        start, work, peak = min(_run(code, model) for _ in range(3))
        rows += [
            Row(f"{name}: start", f"{start:.2f} s"),
            Row(f"{name}: one cell, decoded", f"{work / CELLS * 1000:.1f} ms"),
            Row(f"{name}: peak memory", f"{peak:.0f} MB"),
        ]
    show(f"LeNet on {CELLS} cut-out cells", rows)


def _run(code: str, model: Path) -> tuple[float, float, float]:
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", code, str(model), str(cells_folder())]
    running = subprocess.Popen(
        command, env=quiet, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    if running.stdout is None:
        raise SystemExit("no pipe")
    start, work = map(float, running.stdout.read().split())
    _, _, usage = os.wait4(running.pid, 0)
    return start, work, usage.ru_maxrss * 1024 / 1e6


if __name__ == "__main__":
    main()
