"""The command's side of a conversion."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from edgeall_convert.evaluate.report import ConversionReport
from edgeall_convert.process.follow import follow
from edgeall_convert.quantize.source import identify
from edgeall_convert.quantize.worker import NO_MEMORY

if TYPE_CHECKING:
    from edgeall_convert.quantize.request import Request


def convert(request: Request, say: Callable[[str], None]) -> ConversionReport:
    """Convert in a process apart; ``say`` hears what it is doing.

    Raises
    ------
    EdgeallError
        What the process raised; or it ended without a word.
    """
    identify(Path(request.model))
    report = follow(
        "edgeall_convert.quantize.worker", request, lambda stage: say(stage.what), NO_MEMORY
    )
    return msgspec.convert(report, ConversionReport)
