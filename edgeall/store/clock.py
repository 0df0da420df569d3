"""What time it is, and how far that is to be believed."""

from __future__ import annotations

import ctypes
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from edgeall.store.records import Moment

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIMEX_BYTES = 512
"""More than any Linux's ``struct timex`` (208 bytes on 64-bit); zeros ask and set nothing."""
_TIME_ERROR = 5
"""What adjtimex(2) returns for a clock that is not synchronised."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> Moment:
    """Return this moment by every clock there is."""
    return Moment(
        boot_id=boot_id(),
        monotonic_ns=time.monotonic_ns(),
        wall_clock=_EPOCH + timedelta(microseconds=time.time_ns() // 1000),
        synchronised=is_synchronised(),
    )


@cache
def boot_id() -> str:
    """Return the kernel's id of this boot: moments of one boot compare by monotonic clock."""
    return _BOOT_ID.read_text("ascii").strip()


def is_synchronised() -> bool:
    """Whether the kernel holds the wall clock for synchronised.

    It asks the kernel (adjtimex(2)), which every time service tells, instead of
    one service; it needs no right and never waits. Unknown counts as no.
    """
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return 0 <= int(state) < _TIME_ERROR
