"""What ``capture`` without ``--classify`` does: save frames and their metadata."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from edgeall.camera.open import open_camera
from edgeall.cli.capturing import REFUSED_SOME, STOPPED_BY_HAND, Request, camera_settings
from edgeall.cli.printing import plain_console, warn
from edgeall.errors import ImageError, UsageError
from edgeall.service.record import record_frame
from edgeall.settings.load import load_settings

if TYPE_CHECKING:
    from edgeall.camera.source import Source

DEFAULT_FOLDER = Path("frames")


def record(request: Request) -> int:
    """Save frames until the source or the limit ends them; return the exit code."""
    _refuse_reading_flags(request)
    settings = load_settings(request.settings)
    source = open_camera(
        request.source or settings.camera.source, camera_settings(request.camera, settings)
    )
    try:
        return _record_all(request, source)
    finally:
        source.close()


def _refuse_reading_flags(request: Request) -> None:
    given = {
        "--count": request.limits.cells is not None,
        "--annotate": request.annotate is not None,
        "--csv": request.csv is not None,
        "--model": request.model is not None,
    }
    if meant := [flag for flag, was_given in given.items() if was_given]:
        raise UsageError(f"{' and '.join(meant)} needs --classify; add it, or leave it away.")


def _record_all(request: Request, source: Source) -> int:
    console = plain_console(to_stderr=request.as_json)
    folder = request.save or DEFAULT_FOLDER
    saved: list[str] = []
    refused, sharpest, code = 0, 0.0, 0
    try:
        while request.limits.frames is None or len(saved) < request.limits.frames:
            try:
                frame = source.read()
            except ImageError as error:
                refused += 1
                warn(str(error))
                continue
            if frame is None:
                break
            recorded = record_frame(frame, folder, sharpest)
            sharpest = max(sharpest, recorded.field.sharpness)
            saved.append(str(recorded.picture))
            faults = ", ".join(recorded.field.faults) or "in focus, well exposed"
            console.print(f"{len(saved):4d}  {recorded.picture}  {faults}", markup=False)
    except KeyboardInterrupt:
        if not source.is_live:
            print("edgeall: stopped; what was saved before is kept.", file=sys.stderr)
            code = STOPPED_BY_HAND
    if request.as_json:
        print(msgspec.json.encode({"saved": saved, "refused": refused}).decode())
    elif saved:
        console.print(f"Saved {len(saved)} frames with their metadata in {folder}.")
    if not saved and not code:
        _raise_nothing_saved(refused)
    return code or (REFUSED_SOME if refused else 0)


def _raise_nothing_saved(refused: int) -> None:
    if refused == 1:
        # Its own sentence was shown when it was refused; the code says the same.
        raise SystemExit(ImageError.exit_code)
    raise ImageError(
        f"None of {refused} pictures could be read; nothing was saved."
        if refused
        else "The source gave no frame; nothing was saved."
    )
