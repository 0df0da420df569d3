"""What both forms of YOLOv3 are made of.

Source: J. Redmon and A. Farhadi, YOLOv3: An Incremental Improvement,
arXiv:1804.02767, 2018.
"""

from __future__ import annotations

from typing import TypeAlias

import keras
from keras import layers

from edgeall.errors import UsageError

SLOPE = 0.1
"""Of LeakyReLU below zero."""

ANCHORS_PER_CELL = 3
"""Boxes that each cell of each grid proposes."""

BOX_NUMBERS = 5
"""Of each box: centre across and down, width, height, and whether there is an object."""

Anchors: TypeAlias = tuple[tuple[tuple[int, int], ...], ...]
"""Width and height in px at a side of 416: three for each grid, the coarsest grid first."""


def pixels_input(size: int) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return the input of ``(size, size, 3)`` pixels of 0 to 255, and its share of 255.

    Raises
    ------
    UsageError
        The side is not a multiple of 32, the coarsest stride.
    """
    if size % 32:
        raise UsageError(f"A side of {size} px does not fit YOLOv3; choose a multiple of 32.")
    pixels = keras.Input((size, size, 3), name="pixels")
    return pixels, layers.Rescaling(1 / 255)(pixels)


def convolution(
    x: keras.KerasTensor, maps: int, *, kernel: int = 3, stride: int = 1
) -> keras.KerasTensor:
    """Append a convolution without bias, its batch normalisation, and LeakyReLU.

    With a stride of 2 the border is padded above and left, as Darknet does, and
    not below and right as Keras would: weights from there read the same pixels.
    """
    if stride == 2:
        x = layers.ZeroPadding2D(((1, 0), (1, 0)))(x)
    padding = "valid" if stride == 2 else "same"
    x = layers.Conv2D(maps, kernel, strides=stride, padding=padding, use_bias=False)(x)
    return layers.LeakyReLU(SLOPE)(layers.BatchNormalization()(x))


def raised(x: keras.KerasTensor, maps: int, beside: keras.KerasTensor) -> keras.KerasTensor:
    """Narrow the grid to ``maps``, double it, and lay it on a finer one from the backbone."""
    x = layers.UpSampling2D(2, interpolation="nearest")(convolution(x, maps, kernel=1))
    return layers.Concatenate()([x, beside])


def head(x: keras.KerasTensor, maps: int, classes: int, *, name: str) -> keras.KerasTensor:
    """Append a convolution and the raw boxes ``(n, g, g, 3 * (5 + classes))`` of one grid."""
    x = convolution(x, maps)
    return layers.Conv2D(ANCHORS_PER_CELL * (BOX_NUMBERS + classes), 1, name=name)(x)
