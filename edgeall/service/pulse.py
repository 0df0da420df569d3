"""The pulse of the stages: what answers the watchdog is the work itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class Pulse:
    """Knows which stage has been busy with one piece of work, and for how long."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._busy: dict[tuple[str, int], float] = {}

    def watch(self, stage: str, work: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
        """Return the work, watched while it goes on."""

        def watched(*given: _Given.args, **named: _Given.kwargs) -> _Result:
            key = (stage, threading.get_ident())
            with self._lock:
                self._busy[key] = time.monotonic()
            try:
                return work(*given, **named)
            finally:
                with self._lock:
                    self._busy.pop(key, None)

        return watched

    def stuck(self, longer_than_s: float) -> str | None:
        """Return the stage that has been at one piece of work for longer, if any."""
        now = time.monotonic()
        with self._lock:
            return next(
                (stage for (stage, _), since in self._busy.items() if now - since > longer_than_s),
                None,
            )
