"""VGG16: thirteen convolutions, five poolings, three dense layers.

Source: K. Simonyan and A. Zisserman, Very Deep Convolutional Networks for
Large-Scale Image Recognition, ICLR 2015; 138,357,544 parameters for 1,000
classes. On ALL smears a VGGNet is reported at 34.4% after ten epochs in batches
of 128: a failure, about the share of the largest class. Without batch
normalisation, started as Glorot and trained by Adam at 1e-3, the network comes
to name one class for every image. It trains at a small rate, 1e-4, from the
start of K. He et al. (ICCV 2015), which keeps the variance of the signal through
layers of ReLU, and which is used here.
"""

from __future__ import annotations

import keras
from keras import layers

_STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Maps, and convolutions of that many."""

_DROPOUT = 0.5


def vggnet(size: int = 224, classes: int = 2) -> keras.Model:
    """Build it for ``(size, size, 3)`` pixels of 0 to 255."""
    model = keras.Sequential(
        [keras.Input((size, size, 3), name="pixels"), layers.Rescaling(1 / 127.5, offset=-1.0)],
        name="vggnet",
    )
    for maps, convolutions in _STAGES:
        for _ in range(convolutions):
            model.add(
                layers.Conv2D(
                    maps, 3, padding="same", activation="relu", kernel_initializer="he_normal"
                )
            )
        model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    for _ in range(2):
        model.add(layers.Dense(4096, activation="relu", kernel_initializer="he_normal"))
        model.add(layers.Dropout(_DROPOUT))
    model.add(layers.Dense(classes, activation="softmax", name="probabilities"))
    return model
