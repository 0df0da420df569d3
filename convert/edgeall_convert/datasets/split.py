"""The split: which example trains, which chooses the best epoch, and which judges.

``random`` deals the images of each label by chance, as most published work
did; neighbouring fields of one patient then lie on both sides. ``block``
keeps runs of consecutive file numbers together, where numbers tend to follow
patients. ``subject`` never parts the images of one subject.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec
import numpy as np

from edgeall.errors import InputError
from edgeall.store.durable import write_durably

if TYPE_CHECKING:
    from edgeall_convert.datasets.examples import Example, Side

Rule: TypeAlias = Literal["random", "block", "subject", "given"]

SHARES = (0.7, 0.1, 0.2)
"""Of the images to train, validate and test: 2,279, 326 and 651 of 3,256, as Marines had them."""

SIDES: tuple[Side, ...] = ("train", "valid", "test")


class SplitFile(msgspec.Struct, frozen=True, kw_only=True):
    """A split as a file: paths relative to the data folder, which is named for people."""

    format: Literal[1] = 1
    rule: Rule
    seed: int
    data: str
    train: tuple[str, ...]
    valid: tuple[str, ...]
    test: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """The side of each example, in the order of the examples."""

    rule: Rule
    seed: int
    sides: tuple[Side, ...]

    def where(self, side: Side) -> list[int]:
        """Return the positions of the examples on one side."""
        return [position for position, own in enumerate(self.sides) if own == side]


def split_examples(examples: Sequence[Example], rule: Rule, seed: int = 0) -> Split:
    """Divide examples, stratified by label; equal seeds divide alike.

    Examples of one file stay together. Folders that are divided already
    (``given``) keep their test side, and without a valid side a part of the
    training images becomes it.

    Raises
    ------
    InputError
        A label has fewer images, or under ``subject`` fewer subjects, than
        there are sides; a subject has two labels; or no subject is known.
    """
    if rule == "given":
        return Split(rule, seed, _given(examples, seed))
    if rule == "subject":
        return Split(rule, seed, _by_subject(examples, seed))
    sides: list[Side] = ["train"] * len(examples)
    for label, files in _files_by_label(examples).items():
        if len(files) < len(SIDES):
            raise InputError(
                f"{label} has {len(files)} image{'s' * (len(files) != 1)}, fewer than the "
                f"{len(SIDES)} sides of a split; add some or leave this class out."
            )
        order = _shuffled(files, label, seed) if rule == "random" else _rotated(files, seed)
        for file, side in zip(order, _dealt(len(order)), strict=True):
            for position in files[file]:
                sides[position] = side
    return Split(rule, seed, tuple(sides))


def write_split(split: Split, examples: Sequence[Example], data: Path, path: Path) -> None:
    """Write a split so that `read_split` gives it back for the same images."""
    files: dict[Side, list[str]] = {side: [] for side in SIDES}
    for example, side in zip(examples, split.sides, strict=True):
        name = _relative(example.path, data)
        if name not in files[side]:
            files[side].append(name)
    document = SplitFile(
        rule=split.rule,
        seed=split.seed,
        data=str(data),
        train=tuple(files["train"]),
        valid=tuple(files["valid"]),
        test=tuple(files["test"]),
    )
    write_durably(path, msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n")


def read_split(path: Path, examples: Sequence[Example], data: Path) -> Split:
    """Read a split for the images of the folder ``data``.

    Raises
    ------
    InputError
        The file cannot be read, names an image that is not there or one on
        two sides, or leaves an image out.
    """
    try:
        document = msgspec.json.decode(path.read_bytes(), type=SplitFile)
    except OSError as error:
        raise InputError(f"{path}: it cannot be read ({error.strerror}); check the name.") from None
    except msgspec.DecodeError as error:
        raise InputError(
            f"{path}: this is no split that edgeall wrote ({error}); write one with --split random."
        ) from error
    named: dict[str, Side] = {}
    for side, names in zip(SIDES, (document.train, document.valid, document.test), strict=True):
        for name in names:
            if named.setdefault(name, side) != side:
                raise InputError(f"{path}: {name} is on two sides; keep it on one.")
    own = [_relative(example.path, data) for example in examples]
    _check_same(path, data, set(named), set(own))
    return Split(document.rule, document.seed, tuple(named[name] for name in own))


def _check_same(path: Path, data: Path, named: set[str], own: set[str]) -> None:
    if missing := sorted(named - own):
        raise InputError(
            f"{path}: {len(missing)} of its images are not in {data}, the first {missing[0]}; "
            "give the folder it was made for, or make a new split."
        )
    if extra := sorted(own - named):
        raise InputError(
            f"{path}: it leaves out {len(extra)} images of {data}, the first {extra[0]}; "
            "make a new split, or move them away."
        )


def _relative(path: Path, data: Path) -> str:
    return path.relative_to(data).as_posix()


def _files_by_label(examples: Sequence[Example]) -> dict[str, dict[Path, list[int]]]:
    """Return each label's files with their examples; a file counts for its first label."""
    first: dict[Path, str] = {}
    found: dict[str, dict[Path, list[int]]] = {}
    for position, example in enumerate(examples):
        label = first.setdefault(example.path, example.label)
        found.setdefault(label, {}).setdefault(example.path, []).append(position)
    return dict(sorted(found.items()))


def _shuffled(files: dict[Path, list[int]], label: str, seed: int) -> list[Path]:
    rng = np.random.default_rng([seed, *label.encode()])
    paths = list(files)
    return [paths[position] for position in rng.permutation(len(paths))]


def _rotated(files: dict[Path, list[int]], seed: int) -> list[Path]:
    """Return the files in order of their numbers, begun a fifth later for each seed.

    So every seed has another run of files as its test side, and sides meet at
    few seams.
    """
    paths = list(files)
    start = round(len(paths) * (seed % 5) / 5)
    return paths[start:] + paths[:start]


def _dealt(count: int) -> list[Side]:
    """Return sides for ``count`` files in a row, none empty."""
    test = max(1, round(SHARES[2] * count))
    valid = max(1, round(SHARES[1] * count))
    sizes: dict[Side, int] = {"train": count - valid - test, "valid": valid, "test": test}
    return [side for side, size in sizes.items() for _ in range(size)]


def _given(examples: Sequence[Example], seed: int) -> tuple[Side, ...]:
    if any(example.subset is None for example in examples):
        raise InputError("Some images lie outside train and test; put every class into one.")
    sides: list[Side] = [example.subset or "train" for example in examples]
    train = {example.label for example in examples if example.subset == "train"}
    for side in ("valid", "test"):
        own = {example.label for example in examples if example.subset == side}
        if own and own != train:
            raise InputError(
                f"The labels differ: train has {_listed(train)}, {side} has {_listed(own)}; "
                "give both the same class folders."
            )
    if "valid" not in sides:
        positions = [position for position, side in enumerate(sides) if side == "train"]
        inner = split_examples([examples[position] for position in positions], "random", seed)
        for position, side in zip(positions, inner.sides, strict=True):
            sides[position] = "valid" if side == "valid" else "train"
    return tuple(sides)


def _by_subject(examples: Sequence[Example], seed: int) -> tuple[Side, ...]:
    """Deal whole subjects of each label, the side that lacks most images of it first."""
    label_of: dict[str, str] = {}
    sizes: dict[str, dict[str, int]] = {}
    for example in examples:
        if example.subject is None:
            raise InputError(
                f"{example.path}: its name tells no subject, so --split subject cannot keep "
                "subjects apart; use --split block or random."
            )
        if label_of.setdefault(example.subject, example.label) != example.label:
            raise InputError(
                f"Subject {example.subject} has images of {label_of[example.subject]} and of "
                f"{example.label}; correct the names or use --split block."
            )
        of_label = sizes.setdefault(example.label, {})
        of_label[example.subject] = of_label.get(example.subject, 0) + 1
    side_of: dict[str, Side] = {}
    for label, subjects in sorted(sizes.items()):
        side_of |= _deal_subjects(label, subjects, seed)
    sides = [side_of[example.subject or ""] for example in examples]
    return _with_validation(examples, sides, sizes, seed)


def _deal_subjects(label: str, sizes: dict[str, int], seed: int) -> dict[str, Side]:
    if len(sizes) < 2:
        raise InputError(
            f"{label} has images of {len(sizes)} subject; a split by subject needs two of each "
            "class: add one or use --split block."
        )
    rng = np.random.default_rng([seed, *label.encode()])
    order = [sorted(sizes)[position] for position in rng.permutation(len(sizes))]
    shares = dict(zip(SIDES, SHARES, strict=True)) if len(order) > 2 else _TWO_SUBJECTS
    total = sum(sizes.values())
    filled = dict.fromkeys(shares, 0)
    side_of: dict[str, Side] = {}
    for subject in sorted(order, key=lambda name: -sizes[name]):
        empty_left = [side for side in shares if not filled[side]]
        waiting = len(order) - len(side_of)
        among = empty_left if waiting <= len(empty_left) else list(shares)
        side = max(among, key=lambda own: shares[own] * total - filled[own])
        side_of[subject] = side
        filled[side] += sizes[subject]
    return side_of


_TWO_SUBJECTS: dict[Side, float] = {"train": 0.5, "test": 0.5}


def _with_validation(
    examples: Sequence[Example], sides: list[Side], sizes: dict[str, dict[str, int]], seed: int
) -> tuple[Side, ...]:
    """Take the validation images of a label with two subjects from the one that trains.

    None is left for them alone; the test side still shares no subject with any other.
    """
    for label, subjects in sizes.items():
        if len(subjects) > 2:
            continue
        own = [
            position
            for position, (example, side) in enumerate(zip(examples, sides, strict=True))
            if example.label == label and side == "train"
        ]
        rng = np.random.default_rng([seed, *label.encode()])
        for position in rng.permutation(own)[: max(1, round(SHARES[1] * len(own)))]:
            sides[position] = "valid"
    return tuple(sides)


def shares_subjects(examples: Sequence[Example], split: Split) -> tuple[str, ...]:
    """Return the subjects that both train and validate, which only a lack of subjects allows."""
    train = {examples[position].subject for position in split.where("train")}
    valid = {examples[position].subject for position in split.where("valid")}
    return tuple(sorted(subject for subject in train & valid if subject))


def _listed(labels: set[str]) -> str:
    return ", ".join(sorted(labels))
