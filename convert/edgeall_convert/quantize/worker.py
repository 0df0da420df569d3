"""The worker: the one process that imports TensorFlow, and gives its memory back by ending.

It reads a `Request` as JSON from its input and writes one message a line to
its output; what TensorFlow prints goes elsewhere.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

import msgspec

from edgeall.errors import EdgeallError
from edgeall_convert.quantize.request import Done, Failed, Message, Request, Stage

if TYPE_CHECKING:
    from edgeall_convert.evaluate.report import ConversionReport


def main() -> None:
    """Serve one request."""
    with _own_output() as output:
        send = _sender(output)
        try:
            request = msgspec.json.decode(sys.stdin.buffer.read(), type=Request)
            send(Done(report=msgspec.to_builtins(_work(request, send))))
        except EdgeallError as error:
            send(Failed(error=type(error).__name__, sentence=str(error)))
        except MemoryError:
            send(
                Failed(
                    error="EdgeallError",
                    sentence="There is not enough memory to convert this network; "
                    "close other programs, or use a larger machine.",
                )
            )


def _own_output() -> TextIO:
    """Keep our output for messages; whatever else writes to it goes with the errors."""
    own = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return own


def _sender(output: TextIO) -> Callable[[Message], None]:
    def send(message: Message) -> None:
        output.write(msgspec.json.encode(message).decode() + "\n")
        output.flush()

    return send


def _work(request: Request, send: Callable[[Message], None]) -> ConversionReport:
    send(Stage(what="starting TensorFlow"))
    from edgeall_convert.quantize.stages import run

    return run(request, lambda what: send(Stage(what=what)))


if __name__ == "__main__":
    main()
