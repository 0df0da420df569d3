"""The checks of the machine itself: its clock, its heat, its power."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from edgeall.service.health.check import Check, failed, good
from edgeall.store.clock import now
from edgeall.store.connection import connect_read_only
from edgeall.store.store import DATABASE, Store

if TYPE_CHECKING:
    from edgeall.settings.sections import Settings

_WRITTEN = datetime(2026, 11, 1, tzinfo=UTC)
"""No clock of a device that runs this code can be right and show less."""

_YEARS = 15
_HOT_C, _TOO_HOT_C = 75.0, 85.0
"""A Raspberry Pi slows itself down from 80 to 85 °C (its documentation, Frequency management)."""

_THERMAL = Path("/sys/class/thermal")
_HWMON = Path("/sys/class/hwmon")


def check_clock(settings: Settings) -> Check:
    """Compare the clock with what is certain: this code's date and the newest finding's."""
    moment = now()
    shown = f"{moment.wall_clock:%Y-%m-%d %H:%M} UTC"
    newest = _newest(settings.store.folder)
    remedy = "set the time on the device's page or with: sudo timedatectl set-time"
    if moment.wall_clock < _WRITTEN or moment.wall_clock.year > _WRITTEN.year + _YEARS:
        return failed("clock", f"it shows {shown}, which cannot be; {remedy}")
    if newest is not None and moment.wall_clock < newest:
        return failed(
            "clock", f"it shows {shown}, before the newest finding ({newest:%Y-%m-%d}); {remedy}"
        )
    if not moment.synchronised:
        found = f"{shown}, set by no time service"
        return Check(
            name="clock", verdict="warning", found=found, remedy=f"check it, else {remedy}"
        )
    return good("clock", f"{shown}, synchronised")


def check_heat() -> Check:
    """Read the hottest of the machine's thermometers."""
    degrees = [
        int(text) / 1000
        for zone in sorted(_THERMAL.glob("thermal_zone*/temp"))
        if (text := _read(zone)).lstrip("-").isdigit()
    ]
    if not degrees:
        return good("temperature", "this machine has no thermometer")
    hottest = max(degrees)
    found = f"{hottest:.0f} °C"
    if hottest >= _TOO_HOT_C:
        return failed("temperature", f"{found}; give it air, it slows itself down")
    if hottest >= _HOT_C:
        remedy = "give it air or a heat sink"
        return Check(name="temperature", verdict="warning", found=found, remedy=remedy)
    return good("temperature", found)


def check_power() -> Check:
    """Ask the board whether its supply was too weak (rpi_volt's alarm)."""
    for monitor in sorted(_HWMON.glob("hwmon*")):
        if _read(monitor / "name") == "rpi_volt":
            if _read(monitor / "in0_lcrit_alarm") == "1":
                return failed("power", "the supply is too weak; use the board's own supply")
            return good("power", "the supply holds its voltage")
    return good("power", "this machine does not measure it")


def _newest(folder: Path) -> datetime | None:
    """Return the latest wall clock of any finding, if it can be read."""
    if not Store.exists(folder):
        return None
    try:
        with closing(connect_read_only(folder / DATABASE)) as connection:
            (text,) = connection.execute(
                "SELECT max(wall_clock) FROM moment WHERE synchronised"
            ).fetchone()
    except sqlite3.Error:
        return None  # the check of the store tells what is wrong with it
    return datetime.fromisoformat(text) if text else None


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except OSError:
        return ""
