"""What the command asks of the process that explains, and what it answers."""

from __future__ import annotations

import msgspec


class ExplainRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A float model, an image, and the label to explain; None for the top one."""

    model: str
    image: str
    label: str | None = None
    trust_model: bool = False


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Where a network looked: ``heat`` rows of 0 to 1, ``layer`` names what was looked at."""

    label: str
    probability: float
    layer: str
    heat: tuple[tuple[float, ...], ...]
