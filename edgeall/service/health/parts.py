"""The checks of what the device works with: settings, bundle, store, camera, service."""

from __future__ import annotations

import queue
import random
import shutil
import sqlite3
import threading
from typing import TYPE_CHECKING

from edgeall.camera.lock import camera_name
from edgeall.camera.open import open_camera
from edgeall.camera.watched import WatchedFolder
from edgeall.errors import EdgeallError, UsageError
from edgeall.model.bundle import open_bundle
from edgeall.model.classifier import Classifier
from edgeall.model.runtime import runtime_name, runtime_version
from edgeall.model.selftest import self_test
from edgeall.samples import paths
from edgeall.service.calibrated import reporting_stopped
from edgeall.service.control import Ask, ask
from edgeall.service.equipment import camera_settings
from edgeall.service.health.check import Check, failed, good
from edgeall.store.calibrations import newest_calibration
from edgeall.store.connection import connect_read_only
from edgeall.store.controls import passed_today
from edgeall.store.images import damaged_images
from edgeall.store.store import DATABASE, ROOM_FOR_A_SLIDE, Store

if TYPE_CHECKING:
    from pathlib import Path

    from edgeall.settings.sections import Settings

_FRAME_WITHIN_S = 15.0
_IMAGES_LOOKED_AT = 50
_LOW_ROOM = 4 * ROOM_FOR_A_SLIDE


def check_bundle(settings: Settings) -> Check:
    """Open the bundle, which checks its hash, and compute its golden examples."""
    try:
        bundle = open_bundle(settings.model.path or paths.model_path())
        self_test(bundle, Classifier(bundle, threads=settings.model.threads))
    except EdgeallError as error:
        return failed("network", str(error))
    golden = len(bundle.manifest.golden)
    runtime = f"{runtime_name()} {runtime_version()}"
    return good("network", f"{bundle.title}, {golden} golden examples right on {runtime}")


def check_store(settings: Settings) -> Check:
    """Look through the whole database and some of its images."""
    folder = settings.store.folder
    if not Store.exists(folder):
        return good("store", f"nothing is stored in {folder} yet")
    try:
        with Store.open(folder, read_only=True) as store:
            images = damaged_images(store.images, random.Random(), _IMAGES_LOOKED_AT)
        found = _integrity(folder)
    except EdgeallError as error:
        return failed("store", str(error))
    if found != "ok":
        return failed("store", f"{folder}: the database is damaged ({found}); restore a backup")
    if images.damaged:
        return failed(
            "store",
            f"{len(images.damaged)} of {images.looked_at} images are damaged, the first is "
            f"{images.damaged[0]}; restore a backup and check the disk",
        )
    return good("store", f"database whole, {images.looked_at} images looked at and whole")


def check_room(settings: Settings) -> Check:
    """Look whether a slide has room."""
    place = settings.store.folder
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    found = f"{free / 1e9:.1f} GB free in {place}"
    if free < ROOM_FOR_A_SLIDE:
        return failed("room", f"{found}, a slide may need more; free some space")
    if free < _LOW_ROOM:
        remedy = "make a backup, then let edgeall retention remove old pictures"
        return Check(name="room", verdict="warning", found=found, remedy=remedy)
    return good("room", found)


def check_camera(settings: Settings) -> Check:
    """Take a frame; where the service reads, it holds the camera and is asked instead."""
    try:
        source = open_camera(settings.camera.source, camera_settings(settings))
    except EdgeallError as error:
        return failed("camera", str(error))
    try:
        if isinstance(source, WatchedFolder):
            return good("camera", f"{source.name} can be read")
        frame = source.read()
    except EdgeallError as error:
        return failed("camera", str(error))
    finally:
        source.close()
    if frame is None:
        return failed("camera", f"{source.name} gives no frame; check camera.source")
    height, width = frame.pixels.shape[:2]
    return good("camera", f"{source.name}: {width}x{height}")


def check_camera_in_time(settings: Settings) -> Check:
    """Take a frame as `check_camera` does; a driver that hangs must not hang a start."""
    found: queue.Queue[Check] = queue.Queue()
    look = threading.Thread(target=lambda: found.put(check_camera(settings)), daemon=True)
    look.start()
    try:
        return found.get(timeout=_FRAME_WITHIN_S)
    except queue.Empty:
        source = settings.camera.source
        return failed("camera", f"{source} gives no frame; unplug it and plug it in again")


def check_light(settings: Settings) -> Check:
    """Look whether the camera is calibrated and its light has stayed."""
    camera = camera_name(settings.camera.source)
    remedy = "run edgeall calibrate on an empty field"
    if not Store.exists(settings.store.folder):
        found = f"{camera} is not calibrated"
        return Check(name="calibration", verdict="warning", found=found, remedy=remedy)
    try:
        with Store.open(settings.store.folder, read_only=True) as store:
            calibration = newest_calibration(store, camera)
            stopped = reporting_stopped(store, camera, settings.drift)
    except EdgeallError as error:
        return failed("calibration", str(error))
    if stopped is not None:
        return failed("calibration", stopped)
    if calibration is None:
        found = f"{camera} is not calibrated"
        return Check(name="calibration", verdict="warning", found=found, remedy=remedy)
    return good("calibration", f"{camera}, of {calibration.written.wall_clock:%Y-%m-%d}")


def check_control(settings: Settings) -> Check:
    """Look whether a control slide passed today, with the network in use."""
    remedy = "read the control slide with edgeall qc"
    absent = Check(
        name="control", verdict="warning", found="no control slide passed today", remedy=remedy
    )
    if not Store.exists(settings.store.folder):
        return absent
    try:
        network = open_bundle(settings.model.path or paths.model_path()).manifest.identity
        with Store.open(settings.store.folder, read_only=True) as store:
            passed = passed_today(store, network.network_sha256)
    except EdgeallError as error:
        return failed("control", str(error))
    return good("control", "passed today") if passed else absent


def check_service(settings: Settings) -> Check:
    """Ask the running service how it is; not running is no failure of the device."""
    try:
        answer = ask(settings.service.control, Ask(do="status"))
    except UsageError:
        found = f"not running ({settings.service.control})"
        remedy = "start it with systemctl start edgeall, or edgeall serve"
        return Check(name="service", verdict="warning", found=found, remedy=remedy)
    assert answer.status is not None
    state = answer.status.state
    if state in ("fault", "full", "camera lost"):
        return failed("service", answer.status.sentence)
    return good("service", f"running, {state}")


def _integrity(folder: Path) -> str:
    try:
        connection = connect_read_only(folder / DATABASE)
        try:
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        return str(error)
    return str(found)
