"""The pipeline: augmented batches that are ready before the network asks for them.

Which images a batch holds, and how each is varied, follows from the seed, the
epoch and the batch's number alone: an interrupted training goes on with the
very batches that it would have had.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import tensorflow as tf

from edgeall_convert.training.augment import Augmentation, augment
from edgeall_convert.training.stain import Stain, measure_stain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall_convert.training.gallery import Gallery

SINGLE_LABEL_SHARE = 0.25

_AHEAD = 4
"""Batches made ahead: enough to hide a slow one."""


@dataclass(frozen=True, slots=True)
class Feeding:
    """How a gallery becomes batches.

    ``balanced`` draws all labels, and the subjects within a label, about
    equally often; without it an epoch shows each image once. None of
    ``augmentation`` leaves images as they are. ``black`` says that they are
    cells on black.
    """

    batch: int
    augmentation: Augmentation | None
    balanced: bool
    black: bool


def batches_in_epoch(gallery: Gallery, feeding: Feeding) -> int:
    """Return how many batches show as many images as the gallery has."""
    return -(-len(gallery.targets) // feeding.batch)


def feed(
    gallery: Gallery, feeding: Feeding, *, seed: int, epoch: int, classes: int
) -> tf.data.Dataset:
    """Return one epoch: float32 pixels of 0 to 255, and targets one-hot."""
    drawn = _draw(gallery, feeding, np.random.default_rng([seed, epoch]))
    stains = _stains(gallery) if feeding.augmentation and feeding.augmentation.transfer else []
    size = gallery.pixels.shape[1:]

    def make(number: NDArray[np.int64]) -> NDArray[np.uint8]:
        chosen = drawn[number * feeding.batch : (number + 1) * feeding.batch]
        rng = np.random.default_rng([seed, epoch, int(number)])
        return _batch(gallery, chosen, feeding, rng, stains)

    def finish(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        pixels = tf.numpy_function(make, [number], tf.uint8, stateful=False)
        pixels.set_shape((None, *size))
        start = number * feeding.batch
        targets = tf.constant(gallery.targets[drawn])[start : start + feeding.batch]
        return tf.cast(pixels, tf.float32), tf.one_hot(targets, classes)

    # One thread a core: OpenCV's own threads would only wait for each other.
    cv2.setNumThreads(1)
    return (
        tf.data.Dataset.range(batches_in_epoch(gallery, feeding))
        .map(finish, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        .prefetch(_AHEAD)
    )


def sampling_weights(gallery: Gallery) -> NDArray[np.float64]:
    """Return how often each image is drawn, all together once.

    Within the data sets that have several labels, labels are drawn alike, and
    within a label subjects by the square root of their images: one with few is
    not drawn until it is learned by heart. The images of one folder without
    subjects count as one subject's.

    Data sets of a single label get `SINGLE_LABEL_SHARE` together: there the
    look of the laboratory tells the label, and more of them would teach that.
    """
    sets = np.array([example.data_set for example in gallery.examples])
    single = np.zeros(len(sets), bool)
    for name in np.unique(sets):
        own = sets == name
        single[own] = len(np.unique(gallery.targets[own])) == 1
    if single.all():
        single[:] = False
    weights = _within(gallery, ~single)
    if single.any():
        further = _within(gallery, single)
        weights = (1 - SINGLE_LABEL_SHARE) * weights + SINGLE_LABEL_SHARE * further
    return weights


def _within(gallery: Gallery, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return weights of the chosen images, together 1; the others have 0."""
    subjects = np.array(
        [example.subject or str(example.path.parent) for example in gallery.examples]
    )
    weights = np.zeros(len(chosen))
    for target in np.unique(gallery.targets[chosen]):
        of_class = chosen & (gallery.targets == target)
        for subject in np.unique(subjects[of_class]):
            own = of_class & (subjects == subject)
            weights[own] = 1 / np.sqrt(own.sum())
        weights[of_class] /= weights[of_class].sum()
    normalised: NDArray[np.float64] = weights / weights.sum()
    return normalised


def _draw(gallery: Gallery, feeding: Feeding, rng: np.random.Generator) -> NDArray[np.int64]:
    count = len(gallery.targets)
    if not feeding.balanced:
        return rng.permutation(count)
    return rng.choice(count, count, p=sampling_weights(gallery))


def _stains(gallery: Gallery) -> list[Stain]:
    return [measure_stain(pixels, pixels.any(axis=2)) for pixels in gallery.pixels]


def _batch(
    gallery: Gallery,
    chosen: NDArray[np.int64],
    feeding: Feeding,
    rng: np.random.Generator,
    stains: list[Stain],
) -> NDArray[np.uint8]:
    if feeding.augmentation is None:
        return gallery.pixels[chosen]
    batch = np.empty((len(chosen), *gallery.pixels.shape[1:]), np.uint8)
    for place, position in enumerate(chosen):
        batch[place] = augment(
            gallery.pixels[position],
            feeding.augmentation,
            rng,
            black=feeding.black,
            own_stain=stains[position] if stains else None,
            stains=stains,
        )
    return batch
