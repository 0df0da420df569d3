"""The one resize: training, calibration, evaluation and the device must agree on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

if TYPE_CHECKING:
    from edgeall.camera.frame import Pixels


def resize(
    pixels: Pixels, height: int, width: int, method: Literal["area", "linear"] = "area"
) -> Pixels:
    """Return ``pixels`` as ``(height, width, 3)`` uint8.

    ``area`` averages where the picture shrinks, so that no fine chromatin turns
    into noise, and interpolates linearly where it grows; ``linear`` always does.
    """
    if pixels.shape[:2] == (height, width):
        return pixels
    shrinks = height <= pixels.shape[0] and width <= pixels.shape[1]
    how = cv2.INTER_AREA if method == "area" and shrinks else cv2.INTER_LINEAR
    resized: Pixels = cv2.resize(pixels, (width, height), interpolation=how).astype(
        np.uint8, copy=False
    )
    return resized
