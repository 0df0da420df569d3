"""The command's side of an explanation."""

from __future__ import annotations

from pathlib import Path

import msgspec

from edgeall_convert.explain.request import ExplainRequest, Explanation
from edgeall_convert.explain.worker import NO_MEMORY
from edgeall_convert.process.follow import follow
from edgeall_convert.quantize.source import identify


def explain(request: ExplainRequest) -> Explanation:
    """Explain in a process apart.

    Raises
    ------
    EdgeallError
        What the process raised; or it ended without a word.
    """
    identify(Path(request.model))
    report = follow("edgeall_convert.explain.worker", request, lambda stage: None, NO_MEMORY)
    return msgspec.convert(report, Explanation)
