"""QCResNet: ResNet-18 with LeakyReLU and added linear layers.

Source: Reddy et al., on C-NMC cells: the 17 convolutions of ResNet-18 (K. He
et al., CVPR 2016), every ReLU replaced by LeakyReLU, and linear layers before
the classes. ``width`` scales all maps: 64 is the published network, 16 to 24
one of the same shape that a small device reads in milliseconds.
"""

from __future__ import annotations

import keras
from keras import layers

SMALL_WIDTH = 24
"""Maps of the form that a small device reads in a millisecond; a seventh of the weights."""

MOMENTUM = 0.9
"""Of the running means: a few hundred cells make few batches, and 0.99 lags behind them."""

SLOPE = 0.01
"""Of LeakyReLU below zero."""


def qcresnet(
    size: int = 224, classes: int = 2, *, width: int = 64, dropout: float = 0.3
) -> keras.Model:
    """Build QCResNet for ``(size, size, 3)`` pixels of 0 to 255."""
    pixels = keras.Input((size, size, 3), name="pixels")
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(pixels)
    x = _activated(_convolution(x, width, kernel=7, stride=2))
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    for stage in range(4):
        maps = width * 2**stage
        x = _block(x, maps, stride=1 if stage == 0 else 2)
        x = _block(x, maps, stride=1)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(dropout)(x)
    x = layers.LeakyReLU(SLOPE)(layers.Dense(width * 4)(x))
    x = layers.LeakyReLU(SLOPE)(layers.Dense(width)(x))
    probabilities = layers.Dense(classes, activation="softmax", name="probabilities")(x)
    return keras.Model(pixels, probabilities, name="qcresnet")


def _convolution(
    x: keras.KerasTensor, maps: int, *, kernel: int = 3, stride: int = 1
) -> keras.KerasTensor:
    x = layers.Conv2D(maps, kernel, strides=stride, padding="same", use_bias=False)(x)
    return layers.BatchNormalization(momentum=MOMENTUM)(x)


def _activated(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.LeakyReLU(SLOPE)(x)


def _block(x: keras.KerasTensor, maps: int, *, stride: int) -> keras.KerasTensor:
    """Add two convolutions and the shortcut around them, projected where the shape changes."""
    shortcut = x
    if stride != 1 or x.shape[-1] != maps:
        shortcut = _convolution(x, maps, kernel=1, stride=stride)
    y = _activated(_convolution(x, maps, stride=stride))
    y = _convolution(y, maps)
    return _activated(layers.Add()([shortcut, y]))
