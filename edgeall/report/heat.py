"""Heat over an image: where a network looked, beside the image itself."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from edgeall.report.rows import DISCLAIMER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels

_SIDE = 360
_MARGIN = 12
_STRENGTH = 0.6


def draw_heat(pixels: Pixels, heat: NDArray[np.float64], words: str) -> Pixels:
    """Return one picture: the image, the same under its heat, and words below.

    ``pixels`` is ``(h, w, 3)``; ``heat`` of any size, 0 to 1, is stretched over it.
    """
    height = round(_SIDE * pixels.shape[0] / pixels.shape[1])
    image: Pixels = np.asarray(cv2.resize(pixels, (_SIDE, height)), np.uint8)
    shown = np.hstack([image, _heated(image, heat)])
    lines = [*textwrap.wrap(words, 92), *textwrap.wrap(f"This {DISCLAIMER}.", 92)]
    font = ImageFont.load_default(size=14)
    line = 20
    canvas = Image.new(
        "RGB", (shown.shape[1], height + 2 * _MARGIN + line * len(lines)), (255, 255, 255)
    )
    canvas.paste(Image.fromarray(shown), (0, 0))
    draw = ImageDraw.Draw(canvas)
    for number, text in enumerate(lines):
        draw.text((_MARGIN, height + _MARGIN + number * line), text, (35, 32, 43), font=font)
    return np.asarray(canvas)


def _heated(image: Pixels, heat: NDArray[np.float64]) -> Pixels:
    height, width = image.shape[:2]
    spread = cv2.resize(heat.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    level = np.clip(spread, 0, 1)
    coloured = cv2.applyColorMap((level * 255).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
    share = _STRENGTH * np.sqrt(level)[..., np.newaxis]
    return np.asarray(image * (1 - share) + coloured * share, np.uint8)
