"""The control socket: orders from the prompt to the running service, one JSON line each way.

A Unix socket that only the service's user and group may open (0660): who may
speak to it may order.
"""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from edgeall.errors import EdgeallError, UsageError
from edgeall.service.status import Status

Do: TypeAlias = Literal["begin", "end", "pause", "resume", "take", "status"]

_LONGEST = 64 * 1024
_SPEAK_WITHIN_S = 10.0
_ANSWER_WITHIN_S = 120.0


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked of the service."""

    do: Do
    slide: str | None = None
    operator: str = ""
    origin: str = "prompt"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the service answers: its status after it, or one sentence why not.

    ``reading`` is the ended slide's, line by line as (name, value).
    """

    status: Status | None = None
    reading: tuple[tuple[str, str], ...] | None = None
    refused: str | None = None
    exit_code: int = 0


class ControlServer:
    """Holds a socket, and from `start` on answers on it, one thread a caller.

    Who holds the socket is the only service; callers wait until it answers.

    Raises
    ------
    UsageError
        The socket cannot be made, or another service listens on it.
    """

    def __init__(self, path: Path, answer: Callable[[Ask], Answer]) -> None:
        self._path, self._answer = path, answer
        self._listener = _listen(path)

    def start(self) -> None:
        """Begin to answer."""
        threading.Thread(target=self._accept, name="control", daemon=True).start()

    def close(self) -> None:
        """Stop answering."""
        self._listener.close()
        with suppress(OSError):
            self._path.unlink()

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        # A caller that has gone, or sends nothing, is nobody's trouble.
        with suppress(OSError), caller:
            caller.settimeout(_SPEAK_WITHIN_S)
            answer = self._answer_to(_line(caller))
            caller.sendall(msgspec.json.encode(answer) + b"\n")

    def _answer_to(self, line: bytes) -> Answer:
        try:
            return self._answer(msgspec.json.decode(line, type=Ask))
        except msgspec.MsgspecError as error:
            return Answer(refused=f"The order was not understood ({error}).", exit_code=2)
        except EdgeallError as error:
            return Answer(refused=str(error), exit_code=error.exit_code)


def ask(path: Path, question: Ask) -> Answer:
    """Ask the running service; return its answer.

    Raises
    ------
    UsageError
        Nobody answers on that socket, or this user may not speak to it.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as speaker:
            speaker.settimeout(_ANSWER_WITHIN_S)
            speaker.connect(str(path))
            speaker.sendall(msgspec.json.encode(question) + b"\n")
            return msgspec.json.decode(_line(speaker), type=Answer)
    except PermissionError:
        raise UsageError(
            f"{path}: you may not speak to the service; add yourself to the group edgeall."
        ) from None
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageError(
            f"{path}: no service answers there ({error}); start it with edgeall serve or "
            "systemctl start edgeall, or name its socket in service.control."
        ) from error


def _listen(path: Path) -> socket.socket:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _clear_stale(path)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o117)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        listener.listen(8)
        return listener
    except OSError as error:
        raise UsageError(
            f"{path}: the control socket cannot be made ({error.strerror or error}); "
            "set service.control to a place where this user may write."
        ) from error


def _clear_stale(path: Path) -> None:
    """Remove the socket of a service that is gone; refuse where one is alive."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError as error:
            if error.errno in (errno.ECONNREFUSED, errno.ENOENT):
                path.unlink(missing_ok=True)
                return
            raise
    raise UsageError(f"{path}: a service is running already; stop that one first.")


def _line(connection: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n") and len(line) < _LONGEST:
        part = connection.recv(4096)
        if not part:
            break
        line += part
    return line
