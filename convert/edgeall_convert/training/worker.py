"""The training's process apart: where the memory is too small, only this one ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeall_convert.process.serve import Say, serve
from edgeall_convert.training.request import TrainRequest

if TYPE_CHECKING:
    from edgeall_convert.evaluate.run_report import RunReport


def _work(request: TrainRequest, say: Say) -> RunReport:
    from edgeall_convert.training.run import run

    return run(request, say)


def no_memory(request: TrainRequest) -> str:
    """Return what to do where the memory is too small for a training."""
    smaller = f"--batch {max(1, (request.batch or 32) // 2)}"
    return (
        f"The memory is too small for this training; try {smaller} with another -o, or a smaller "
        "--input-size, or close other programs and run the same command to go on."
    )


if __name__ == "__main__":
    serve(TrainRequest, _work, no_memory)
