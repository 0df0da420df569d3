"""The networks of the benchmarks: built untrained and converted, once, into a folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

BUILD = """
import sys, keras
from edgeall_convert.networks.{name} import {name}
{name}({arguments}).save(sys.argv[1])
"""

NETWORKS = {
    "resnet50": ("classes=4, weights=None", "a,b,c,d"),
    "lenet": ("128, 2", "a,b"),
}


def prepare(name: str, folder: Path) -> tuple[Path, Path]:
    """Return a network's ``.keras`` and its bundle, made where they are not there yet.

    Its weights are random: time and size do not depend on what it learned.
    """
    folder.mkdir(parents=True, exist_ok=True)
    keras, bundle = folder / f"{name}.keras", folder / f"{name}.tflite"
    arguments, labels = NETWORKS[name]
    if not keras.exists():
        code = BUILD.format(name=name, arguments=arguments)
        _run([sys.executable, "-c", code, str(keras)])
    if not bundle.exists():
        facts = ["--labels", labels, "--blasts", "none", "--unit", "field"]
        _run([sys.executable, "-m", "edgeall", "convert", str(keras), "-o", str(bundle), *facts])
    return keras, bundle


def _run(command: list[str]) -> None:
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, env=quiet, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
