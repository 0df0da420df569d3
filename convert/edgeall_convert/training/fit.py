"""Fitting a cell classifier: AdamW, a cosine from warm-up to nothing, smoothed labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf

from edgeall_convert.training.cells import batches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall_convert.training.cells import Cells


@dataclass(frozen=True, slots=True)
class Recipe:
    """How long and how fast. ``steps`` are batches; ``rate`` is the highest learning rate."""

    steps: int
    batch: int = 64
    rate: float = 1.5e-3
    decay: float = 2e-3
    smoothing: float = 0.05


def fit(
    model: keras.Model,
    cells: Cells,
    recipe: Recipe,
    *,
    seed: int,
    verbose: int = 0,
) -> None:
    """Train ``model`` in place on augmented cells; equal seeds give equal batches."""
    size = model.input_shape[1]
    keras.utils.set_random_seed(seed)
    warm_up = max(1, recipe.steps // 20)
    rate = keras.optimizers.schedules.CosineDecay(
        recipe.rate / 50,
        recipe.steps - warm_up,
        alpha=0.001,
        warmup_target=recipe.rate,
        warmup_steps=warm_up,
    )
    model.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=recipe.decay, clipnorm=1.0),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=recipe.smoothing),
        metrics=["accuracy"],
    )
    stream = tf.data.Dataset.from_generator(
        lambda: batches(cells, size, batch=recipe.batch, seed=seed),
        output_signature=(
            tf.TensorSpec((recipe.batch, size, size, 3), tf.uint8),
            tf.TensorSpec((recipe.batch,), tf.int64),
        ),
    )
    classes = model.output_shape[-1]
    examples = stream.map(lambda x, y: (tf.cast(x, tf.float32), tf.one_hot(y, classes)))
    per_epoch = min(50, recipe.steps)
    model.fit(
        examples.prefetch(4),
        steps_per_epoch=per_epoch,
        epochs=max(1, recipe.steps // per_epoch),
        verbose=verbose,
    )


def blast_probability(model: keras.Model, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return ``(n,)``: the last label's probability for ``(n, size, size, 3)`` pixels."""
    parts = [
        model(pixels[start : start + 64].astype(np.float32), training=False).numpy()[:, -1]
        for start in range(0, len(pixels), 64)
    ]
    return np.concatenate(parts).astype(np.float64)
