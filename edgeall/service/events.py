"""Events: one line each on standard error, for journald and for nobody's patient.

::

    <6>event=field_taken run=12 field=340 cells=7

The number is the priority of sd-daemon(3), which journald reads and takes away.
A slide is named by its run: its identity may be a person's.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from typing import Literal, TypeAlias

import msgspec

Level: TypeAlias = Literal["debug", "info", "warning", "error"]
Value: TypeAlias = str | int | float | bool | None

_PRIORITY: dict[Level, int] = {"debug": 7, "info": 6, "warning": 4, "error": 3}


class EventLog:
    """Writes events of at least one importance; safe from several threads."""

    def __init__(self, least: Level = "info") -> None:
        self.least: Level = least
        self._lock = threading.Lock()
        self._to_journal = "JOURNAL_STREAM" in os.environ

    def write(self, level: Level, event: str, **facts: Value) -> None:
        """Write one event with its facts."""
        if _PRIORITY[level] > _PRIORITY[self.least]:
            return
        line = " ".join([f"event={event}", *(f"{key}={_text(it)}" for key, it in facts.items())])
        prefix = f"<{_PRIORITY[level]}>" if self._to_journal else f"{level}: "
        with self._lock:
            print(prefix + line, file=sys.stderr, flush=True)

    def defect(self, error: BaseException) -> None:
        """Write a defect of ours, with its place in the code and without what it was about."""
        last = traceback.extract_tb(error.__traceback__)[-1]
        self.write(
            "error", "defect", kind=type(error).__name__, at=f"{last.filename}:{last.lineno}"
        )


def _text(value: Value) -> str:
    """Return a value that can be split off again: quoted as JSON where it holds a space."""
    if isinstance(value, float):
        return f"{value:.4g}"
    text = "none" if value is None else str(value)
    plain = text.isprintable() and not set(text) & set(' "=')
    return text if plain and text else msgspec.json.encode(text).decode()
