"""The moment a frame arrived, by both clocks."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from edgeall.camera.frame import Frame

if TYPE_CHECKING:
    from edgeall.camera.frame import Pixels


def stamp(
    pixels: Pixels,
    origin: str,
    number: int,
    *,
    settings: Mapping[str, str | int | float] | None = None,
    um_per_pixel: float | None = None,
    encoded: bytes | None = None,
) -> Frame:
    """Return a frame that arrived now."""
    return Frame(
        pixels=pixels,
        origin=origin,
        number=number,
        taken_at=datetime.now(UTC),
        monotonic_s=time.monotonic(),
        settings=dict(settings or {}),
        um_per_pixel=um_per_pixel,
        encoded=encoded,
    )
