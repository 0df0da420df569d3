"""The status of the device: what a page, a light or the prompt shows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from edgeall.service.situation import State

if TYPE_CHECKING:
    from edgeall.service.situation import Situation


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of the open slide, and what was not.

    Attributes
    ----------
    fields, cells
        Stored; cells in good fields, each counted once.
    refused
        Pictures and requests that were not taken since the service began.
    dropped
        Camera frames that nobody looked at since the service began.
    """

    fields: int = 0
    cells: int = 0
    refused: int = 0
    dropped: int = 0


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """All that can be told of the device at one moment."""

    state: str
    sentence: str
    slide: str | None
    counts: Counts
    bundle: str
    source: str


def sentence_of(situation: Situation, counts: Counts) -> str:
    """Return the situation in one sentence for the technician."""
    if situation.trouble is not None:
        return situation.trouble
    read = f"{_count(counts.fields, 'field')}, {_count(counts.cells, 'cell')}"
    if situation.state is State.WAITING:
        return "Ready: begin a slide."
    if situation.state is State.PAUSED:
        return f"Slide {situation.slide} is paused at {read}; resume or end it."
    return f"Reading slide {situation.slide}: {read}. Move the stage to the next field."


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{'s' * (number != 1)}"
