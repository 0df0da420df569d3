"""The doctor: every check in the order in which a person would mend things."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeall.errors import EdgeallError
from edgeall.service.health.check import Check, failed, good
from edgeall.service.health.machine import check_clock, check_heat, check_power
from edgeall.service.health.parts import (
    check_bundle,
    check_camera_in_time,
    check_control,
    check_light,
    check_room,
    check_service,
    check_store,
)
from edgeall.settings.load import load_settings
from edgeall.settings.sections import Settings

if TYPE_CHECKING:
    from pathlib import Path


def examine(path: Path | None) -> list[Check]:
    """Check the whole device."""
    settings, first = _settings(path)
    service = check_service(settings)
    # The service holds the camera while it reads; it knows whether that works.
    reads = service.found == "running, reading"
    camera = (
        good("camera", "the service reads with it") if reads else check_camera_in_time(settings)
    )
    return [first, check_bundle(settings), *examine_start(settings), camera, check_power(), service]


def examine_start(settings: Settings) -> list[Check]:
    """Check what a start does not find out by itself; bundle and camera tell when they are used."""
    return [
        check_store(settings),
        check_room(settings),
        check_clock(settings),
        check_heat(),
        check_light(settings),
        check_control(settings),
    ]


def self_test_device(path: Path | None) -> list[Check]:
    """Check what a new version must show before it replaces another: settings, network, store."""
    settings, first = _settings(path)
    return [first, check_bundle(settings), check_store(settings)]


def _settings(path: Path | None) -> tuple[Settings, Check]:
    try:
        return load_settings(path), good("settings", "every key fits")
    except EdgeallError as error:
        return Settings(), failed("settings", str(error))
