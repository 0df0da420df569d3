"""C-NMC 2019: single white cells, stain-normalised, cut out on black.

Source: A. Gupta and R. Gupta, ALL Challenge dataset of ISBI 2019, The Cancer
Imaging Archive, doi 10.7937/tcia.2019.dc64i46r, CC BY 3.0. A file is named
``UID_<subject>_<image>_<cell>_<class>``; healthy subjects begin with ``H``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeall.camera.folder import natural_key
from edgeall.errors import InputError

LABELS = ("normal", "blast")
"""``hem`` and ``all`` in the files' own words."""

_NAME = re.compile(r"UID_(?P<subject>H?\d+)_\d+_\d+_(?P<kind>all|hem)", re.IGNORECASE)
_SUFFIXES = frozenset({".png", ".jpg", ".bmp"})


@dataclass(frozen=True, slots=True)
class CellImage:
    """One cell's file. ``target`` is its position in `LABELS`."""

    path: Path
    subject: str
    target: int


def list_cells(folder: Path) -> list[CellImage]:
    """Return the cells under a folder, by their names, in natural order.

    Raises
    ------
    InputError
        No file there is named as C-NMC names its cells.
    """
    found = [
        CellImage(path, name["subject"].upper(), int(name["kind"].lower() == "all"))
        for path in sorted(folder.rglob("*"), key=natural_key)
        if path.suffix.lower() in _SUFFIXES and (name := _NAME.match(path.name))
    ]
    if not found:
        raise InputError(
            f"{folder}: no file is named UID_<subject>_<image>_<cell>_<all|hem>; "
            "name the folder of the C-NMC cells."
        )
    return found


def subject_folds(cells: Sequence[CellImage], folds: int) -> list[frozenset[str]]:
    """Deal the subjects of each class into folds of about as many cells each.

    The largest subject of a class goes first, each to the fold that has the
    fewest cells of that class so far. No subject is in two folds.
    """
    dealt: list[set[str]] = [set() for _ in range(folds)]
    for target in range(len(LABELS)):
        sizes = _cells_by_subject(cells, target)
        filled = [0] * folds
        for subject in sorted(sizes, key=lambda name: (-sizes[name], name)):
            least = filled.index(min(filled))
            dealt[least].add(subject)
            filled[least] += sizes[subject]
    return [frozenset(subjects) for subjects in dealt]


def _cells_by_subject(cells: Sequence[CellImage], target: int) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for cell in cells:
        if cell.target == target:
            sizes[cell.subject] = sizes.get(cell.subject, 0) + 1
    return sizes
