"""Decoding: from a file's bytes to pixels, or to a sentence that says why not.

Pillow reads the header first, so that an image of a wrong kind or of absurd
size is refused before its pixels take memory. OpenCV, several times faster,
decodes what passed; since it fills a truncated file with grey without a word,
the end of the file is checked beforehand.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from edgeall.errors import ImageError

if TYPE_CHECKING:
    from edgeall.camera.frame import Pixels

LARGEST_PIXELS = 64_000_000
"""More than any microscope camera delivers, and 200 MB decoded."""

SMALLEST_SIDE = 16
"""Pixels; under this no cell can be told from another."""

# Pillow would only warn, at a size of its own: `_check_size` refuses, at ours.
Image.MAX_IMAGE_PIXELS = None
# Its other warnings are of damage too, which is refused here in a sentence.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

_FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP")
_ORIENTATION = 0x0112
"""The EXIF tag that says how the picture must be turned."""

_MODE_SENTENCES = {
    "1": "it is black and white only",
    "L": "it is grayscale, and stain colour is what a cell is read by",
    "LA": "it has an alpha channel",
    "PA": "it has an alpha channel",
    "RGBA": "it has an alpha channel",
    "RGBa": "it has an alpha channel",
    "La": "it has an alpha channel",
    "CMYK": "it is CMYK, made for printing",
    "YCbCr": "it is YCbCr",
    "LAB": "it is CIE Lab",
    "P": "it has a palette of at most 256 colours",
    "I": "it has more than 8 bits a channel",
    "F": "it has more than 8 bits a channel",
}
"""What is wrong with each of Pillow's modes but RGB."""


def decode_image(path: Path, *, grayscale_allowed: bool = False) -> Pixels:
    """Read an image file as ``(h, w, 3)`` uint8 RGB, turned as its EXIF says.

    Raises
    ------
    ImageError
        See `decode_bytes`; also where the file cannot be read.
    """
    return decode_bytes(read_file(path), str(path), grayscale_allowed=grayscale_allowed)


def read_file(path: Path) -> bytes:
    """Return a file's bytes.

    Raises
    ------
    ImageError
        It is absent, a folder, or unreadable.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ImageError(f"{path}: there is no such file; check the name.") from None
    except IsADirectoryError:
        raise ImageError(f"{path}: this is a folder, not an image; name an image in it.") from None
    except OSError as error:
        raise ImageError(
            f"{path}: it cannot be read ({error.strerror}); check its permissions and its disk."
        ) from error


def decode_bytes(data: bytes, name: str, *, grayscale_allowed: bool = False) -> Pixels:
    """Decode an image's bytes as ``(h, w, 3)`` uint8 RGB; ``name`` stands for it in errors.

    Raises
    ------
    ImageError
        It is empty, no image, truncated, damaged, not 8-bit RGB (a grayscale
        one passes where it is allowed), too small, or too large.
    """
    if not data:
        raise ImageError(f"{name}: the file is empty; copy it again.")
    kind, turned = _check_header(data, name, grayscale_allowed)
    if not _is_whole(data, kind):
        raise _truncated(name)
    return _decode_turned(data, name) if turned or kind in ("TIFF", "WEBP") else _decode(data, name)


def _check_header(data: bytes, name: str, grayscale_allowed: bool) -> tuple[str, bool]:
    """Refuse by the header; return the format and whether EXIF turns the picture."""
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            _check_size(image, name)
            _check_mode(image, data, name, grayscale_allowed)
            turned = image.getexif().get(_ORIENTATION, 1) not in (0, 1)
            return str(image.format), turned
    except UnidentifiedImageError:
        raise ImageError(
            f"{name}: this is no image that can be read; give PNG, JPEG, BMP, TIFF or WebP."
        ) from None
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error) as error:
        raise _truncated(name) from error


def _check_size(image: Image.Image, name: str) -> None:
    width, height = image.size
    if width * height > LARGEST_PIXELS:
        raise _too_large(f"{name} ({width}x{height})")
    if min(width, height) < SMALLEST_SIDE:
        raise ImageError(
            f"{name}: it is {width}x{height} pixels, too small to show a cell; "
            f"give at least {SMALLEST_SIDE}x{SMALLEST_SIDE}."
        )


def _check_mode(image: Image.Image, data: bytes, name: str, grayscale_allowed: bool) -> None:
    if getattr(image, "n_frames", 1) > 1:
        raise ImageError(f"{name}: it holds several pictures; save each as a file of its own.")
    if image.mode.startswith("I;16") or _is_16_bit(image, data):
        raise ImageError(f"{name}: it has 16 bits a channel; save it as 8-bit RGB.")
    if "transparency" in image.info:
        raise ImageError(f"{name}: it has an alpha channel; save it as 8-bit RGB without alpha.")
    if image.mode == "RGB" or (image.mode == "L" and grayscale_allowed):
        return
    wrong = _MODE_SENTENCES.get(image.mode, f"its mode is {image.mode}")
    raise ImageError(f"{name}: {wrong}; save it as 8-bit RGB.")


def _is_16_bit(image: Image.Image, data: bytes) -> bool:
    """Tell 16-bit colour, which Pillow opens as if it were 8-bit."""
    if image.format == "PNG":
        return data[24] == 16
    bits = getattr(image, "tag_v2", {}).get(258, (8,))
    deepest: int = max(bits if isinstance(bits, tuple) else (bits,))
    return deepest > 8


def _is_whole(data: bytes, kind: str) -> bool:
    """Tell by its end whether a file was cut; formats without an end are decoded strictly."""
    if kind == "JPEG":
        # Cameras pad after the end marker; a cut file has none in its last part.
        return b"\xff\xd9" in data[-4096:]
    if kind == "PNG":
        return b"IEND\xaeB`\x82" in data[-4096:]
    if kind == "BMP":
        declared = int.from_bytes(data[2:6], "little")
        return len(data) >= declared
    return True


def _decode(data: bytes, name: str) -> Pixels:
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise _truncated(name)
    rgb: Pixels = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)
    return rgb


def _decode_turned(data: bytes, name: str) -> Pixels:
    """Decode with Pillow, which raises where a TIFF or WebP is damaged and knows EXIF."""
    from PIL import ImageOps

    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"), np.uint8)
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error) as error:
        raise _truncated(name) from error


def _truncated(name: str) -> ImageError:
    return ImageError(f"{name}: the image is truncated or damaged; copy or take it again.")


def _too_large(name: str) -> ImageError:
    return ImageError(
        f"{name}: it has more than {LARGEST_PIXELS // 1_000_000} megapixels; "
        "give single fields of view, not whole-slide scans."
    )
