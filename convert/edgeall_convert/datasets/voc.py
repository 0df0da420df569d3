"""Pascal VOC: an XML file beside each image, with the boxes of what it shows.

Source: M. Everingham et al., The Pascal Visual Object Classes Challenge,
International Journal of Computer Vision 88, 2010. Boxes count pixels from 1
and include their last row and column.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from edgeall.cells.cell import Box
from edgeall.errors import InputError


@dataclass(frozen=True, slots=True)
class VocObject:
    """One object: its name as written and its box in the image's pixels."""

    name: str
    box: Box


def read_voc(path: Path) -> tuple[VocObject, ...]:
    """Return the objects of one annotation, in its order.

    Raises
    ------
    InputError
        The file is no such annotation, or a box has no area.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: it cannot be read ({error.strerror}).") from error
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise InputError(f"{path}: an annotation that defines XML entities is not read; drop them.")
    try:
        root = ElementTree.fromstring(data)
        return tuple(_object(element) for element in root.iter("object"))
    except (ElementTree.ParseError, ValueError) as error:
        raise InputError(
            f"{path}: this is no Pascal VOC annotation ({error}); correct or remove it."
        ) from error


def _object(element: ElementTree.Element) -> VocObject:
    name = (element.findtext("name") or "").strip()
    left, top, right, bottom = (
        round(float(element.findtext(f"bndbox/{side}") or "nan"))
        for side in ("xmin", "ymin", "xmax", "ymax")
    )
    if not name or right < left or bottom < top:
        raise ValueError("an object without a name or with an empty box")
    return VocObject(name, Box(left - 1, top - 1, right - left + 1, bottom - top + 1))
