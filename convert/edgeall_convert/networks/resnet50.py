"""ResNet50 transfer: a frozen ImageNet base, Flatten, Dropout, and the classes.

Source: the transfer network of Marines on four classes of ALL smears; its
base is K. He et al., CVPR 2016 (23,587,712 parameters), the head has 401,412
for four classes.
"""

from __future__ import annotations

from pathlib import Path

import keras
from keras import layers

from edgeall.errors import NetworkError

IMAGENET_MEANS = (123.68, 116.779, 103.939)
"""Of red, green and blue, which the published weights expect to be taken off."""

WEIGHTS_URL = (
    "https://storage.googleapis.com/tensorflow/keras-applications/resnet/"
    "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"
)
CACHED = Path("~/.keras/models") / WEIGHTS_URL.rsplit("/", 1)[1]


def resnet50(
    classes: int = 4,
    *,
    size: int = 224,
    weights: str | Path | None = "imagenet",
    dropout: float = 0.5,
) -> keras.Model:
    """Build it for ``(size, size, 3)`` pixels of 0 to 255.

    ``weights`` are ``"imagenet"`` or a file of the base's weights. With None
    the base begins at random and is trained too: frozen it would stay noise.

    The published weights read blue, green, red. Their first kernel is turned
    round instead of every image.

    Raises
    ------
    NetworkError
        The weights cannot be had, or do not fit.
    """
    base = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(size, size, 3))
    if weights is not None:
        _load(base, weights)
        base.trainable = False
    pixels = keras.Input((size, size, 3), name="pixels")
    x = layers.Rescaling(1.0, offset=[-mean for mean in IMAGENET_MEANS])(pixels)
    x = layers.Flatten()(base(x))
    x = layers.Dropout(dropout)(x)
    probabilities = layers.Dense(classes, activation="softmax", name="probabilities")(x)
    return keras.Model(pixels, probabilities, name="resnet50")


def _load(base: keras.Model, weights: str | Path) -> None:
    path = _imagenet() if weights == "imagenet" else Path(weights)
    try:
        base.load_weights(path)
    except (OSError, ValueError) as error:
        raise NetworkError(
            f"{path}: these are no weights of ResNet50 without its top ({error}); "
            f"give the file from {WEIGHTS_URL}, or --weights none."
        ) from error
    first = base.get_layer("conv1_conv")
    kernel, bias = first.get_weights()
    first.set_weights([kernel[:, :, ::-1], bias])


def _imagenet() -> Path:
    """Return the file of the ImageNet weights, fetched where it is not there yet."""
    cached = CACHED.expanduser()
    if cached.exists():
        return cached
    try:
        return Path(keras.utils.get_file(CACHED.name, WEIGHTS_URL, cache_subdir="models"))
    except Exception as error:  # Keras raises bare ones
        raise NetworkError(
            "The ImageNet weights of ResNet50 are not on this machine and cannot be fetched: "
            f"bring {WEIGHTS_URL} as {cached}, or give it with --weights FILE, or train without "
            "them: --weights none."
        ) from error
