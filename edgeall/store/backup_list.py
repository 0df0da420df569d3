"""What belongs to a backup: pieces of the database, and pictures."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Piece(msgspec.Struct, frozen=True):
    """A part of the database."""

    sha256: Sha256
    kind: Literal["database"] = "database"


class StoredImage(msgspec.Struct, frozen=True):
    """A picture, and the suffix of its name."""

    sha256: Sha256
    suffix: Annotated[str, Meta(pattern=r"^\.[a-z]{1,8}$")]
    kind: Literal["image"] = "image"


class BackupList(msgspec.Struct, frozen=True, kw_only=True):
    """What belongs to a backup; ``store`` tells the stores apart that share a stick."""

    format: Literal[1] = 1
    store: str
    made: str
    clock_synchronised: bool
    edgeall: str
    database: tuple[Piece, ...]
    images: tuple[StoredImage, ...]

    @property
    def objects(self) -> tuple[Piece | StoredImage, ...]:
        """Every object, the database's first."""
        return (*self.database, *self.images)
