"""The sections of the settings file: every key with its default, its limits, its sentence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edgeall.slide.tally import MIN_CELLS, TARGET_WIDTH


def default_store() -> Path:
    """Return where findings are kept unless somebody says otherwise."""
    return xdg("XDG_DATA_HOME", ".local/share") / "edgeall"


def default_runtime() -> Path:
    """Return where the service's socket lies: systemd's runtime folder, else the user's own."""
    given = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    if given:
        return Path(given)
    own = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    return (own if own.is_absolute() else Path("/run")) / "edgeall"


class Camera(msgspec.Struct, frozen=True, kw_only=True):
    """Where frames come from, and what the camera is held to."""

    source: Annotated[
        str,
        Meta(min_length=1, description="What capture reads where no --source is given."),
    ] = "auto"
    width: Annotated[
        Annotated[int, Meta(ge=16, le=16384)] | None,
        Meta(description="Width of a frame in pixels; needs height too."),
    ] = None
    height: Annotated[
        Annotated[int, Meta(ge=16, le=16384)] | None,
        Meta(description="Height of a frame in pixels; needs width too."),
    ] = None
    exposure_us: Annotated[
        Annotated[int, Meta(ge=1, le=60_000_000)] | None,
        Meta(description="Exposure in microseconds; unset leaves it to the camera."),
    ] = None
    gain: Annotated[
        Annotated[float, Meta(ge=0.01, le=1000)] | None,
        Meta(description="Analogue gain; unset leaves it to the camera."),
    ] = None
    colour_gains: Annotated[
        tuple[Annotated[float, Meta(gt=0, le=32)], Annotated[float, Meta(gt=0, le=32)]] | None,
        Meta(description="Gains of red and of blue; unset leaves the white balance to the camera."),
    ] = None
    um_per_pixel: Annotated[
        Annotated[float, Meta(ge=0.001, le=100)] | None,
        Meta(description="Scale of a frame in micrometres a pixel, measured with a stage ruler."),
    ] = None


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """What reads the frames."""

    path: Annotated[
        Path | None, Meta(description="The bundle; unset reads with the one that ships.")
    ] = None
    threads: Annotated[
        int, Meta(ge=1, le=64, description="Threads of the network; one leaves room for the rest.")
    ] = 1


class ReadingAims(msgspec.Struct, frozen=True, kw_only=True):
    """What a reading is held to."""

    min_cells: Annotated[
        int, Meta(ge=1, description="Identified cells under which a reading is flagged.")
    ] = MIN_CELLS
    target_width: Annotated[
        float,
        Meta(gt=0, le=1, description="Width of the blast fraction's interval that is aimed at."),
    ] = TARGET_WIDTH


class Storage(msgspec.Struct, frozen=True, kw_only=True):
    """Where findings are kept."""

    folder: Annotated[Path, Meta(description="Folder of the database and its images.")] = (
        msgspec.field(default_factory=default_store)
    )


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """What makes `edgeall serve` take a field."""

    automatic: Annotated[
        bool,
        Meta(description="Take a field when the picture has come to rest, is sharp, and is new."),
    ] = True
    still_s: Annotated[
        float, Meta(ge=0, le=10, description="Seconds a picture must rest before it is taken.")
    ] = 0.4
    max_overlap: Annotated[
        float,
        Meta(ge=0, lt=1, description="Share of a field that may have been seen on this slide."),
    ] = 0.25
    every_s: Annotated[
        Annotated[float, Meta(ge=0.2, le=3600)] | None,
        Meta(description="Take a field every so many seconds, at rest or not; unset takes none."),
    ] = None
    button: Annotated[
        Annotated[int, Meta(ge=0, le=53)] | None,
        Meta(description="GPIO number (BCM) of a button or foot switch that takes a field."),
    ] = None
    keyboard: Annotated[
        str | None,
        Meta(
            description="An input device under /dev/input, or auto: space takes a field, a scanned "
            "code begins that slide."
        ),
    ] = None


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """How the device tells the technician without a screen."""

    taken: Annotated[
        Annotated[int, Meta(ge=0, le=53)] | None,
        Meta(description="GPIO number of a light that says: taken."),
    ] = None
    refused: Annotated[
        Annotated[int, Meta(ge=0, le=53)] | None,
        Meta(description="GPIO number of a light that says: not taken, or not reading."),
    ] = None
    buzzer: Annotated[
        Annotated[int, Meta(ge=0, le=53)] | None,
        Meta(description="GPIO number of a buzzer: once for taken, twice for not."),
    ] = None


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """How `edgeall serve` runs."""

    control: Annotated[
        Path, Meta(description="The socket that `edgeall slide` and `edgeall status` speak to.")
    ] = msgspec.field(default_factory=lambda: default_runtime() / "control.sock")
    log: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="The least important events that are logged."),
    ] = "info"


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """The daily control slide."""

    required: Annotated[
        bool, Meta(description="Mark readings of a day without a passed control slide.")
    ] = True
    baseline: Annotated[
        int,
        Meta(ge=5, le=100, description="Passed controls from which mean and deviation are taken."),
    ] = 20


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """How far the light may move away from its calibration."""

    required: Annotated[
        bool, Meta(description="Mark readings of a camera that was not calibrated.")
    ] = True
    limit: Annotated[
        float,
        Meta(gt=0, le=100, description="Colour difference (CIE 1976) of the background allowed."),
    ] = 6.0


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """Where copies go."""

    marker: Annotated[
        str,
        Meta(
            min_length=1,
            pattern="^[^/]+$",
            description="Name of the file that makes a USB stick a backup stick.",
        ),
    ] = "edgeall-backup"
    passphrase_file: Annotated[
        Path | None,
        Meta(description="File with the passphrase; without one no backup is written."),
    ] = None
    keep: Annotated[int, Meta(ge=1, le=365, description="Copies kept on a stick.")] = 7


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """What is removed, and when. Unsigned and flagged slides never are."""

    days: Annotated[
        int, Meta(ge=1, le=36500, description="Days after which pictures may be removed.")
    ] = 365
    free_gb: Annotated[
        float, Meta(ge=0.5, le=10000, description="Pictures are removed only below this much room.")
    ] = 4.0


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings; a default `Settings()` knows nothing of files and environment."""

    camera: Camera = Camera()
    model: Model = Model()
    reading: ReadingAims = ReadingAims()
    store: Storage = msgspec.field(default_factory=Storage)
    trigger: Trigger = Trigger()
    signal: Signal = Signal()
    service: Service = msgspec.field(default_factory=Service)
    control: Control = Control()
    drift: Drift = Drift()
    backup: Backup = Backup()
    retention: Retention = Retention()


def xdg(variable: str, otherwise: str) -> Path:
    """Return a folder of the XDG base directory specification."""
    # The XDG specification has relative values ignored.
    named = Path(os.environ.get(variable, ""))
    return named if named.is_absolute() else Path.home() / otherwise
