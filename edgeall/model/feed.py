"""The feed: pixels as the network's input tensor wants them.

A bundle takes raw uint8 pixels and needs nothing done. A plain .tflite may
want what its training fed it, quantized in its own way; one table of 256
entries a channel does both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edgeall.camera.frame import Pixels
from edgeall.errors import BundleError

Preprocess: TypeAlias = Literal["none", "unit", "symmetric", "caffe"]
"""Pixels as they are, /255, /127.5 - 1, or blue-green-red less the ImageNet means."""

_CAFFE_MEANS = np.array([103.939, 116.779, 123.68])
"""Blue, green, red means of ImageNet (K. Simonyan and A. Zisserman, 2014)."""

Feed: TypeAlias = Callable[[Pixels], NDArray[Any]]


def make_feed(details: dict[str, Any], preprocess: Preprocess, name: str) -> Feed:
    """Return the function that turns ``(h, w, 3)`` pixels into a ``(1, h, w, 3)`` tensor.

    ``details`` are the runtime's details of the input.

    Raises
    ------
    BundleError
        The input is of a type that holds no pixels, or is quantized so that
        the pixels do not fit into it.
    """
    dtype = np.dtype(details["dtype"])
    scale, zero_point = details["quantization"]
    if dtype == np.uint8 and preprocess == "none" and (scale, zero_point) in ((1.0, 0), (0.0, 0)):
        return lambda pixels: pixels[np.newaxis]
    if dtype not in (np.dtype(t) for t in (np.uint8, np.int8, np.int16, np.float32)):
        raise BundleError(f"{name}: its input is {dtype}, which holds no pixels; convert it again.")
    real = _real_values(preprocess)
    table = (
        real.astype(np.float32) if dtype == np.float32 else _steps(real, scale, zero_point, dtype)
    )
    if len(np.unique(table[:, 0])) < 128:
        raise BundleError(
            f"{name}: pixels under --preprocess {preprocess} do not fit its input "
            f"(scale {scale:g}, zero point {zero_point}); name what it was trained with."
        )
    backwards = preprocess == "caffe"

    def feed(pixels: Pixels) -> NDArray[Any]:
        channels = pixels[..., ::-1] if backwards else pixels
        return np.stack([table[channels[..., c], c] for c in range(3)], axis=-1)[np.newaxis]

    return feed


def _real_values(preprocess: Preprocess) -> NDArray[np.float64]:
    """Return ``(256, 3)``: what each pixel value becomes, by channel as it is fed."""
    values = np.repeat(np.arange(256.0)[:, np.newaxis], 3, axis=1)
    match preprocess:
        case "unit":
            return values / 255
        case "symmetric":
            return values / 127.5 - 1
        case "caffe":
            centred: NDArray[np.float64] = values - _CAFFE_MEANS
            return centred
        case _:
            return values


def _steps(
    real: NDArray[np.float64], scale: float, zero_point: int, dtype: np.dtype[Any]
) -> NDArray[Any]:
    if scale <= 0:
        return real.astype(dtype)
    limits = np.iinfo(dtype)
    steps = np.round(real / scale) + zero_point
    return np.clip(steps, limits.min, limits.max).astype(dtype)
