"""The sidecar: what training knows about a model and the converter must not ask again.

It lies beside the model: ``blast.keras`` has ``blast.edgeall.json``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from edgeall.errors import NetworkError
from edgeall.model.manifest import Background, ColourStatistics, NonEmpty, Positive, Unit

if TYPE_CHECKING:
    from pathlib import Path

Preprocess = Literal["none", "unit", "symmetric", "caffe"]
"""What the network was fed: pixels as they are, /255, /127.5 - 1, or BGR less the means."""


class Sidecar(msgspec.Struct, frozen=True, kw_only=True):
    """Facts of a trained network; every one may be absent.

    Paths in ``calibration`` and ``split_file`` are relative to the sidecar's
    folder or absolute. ``metrics`` are those of the float network on the
    split's test side, as shares.
    """

    format: Literal[1] = 1
    name: str | None = None
    version: str | None = None
    labels: tuple[NonEmpty, ...] | None = None
    blasts: tuple[NonEmpty, ...] | None = None
    unit: Unit | None = None
    um_per_pixel: Positive | None = None
    cell_diameter_px: Positive | None = None
    background: Background | None = None
    preprocess: Preprocess | None = None
    colour: ColourStatistics | None = None
    calibration: tuple[str, ...] = ()
    data: str = ""
    attribution: str = ""
    split: Literal["random", "block", "subject", "unknown"] = "unknown"
    split_file: str | None = None
    metrics: dict[str, float] = {}
    limits: tuple[str, ...] = ()
    unidentified_below: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None


def sidecar_path(model: Path) -> Path:
    """Return where a model's sidecar lies, whether or not it exists."""
    return model.with_name(model.stem + ".edgeall.json")


def read_sidecar(model: Path) -> Sidecar:
    """Read a model's sidecar; an absent one knows nothing.

    Raises
    ------
    NetworkError
        The sidecar is there but cannot be read.
    """
    path = sidecar_path(model)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Sidecar)
    except FileNotFoundError:
        return Sidecar()
    except (OSError, msgspec.DecodeError) as error:
        raise NetworkError(
            f"{path}: this sidecar cannot be read ({error}); correct it or move it away."
        ) from error


def write_sidecar(model: Path, facts: Sidecar) -> Path:
    """Write a model's sidecar and return its path."""
    path = sidecar_path(model)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(facts), indent=2) + b"\n")
    return path
