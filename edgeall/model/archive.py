"""The archive: files appended to a network as a zip, as TFLite's own metadata is.

A runtime reads the network from the front and never sees the rest; any zip
tool reads the rest from the back (``unzip -l NAME.tflite``).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgeall.errors import BundleError

_LARGEST_FILE = 64 * 1024 * 1024
_FILE_HEADER = re.compile(rb"PK\x03\x04.{26}manifest\.json", re.DOTALL)
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Archive:
    """The files appended to a network; ``network_bytes`` is where they begin."""

    path: Path
    network_bytes: int
    names: tuple[str, ...]

    def read(self, name: str) -> bytes:
        """Return one file's bytes.

        Raises
        ------
        BundleError
            It is not there, is damaged, or is larger than any real one.
        """
        try:
            with zipfile.ZipFile(self.path) as opened:
                if opened.getinfo(name).file_size > _LARGEST_FILE:
                    raise BundleError(f"{self.path}: {name} inside it is too large; do not use it.")
                return opened.read(name)
        except KeyError as error:
            raise BundleError(
                f"{self.path}: {name} is missing inside it; take the bundle from its source again."
            ) from error
        except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
            raise BundleError(
                f"{self.path}: {name} inside it is damaged ({error}); "
                "take the bundle from its source again."
            ) from error


def append_archive(network: bytes, files: Mapping[str, bytes]) -> bytes:
    """Return the network followed by a zip of ``files``; equal input gives equal bytes."""
    buffer = io.BytesIO(network)
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as opened:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            opened.writestr(entry, content)
    return buffer.getvalue()


def read_archive(path: Path) -> Archive | None:
    """Return the archive appended to a network, or None where there is none.

    Raises
    ------
    BundleError
        There was one, and the end of the file, where its directory was, is lost.
    """
    try:
        with zipfile.ZipFile(path) as opened:
            entries = opened.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        if _FILE_HEADER.search(path.read_bytes()):
            raise BundleError(
                f"{path}: the file is truncated; take the bundle from its source again."
            ) from error
        return None
    if not entries:
        return None
    begins = min(entry.header_offset for entry in entries)
    return Archive(path, begins, tuple(entry.filename for entry in entries))
