"""Calibrations of cameras, the checks of each, and drifts that a person accepted."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec
import numpy as np

from edgeall.errors import StoreError
from edgeall.field.illumination import EmptyField
from edgeall.store.records import Moment
from edgeall.store.writing import as_text, insert, insert_moment

if TYPE_CHECKING:
    from edgeall.store.store import Store

ScaleFrom: TypeAlias = Literal["graticule", "objective", "typed"]

_MOMENT = "moment.boot_id, moment.monotonic_ns, moment.wall_clock, moment.synchronised"

_NEWEST = f"""
    SELECT calibration.*, {_MOMENT}
    FROM calibration JOIN moment ON moment.id = calibration.written
    WHERE camera = ? ORDER BY calibration.id DESC LIMIT 1
"""

_CAMERAS = "SELECT DISTINCT camera FROM calibration ORDER BY camera"

_LATEST_CHECK = f"""
    SELECT calibration_check.*, {_MOMENT}
    FROM calibration_check JOIN moment ON moment.id = calibration_check.written
    WHERE calibration = ? ORDER BY calibration_check.id DESC LIMIT 1
"""

_ACCEPTANCES = f"""
    SELECT calibration_acceptance.*, calibration_check.distance, {_MOMENT}
    FROM calibration_acceptance
    JOIN calibration_check ON calibration_check.id = calibration_acceptance.calibration_check
    JOIN moment ON moment.id = calibration_acceptance.written
    WHERE calibration_check.calibration = ? ORDER BY calibration_acceptance.id
"""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was measured on a camera at its microscope.

    Attributes
    ----------
    camera
        The source's name, ``picamera2:0`` or ``v4l2:/dev/video0``.
    um_per_pixel, scale_from
        Scale of its frames, and how it was found; None where nobody said.
    exposure_us, gain, colour_gains
        What the driver is held to: µs, factor, factors of red and blue; None where it
        does not tell.
    empty_field
        The light.
    """

    camera: str
    um_per_pixel: float | None
    scale_from: ScaleFrom | None
    exposure_us: int | None
    gain: float | None
    colour_gains: tuple[float, float] | None
    empty_field: EmptyField


@dataclass(frozen=True, slots=True)
class StoredCalibration:
    """A calibration as it was stored."""

    number: int
    calibration: Calibration
    operator: str
    written: Moment


@dataclass(frozen=True, slots=True)
class StoredCheck:
    """How far the background lay from its calibration (CIE 1976), on a run where there was one."""

    number: int
    run: int | None
    distance: float
    within: bool
    written: Moment


@dataclass(frozen=True, slots=True)
class StoredAcceptance:
    """A drift that a person accepted, ``distance`` being that of the check."""

    check: int
    distance: float
    operator: str
    reason: str
    written: Moment


class _Light(msgspec.Struct, frozen=True):
    """An empty field as JSON; gains to four digits, which is finer than a frame's 8 bits."""

    gains: list[list[tuple[float, float, float]]]
    background: tuple[float, float, float]
    white_point: tuple[float, float, float]
    evenness: float
    width: int
    height: int
    frames: int


def add_calibration(store: Store, calibration: Calibration, operator: str) -> int:
    """Store a calibration, which from now on is its camera's; return its number.

    Raises
    ------
    StoreError
        The database cannot be written.
    """
    red, blue = calibration.colour_gains or (None, None)
    with store.rows(write=True) as connection:
        return insert(
            connection,
            "calibration",
            camera=as_text(calibration.camera),
            um_per_pixel=calibration.um_per_pixel,
            scale_from=calibration.scale_from,
            exposure_us=calibration.exposure_us,
            gain=calibration.gain,
            red_gain=red,
            blue_gain=blue,
            empty_field=_as_json(calibration.empty_field),
            operator=as_text(operator),
            written=insert_moment(connection),
        )


def newest_calibration(store: Store, camera: str) -> StoredCalibration | None:
    """Return a camera's newest calibration, or None where it has none.

    Raises
    ------
    StoreError
        It cannot be read, or is damaged.
    """
    with store.rows() as connection:
        row = connection.execute(_NEWEST, (as_text(camera),)).fetchone()
    return _stored(row) if row else None


def calibrated_cameras(store: Store) -> list[str]:
    """Return the names of the cameras that were ever calibrated."""
    with store.rows() as connection:
        return [str(row["camera"]) for row in connection.execute(_CAMERAS)]


def add_check(
    store: Store, calibration: int, run: int | None, distance: float, *, within: bool
) -> int:
    """Store how far the light had moved; return the check's number.

    Raises
    ------
    StoreError
        The database cannot be written.
    """
    with store.rows(write=True) as connection:
        return insert(
            connection,
            "calibration_check",
            calibration=calibration,
            run=run,
            distance=distance,
            within=within,
            written=insert_moment(connection),
        )


def latest_check(store: Store, calibration: int) -> StoredCheck | None:
    """Return a calibration's latest check, or None where it had none."""
    with store.rows() as connection:
        row = connection.execute(_LATEST_CHECK, (calibration,)).fetchone()
    if row is None:
        return None
    return StoredCheck(row["id"], row["run"], row["distance"], bool(row["within"]), _moment(row))


def add_acceptance(store: Store, check: int, operator: str, reason: str) -> int:
    """Store that a person accepted the drift of a check; return the acceptance's number.

    Raises
    ------
    StoreError
        The database cannot be written.
    """
    with store.rows(write=True) as connection:
        return insert(
            connection,
            "calibration_acceptance",
            calibration_check=check,
            operator=as_text(operator),
            reason=as_text(reason),
            written=insert_moment(connection),
        )


def acceptances(store: Store, calibration: int) -> list[StoredAcceptance]:
    """Return the drifts of a calibration that were accepted, the newest last."""
    with store.rows() as connection:
        return [
            StoredAcceptance(
                check=row["calibration_check"],
                distance=row["distance"],
                operator=row["operator"],
                reason=row["reason"],
                written=_moment(row),
            )
            for row in connection.execute(_ACCEPTANCES, (calibration,))
        ]


def _stored(row: sqlite3.Row) -> StoredCalibration:
    gains = (row["red_gain"], row["blue_gain"])
    calibration = Calibration(
        camera=row["camera"],
        um_per_pixel=row["um_per_pixel"],
        scale_from=row["scale_from"],
        exposure_us=row["exposure_us"],
        gain=row["gain"],
        colour_gains=None if None in gains else gains,
        empty_field=_from_json(row["empty_field"]),
    )
    return StoredCalibration(row["id"], calibration, row["operator"], _moment(row))


def _moment(row: sqlite3.Row) -> Moment:
    return Moment(
        boot_id=row["boot_id"],
        monotonic_ns=row["monotonic_ns"],
        wall_clock=datetime.fromisoformat(row["wall_clock"]),
        synchronised=bool(row["synchronised"]),
    )


def _as_json(empty: EmptyField) -> str:
    light = _Light(
        gains=np.round(empty.gains.astype(np.float64), 4).tolist(),
        background=empty.background,
        white_point=empty.white_point,
        evenness=empty.evenness,
        width=empty.width,
        height=empty.height,
        frames=empty.frames,
    )
    return msgspec.json.encode(light).decode()


def _from_json(text: str) -> EmptyField:
    try:
        light = msgspec.json.decode(text, type=_Light)
        gains = np.array(light.gains, np.float32).reshape(len(light.gains), -1, 3)
    except (msgspec.DecodeError, ValueError) as error:
        raise StoreError(
            f"A stored calibration cannot be read ({error}); calibrate again: edgeall calibrate"
        ) from error
    return EmptyField(
        gains=gains,
        background=light.background,
        white_point=light.white_point,
        evenness=light.evenness,
        width=light.width,
        height=light.height,
        frames=light.frames,
    )
