"""The training pipeline against `image_dataset_from_directory`, feeding LeNet.

::

    python benchmarks/feeding.py CLASS_FOLDERS

Both show the same images, at LeNet's size, varied by the same function in as
many threads as TensorFlow likes. Ours decodes once. Measured are images a
second over whole epochs after the first, the pipeline alone and with LeNet
training on it.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import keras
import numpy as np
import tensorflow as tf
from table import Row, show

from edgeall_convert.datasets.examples import labels_of, list_examples
from edgeall_convert.networks.lenet import lenet
from edgeall_convert.training.augment import augment
from edgeall_convert.training.gallery import open_gallery, show_whole
from edgeall_convert.training.pipeline import Feeding, feed
from edgeall_convert.training.recipes import choose_recipe

SIZE, BATCH, ROUNDS, LEAST = 150, 32, 3, 2.0


def main() -> None:
    """Measure in turns and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    examples = list_examples(data)
    labels = labels_of(examples)
    began = time.perf_counter()
    gallery = open_gallery(examples, labels, SIZE, show_whole)
    opening = time.perf_counter() - began
    how = choose_recipe("lenet", "published", black=False).augmentation
    feeding = Feeding(BATCH, how, balanced=False, black=False)
    theirs = _directory(data, how)

    def ours(epoch: int) -> tf.data.Dataset:
        return feed(gallery, feeding, seed=1, epoch=epoch, classes=len(labels))

    alone = _in_turns(ours, lambda epoch: theirs, _drain, len(examples))
    network = lenet(SIZE, len(labels))
    network.compile("adam", "categorical_crossentropy")
    fitted = _in_turns(ours, lambda epoch: theirs, _train(network), len(examples))
    rows = [Row("decoding once, before the first epoch", f"{opening:.1f} s")]
    for name, (mine, other, ratio), bar in (
        ("pipeline", alone, f"at least {LEAST:g}"),
        ("training, where LeNet itself is the slower part", fitted, ""),
    ):
        rows.append(Row(f"{name}: image_dataset_from_directory", f"{other:.0f} images/s"))
        rows.append(Row(f"{name}: ours", f"{mine:.0f} images/s"))
        rows.append(Row(f"{name}: ratio", f"{ratio:.2f}", bar, ratio >= LEAST if bar else None))
    show(f"Feeding LeNet, {len(examples)} images of {data.name}", rows)


def _directory(data: Path, how: object) -> tf.data.Dataset:
    rng = np.random.default_rng(1)

    def vary(batch: np.ndarray) -> np.ndarray:
        pixels = batch.astype(np.uint8)
        return np.stack([augment(one, how, rng, black=False) for one in pixels])

    def finish(pixels: tf.Tensor, targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        varied = tf.numpy_function(vary, [pixels], tf.uint8)
        varied.set_shape((None, SIZE, SIZE, 3))
        return tf.cast(varied, tf.float32), targets

    return (
        keras.utils.image_dataset_from_directory(
            data,
            label_mode="categorical",
            image_size=(SIZE, SIZE),
            batch_size=BATCH,
            seed=1,
            verbose=False,
        )
        .map(finish, num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
    )


def _in_turns(
    ours: Callable[[int], tf.data.Dataset],
    theirs: Callable[[int], tf.data.Dataset],
    consume: Callable[[tf.data.Dataset], None],
    images: int,
) -> tuple[float, float, float]:
    """Return images a second of both, and the median ratio of pairs."""
    seconds = []
    for number in range(ROUNDS + 1):
        pair = []
        for source in (ours, theirs):
            stream = source(number)
            began = time.perf_counter()
            consume(stream)
            pair.append(time.perf_counter() - began)
        seconds.append(pair)
    mine, other = np.array(seconds[1:]).T
    return images / np.median(mine), images / np.median(other), float(np.median(other / mine))


def _drain(stream: tf.data.Dataset) -> None:
    for _ in stream:
        pass


def _train(network: keras.Model) -> Callable[[tf.data.Dataset], None]:
    return lambda stream: network.fit(stream, verbose=0) and None


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
