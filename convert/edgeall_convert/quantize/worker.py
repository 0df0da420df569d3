"""The conversion's process apart: the only one that imports TensorFlow for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeall_convert.process.messages import Stage
from edgeall_convert.process.serve import Say, serve
from edgeall_convert.quantize.request import Request

if TYPE_CHECKING:
    from edgeall_convert.evaluate.report import ConversionReport

NO_MEMORY = (
    "There is not enough memory to convert this network; "
    "close other programs, or use a larger machine."
)


def _work(request: Request, say: Say) -> ConversionReport:
    from edgeall_convert.quantize.stages import run

    return run(request, lambda what: say(Stage(what=what)))


if __name__ == "__main__":
    serve(Request, _work, lambda _: NO_MEMORY)
