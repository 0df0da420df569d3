"""Where the shipped model and the sample images lie."""

from __future__ import annotations

import tomllib
from pathlib import Path

_HERE = Path(__file__).parent


def model_path() -> Path:
    """Return the shipped bundle."""
    return _HERE / "blast-normal.tflite"


def fields_folder() -> Path:
    """Return the folder of sample fields (BCCD, normal blood)."""
    return _HERE / "fields"


def cells_folder() -> Path:
    """Return the folder of sample cells (C-NMC), one subfolder a label."""
    return _HERE / "cells"


def um_per_pixel() -> float:
    """Return the estimated scale of the sample fields."""
    facts = tomllib.loads((_HERE / "samples.toml").read_text())
    return float(facts["fields"]["um_per_pixel"])
