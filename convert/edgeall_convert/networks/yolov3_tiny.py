"""YOLOv3-tiny: seven convolutions with poolings between them, and boxes on two grids.

Source: J. Redmon and A. Farhadi, YOLOv3: An Incremental Improvement,
arXiv:1804.02767, 2018, and the configuration published beside it. With 80
classes it has 8,858,734 parameters, of which 8,852,366 are trained and 6,368
are moving means and variances.
"""

from __future__ import annotations

import keras
from keras import layers

from edgeall_convert.networks.darknet import Anchors, convolution, head, pixels_input, raised

STRIDES = (32, 16)
"""Side of a grid's cell in px, in the order of the outputs."""

ANCHORS: Anchors = (
    ((81, 82), (135, 169), (344, 319)),
    ((10, 14), (23, 27), (37, 58)),
)


def yolov3_tiny(size: int = 416, classes: int = 80) -> keras.Model:
    """Build it for ``(size, size, 3)`` pixels of 0 to 255, a multiple of 32.

    It has two outputs ``(n, g, g, 3 * (5 + classes))``, as those of YOLOv3.
    """
    pixels, x = pixels_input(size)
    for maps in (16, 32, 64, 128):
        x = layers.MaxPooling2D()(convolution(x, maps))
    fine = convolution(x, 256)
    x = convolution(layers.MaxPooling2D()(fine), 512)
    x = layers.MaxPooling2D(2, strides=1, padding="same")(x)
    x = convolution(convolution(x, 1024), 256, kernel=1)
    coarse_boxes = head(x, 512, classes, name="boxes_32")
    fine_boxes = head(raised(x, 128, fine), 256, classes, name="boxes_16")
    return keras.Model(pixels, [coarse_boxes, fine_boxes], name="yolov3_tiny")
