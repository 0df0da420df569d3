"""The smallest published network: one convolution, one pooling, Flatten and Dense.

Source: a sequential model for ALL smears in Pakistan Heart Journal, 2023,
which reports 93% and tells no sizes. The 150 pixels and the 32 maps of 3x3
with ReLU are chosen here.
"""

from __future__ import annotations

import keras
from keras import layers


def sequential(size: int = 150, classes: int = 2) -> keras.Model:
    """Build it for ``(size, size, 3)`` pixels of 0 to 255."""
    return keras.Sequential(
        [
            keras.Input((size, size, 3), name="pixels"),
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(classes, activation="softmax", name="probabilities"),
        ],
        name="sequential",
    )
