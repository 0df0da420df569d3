"""Collecting: the data sets of a training, decoded, with each image on its side of the split."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from edgeall.errors import InputError, MissingFactError, UsageError
from edgeall_convert.datasets.duplicates import fingerprint, near_duplicates, share_across
from edgeall_convert.datasets.examples import (
    Example,
    Side,
    images_under,
    labels_of,
    list_examples,
)
from edgeall_convert.datasets.split import Rule, Split, read_split, split_examples
from edgeall_convert.training.gallery import (
    BLACK,
    Gallery,
    Reader,
    open_gallery,
    show_cells,
    show_whole,
)

if TYPE_CHECKING:
    from edgeall_convert.training.request import TrainRequest

BLAST_NAMES = frozenset({"blast", "all", "early", "pre", "pro", "malignant", "lymphoblast"})
"""Labels that mean blasts in the data sets we know, in lower case."""

_RULES: dict[str, Rule] = {
    "random": "random",
    "block": "block",
    "subject": "subject",
    "given": "given",
}


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """All that is known of the data before training.

    Attributes
    ----------
    examples, split
        Of the main data set, before any was left out.
    unit
        What one input of the network shows.
    black
        Inputs are cells on black.
    near_duplicates
        Share of the test inputs that have a near-duplicate among those that train.
    """

    examples: tuple[Example, ...]
    split: Split
    labels: tuple[str, ...]
    blasts: tuple[str, ...]
    unit: Literal["field", "cell"]
    black: bool
    train: Gallery
    valid: Gallery
    test: Gallery
    near_duplicates: float

    @property
    def skipped(self) -> tuple[str, ...]:
        """One sentence for each image that could not be read."""
        return (*self.train.skipped, *self.valid.skipped, *self.test.skipped)


def collect(request: TrainRequest, size: int, say: Callable[[str, int, int], None]) -> Collection:
    """Read everything a training needs; ``say`` hears what, how much, of how much.

    Raises
    ------
    InputError
        A folder, an image with ``strict``, or a split cannot be used.
    MissingFactError
        Which labels are blasts, or what an image shows, is not known.
    """
    data = Path(request.data)
    examples = list_examples(data)
    labels = labels_of(examples)
    if len(labels) < 2:
        raise InputError(f"{data}: all images are {labels[0]}; a classifier needs two classes.")
    blasts = choose_blasts(labels, request.blasts)
    split = _split(request, examples, data)
    others = _others(request.also, labels)
    unit, reader = _reading(request, examples)

    def open_side(side: Side, more: Sequence[Example] = ()) -> Gallery:
        own = [examples[position] for position in split.where(side)]
        return open_gallery(
            [*own, *more],
            labels,
            size,
            reader,
            strict=request.strict,
            progress=lambda done, total: say(f"reading the {side} images", done, total),
        )

    train, valid, test = open_side("train", others), open_side("valid"), open_side("test")
    for side, gallery in (("train", train), ("valid", valid), ("test", test)):
        _check_labels(side, gallery, labels)
    say("looking for near-duplicates", 0, 0)
    return Collection(
        tuple(examples),
        split,
        labels,
        blasts,
        unit,
        _is_black(train),
        train,
        valid,
        test,
        _near_duplicates(train, test),
    )


def choose_blasts(labels: Sequence[str], given: Sequence[str] | None) -> tuple[str, ...]:
    """Return which labels are blasts, as given or by the names we know."""
    if given is not None:
        unknown = [name for name in given if name not in labels]
        if unknown:
            raise UsageError(
                f"--blasts {unknown[0]}: the data has no such class, but {', '.join(labels)}."
            )
        return tuple(given)
    known = tuple(label for label in labels if label.casefold() in BLAST_NAMES)
    if not known:
        raise MissingFactError(
            f"Which of {', '.join(labels)} are blasts is not known; name them with --blasts, "
            "or give --blasts none."
        )
    return known


def _split(request: TrainRequest, examples: Sequence[Example], data: Path) -> Split:
    if request.split is None:
        divided = any(example.subset for example in examples)
        return split_examples(examples, "given" if divided else "random", request.seed)
    rule = _RULES.get(request.split)
    if rule:
        return split_examples(examples, rule, request.seed)
    return read_split(Path(request.split), examples, data)


def _others(also: Sequence[tuple[str, str]], labels: Sequence[str]) -> list[Example]:
    """Return the examples of further data sets; a given label stands for a whole folder."""
    found: list[Example] = []
    for folder, label in also:
        place = Path(folder)
        own = (
            [Example(path, label, data_set=folder) for path in images_under(place)]
            if label
            else list_examples(place)
        )
        strange = {example.label for example in own} - set(labels)
        if strange:
            raise UsageError(
                f"--also {folder}: its label {min(strange)} is none of {', '.join(labels)}; "
                f"say which it is, as {folder}={labels[0]}."
            )
        found += [replace(example, subset=None) for example in own]
    return found


def _reading(
    request: TrainRequest, examples: Sequence[Example]
) -> tuple[Literal["field", "cell"], Reader]:
    single = all(example.subject or example.box for example in examples)
    unit = request.unit or ("cell" if single else "field")
    if unit == "field":
        return "field", show_whole
    if unit == "found" or request.recipe == "robust":
        return "cell", show_cells
    return "cell", show_whole


def _near_duplicates(train: Gallery, test: Gallery) -> float:
    prints = [fingerprint(pixels) for gallery in (train, test) for pixels in gallery.pixels]
    trains = [True] * len(train.targets) + [False] * len(test.targets)
    return share_across(near_duplicates(prints), trains)


def _is_black(gallery: Gallery) -> bool:
    corners = gallery.pixels[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    return bool(np.mean(corners.max(axis=(1, 2)) <= BLACK) > 0.5)


def _check_labels(side: str, gallery: Gallery, labels: Sequence[str]) -> None:
    missing = sorted(set(range(len(labels))) - set(gallery.targets.tolist()))
    if missing:
        raise InputError(
            f"The {side} side has no usable image of {labels[missing[0]]}; "
            "choose another --split or --seed, or add images."
        )
