"""What the process apart says, one line of JSON each."""

from __future__ import annotations

from typing import Any

import msgspec


class Stage(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """It has begun something, or got so far with it: ``done`` of ``total`` steps.

    ``total`` is 0 where nobody knows it.
    """

    what: str
    done: int = 0
    total: int = 0


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """It gave up; ``error`` is the class in `edgeall.errors`."""

    error: str
    sentence: str


class Done(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """It is done; ``report`` is what it found out."""

    report: dict[str, Any]


Message = Stage | Failed | Done
