"""LeNet-5.

Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning
applied to document recognition, Proceedings of the IEEE 86, 1998: 6 and 16
maps of 5x5, pooling after each, then 120, 84 and the classes. Activations
are ReLU and the pooling takes the maximum, as those who use it today do.
"""

from __future__ import annotations

import keras
from keras import layers


def lenet(size: int = 150, classes: int = 2, *, channels: int = 3) -> keras.Model:
    """Build LeNet-5 for ``(size, size, channels)`` pixels of 0 to 255."""
    return keras.Sequential(
        [
            keras.Input((size, size, channels), name="pixels"),
            layers.Rescaling(1 / 255),
            layers.Conv2D(6, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(120, activation="relu"),
            layers.Dense(84, activation="relu"),
            layers.Dense(classes, activation="softmax", name="probabilities"),
        ],
        name="lenet",
    )
