"""The run report: everything that one training found out."""

from __future__ import annotations

from typing import Literal

import msgspec

from edgeall.evaluate.scores import Scores


class Epoch(msgspec.Struct, frozen=True, kw_only=True):
    """One epoch: what it cost, and what the network was worth after it."""

    epoch: int
    seconds: float
    rate: float
    loss: float
    accuracy: float
    valid_loss: float
    valid_balanced_accuracy: float


class Subset(msgspec.Struct, frozen=True, kw_only=True):
    """One side of the split: images by label, and whose they are."""

    name: str
    by_label: dict[str, int]
    subjects: tuple[str, ...] = ()


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """One training, from its command to its scores.

    Attributes
    ----------
    source, reported
        Where the network is from, and the figure that is reported there.
    near_duplicates
        Share of the held images that have a near-duplicate in training.
    skipped
        One sentence for each image that could not be read.
    valid, test
        Scores of the float network on these sides.
    """

    format: Literal[1] = 1
    network: str
    recipe: str
    source: str
    reported: str
    command: tuple[str, ...]
    versions: dict[str, str]
    seed: int
    parameters: int
    input_size: tuple[int, int]
    labels: tuple[str, ...]
    blasts: tuple[str, ...]
    unit: str
    data: tuple[str, ...]
    split: str
    near_duplicates: float | None
    subsets: tuple[Subset, ...]
    skipped: tuple[str, ...]
    epochs: tuple[Epoch, ...]
    best_epoch: int
    seconds: float
    devices: tuple[str, ...]
    precision: str
    valid: Scores | None
    test: Scores | None
    warnings: tuple[str, ...] = ()
