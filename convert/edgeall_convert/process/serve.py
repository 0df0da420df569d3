"""The side that works: reads one request, says how it goes, and ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TextIO, TypeAlias, TypeVar

import msgspec

from edgeall.errors import EdgeallError
from edgeall_convert.process.messages import Done, Failed, Message, Stage

Say: TypeAlias = Callable[[Stage], None]
Asked = TypeVar("Asked", bound=msgspec.Struct)


def serve(
    kind: type[Asked],
    work: Callable[[Asked, Say], msgspec.Struct],
    no_memory: Callable[[Asked], str],
) -> None:
    """Serve the one request that waits at the input.

    ``no_memory`` says in a sentence what to do where the memory is too small.
    """
    send = _sender(_own_output())
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=kind)
    try:
        send(Stage(what="starting TensorFlow"))
        send(Done(report=msgspec.to_builtins(work(request, send))))
    except EdgeallError as error:
        send(Failed(error=type(error).__name__, sentence=str(error)))
    except MemoryError:
        send(Failed(error="EdgeallError", sentence=no_memory(request)))


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
