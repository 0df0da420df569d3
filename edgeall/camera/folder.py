"""The images of a folder, in the order that a person would put them."""

from __future__ import annotations

import re
from pathlib import Path

from edgeall.errors import InputError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})


def natural_key(path: Path) -> list[tuple[int, int, str]]:
    """Return a sort key that puts ``field 9`` before ``field 10``."""
    parts = re.split(r"(\d+)", str(path).lower())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]


def list_images(folder: Path) -> list[Path]:
    """Return the image files of a folder (not of its subfolders), sorted naturally.

    Raises
    ------
    InputError
        The folder is absent, is no folder, cannot be read, or holds no image.
    """
    try:
        found = [
            path
            for path in folder.iterdir()
            if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
        ]
    except FileNotFoundError:
        raise InputError(f"{folder}: there is no such folder; check the name.") from None
    except NotADirectoryError:
        raise InputError(f"{folder}: this is a file, not a folder of images.") from None
    except OSError as error:
        raise InputError(
            f"{folder}: it cannot be read ({error.strerror}); check its permissions."
        ) from error
    if not found:
        raise InputError(
            f"{folder}: there is no image in it; name a folder with PNG, JPEG, BMP, TIFF or WebP."
        )
    return sorted(found, key=natural_key)
