"""How fast the help is there, against nothing but importing typer."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from table import Row, show

ROUNDS = 25
HEAVY = {"numpy", "cv2", "ai_edge_litert", "tflite_runtime", "tensorflow"}


def main() -> None:
    """Measure and print."""
    command = [str(Path(sys.executable).parent / "edgeall"), "--help"]
    floor = [sys.executable, "-c", "import typer"]
    pairs = np.array([(_timed(floor), _timed(command)) for _ in range(ROUNDS)])
    typer_ms, help_ms = np.median(pairs, axis=0) * 1000
    ratio = float(np.median(pairs[:, 1] / pairs[:, 0]))
    loaded = _loaded()
    show(
        "edgeall --help",
        [
            Row("python -c 'import typer'", f"{typer_ms:.0f} ms"),
            Row("edgeall --help", f"{help_ms:.0f} ms"),
            Row("ratio, median of pairs", f"{ratio:.2f}", "at most 1.3", ratio <= 1.3),
            Row("heavy modules imported", ", ".join(sorted(loaded)) or "none", "none", not loaded),
        ],
    )


def _timed(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def _loaded() -> set[str]:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "edgeall", "--help"],
        capture_output=True,
        text=True,
    )
    names = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    return HEAVY & {name.split(".")[0] for name in names}


if __name__ == "__main__":
    main()
