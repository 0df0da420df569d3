"""YOLOv3: Darknet-53 without its classifier, and boxes on three grids.

Source: J. Redmon and A. Farhadi, YOLOv3: An Incremental Improvement,
arXiv:1804.02767, 2018: 52 convolutions with shortcuts, then a head on each of
three grids, the finer ones reading the coarser. With 80 classes 61,949,149
parameters are trained; 52,608 more are moving means and variances.
"""

from __future__ import annotations

import keras
from keras import layers

from edgeall_convert.networks.darknet import Anchors, convolution, head, pixels_input, raised

STRIDES = (32, 16, 8)
"""Side of a grid's cell in px, in the order of the outputs."""

ANCHORS: Anchors = (
    ((116, 90), (156, 198), (373, 326)),
    ((30, 61), (62, 45), (59, 119)),
    ((10, 13), (16, 30), (33, 23)),
)

_STAGES = ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4))
"""Maps, and shortcuts among that many; each stage halves the grid."""


def yolov3(size: int = 416, classes: int = 80) -> keras.Model:
    """Build it for ``(size, size, 3)`` pixels of 0 to 255, a multiple of 32.

    It has three outputs ``(n, g, g, 3 * (5 + classes))``, ``g`` the size over
    each of ``STRIDES``: for each of three anchors the raw centre, width, height,
    objectness and classes, before any sigmoid or exponential.
    """
    pixels, x = pixels_input(size)
    grids = _backbone(x)
    outputs = []
    x = _narrowed(grids[-1], 512)
    outputs.append(head(x, 1024, classes, name="boxes_32"))
    x = _narrowed(raised(x, 256, grids[-2]), 256)
    outputs.append(head(x, 512, classes, name="boxes_16"))
    x = _narrowed(raised(x, 128, grids[-3]), 128)
    outputs.append(head(x, 256, classes, name="boxes_8"))
    return keras.Model(pixels, outputs, name="yolov3")


def _backbone(x: keras.KerasTensor) -> list[keras.KerasTensor]:
    """Append Darknet-53 and return the grid after each of its stages."""
    x = convolution(x, 32)
    grids = []
    for maps, shortcuts in _STAGES:
        x = convolution(x, maps, stride=2)
        for _ in range(shortcuts):
            y = convolution(convolution(x, maps // 2, kernel=1), maps)
            x = layers.Add()([x, y])
        grids.append(x)
    return grids


def _narrowed(x: keras.KerasTensor, maps: int) -> keras.KerasTensor:
    """Append five convolutions, of one pixel and of three in turn."""
    for _ in range(2):
        x = convolution(convolution(x, maps, kernel=1), maps * 2)
    return convolution(x, maps, kernel=1)
