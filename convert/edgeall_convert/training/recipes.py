"""Recipes: how each network is trained, as published, and as we would for another laboratory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from edgeall_convert.training.augment import Augmentation


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that training decides about.

    Attributes
    ----------
    epochs, batch
        Epochs at most; images a batch.
    optimizer, rate
        And its highest learning rate.
    cosine
        The rate falls along a cosine to nothing; otherwise it stays.
    decay
        Weight decay of AdamW.
    smoothing
        Share of the probability that targets give to the other labels.
    patience
        Epochs without a better one after which training stops.
    balanced
        Labels, and subjects within each, are shown equally often.
    augmentation
        None shows images as they are.
    """

    epochs: int
    batch: int
    optimizer: Literal["adam", "adamw", "rmsprop"] = "adam"
    rate: float = 1e-3
    cosine: bool = False
    decay: float = 0.0
    smoothing: float = 0.0
    patience: int = 10
    balanced: bool = False
    augmentation: Augmentation | None = None


PUBLISHED: dict[str, Recipe] = {
    # Adam, the best epoch kept, early stopping, three epochs (Marines).
    "resnet50": Recipe(epochs=3, batch=32, patience=2),
    # Balanced classes and augmentation; optimizer and length are not told (Reddy et al.).
    "qcresnet": Recipe(
        epochs=15,
        batch=32,
        cosine=True,
        balanced=True,
        augmentation=Augmentation(scale=0.1, shift=0.05),
    ),
    # Ours alone, and trained like its large form.
    "qcresnet-small": Recipe(
        epochs=30,
        batch=32,
        cosine=True,
        balanced=True,
        augmentation=Augmentation(scale=0.1, shift=0.05),
    ),
    # RMSprop; rate and length are not told (Unnithan). At 1e-3 it does not learn.
    "cnn4": Recipe(epochs=10, batch=32, optimizer="rmsprop", rate=1e-4),
    # Nothing is told beyond the layers (Pak Heart J 2023).
    "sequential": Recipe(epochs=20, batch=32),
    # Ten epochs of 128 images; the optimizer is not told. At 1e-3 it names one class for all.
    "vggnet": Recipe(epochs=10, batch=128, rate=1e-4),
    # Forty epochs of 32 images. The rest is not told; without it LeNet learns them by heart.
    "lenet": Recipe(
        epochs=40,
        batch=32,
        optimizer="adamw",
        cosine=True,
        decay=2e-3,
        smoothing=0.05,
        patience=40,
        balanced=True,
        augmentation=Augmentation(scale=0.1, shift=0.05),
    ),
}
"""As far as the sources tell; what they leave out is what works, and said here."""

_FIELD = Augmentation(scale=0.12, shift=0.05, stain=0.08, gray=0.03, camera=0.2)
"""For whole fields: a field keeps some of its stain, which its laboratory shares with it."""

_CELL = Augmentation(
    scale=0.1, shift=0.05, stain=0.3, transfer=0.9, gray=0.1, camera=0.7, outline=True
)
"""For cells: no colour, sharpness or outline of one laboratory may tell a class."""


def choose_recipe(network: str, kind: Literal["published", "robust"], *, black: bool) -> Recipe:
    """Return the recipe of a network; ``black`` says that it sees cells on black."""
    published = PUBLISHED[network]
    if kind == "published":
        return published
    return replace(
        published,
        epochs=40,
        batch=64 if network in ("lenet", "sequential") else 32,
        optimizer="adamw",
        rate=3e-4 if network in ("vggnet", "cnn4", "resnet50") else 1e-3,
        cosine=True,
        decay=2e-3,
        smoothing=0.05,
        patience=40,
        balanced=True,
        augmentation=_CELL if black else _FIELD,
    )
