"""The examples of a data set: which label, whose, and on which side each image is.

Three layouts are read: a folder a class; C-NMC's file names; and Pascal VOC,
an XML file for each image. Folders named train, valid and test above the
classes divide them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from edgeall.camera.folder import SUFFIXES, natural_key
from edgeall.errors import InputError
from edgeall.evaluate.labelled import CNMC_ALIASES, class_of, subject_of
from edgeall_convert.datasets.voc import read_voc

if TYPE_CHECKING:
    from edgeall.cells.cell import Box

Side: TypeAlias = Literal["train", "valid", "test"]

_SIDES: dict[str, Side] = {
    "train": "train",
    "training": "train",
    "val": "valid",
    "valid": "valid",
    "validation": "valid",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled image, or one labelled box of it.

    Attributes
    ----------
    path
        The image file; several examples share it where it has several boxes.
    label
        The class folder's name, C-NMC's class (``blast``, ``normal``), or the
        name of the VOC object.
    subject
        Whose it is, where C-NMC's name says so.
    subset
        The side it is on, where the folder is divided already.
    box
        The object in the image's pixels (Pascal VOC).
    data_set
        The folder it was listed from.
    """

    path: Path
    label: str
    subject: str | None = None
    subset: Side | None = None
    box: Box | None = None
    data_set: str = ""


def list_examples(folder: Path) -> list[Example]:
    """Return a data set's examples in natural order of their files.

    Hidden files are passed over. Images are not opened.

    Raises
    ------
    InputError
        The folder is absent or holds no image, an image has no label, or an
        annotation cannot be read.
    """
    images, annotations = _files_under(folder)
    if annotations:
        return _annotated(folder, images, annotations)
    examples = [_by_name(path, folder) for path in images]
    unlabelled = [path for path, example in zip(images, examples, strict=True) if not example]
    if unlabelled:
        raise InputError(
            f"{folder}: {len(unlabelled)} of its {len(images)} images have no label, the first "
            f"{unlabelled[0].relative_to(folder)}; give one folder a class, with its images in it."
        )
    return [example for example in examples if example]


def images_under(folder: Path) -> list[Path]:
    """Return the image files of a data set, whatever they are labelled as.

    Raises
    ------
    InputError
        The folder is absent or holds no image.
    """
    return _files_under(folder)[0]


def labels_of(examples: Iterable[Example]) -> tuple[str, ...]:
    """Return the labels in their order for a network: normal before blast, else by name."""
    found = {example.label for example in examples}
    known = [label for label in ("normal", "blast") if label in found]
    return tuple(known) if len(known) == len(found) else tuple(sorted(found))


def _files_under(folder: Path) -> tuple[list[Path], dict[str, Path]]:
    """Return the image files, and the annotations by the stem of the image they belong to."""
    if not folder.is_dir():
        what = "this is a file" if folder.exists() else "there is no such folder"
        raise InputError(f"{folder}: {what}; name a folder with one folder a class.")
    files = [
        path
        for path in sorted(folder.rglob("*"), key=natural_key)
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    images = [path for path in files if path.suffix.lower() in SUFFIXES and path.is_file()]
    if not images:
        raise InputError(
            f"{folder}: there is no image under it; give one folder a class, with its images."
        )
    return images, {path.stem: path for path in files if path.suffix.lower() == ".xml"}


def _by_name(path: Path, folder: Path) -> Example | None:
    relative = path.relative_to(folder)
    subset = _SIDES.get(relative.parts[0].lower()) if len(relative.parts) > 1 else None
    subject, kind = subject_of(path), class_of(path)
    if subject and kind:
        return Example(path, CNMC_ALIASES[kind], subject, subset, None, str(folder))
    folders = relative.parts[1 if subset else 0 : -1]
    return Example(path, folders[-1], None, subset, None, str(folder)) if folders else None


def _annotated(folder: Path, images: Sequence[Path], annotations: dict[str, Path]) -> list[Example]:
    alone = [path for path in images if path.stem not in annotations]
    if alone:
        raise InputError(
            f"{folder}: {len(alone)} of its {len(images)} images have no annotation, the first "
            f"{alone[0].relative_to(folder)}; add its XML file or move the image away."
        )
    examples = []
    for path in images:
        parts = path.relative_to(folder).parts
        subset = _SIDES.get(parts[0].lower()) if len(parts) > 1 else None
        for found in read_voc(annotations[path.stem]):
            label = CNMC_ALIASES.get(found.name.casefold(), found.name)
            examples.append(Example(path, label, subject_of(path), subset, found.box, str(folder)))
    if not examples:
        raise InputError(f"{folder}: no annotation names an object; label at least one image.")
    return examples
