"""Telling systemd how the service is: sd_notify(3), its datagrams and nothing else."""

from __future__ import annotations

import os
import socket
from contextlib import suppress


def notify(**variables: str | int) -> None:
    """Send variables such as ``READY=1``; nothing happens where systemd did not ask for them."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    lines = "\n".join(f"{name}={_one_line(value)}" for name, value in variables.items())
    # A manager that is gone must not take the service with it.
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(address)
        sender.send(lines.encode())


def watchdog_seconds() -> float | None:
    """Return within how many seconds systemd wants to hear from us, if it does at all."""
    wanted = os.environ.get("WATCHDOG_USEC", "")
    ours = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(wanted) / 1e6 if wanted.isdigit() and ours else None


def _one_line(value: str | int) -> str:
    return " ".join(str(value).split())
