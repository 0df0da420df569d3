"""From what a person typed after ``--source`` to a source of frames."""

from __future__ import annotations

import glob
import re
from pathlib import Path
from typing import TYPE_CHECKING

from edgeall.camera.folder import SUFFIXES, list_images, natural_key
from edgeall.camera.picamera2 import Picamera2Camera, count_cameras
from edgeall.camera.replay import ImageFiles, VideoFile
from edgeall.camera.v4l2 import V4l2Camera, list_capture_devices
from edgeall.camera.watched import WatchedFolder
from edgeall.errors import CameraAbsentError, InputError, UsageError

if TYPE_CHECKING:
    from edgeall.camera.source import CameraSettings, Source

_VIDEOS = frozenset({".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mjpeg"})
_KINDS = (
    "auto, picamera2[:N], v4l2:/dev/videoN, watch:FOLDER, an image, a folder, a glob, a video, "
    "or samples"
)


def open_camera(spec: str, settings: CameraSettings) -> Source:
    """Open a source of frames.

    Raises
    ------
    CameraError
        The camera is absent, busy or refuses.
    InputError
        The file or folder cannot be used.
    UsageError
        The words name no source.
    """
    if spec == "auto":
        return _first_camera(settings)
    if spec == "samples":
        return _samples(settings)
    if found := re.fullmatch(r"picamera2(?::(\d+))?", spec):
        return Picamera2Camera(int(found[1] or 0), settings)
    if spec.startswith("v4l2:"):
        return V4l2Camera(Path(spec.removeprefix("v4l2:")), settings)
    if spec.startswith("watch:"):
        return WatchedFolder(Path(spec.removeprefix("watch:")).expanduser(), settings.um_per_pixel)
    return _files(spec, settings)


def _first_camera(settings: CameraSettings) -> Source:
    pi_cameras = count_cameras()
    if pi_cameras:
        return Picamera2Camera(0, settings)
    devices = list_capture_devices()
    if devices:
        return V4l2Camera(devices[0], settings)
    pi = "picamera2 is not installed" if pi_cameras is None else "libcamera has no camera"
    raise CameraAbsentError(
        f"No camera was found ({pi}, and no /dev/video* captures); "
        "plug one in, or read files with --source."
    )


def _samples(settings: CameraSettings) -> Source:
    from edgeall.samples import paths

    scale = settings.um_per_pixel or paths.um_per_pixel()
    return ImageFiles(list_images(paths.fields_folder()), "samples", scale)


def _files(spec: str, settings: CameraSettings) -> Source:
    path = Path(spec).expanduser()
    if path.is_dir():
        return ImageFiles(list_images(path), spec, settings.um_per_pixel)
    if path.suffix.lower() in _VIDEOS and path.exists():
        return VideoFile(path, settings.um_per_pixel)
    if path.exists():
        return ImageFiles([path], spec, settings.um_per_pixel)
    if glob.has_magic(spec):
        return ImageFiles(_matching(spec), spec, settings.um_per_pixel)
    if "/" in spec or "." in spec:
        raise InputError(f"{spec}: there is no such file or folder; check the name.")
    raise UsageError(f"--source {spec}: this names no source; give {_KINDS}.")


def _matching(pattern: str) -> list[Path]:
    found = [
        path
        for path in map(Path, glob.glob(str(Path(pattern).expanduser()), recursive=True))
        if path.is_file() and path.suffix.lower() in SUFFIXES
    ]
    if not found:
        raise InputError(f"{pattern}: no image matches; check the pattern and its quotes.")
    return sorted(found, key=natural_key)
