"""Augmentation: an image as another microscope, camera and laboratory could have shown it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from edgeall_convert.training.stain import Stain, grayscale, jitter, restain, transfer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.camera.frame import Pixels


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far images are varied.

    Attributes
    ----------
    turns, mirrors
        Any angle; both ways round.
    scale
        Largest change of size, as a share.
    shift
        Largest move, as a share of the side.
    stain
        Strength of `stain.jitter`; 0 leaves colours as they are.
    transfer
        Share of cells that take another cell's colours.
    gray
        Share of images that lose their colour.
    camera
        Share of images that are blurred, coarsened, made noisy or sharpened.
    outline
        Cells on black are cut closer or wider.
    """

    turns: bool = True
    mirrors: bool = True
    scale: float = 0.0
    shift: float = 0.0
    stain: float = 0.0
    transfer: float = 0.0
    gray: float = 0.0
    camera: float = 0.0
    outline: bool = False


_ELLIPSE = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))


def augment(
    pixels: Pixels,
    how: Augmentation,
    rng: np.random.Generator,
    *,
    black: bool,
    own_stain: Stain | None = None,
    stains: Sequence[Stain] = (),
) -> Pixels:
    """Return another ``(h, w, 3)`` image of the same thing.

    Parameters
    ----------
    black
        The image is a cell on black, which stays black.
    own_stain, stains
        The cell's own colours, and all that it may take.
    """
    placed = _place(pixels, how, rng, black=black)
    if black and how.outline:
        placed = _vary_outline(placed, rng)
    mask = placed.any(axis=2, keepdims=True) if black else None
    varied = _recolour(placed, how, rng, own_stain, stains)
    if rng.random() < how.camera:
        varied = _vary_camera(varied, rng)
    return varied if mask is None else _uint8(varied * mask)


def _place(pixels: Pixels, how: Augmentation, rng: np.random.Generator, *, black: bool) -> Pixels:
    """Turn, mirror, scale and move in one resampling; the border mirrors, or stays black."""
    height, width = pixels.shape[:2]
    scale = np.exp(rng.uniform(-how.scale, how.scale))
    angle = rng.uniform(0, 360) if how.turns else 0.0
    matrix = np.asarray(
        cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, scale), np.float64
    )
    matrix[:, 2] += rng.uniform(-how.shift, how.shift, 2) * np.array([width, height])
    if how.mirrors and rng.random() < 0.5:
        matrix[0] = (0, 0, width - 1) - matrix[0]
    border = cv2.BORDER_CONSTANT if black else cv2.BORDER_REFLECT_101
    return _uint8(
        cv2.warpAffine(pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=border)
    )


def _recolour(
    pixels: Pixels,
    how: Augmentation,
    rng: np.random.Generator,
    own: Stain | None,
    stains: Sequence[Stain],
) -> Pixels:
    change = np.eye(3, 4)
    if own is not None and stains and rng.random() < how.transfer:
        change = transfer(own, stains[int(rng.integers(len(stains)))], rng)
    if how.stain:
        change = _after(jitter(rng, how.stain), change)
    if how.stain or how.transfer:
        pixels = restain(pixels, change)
    return grayscale(pixels) if rng.random() < how.gray else pixels


def _after(second: NDArray[np.float64], first: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ``(3, 4)`` map that does the first and then the second."""
    return np.column_stack(
        [second[:, :3] @ first[:, :3], second[:, :3] @ first[:, 3] + second[:, 3]]
    )


def _vary_outline(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Cut the outline closer or wider: no two programs outline a cell alike."""
    steps = int(rng.integers(-2, 4))
    if steps == 0:
        return pixels
    mask = np.asarray(pixels.any(axis=2), np.uint8)
    if steps < 0:
        return _uint8(pixels * cv2.erode(mask, _ELLIPSE, iterations=-steps)[..., np.newaxis])
    ring = cv2.dilate(mask, _ELLIPSE, iterations=steps) > mask
    varied = pixels.copy()
    varied[ring] = rng.integers(170, 250, 3)  # plasma, or the edge of a red cell
    return varied


def _vary_camera(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Show it as a cheaper camera would: soft, coarse, noisy, or sharpened too much."""
    side = pixels.shape[0]
    match int(rng.integers(4)):
        case 0:
            return _uint8(cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.003, 0.012) * side))
        case 1:
            small = max(8, round(side * rng.uniform(0.3, 0.8)))
            coarse = cv2.resize(pixels, (small, small), interpolation=cv2.INTER_AREA)
            return _uint8(cv2.resize(coarse, (side, side), interpolation=cv2.INTER_LINEAR))
        case 2:
            noise = rng.standard_normal(pixels.shape, np.float32) * rng.uniform(1, 8)
            return _uint8(cv2.add(pixels, noise, dtype=cv2.CV_8U))
        case _:
            blurred = cv2.GaussianBlur(pixels, (0, 0), 0.008 * side)
            amount = rng.uniform(0.3, 1.2)
            return _uint8(cv2.addWeighted(pixels, 1 + amount, blurred, -amount, 0))


def _uint8(pixels: NDArray[Any]) -> Pixels:
    return pixels.astype(np.uint8, copy=False)
