"""The command's side of a training."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from edgeall_convert.evaluate.run_report import RunReport
from edgeall_convert.process.follow import follow
from edgeall_convert.training.worker import no_memory

if TYPE_CHECKING:
    from edgeall_convert.process.messages import Stage
    from edgeall_convert.training.request import TrainRequest


def train(request: TrainRequest, say: Callable[[Stage], None]) -> RunReport:
    """Train in a process apart; ``say`` hears how far it is.

    Raises
    ------
    EdgeallError
        What the process raised; or it ended without a word.
    """
    report = follow("edgeall_convert.training.worker", request, say, no_memory(request))
    return msgspec.convert(report, RunReport)
