"""Recording: frames saved as they come, each with its metadata, unread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import msgspec

from edgeall.errors import ImageError, StoreError
from edgeall.field.check import Field, assess
from edgeall.store.durable import write_durably

if TYPE_CHECKING:
    from edgeall.camera.frame import Frame


@dataclass(frozen=True, slots=True)
class Recorded:
    """A saved frame: the picture, and beside it a ``.json`` of the same name."""

    picture: Path
    field: Field


def record_frame(frame: Frame, folder: Path, sharpest: float | None) -> Recorded:
    """Save one frame and what is known about it; both are durable on return.

    A frame from a file keeps its own bytes, one from a camera becomes a PNG.

    Raises
    ------
    StoreError
        The folder cannot be written.
    ImageError
        The picture could not be encoded.
    """
    field = assess(frame, sharpest, None)
    stem = f"frame-{frame.taken_at:%Y%m%dT%H%M%S}-{frame.number:05d}"
    suffix = Path(frame.origin).suffix.lower() if frame.encoded else ".png"
    picture = folder / f"{stem}{suffix}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{folder}: it cannot be made ({error.strerror}); name another folder with --save."
        ) from error
    write_durably(picture, frame.encoded or _png(frame))
    write_durably(picture.with_suffix(".json"), _metadata(field))
    return Recorded(picture, field)


def _png(frame: Frame) -> bytes:
    done, encoded = cv2.imencode(
        ".png", cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 1]
    )
    if not done:
        raise ImageError(f"{frame.origin}: this frame could not be encoded; take it again.")
    return encoded.tobytes()


def _metadata(field: Field) -> bytes:
    frame = field.frame
    height, width = frame.pixels.shape[:2]
    facts: dict[str, Any] = {
        "origin": frame.origin,
        "number": frame.number,
        "taken_at": frame.taken_at,
        "monotonic_s": frame.monotonic_s,
        "width": width,
        "height": height,
        "um_per_pixel": frame.um_per_pixel,
        "settings": dict(frame.settings),
        "sharpness": field.sharpness,
        "relative_sharpness": field.relative_sharpness,
        "dark_share": field.dark_share,
        "bright_share": field.bright_share,
        "faults": field.faults,
    }
    return msgspec.json.format(msgspec.json.encode(facts), indent=2) + b"\n"
