"""ResNet50 transfer: a frozen ImageNet base, Flatten, Dropout, and the classes.

Source: the transfer network of Marines on four classes of ALL smears; its
base is K. He et al., CVPR 2016 (23,587,712 parameters), the head has 401,412
for four classes.
"""

from __future__ import annotations

import keras
from keras import layers


def resnet50(
    classes: int = 4, *, size: int = 224, weights: str | None = "imagenet", dropout: float = 0.5
) -> keras.Model:
    """Build it for ``(size, size, 3)`` pixels, preprocessed as said below.

    The base is one nested layer. It takes blue-green-red pixels less the
    ImageNet means: convert it with ``--preprocess caffe``. ``weights`` None
    leaves the base random, where there is no network to fetch them from.
    """
    base = keras.applications.ResNet50(
        include_top=False, weights=weights, input_shape=(size, size, 3)
    )
    base.trainable = False
    pixels = keras.Input((size, size, 3), name="pixels")
    x = base(pixels)
    x = layers.Flatten()(x)
    x = layers.Dropout(dropout)(x)
    probabilities = layers.Dense(classes, activation="softmax", name="probabilities")(x)
    return keras.Model(pixels, probabilities, name="resnet50")
