"""Who is writing to a store: a lock on its folder that dies with its process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path


def announce(folder: Path, when_alone: Callable[[], None]) -> int:
    """Announce a writer; return the descriptor to close when it leaves.

    ``when_alone`` is called first where nobody else is writing: what lies half
    done then is nobody's work in progress.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if _alone(descriptor):
            when_alone()
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _alone(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
