"""The command's side of a conversion: start the worker, follow it, clean up after it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from edgeall import errors
from edgeall.errors import EdgeallError
from edgeall_convert.evaluate.report import ConversionReport
from edgeall_convert.quantize.request import Done, Failed, Message, Request, Stage
from edgeall_convert.quantize.source import identify

_LAST_LINES = 12


def convert(request: Request, say: Callable[[str], None]) -> ConversionReport:
    """Convert in a subprocess; ``say`` hears what it is doing.

    Raises
    ------
    EdgeallError
        What the worker raised; or the worker ended without a word.
    """
    identify(Path(request.model))
    with tempfile.NamedTemporaryFile("w+", prefix="edgeall-convert-", suffix=".log") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "edgeall_convert.quantize.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            return _follow(worker, request, say, Path(log.name))
        finally:
            worker.kill()
            worker.wait()
            for pipe in (worker.stdin, worker.stdout):
                if pipe:
                    pipe.close()


def _follow(
    worker: subprocess.Popen[str], request: Request, say: Callable[[str], None], log: Path
) -> ConversionReport:
    if worker.stdin is None or worker.stdout is None:
        raise EdgeallError("The worker has no pipes; please report this.")
    worker.stdin.write(msgspec.json.encode(request).decode())
    worker.stdin.close()
    for line in worker.stdout:
        message = msgspec.json.decode(line, type=Message)
        match message:
            case Stage(what=what):
                say(what)
            case Failed(error=name, sentence=sentence):
                raise _named(name)(sentence)
            case Done(report=report):
                return msgspec.convert(report, ConversionReport)
    raise EdgeallError(_silent_end(worker.wait(), log))


def _named(name: str) -> type[EdgeallError]:
    found = getattr(errors, name, EdgeallError)
    return found if isinstance(found, type) and issubclass(found, EdgeallError) else EdgeallError


def _silent_end(code: int, log: Path) -> str:
    if code == -9:
        return (
            "The converter was killed, most likely because the memory was full; "
            "close other programs, or use a larger machine."
        )
    kept = Path(tempfile.mkstemp(prefix="edgeall-convert-", suffix=".log")[1])
    text = log.read_text(errors="replace")
    kept.write_text(text)
    last = " | ".join(text.strip().splitlines()[-_LAST_LINES:][-1:])
    return (
        f"The converter ended by itself with code {code} ({last[:200]}); "
        f"please report it with {kept}."
    )
