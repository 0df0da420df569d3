"""The command's side: start the process, follow it, and clean up after it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from edgeall import errors
from edgeall.errors import EdgeallError
from edgeall_convert.process.messages import Done, Failed, Message, Stage

_LAST_LINES = 12


def follow(
    module: str, request: msgspec.Struct, say: Callable[[Stage], None], no_memory: str
) -> dict[str, Any]:
    """Run ``module`` apart on a request and return its report; ``say`` hears how it goes.

    Raises
    ------
    EdgeallError
        What the process raised; or it was killed, where ``no_memory`` is the
        sentence; or it ended without a word.
    """
    with tempfile.NamedTemporaryFile("w+", prefix="edgeall-work-", suffix=".log") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={"TF_CPP_MIN_LOG_LEVEL": "2", **os.environ},
        )
        try:
            return _listen(worker, request, say, Path(log.name), no_memory)
        finally:
            worker.kill()
            worker.wait()
            for pipe in (worker.stdin, worker.stdout):
                if pipe:
                    pipe.close()


def _listen(
    worker: subprocess.Popen[str],
    request: msgspec.Struct,
    say: Callable[[Stage], None],
    log: Path,
    no_memory: str,
) -> dict[str, Any]:
    if worker.stdin is None or worker.stdout is None:
        raise EdgeallError("The worker has no pipes; please report this.")
    worker.stdin.write(msgspec.json.encode(request).decode())
    worker.stdin.close()
    for line in worker.stdout:
        message = msgspec.json.decode(line, type=Message)
        match message:
            case Stage():
                say(message)
            case Failed(error=name, sentence=sentence):
                raise _named(name)(sentence)
            case Done(report=report):
                return report
    worker.wait()
    raise EdgeallError(
        no_memory if _lacked_memory(worker, log) else _silent_end(worker.returncode, log)
    )


def _lacked_memory(worker: subprocess.Popen[str], log: Path) -> bool:
    """Tell the system's kill, or an allocation that C++ could not make."""
    return worker.returncode == -signal.SIGKILL or (
        worker.returncode == -signal.SIGABRT and "bad_alloc" in log.read_text(errors="replace")
    )


def _named(name: str) -> type[EdgeallError]:
    found = getattr(errors, name, EdgeallError)
    return found if isinstance(found, type) and issubclass(found, EdgeallError) else EdgeallError


def _silent_end(code: int, log: Path) -> str:
    kept = Path(tempfile.mkstemp(prefix="edgeall-work-", suffix=".log")[1])
    text = log.read_text(errors="replace")
    kept.write_text(text)
    last = " | ".join(text.strip().splitlines()[-_LAST_LINES:][-1:])
    return (
        f"The work apart ended by itself with code {code} ({last[:200]}); "
        f"please report it with {kept}."
    )
