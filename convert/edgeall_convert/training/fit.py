"""Fitting: epoch after epoch, the best one kept, and nothing lost when it is interrupted.

After each epoch the network with its optimizer, and what was measured so far,
lie in one folder. A training that is started again there goes on with the
next epoch and ends where it would have ended.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import keras
import msgspec
import numpy as np

from edgeall.errors import EdgeallError, InputError
from edgeall.store.durable import make_folder, write_durably
from edgeall_convert.evaluate.run_report import Epoch
from edgeall_convert.training.pipeline import Feeding, batches_in_epoch, feed
from edgeall_convert.training.saving import save_network

if TYPE_CHECKING:
    import tensorflow as tf
    from numpy.typing import NDArray

    from edgeall_convert.training.gallery import Gallery
    from edgeall_convert.training.recipes import Recipe

Ticking: TypeAlias = Callable[[int, int], None]
"""Called with the batches done and the batches in all, over all epochs."""

_STATE = "state.json"


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Where a training is: files are names in its folder."""

    settings: str
    last: str
    best: str
    best_epoch: int
    epochs: tuple[Epoch, ...]


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a training left: the best weights are in the model."""

    epochs: tuple[Epoch, ...]
    best_epoch: int


@dataclass(frozen=True, slots=True)
class Fitting:
    """One training.

    Attributes
    ----------
    build
        Makes the network, not compiled.
    folder
        Where it keeps its state; written to after each epoch.
    settings
        In words; a state that was left by other settings is not gone on with.
    """

    build: Callable[[], keras.Model]
    recipe: Recipe
    feeding: Feeding
    seed: int
    folder: Path
    settings: str


def fit(
    fitting: Fitting, train: Gallery, valid: Gallery, tick: Ticking = lambda done, total: None
) -> tuple[keras.Model, Fitted]:
    """Train, going on where the folder's state says; return the model of the best epoch.

    The best epoch has the highest balanced accuracy on ``valid``, the lower
    loss where two have the same.

    Raises
    ------
    InputError
        The state was left by another training.
    EdgeallError
        The loss is no number any more, or the memory is too small.
    StoreError
        The state cannot be written; that of the epoch before is whole.
    """
    keras.utils.set_random_seed(fitting.seed)
    make_folder(fitting.folder)
    state = _read_state(fitting)
    recipe, batches = fitting.recipe, batches_in_epoch(train, fitting.feeding)
    if state is None:
        model = fitting.build()
        _compile(model, recipe, batches)
        epochs: tuple[Epoch, ...] = ()
    else:
        model = _load(fitting.folder / state.last)
        epochs = state.epochs
    while not _finished(state, recipe):
        number = len(epochs)
        keras.utils.set_random_seed(fitting.seed + number)
        epoch = _run_epoch(model, fitting, train, valid, number, tick)
        epochs = (*epochs, epoch)
        state = _keep(model, fitting, epochs, state)
    if state is None:
        raise EdgeallError("A training of no epoch makes no network; ask for at least one.")
    best = model if state.best == state.last else _load(fitting.folder / state.best)
    return best, Fitted(epochs, state.best_epoch)


def predict(model: keras.Model, pixels: NDArray[np.uint8], batch: int = 32) -> NDArray[np.float64]:
    """Return ``(n, k)`` probabilities of ``(n, h, w, 3)`` pixels; one sigmoid becomes two."""
    parts = [
        np.asarray(model(pixels[start : start + batch].astype(np.float32), training=False))
        for start in range(0, len(pixels), batch)
    ]
    said = np.concatenate(parts).astype(np.float64)
    return np.column_stack([1 - said, said]) if said.shape[1] == 1 else said


def balanced_accuracy(probabilities: NDArray[np.float64], targets: NDArray[np.int64]) -> float:
    """Return the mean recall over the labels that the targets have."""
    right = probabilities.argmax(axis=1) == targets
    return float(np.mean([right[targets == label].mean() for label in np.unique(targets)]))


def _run_epoch(
    model: keras.Model,
    fitting: Fitting,
    train: Gallery,
    valid: Gallery,
    number: int,
    tick: Ticking,
) -> Epoch:
    started = time.monotonic()
    outputs = model.output_shape[-1]
    classes = max(2, outputs)
    stream = feed(train, fitting.feeding, seed=fitting.seed, epoch=number, classes=classes)
    batches = batches_in_epoch(train, fitting.feeding)
    total = fitting.recipe.epochs * batches
    ticking = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: tick(number * batches + batch + 1, total)
    )
    if outputs == 1:
        stream = stream.map(lambda pixels, targets: (pixels, targets[:, 1:]))
    history = _fitted(model, stream, ticking, fitting).history
    loss = float(history["loss"][0])
    if not np.isfinite(loss):
        raise EdgeallError(
            f"The loss is {loss} in epoch {number + 1}: the training has run away; "
            "lower the learning rate with --rate."
        )
    said = predict(model, valid.pixels)
    true = said[np.arange(len(said)), valid.targets]
    return Epoch(
        epoch=number + 1,
        seconds=time.monotonic() - started,
        rate=float(np.asarray(model.optimizer.learning_rate)),
        loss=loss,
        accuracy=float(history["accuracy"][0]),
        valid_loss=float(-np.log(np.maximum(true, 1e-7)).mean()),
        valid_balanced_accuracy=balanced_accuracy(said, valid.targets),
    )


def _fitted(
    model: keras.Model, stream: tf.data.Dataset, ticking: Any, fitting: Fitting
) -> keras.callbacks.History:
    import tensorflow as tf

    try:
        return model.fit(stream, verbose=0, callbacks=[ticking], shuffle=False)
    except (tf.errors.ResourceExhaustedError, MemoryError) as error:
        raise EdgeallError(no_memory(fitting.recipe.batch)) from error


def no_memory(batch: int) -> str:
    """Return the sentence for a batch that was too large."""
    if batch == 1:
        return "The memory is too small even for a batch of 1; train on a larger machine."
    return (
        f"The memory is too small for a batch of {batch}; what was trained is kept: "
        f"try --batch {batch // 2} in another folder, or close other programs and go on."
    )


def _compile(model: keras.Model, recipe: Recipe, batches: int) -> None:
    rate: Any = recipe.rate
    if recipe.cosine:
        steps = recipe.epochs * batches
        warm_up = max(1, steps // 20)
        rate = keras.optimizers.schedules.CosineDecay(
            recipe.rate / 50,
            steps - warm_up,
            alpha=0.001,
            warmup_target=recipe.rate,
            warmup_steps=warm_up,
        )
    optimizer = {
        "adam": lambda: keras.optimizers.Adam(rate),
        "adamw": lambda: keras.optimizers.AdamW(rate, weight_decay=recipe.decay, clipnorm=1.0),
        "rmsprop": lambda: keras.optimizers.RMSprop(rate),
    }[recipe.optimizer]()
    loss = (
        keras.losses.BinaryCrossentropy(label_smoothing=recipe.smoothing)
        if model.output_shape[-1] == 1
        else keras.losses.CategoricalCrossentropy(label_smoothing=recipe.smoothing)
    )
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])


def _finished(state: State | None, recipe: Recipe) -> bool:
    if state is None:
        return recipe.epochs == 0
    done = len(state.epochs)
    return done >= recipe.epochs or done - state.best_epoch >= recipe.patience


def _keep(
    model: keras.Model, fitting: Fitting, epochs: tuple[Epoch, ...], before: State | None
) -> State:
    """Save the network, then the state that names it, then drop what neither names."""
    name = f"epoch-{len(epochs):04d}.keras"
    save_network(model, fitting.folder / name)
    is_best = before is None or _merit(epochs[-1]) > _merit(epochs[before.best_epoch - 1])
    state = State(
        settings=fitting.settings,
        last=name,
        best=name if is_best or before is None else before.best,
        best_epoch=len(epochs) if is_best or before is None else before.best_epoch,
        epochs=epochs,
    )
    write_durably(fitting.folder / _STATE, msgspec.json.encode(state))
    for old in fitting.folder.glob("epoch-*.keras"):
        if old.name not in (state.last, state.best):
            old.unlink(missing_ok=True)
    return state


def _merit(epoch: Epoch) -> tuple[float, float]:
    return epoch.valid_balanced_accuracy, -epoch.valid_loss


def _load(path: Path) -> keras.Model:
    try:
        return keras.saving.load_model(path)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: the interrupted training's network cannot be read ({error}); "
            "remove its folder and start again."
        ) from error


def _read_state(fitting: Fitting) -> State | None:
    path = fitting.folder / _STATE
    try:
        state = msgspec.json.decode(path.read_bytes(), type=State)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(
            f"{path}: the interrupted training's state cannot be read ({error}); "
            "remove its folder and start again."
        ) from error
    if state.settings != fitting.settings:
        raise InputError(
            f"{fitting.folder}: an interrupted training with other settings lies there; give the "
            "settings it had to go on with it, or name another folder with -o."
        )
    return state
