"""The inspection: what a folder of training images holds, and what is wrong with it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from edgeall.errors import ImageError
from edgeall_convert.datasets.duplicates import (
    Fingerprint,
    fingerprint_files,
    near_duplicates,
    share_across,
)
from edgeall_convert.datasets.examples import Example, labels_of, list_examples
from edgeall_convert.datasets.split import Split, read_split

if TYPE_CHECKING:
    from edgeall_convert.datasets.examples import Side

UNDIVIDED = "all"


class SubjectImages(msgspec.Struct, frozen=True, kw_only=True):
    """One subject's images by label."""

    subject: str
    by_label: dict[str, int]


class DataInspection(msgspec.Struct, frozen=True, kw_only=True):
    """Everything found in one folder.

    Attributes
    ----------
    files, examples
        Image files, and labelled things in them (more where boxes are labelled).
    subsets
        Examples by side and label; one side ``all`` where nothing divides them.
    sizes
        Readable files by width and height, the most frequent first.
    subjects
        Empty where no name tells any.
    exact, near
        Groups of files that are equal byte by byte, and that show the same.
    held_near_duplicates
        Share of the test files that have a near-duplicate in training; None undivided.
    broken
        One sentence for each file that cannot be read.
    problems
        One sentence for each thing that should be put right before training.
    """

    folder: str
    files: int
    examples: int
    labels: tuple[str, ...]
    subsets: dict[str, dict[str, int]]
    sizes: dict[str, int]
    subjects: tuple[SubjectImages, ...]
    exact: tuple[tuple[str, ...], ...]
    near: tuple[tuple[str, ...], ...]
    held_near_duplicates: float | None
    broken: tuple[str, ...]
    problems: tuple[str, ...]


def inspect_data(
    folder: Path,
    split_file: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> DataInspection:
    """Look at every image of a data set.

    Raises
    ------
    InputError
        The folder holds no labelled images, or the split is not one of it.
    """
    examples = list_examples(folder)
    sides = _sides(examples, read_split(split_file, examples, folder) if split_file else None)
    labels = labels_of(examples)
    paths = list(dict.fromkeys(example.path for example in examples))
    read = fingerprint_files(paths, progress)
    whole = [
        (path, one) for path, one in zip(paths, read, strict=True) if isinstance(one, Fingerprint)
    ]
    groups = near_duplicates([one for _, one in whole])
    exact = _equal_files([path for path, _ in whole])
    near = [tuple(whole[position][0] for position in group) for group in groups]
    side_of = dict(zip([example.path for example in examples], sides, strict=True))
    divided = set(sides) != {UNDIVIDED}
    trains = [_trains(side_of[path]) for path, _ in whole]
    return DataInspection(
        folder=str(folder),
        files=len(paths),
        examples=len(examples),
        labels=labels,
        subsets=_count(examples, sides, labels),
        sizes=dict(Counter(f"{one.size[0]}x{one.size[1]}" for _, one in whole).most_common()),
        subjects=_subjects(examples),
        exact=tuple(_named(group, folder) for group in exact),
        near=tuple(_named(group, folder) for group in near),
        held_near_duplicates=share_across(groups, trains) if divided else None,
        broken=tuple(str(one) for one in read if isinstance(one, ImageError)),
        problems=(
            *_side_problems(examples, sides),
            *_subject_problems(examples),
            *_group_problems(near, _label_of_files(examples), "labelled", folder),
            *_group_problems(near, side_of, "divided into", folder),
        ),
    )


def _sides(examples: Sequence[Example], split: Split | None) -> list[Side | str]:
    if split:
        return list(split.sides)
    return [example.subset or UNDIVIDED for example in examples]


def _trains(side: str) -> bool | None:
    return {"train": True, "test": False}.get(side)


def _count(
    examples: Sequence[Example], sides: Sequence[str], labels: Sequence[str]
) -> dict[str, dict[str, int]]:
    counts = Counter((side, example.label) for side, example in zip(sides, examples, strict=True))
    order = [side for side in ("train", "valid", "test", UNDIVIDED) if side in set(sides)]
    return {side: {label: counts[side, label] for label in labels} for side in order}


def _subjects(examples: Sequence[Example]) -> tuple[SubjectImages, ...]:
    counts: dict[str, Counter[str]] = {}
    for example in examples:
        if example.subject:
            counts.setdefault(example.subject, Counter())[example.label] += 1
    return tuple(
        SubjectImages(subject=subject, by_label=dict(own)) for subject, own in counts.items()
    )


def _equal_files(paths: Sequence[Path]) -> list[tuple[Path, ...]]:
    """Return groups of equal files; only those of one length are read again."""
    of_length: dict[int, list[Path]] = {}
    for path in paths:
        of_length.setdefault(path.stat().st_size, []).append(path)
    same: dict[str, list[Path]] = {}
    for alike in of_length.values():
        for path in alike if len(alike) > 1 else ():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            same.setdefault(digest, []).append(path)
    return [tuple(equal) for equal in same.values() if len(equal) > 1]


def _named(group: Sequence[Path], folder: Path) -> tuple[str, ...]:
    return tuple(path.relative_to(folder).as_posix() for path in group)


def _side_problems(examples: Sequence[Example], sides: Sequence[str]) -> list[str]:
    own: dict[str, set[str]] = {}
    for side, example in zip(sides, examples, strict=True):
        own.setdefault(side, set()).add(example.label)
    problems = []
    for side in ("valid", "test"):
        if side in own and "train" in own and own[side] != own["train"]:
            listed = ", ".join(sorted(own[side] ^ own["train"]))
            problems.append(f"train and {side} have different labels: {listed} is in one only.")
    return problems


def _subject_problems(examples: Sequence[Example]) -> list[str]:
    labels: dict[str, set[str]] = {}
    for example in examples:
        if example.subject:
            labels.setdefault(example.subject, set()).add(example.label)
    return [
        f"Subject {subject} has images of {' and of '.join(sorted(own))}."
        for subject, own in labels.items()
        if len(own) > 1
    ]


def _label_of_files(examples: Sequence[Example]) -> dict[Path, str]:
    """Return each file's label, or all labels of its boxes."""
    labels: dict[Path, set[str]] = {}
    for example in examples:
        labels.setdefault(example.path, set()).add(example.label)
    return {path: "/".join(sorted(own)) for path, own in labels.items()}


def _group_problems(
    groups: Sequence[Sequence[Path]], kind_of: Mapping[Path, str], wrong: str, folder: Path
) -> list[str]:
    """Return a sentence for each group of two and more kinds, with one file of each."""
    problems = []
    for group in groups:
        first: dict[str, Path] = {}
        for path in group:
            first.setdefault(kind_of[path], path)
        if len(first) > 1:
            named = " and ".join(_named(tuple(first.values()), folder))
            problems.append(f"{named} show the same but are {wrong} {' and '.join(first)}.")
    return problems
