"""The four-convolution network of Unnithan.

Source: Unnithan's classifier of C-NMC cells: 256x256 pixels, two convolutions
of 64 maps, a pooling, two more, a pooling, Dense 128 and one sigmoid, Dropout
of 0.5 after each pooling and before the sigmoid: 30,595,265 parameters. That
Dense has 30,482,560 of them tells that the convolutions are not padded.
"""

from __future__ import annotations

import keras
from keras import layers

DROPOUT = 0.5


def cnn4(size: int = 256, classes: int = 2) -> keras.Model:
    """Build it for ``(size, size, 3)`` pixels of 0 to 255.

    Two classes have one sigmoid ``(n, 1)``, the probability of the second, as
    published. More have a softmax ``(n, classes)``, which the source does not.
    """
    model = keras.Sequential(
        [keras.Input((size, size, 3), name="pixels"), layers.Rescaling(1 / 255)], name="cnn4"
    )
    for _ in range(2):
        model.add(layers.Conv2D(64, 3, activation="relu"))
        model.add(layers.Conv2D(64, 3, activation="relu"))
        model.add(layers.MaxPooling2D())
        model.add(layers.Dropout(DROPOUT))
    model.add(layers.Flatten())
    model.add(layers.Dense(128, activation="relu"))
    model.add(layers.Dropout(DROPOUT))
    if classes == 2:
        model.add(layers.Dense(1, activation="sigmoid", name="probability"))
    else:
        model.add(layers.Dense(classes, activation="softmax", name="probabilities"))
    return model
