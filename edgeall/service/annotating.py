"""Boxed pictures of the fields, written as they are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import cv2

from edgeall.errors import ImageError
from edgeall.report.annotate import annotate
from edgeall.store.durable import make_folder, write_durably

if TYPE_CHECKING:
    from edgeall.service.pipeline import ReadField

_JPEG_QUALITY = 92


@dataclass(slots=True)
class AnnotatedPictures:
    """Pictures with boxes and names in a folder, one a field."""

    folder: Path
    written: list[Path] = field(default_factory=list)

    @classmethod
    def into(cls, folder: Path) -> Self:
        """Make the folder where there is none.

        Raises
        ------
        StoreError
            It cannot be made.
        """
        make_folder(folder)
        return cls(folder)

    def add(self, read: ReadField) -> None:
        """Write a field's picture.

        Raises
        ------
        StoreError
            It cannot be written.
        """
        prepared = read.prepared
        frame = prepared.field.frame
        pixels = annotate(
            frame.pixels,
            tuple(zip(prepared.cells, read.calls, strict=True)),
            prepared.cut_by_border,
        )
        done, encoded = cv2.imencode(
            ".jpg",
            cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR),
            [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY],
        )
        if not done:
            raise ImageError(f"{frame.origin}: its boxed picture could not be encoded.")
        path = self.folder / f"{frame.number + 1:04d}-{Path(frame.origin).stem}.jpg"
        write_durably(path, encoded.tobytes())
        self.written.append(path)
