"""The situation of the device: the state machine behind `edgeall serve`.

::

    what holds, the gravest first        state               what ends it
    a fault                              fault               it was mended (retried by itself)
    no room on the disk                  full                room was made
    a slide is open, its camera failed   camera lost         the camera is back
    a slide is open, paused by hand      paused              resume, or end
    a slide is open                      reading             pause, or end
    none of these                        waiting for slide   begin

What holds is kept apart from the state, so that nothing is forgotten on the
way: a slide that was paused when its camera failed is paused when it is back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal, TypeAlias

from edgeall.errors import UsageError

Order: TypeAlias = Literal["begin", "end", "pause", "resume", "take"]


class State(StrEnum):
    """What the device is doing, in a technician's words."""

    WAITING = "waiting for slide"
    READING = "reading"
    PAUSED = "paused"
    FULL = "full"
    CAMERA_LOST = "camera lost"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Situation:
    """All that holds at one moment.

    Attributes
    ----------
    slide
        Identity of the open slide.
    is_paused
        It was paused by hand.
    camera, room, fault
        One sentence where the camera, the disk or the device fails; None where it does not.
    """

    slide: str | None = None
    is_paused: bool = False
    camera: str | None = None
    room: str | None = None
    fault: str | None = None

    @property
    def state(self) -> State:
        """Return the state that follows."""
        if self.fault is not None:
            return State.FAULT
        if self.room is not None:
            return State.FULL
        if self.slide is None:
            return State.WAITING
        if self.camera is not None:
            return State.CAMERA_LOST
        return State.PAUSED if self.is_paused else State.READING

    @property
    def trouble(self) -> str | None:
        """Return the sentence of what is wrong, the gravest first."""
        return self.fault or self.room or (self.camera if self.slide is not None else None)

    def after(self, order: Order, slide: str | None = None) -> Situation:
        """Return the situation after a person's order.

        Raises
        ------
        UsageError
            The order does not fit the state; the sentence says which one would.
        """
        self._refuse(order, slide)
        if order == "begin":
            return replace(self, slide=slide, is_paused=False, camera=None)
        if order == "end":
            return replace(self, slide=None, is_paused=False, camera=None)
        if order == "pause":
            return replace(self, is_paused=True)
        if order == "resume":
            return replace(self, is_paused=False)
        return self

    def _refuse(self, order: Order, slide: str | None) -> None:
        if order == "begin":
            if not slide:
                raise UsageError("A slide needs an identity; type or scan one.")
            if self.slide is not None:
                raise UsageError(f"Slide {self.slide} is still open; end it before the next one.")
            if self.trouble is not None:
                raise UsageError(f"No slide can be begun now: {self.trouble}")
            return
        if self.slide is None:
            raise UsageError("No slide is open; begin one first.")
        if order == "resume" and not self.is_paused:
            raise UsageError(f"Slide {self.slide} is not paused.")
        if order == "pause" and self.is_paused:
            raise UsageError(f"Slide {self.slide} is paused already; resume or end it.")
        if order == "take" and self.state is not State.READING:
            raise UsageError(f"No field can be taken now: the device is {self.state}.")
