"""What the command asks of the process that converts."""

from __future__ import annotations

import msgspec

from edgeall.model.manifest import Background, Unit
from edgeall_convert.sidecar import Preprocess


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A conversion as it was typed; None where nothing was.

    ``max_drop`` and ``max_sensitivity_drop`` are in points (0.5 is half a per cent).
    """

    model: str
    bundle: str
    calibration: str | None = None
    calibration_size: int = 200
    seed: int = 0
    preprocess: Preprocess | None = None
    labels: tuple[str, ...] | None = None
    blasts: tuple[str, ...] | None = None
    unit: Unit | None = None
    um_per_pixel: float | None = None
    cell_diameter_px: float | None = None
    background: Background | None = None
    name: str | None = None
    version: str | None = None
    height: int | None = None
    width: int | None = None
    output: str | None = None
    evaluate: str | None = None
    max_drop: float = 0.5
    max_sensitivity_drop: float = 0.5
    unidentified_below: float | None = None
    trust_model: bool = False
