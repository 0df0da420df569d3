"""What ``edgeall qc`` does with its flags: read, judge, print, draw."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.table import Table
from rich.text import Text

from edgeall.camera.lock import camera_name
from edgeall.camera.open import open_camera
from edgeall.cli.printing import DISCLAIMER, field_line, field_progress, plain_console, warn
from edgeall.errors import ImageError, UsageError
from edgeall.report.levey_jennings import levey_jennings, sparkline
from edgeall.report.rows import printable
from edgeall.service.calibrated import reporting_stopped, slide_light
from edgeall.service.control_slide import ControlRun, charts_of, read_control
from edgeall.service.equipment import camera_settings, equip
from edgeall.service.pipeline import Limits
from edgeall.settings.load import load_settings
from edgeall.store.controls import controls
from edgeall.store.durable import write_durably
from edgeall.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.progress import Progress

    from edgeall.report.levey_jennings import Chart
    from edgeall.service.equipment import Equipment
    from edgeall.service.pipeline import ReadField
    from edgeall.store.controls import StoredControl
    from edgeall.store.records import Moment

PASSED, FAILED = 0, 1


@dataclass(frozen=True, slots=True)
class Request:
    """All that was typed after ``edgeall qc``."""

    source: str | None
    material: str
    operator: str
    frames: int | None
    plot: Path | None
    store: Path | None
    settings: Path | None


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the terminal is told, from the keep thread."""

    console: Console
    progress: Progress

    def show(self, item: ReadField | ImageError) -> None:
        if isinstance(item, ImageError):
            warn(str(item))
            return
        self.console.print(field_line(item), markup=False)
        self.progress.advance(self.progress.task_ids[0])


def control(request: Request) -> int:
    """Read the control slide and print the verdict; return the exit code."""
    _refuse_material(request.material)
    settings = load_settings(request.settings)
    with Store.open(request.store or settings.store.folder) as store:
        equipment = equip(settings, store)
        done = _read(request, equipment)
        network = equipment.bundle.manifest.identity.network_sha256
        history = controls(store, material=request.material, network=network)
        charts = charts_of(history, settings.control.baseline)
        _print(done, charts)
        _plot(request, charts)
        camera = camera_name(request.source or settings.camera.source)
        if stopped := reporting_stopped(store, camera, settings.drift):
            warn(stopped)
    return PASSED if done.verdict.passed else FAILED


def show(request: Request) -> int:
    """Print the controls so far, and draw their charts where that is asked for."""
    settings = load_settings(request.settings)
    folder = request.store or settings.store.folder
    history: list[StoredControl] = []
    if Store.exists(folder):
        with Store.open(folder, read_only=True) as store:
            history = controls(store, material=request.material)
    if not history:
        typer.echo(
            f"No control {printable(request.material)} was read yet; read one with: edgeall qc "
            f"--material {printable(request.material)}"
        )
        return PASSED
    # Another network is another ruler: only the newest one's figures can be compared.
    alike = [past for past in history if past.network == history[-1].network]
    charts = charts_of(alike, settings.control.baseline)
    _print_history(history)
    _print_figures(f"Figures of {printable(request.material)}", charts)
    _plot(request, charts)
    return PASSED


def _refuse_material(material: str) -> None:
    if not material.strip():
        raise UsageError("--material: a control slide needs a name; give its lot or number.")


def _read(request: Request, equipment: Equipment) -> ControlRun:
    settings = equipment.settings
    spec = request.source or settings.camera.source
    light = slide_light(equipment.store, camera_name(spec), settings.drift)
    source = open_camera(spec, light.locked(camera_settings(settings)))
    console = plain_console()
    expected = request.frames or source.frames_expected
    try:
        with field_progress(console, expected) as progress:
            return read_control(
                source,
                equipment,
                light,
                material=request.material,
                operator=request.operator,
                notify=_Shown(console, progress).show,
                limits=Limits(frames=request.frames),
            )
    finally:
        source.close()


def _print(done: ControlRun, charts: Sequence[Chart]) -> None:
    _print_figures(f"Control {printable(done.material)}, slide {printable(done.slide_id)}", charts)
    for finding in done.verdict.findings:
        typer.echo(f"{'Fails' if finding.rejects else 'Watch'}: {finding.sentence}")
    typer.echo(f"{'PASSED' if done.verdict.passed else 'FAILED'}: {done.verdict.basis}.")
    typer.echo(DISCLAIMER)


def _print_figures(title: str, charts: Sequence[Chart]) -> None:
    table = Table(title=title, title_justify="left")
    for name in ("figure", "newest", "expected", "history"):
        table.add_column(name, justify="right" if name == "newest" else "left")
    for chart in charts:
        newest = chart.values[-1]
        table.add_row(
            Text(chart.name),
            "none" if newest is None else f"{newest:.3g}",
            _expected(chart),
            sparkline(chart.values),
        )
    plain_console().print(table)


def _expected(chart: Chart) -> str:
    if chart.expected is None:
        return "not known yet"
    low, high = chart.expected
    return f"{low:.3g} to {high:.3g}"


def _print_history(history: Sequence[StoredControl]) -> None:
    table = Table(title="Controls", title_justify="left")
    for name in ("read (UTC)", "slide", "cells", "verdict", "why"):
        table.add_column(name, overflow="fold")
    for past in history:
        rules = [f"{finding.figure or ''} {finding.rule}".strip() for finding in past.findings]
        why = "; ".join(rules)
        table.add_row(
            _when(past.written),
            Text(printable(past.slide_id)),
            str(past.figures.cells),
            "passed" if past.passed else "FAILED",
            Text(printable(why)),
        )
    plain_console().print(table)


def _plot(request: Request, charts: Sequence[Chart]) -> None:
    if request.plot is not None:
        title = f"Control {request.material}"
        write_durably(request.plot, levey_jennings(title, charts).encode())
        typer.echo(f"Levey-Jennings charts: {request.plot}", err=True)


def _when(moment: Moment) -> str:
    return f"{moment.wall_clock:%Y-%m-%d %H:%M}{'' if moment.synchronised else '?'}"
