"""Labelled images: which label and which subject each image of a folder has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeall.camera.folder import SUFFIXES, natural_key
from edgeall.errors import InputError

CNMC_ALIASES = {"all": "blast", "hem": "normal"}
"""C-NMC's own words: acute lymphoblastic leukaemia, and haematological (healthy).

They stand for `blast` and `normal` where a network has both these labels and
neither of C-NMC's."""

_CNMC_NAME = re.compile(
    r"UID_(?P<subject>H?\d+)_\d+_\d+_(?P<class>all|hem)(?![a-z])", re.IGNORECASE
)
"""``UID_<subject>_<image>_<cell>_<class>``, as the data set documents its names."""

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """An image file, its true label, and whose it is where its name says so."""

    path: Path
    label: str
    subject: str | None


def find_labelled(folder: Path, labels: Sequence[str]) -> list[LabelledImage]:
    """Return the images under ``folder``, sorted by label and name.

    An image has the label that its nearest class folder is named after, upper
    or lower case; without a class folder, C-NMC's file names say it. Hidden
    files are passed over.

    Raises
    ------
    InputError
        The folder is absent, holds no image, or holds images whose label
        cannot be told: leaving these out would flatter the network.
    """
    paths = _images_under(folder)
    names = _names_of(labels)
    found = [(path, _label_of(path.relative_to(folder), names)) for path in paths]
    unknown = [path for path, label in found if label is None]
    if unknown:
        raise InputError(_unknown_sentence(folder, unknown, len(paths), labels))
    return sorted(
        (LabelledImage(path, label, subject_of(path)) for path, label in found if label),
        key=lambda image: (labels.index(image.label), natural_key(image.path)),
    )


def subject_of(path: Path) -> str | None:
    """Return the subject that a C-NMC file name carries, as ``46`` or ``H10``."""
    parsed = _CNMC_NAME.match(path.stem)
    return parsed["subject"].upper() if parsed else None


def class_of(path: Path) -> str | None:
    """Return the class that a C-NMC file name carries, ``all`` or ``hem``."""
    parsed = _CNMC_NAME.match(path.stem)
    return parsed["class"].lower() if parsed else None


def _images_under(folder: Path) -> list[Path]:
    if not folder.exists():
        raise InputError(f"{folder}: there is no such folder; check the name.")
    if not folder.is_dir():
        raise InputError(f"{folder}: this is a file; name a folder with one folder a label.")
    found = [
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    ]
    if not found:
        raise InputError(
            f"{folder}: there is no image under it; give one folder a label, with its images."
        )
    return found


def _names_of(labels: Sequence[str]) -> dict[str, str]:
    """Map each folder name that stands for a label, in lower case, to that label."""
    names = {label.casefold(): label for label in labels}
    if set(CNMC_ALIASES.values()) <= set(names) and not set(CNMC_ALIASES) & set(names):
        names |= {alias: names[label] for alias, label in CNMC_ALIASES.items()}
    return names


def _label_of(relative: Path, names: Mapping[str, str]) -> str | None:
    for parent in reversed(relative.parts[:-1]):
        if parent.casefold() in names:
            return names[parent.casefold()]
    kind = class_of(relative)
    return names.get(kind) if kind else None


def _unknown_sentence(
    folder: Path, unknown: Sequence[Path], total: int, labels: Sequence[str]
) -> str:
    where = Counter(path.parent.relative_to(folder).as_posix() for path in unknown)
    listed = ", ".join(
        f"{'the folder itself' if place == '.' else place} ({count})"
        for place, count in where.most_common(_SHOWN)
    )
    more = f" and {len(where) - _SHOWN} more folders" if len(where) > _SHOWN else ""
    return (
        f"{folder}: {len(unknown)} of its {total} images lie in no folder named after a label, "
        f"but in {listed}{more}; name the folders {', '.join(labels)}, or move these away."
    )
