"""Augmentation of single cells on black: stain, place, size, sharpness, outline."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from edgeall_convert.training.stain import jitter_stain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels

CELL_SHARE = 205 / 450
"""Diameter of a C-NMC cell over the side of its picture (median over subjects)."""

_SCALED_SHARE = 0.3
"""Share of examples whose cell is scaled to that diameter, as the device does in fields.

There the size of a cell tells nothing; in a cell cut out of C-NMC it does."""

_SIZE_SPREAD = 0.08
_ELLIPSE = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))


def augment(pixels: Pixels, size: int, rng: np.random.Generator) -> Pixels:
    """Return a cell as ``(size, size, 3)``, as another smear could have shown it.

    Parameters
    ----------
    pixels
        ``(h, w, 3)`` of a cell on black.
    size
        Side of the network's input, in pixels.
    rng
        Where chance comes from.
    """
    mask: NDArray[np.bool_] = pixels.max(axis=2) > 0
    if rng.random() < 0.9:
        pixels = jitter_stain(pixels, mask, rng)
    pixels = _vary_outline(pixels, mask, rng)
    scale = size / pixels.shape[0]
    if rng.random() < _SCALED_SHARE:
        scale = CELL_SHARE * size / math.sqrt(4 * np.count_nonzero(mask) / math.pi)
    # Little: blasts are larger than lymphocytes, and size is a sign that stain does not change.
    scale *= rng.uniform(1 - _SIZE_SPREAD, 1 + _SIZE_SPREAD)
    return _vary_sharpness(_place(pixels, size, scale, rng), rng)


def _place(pixels: Pixels, size: int, scale: float, rng: np.random.Generator) -> Pixels:
    """Turn, mirror, scale and move a cell."""
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(0, 360), scale)
    shift = size / 2 - np.array([width, height]) / 2 + rng.uniform(-0.05, 0.05, 2) * size
    matrix = matrix + np.array([[0, 0, shift[0]], [0, 0, shift[1]]])
    placed = cv2.warpAffine(pixels, matrix, (size, size), flags=cv2.INTER_LINEAR)
    mirrored = placed[:, ::-1] if rng.random() < 0.5 else placed
    return np.ascontiguousarray(mirrored, np.uint8)


def _vary_outline(pixels: Pixels, mask: NDArray[np.bool_], rng: np.random.Generator) -> Pixels:
    """Cut the outline closer or wider: no two programs outline a cell alike."""
    steps = int(rng.integers(-2, 4))
    if steps == 0:
        return pixels
    whole = mask.astype(np.uint8)
    varied = pixels.copy()
    if steps < 0:
        varied[cv2.erode(whole, _ELLIPSE, iterations=-steps) == 0] = 0
        return varied
    ring = (cv2.dilate(whole, _ELLIPSE, iterations=steps) > 0) & ~mask
    varied[ring] = rng.integers(170, 250, 3)  # plasma, or the edge of a red cell
    return varied


def _vary_sharpness(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    chance = rng.random()
    if chance < 0.3:
        return _kept_black(pixels, cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.3, 1.2)))
    if chance < 0.5:
        blurred = cv2.GaussianBlur(pixels, (0, 0), 1.0)
        amount = rng.uniform(0.2, 1.0)
        return _kept_black(pixels, cv2.addWeighted(pixels, 1 + amount, blurred, -amount, 0))
    if chance < 0.7:
        noise = rng.normal(0, rng.uniform(1, 6), pixels.shape)
        return _kept_black(pixels, np.clip(pixels + noise, 0, 255).astype(np.uint8))
    return pixels


def _kept_black(before: Pixels, after: NDArray[Any]) -> Pixels:
    kept: Pixels = np.where(before.any(axis=2, keepdims=True), after, 0).astype(np.uint8)
    return kept
