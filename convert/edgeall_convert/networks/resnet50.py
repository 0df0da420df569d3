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
"""Where Keras keeps them, and where they are looked for first."""

_WEIGHTS_MD5 = "4d473c1dd8becc155b73f8504c6f6626"


def resnet50(
    classes: int = 4,
    *,
    size: int = 224,
    weights: str | Path | None = "imagenet",
    dropout: float = 0.5,
) -> keras.Model:
    """Build it for ``(size, size, 3)`` pixels of 0 to 255, red, green, blue.

    ``weights`` are ``"imagenet"`` or a file of the base's weights in the layout
    of that one. They are kept frozen, as published. With None the base begins
    at random and is trained too: frozen it would stay noise.

    The published weights read blue, green, red. Their first kernel is turned
    round instead of every image; the ImageNet means are taken off in the model.

    Raises
    ------
    NetworkError
        The weights cannot be had, or do not fit.
    """
    base = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(size, size, 3))
    if weights is not None:
        _load(base, _imagenet() if weights == "imagenet" else Path(weights))
        base.trainable = False
    pixels = keras.Input((size, size, 3), name="pixels")
    x = layers.Rescaling(1.0, offset=[-mean for mean in IMAGENET_MEANS])(pixels)
    x = layers.Flatten()(base(x))
    x = layers.Dropout(dropout)(x)
    probabilities = layers.Dense(classes, activation="softmax", name="probabilities")(x)
    return keras.Model(pixels, probabilities, name="resnet50")


def _load(base: keras.Model, path: Path) -> None:
    if not path.is_file():
        raise NetworkError(f"{path}: there is no such file of weights; {_advice()}.")
    try:
        base.load_weights(path)
    except Exception as error:  # Keras raises all kinds for what it cannot read
        raise NetworkError(
            f"{path}: this file does not hold the weights of a ResNet50 without its top; "
            f"{_advice()}."
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
        # Where this folder is missing, Keras would fetch into another.
        cached.parent.mkdir(parents=True, exist_ok=True)
        fetched = keras.utils.get_file(
            cached.name,
            WEIGHTS_URL,
            file_hash=_WEIGHTS_MD5,
            cache_subdir=cached.parent.name,
            cache_dir=str(cached.parent.parent),
        )
    except Exception as error:  # Keras raises bare ones
        raise NetworkError(
            "The ImageNet weights of ResNet50 are not on this machine and could not be fetched; "
            f"{_advice()}."
        ) from error
    return Path(fetched)


def _advice() -> str:
    return (
        f"download {WEIGHTS_URL} and put it at {CACHED}, or give it with --weights FILE, "
        "or train without it: --weights none"
    )
