"""What ``edgeall calibrate`` does with its flags: ask, measure, print, store."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from edgeall.camera.lock import camera_name
from edgeall.cli.printing import plain_console, warn
from edgeall.errors import MissingFactError, UsageError
from edgeall.field.objective import scale_of_objective
from edgeall.report.rows import printable
from edgeall.service.calibrated import accept_drift, reporting_stopped
from edgeall.service.calibrating import fitted_scale, measure_light, measure_ruler
from edgeall.service.equipment import camera_settings
from edgeall.settings.load import load_settings
from edgeall.store.calibrations import (
    Calibration,
    add_calibration,
    calibrated_cameras,
    latest_check,
    newest_calibration,
)
from edgeall.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeall.camera.source import CameraSettings
    from edgeall.field.illumination import EmptyField
    from edgeall.settings.sections import Settings
    from edgeall.store.calibrations import ScaleFrom, StoredCalibration
    from edgeall.store.records import Moment

_NEUTRAL = 6.0
"""Distance of the background from grey (CIE a*, b*) from which its tint is told."""


@dataclass(frozen=True, slots=True)
class ScaleWish:
    """What was typed about the scale; at most one way to it."""

    graticule: str | None
    division_um: float
    objective: float | None
    sensor: str | None
    adapter: float
    um_per_pixel: float | None


@dataclass(frozen=True, slots=True)
class Request:
    """All that was typed after ``edgeall calibrate``."""

    source: str | None
    camera: str | None
    scale: ScaleWish
    operator: str
    store: Path | None
    settings: Path | None


@dataclass(frozen=True, slots=True)
class _Scale:
    um_per_pixel: float | None
    source: ScaleFrom | None
    words: str


def calibrate(request: Request) -> None:
    """Measure a camera's light and scale, print them, and store them."""
    _refuse_two_scales(request.scale)
    settings = load_settings(request.settings)
    spec = request.source or settings.camera.source
    # Locks and scale are what is to be found: only the frames' size is asked for.
    asked = replace(
        camera_settings(settings), exposure_us=None, gain=None, colour_gains=None, um_per_pixel=None
    )
    with Store.open(request.store or settings.store.folder) as store:
        _wait_for_person("Move to a place of a stained slide without cells and focus there")
        light = measure_light(spec, asked)
        if light.could_not_lock:
            warn(light.could_not_lock)
        camera = request.camera or light.camera
        former = newest_calibration(store, camera)
        scale = _scale(request.scale, settings, light.settings, light.empty_field, former)
        calibration = Calibration(
            camera=camera,
            um_per_pixel=scale.um_per_pixel,
            scale_from=scale.source,
            exposure_us=light.settings.exposure_us,
            gain=light.settings.gain,
            colour_gains=light.settings.colour_gains,
            empty_field=light.empty_field,
        )
        number = add_calibration(store, calibration, request.operator)
        _print_table(f"Calibration {number}", _rows(calibration, scale.words))
        _tell_tint(light.empty_field)
        typer.echo(f"Stored in {store.path}; readings of {printable(camera)} use it.")


def show(request: Request) -> None:
    """Print the newest calibration of each camera and how far its light has moved."""
    settings = load_settings(request.settings)
    folder = request.store or settings.store.folder
    if not Store.exists(folder):
        typer.echo(f"Nothing is stored in {folder} yet; calibrate with: edgeall calibrate")
        return
    with Store.open(folder, read_only=True) as store:
        asked = request.camera or request.source
        cameras = [camera_name(asked)] if asked else calibrated_cameras(store)
        found = [stored for name in cameras if (stored := newest_calibration(store, name))]
        if not found:
            named = f" of {asked}" if asked else ""
            typer.echo(f"There is no calibration{named} yet; make one with: edgeall calibrate")
        for stored in found:
            made = f"{_when(stored.written)} by {printable(stored.operator) or 'nobody named'}"
            rows = [("made (UTC)", made), *_rows(stored.calibration, "")]
            _print_table(f"Calibration {stored.number}", [*rows, _drift_row(store, stored)])
            if stopped := reporting_stopped(store, stored.calibration.camera, settings.drift):
                warn(stopped)


def accept(request: Request, reason: str) -> None:
    """Accept the drift of the camera's latest check."""
    settings = load_settings(request.settings)
    with Store.open(request.store or settings.store.folder) as store:
        known = calibrated_cameras(store)
        asked = request.camera or request.source
        name = camera_name(asked or settings.camera.source)
        if asked is None and name not in known and len(known) == 1:
            (name,) = known
        check = accept_drift(store, name, operator=request.operator, reason=reason)
    typer.echo(
        f"Accepted for {printable(name)}: the light has moved by {check.distance:.1f}. Readings "
        "still say so; calibrate again as soon as you can."
    )


def _refuse_two_scales(wish: ScaleWish) -> None:
    ways = {
        "--graticule": wish.graticule,
        "--objective": wish.objective,
        "--um-per-pixel": wish.um_per_pixel,
    }
    given = [flag for flag, value in ways.items() if value is not None]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} say the same thing; give one of them.")
    if wish.objective is not None and wish.sensor is None:
        raise MissingFactError(
            "--objective needs to know the camera's sensor; add --sensor imx477."
        )


def _scale(
    wish: ScaleWish,
    settings: Settings,
    held: CameraSettings,
    empty: EmptyField,
    former: StoredCalibration | None,
) -> _Scale:
    if wish.graticule is not None:
        return _on_graticule(wish.graticule, wish.division_um, held, empty)
    if wish.objective is not None:
        assert wish.sensor is not None
        scale = scale_of_objective(wish.objective, wish.sensor, empty.width, wish.adapter)
        words = f"{wish.objective:g}x on {wish.sensor}, adapter {wish.adapter:g}"
        return _Scale(scale, "objective", words)
    if typed := wish.um_per_pixel or settings.camera.um_per_pixel:
        return _Scale(typed, "typed", "")
    before = former.calibration if former else None
    if before and _same_size(before.empty_field, empty) and before.um_per_pixel:
        assert former is not None
        return _Scale(before.um_per_pixel, before.scale_from, f"kept from {former.number}")
    return _Scale(None, None, "")


def _on_graticule(spec: str, division_um: float, held: CameraSettings, empty: EmptyField) -> _Scale:
    _wait_for_person("Put the graticule under the objective and focus on its lines")
    found, width, height = measure_ruler(spec, held)
    share = found.uncertainty_px / found.period_px
    words = (
        f"{found.lines} lines {found.period_px:.2f} px apart, ±{share:.2%}, "
        f"turned by {found.angle_deg:.1f}°"
    )
    scale = fitted_scale(found.um_per_pixel(division_um), width, height, empty)
    return _Scale(scale, "graticule", words)


def _same_size(one: EmptyField, other: EmptyField) -> bool:
    return (one.width, one.height) == (other.width, other.height)


def _wait_for_person(instruction: str) -> None:
    """Ask for something to be done at the microscope, where somebody is there to do it."""
    if sys.stdin.isatty():
        typer.prompt(f"{instruction}, then press Enter", default="", show_default=False)


def _rows(calibration: Calibration, words: str) -> list[tuple[str, str]]:
    empty = calibration.empty_field
    lightness, a, b = empty.background
    scale = "not known; add --graticule, --objective or --um-per-pixel"
    if calibration.um_per_pixel:
        how = ", ".join(part for part in (calibration.scale_from, words) if part)
        scale = f"{calibration.um_per_pixel:.5g} µm a pixel ({how})"
    return [
        ("camera", printable(calibration.camera)),
        ("frames", f"{empty.frames} of {empty.width}x{empty.height}"),
        ("scale", scale),
        ("exposure", _or_unknown(calibration.exposure_us, "{:d} µs")),
        ("gain", _or_unknown(calibration.gain, "{:.3g}")),
        (
            "gains of red and blue",
            "{:.3g} and {:.3g}".format(*calibration.colour_gains)
            if calibration.colour_gains
            else "not told by the driver",
        ),
        ("white point", " ".join(f"{value:.0f}" for value in empty.white_point)),
        ("background", f"L* {lightness:.1f}, a* {a:.1f}, b* {b:.1f}"),
        ("darkest place", f"{empty.evenness:.0%} of the brightest"),
    ]


def _or_unknown(value: float | None, form: str) -> str:
    return "not told by the driver" if value is None else form.format(value)


def _drift_row(store: Store, stored: StoredCalibration) -> tuple[str, str]:
    check = latest_check(store, stored.number)
    if check is None:
        return ("the light has moved", "not measured yet")
    verdict = "within the limit" if check.within else "too far"
    return ("the light has moved", f"by {check.distance:.1f} ({verdict}), {_when(check.written)}")


def _when(moment: Moment) -> str:
    return f"{moment.wall_clock:%Y-%m-%d %H:%M}{'' if moment.synchronised else '?'}"


def _tell_tint(empty: EmptyField) -> None:
    _, a, b = empty.background
    if max(abs(a), abs(b)) > _NEUTRAL:
        warn(
            f"the empty field is tinted (a* {a:.0f}, b* {b:.0f}); the camera's white balance did "
            "not reach grey, so see to the lamp's filter."
        )


def _print_table(title: str, rows: Sequence[tuple[str, str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", show_header=False)
    for name, value in rows:
        table.add_row(Text(name), Text(value))
    plain_console().print(table)
