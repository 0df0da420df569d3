"""Cells of interest: which cells a reader should see first, and their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edgeall.camera.decode import decode_image
from edgeall.errors import ImageError
from edgeall.report.slide_report import UNIDENTIFIED

if TYPE_CHECKING:
    from edgeall.camera.frame import Pixels
    from edgeall.cells.cell import Box
    from edgeall.model.call import Call

SIDE = 160
"""Pixels of a crop's side, as it goes into a report."""

_MARGIN = 1.5
"""Side of a crop as a multiple of the cell's longer side: its neighbours help to judge it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored cell that a report may show.

    ``box`` is None where the whole field is one example; ``reviewed`` is what a
    person said of it, if anybody did.
    """

    image: Path
    box: Box | None
    call: Call
    counted: bool
    reviewed: str | None

    @property
    def called(self) -> str:
        """What the network said, in words."""
        return self.call.label if self.call.identified else UNIDENTIFIED

    @property
    def last_word(self) -> str:
        """What counts: the person's word, else the network's."""
        return self.called if self.reviewed is None else self.reviewed


def first_to_look_at(candidates: Sequence[Candidate], blasts: frozenset[str]) -> list[Candidate]:
    """Return the counted cells that matter, in the order in which to look at them.

    First those that a person calls otherwise than the network did, then blasts,
    the surest at the head, then what the network left unidentified.
    """
    ranked = [(_rank(candidate, blasts), candidate) for candidate in candidates]
    chosen = [(rank, candidate) for rank, candidate in ranked if rank is not None]
    return [candidate for _, candidate in sorted(chosen, key=lambda pair: pair[0])]


def _rank(candidate: Candidate, blasts: frozenset[str]) -> tuple[int, float] | None:
    if not candidate.counted:
        return None
    call = candidate.call
    if candidate.last_word != candidate.called:
        return 0, -call.confidence
    if candidate.last_word in blasts or (call.identified and call.is_blast):
        return 1, -call.confidence
    if candidate.last_word == UNIDENTIFIED:
        return (2 if call.is_blast else 3), -call.confidence
    return None


def crops(candidates: Sequence[Candidate]) -> list[Pixels | None]:
    """Return cells' pictures, ``(SIDE, SIDE, 3)`` each; None where one is no longer stored.

    A field is decoded once for all its cells. What lies beyond it is grey; a
    field that is one example is shrunk into the square.
    """
    found: list[Pixels | None] = [None] * len(candidates)
    for image in dict.fromkeys(candidate.image for candidate in candidates):
        try:
            pixels = decode_image(image)
        except ImageError:
            continue
        for number, candidate in enumerate(candidates):
            if candidate.image == image:
                found[number] = _square(pixels, candidate.box)
    return found


def _square(pixels: Pixels, box: Box | None) -> Pixels:
    height, width = pixels.shape[:2]
    if box is None:
        side = max(height, width)
        left, top = (width - side) // 2, (height - side) // 2
    else:
        side = max(1, round(_MARGIN * max(box.width, box.height)))
        left = round(box.left + (box.width - side) / 2)
        top = round(box.top + (box.height - side) / 2)
    square = np.full((side, side, 3), 200, np.uint8)
    x1, y1, x2, y2 = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
    if x1 < x2 and y1 < y2:
        square[y1 - top : y2 - top, x1 - left : x2 - left] = pixels[y1:y2, x1:x2]
    interpolation = cv2.INTER_AREA if side > SIDE else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(square, (SIDE, SIDE), interpolation=interpolation), np.uint8)
