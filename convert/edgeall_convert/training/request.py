"""What the command asks of the process that trains."""

from __future__ import annotations

from typing import Literal

import msgspec


class TrainRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A training as it was typed; None where nothing was.

    ``also`` are further data sets of which every cell trains, as folder and
    label; an empty label keeps their own. ``split`` is a rule or a file.
    """

    data: str
    network: str
    out: str
    recipe: Literal["published", "robust"] = "published"
    split: str | None = None
    seed: int = 0
    unit: Literal["field", "cell", "found"] | None = None
    blasts: tuple[str, ...] | None = None
    also: tuple[tuple[str, str], ...] = ()
    weights: str = "imagenet"
    size: int | None = None
    epochs: int | None = None
    batch: int | None = None
    rate: float | None = None
    strict: bool = False
    command: tuple[str, ...] = ()
