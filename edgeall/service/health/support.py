"""The archive for support: what an engineer needs, and nothing about a patient.

It holds no image, no row of the database, no identity: counts, settings,
versions, the checklist, and the service's own log, which names slides by
number only.
"""

from __future__ import annotations

import importlib.metadata
import io
import platform
import shutil
import sqlite3
import subprocess
import tarfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from edgeall import __version__
from edgeall.errors import EdgeallError
from edgeall.settings.origins import effective_settings
from edgeall.store.connection import connect_read_only
from edgeall.store.durable import durable_file
from edgeall.store.store import DATABASE, Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeall.service.health.check import Check
    from edgeall.settings.sections import Settings

_PACKAGES = (
    "ai-edge-litert", "tflite-runtime", "numpy", "opencv-python-headless", "picamera2", "msgspec",
    "typer", "cryptography", "gpiozero", "evdev",
)  # fmt: skip
_LOG_LINES = "5000"
_COMMAND_S = 20


def write_support_archive(
    path: Path, settings_file: Path | None, settings: Settings, checks: Sequence[Check]
) -> list[str]:
    """Write the archive (``.tar.gz``), whole or not at all; return the names in it.

    Raises
    ------
    DiskFullError
        There is no room for it.
    StoreError
        It cannot be written there.
    """
    parts = {
        "checks.json": _json(checks),
        "settings.json": _settings(settings_file),
        "versions.json": _json(_versions()),
        "store.json": _json(_counts(settings.store.folder)),
        "service.log": _output("journalctl", "-u", "edgeall", "-n", _LOG_LINES, "--no-pager"),
        "kernel.log": _output("journalctl", "-k", "-n", _LOG_LINES, "--no-pager"),
        "devices.txt": _output("ls", "-l", "/dev/video0", "/dev/media0", "/dev/gpiochip0"),
    }
    with (
        durable_file(path) as opened,
        tarfile.open(fileobj=opened, mode="w:gz") as archive,
    ):
        for name, data in parts.items():
            entry = tarfile.TarInfo(f"edgeall-support/{name}")
            entry.size, entry.mtime = len(data), int(time.time())
            archive.addfile(entry, io.BytesIO(data))
    return list(parts)


def _settings(settings_file: Path | None) -> bytes:
    try:
        return _json(effective_settings(settings_file))
    except EdgeallError as error:
        return _json({"refused": str(error)})


def _versions() -> dict[str, str]:
    found = {"edgeall": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    model = Path("/proc/device-tree/model")
    board = model.read_text("utf-8").rstrip("\0") if model.exists() else platform.machine()
    return found | {"kernel": platform.release(), "board": board}


def _counts(folder: Path) -> dict[str, int]:
    """Return how many rows each table has, and the disk's room."""
    counts = {"free_mb": shutil.disk_usage(_nearest(folder)).free >> 20}
    if not Store.exists(folder):
        return counts
    try:
        with closing(connect_read_only(folder / DATABASE)) as connection:
            tables = connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            ).fetchall()
            for (table,) in tables:
                (rows,) = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()
                counts[str(table)] = int(rows)
    except sqlite3.Error as error:
        counts[f"unreadable: {type(error).__name__}"] = 1
    return counts


def _nearest(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def _output(*command: str) -> bytes:
    """Return what a command of the system says; that it is absent is an answer, too."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=_COMMAND_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command[0]}: {error}\n".encode()
    return done.stdout + done.stderr


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2) + b"\n"
