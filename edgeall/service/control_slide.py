"""Reading the control slide: as any other slide, then its figures and their verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from edgeall.errors import ImageError
from edgeall.field.colour import mean_lab
from edgeall.report.levey_jennings import Chart
from edgeall.service.calibrated import EvenlyLit, SlideLight
from edgeall.service.keep import StoreKeeper
from edgeall.service.pipeline import Limits, ReadField
from edgeall.service.smear import Smear, read_smear, slide_facts
from edgeall.slide.control import KINDS, ControlField, FigureKind, Figures, figures_of
from edgeall.slide.verdict import PastControl, Verdict, baseline_of, judge, value_like
from edgeall.store.controls import StoredControl, add_control, controls

if TYPE_CHECKING:
    from edgeall.camera.frame import Pixels
    from edgeall.camera.source import Source
    from edgeall.cells.cell import Cell
    from edgeall.field.colour import Lab
    from edgeall.service.equipment import Equipment
    from edgeall.slide.reading import Flag

_NAMED_SIGNS = 40


@dataclass(frozen=True, slots=True)
class ControlRun:
    """A control that was read and stored; ``refused`` are files that could not be read."""

    slide_id: str
    material: str
    figures: Figures
    verdict: Verdict
    refused: tuple[ImageError, ...]


@dataclass(slots=True)
class _Seen:
    """The fields of the control; filled from the keep thread, read after it ended."""

    fields: list[ControlField] = field(default_factory=list)

    def add(self, item: ReadField | ImageError) -> None:
        if isinstance(item, ReadField):
            self.fields.append(_measured(item))


def read_control(
    source: Source,
    equipment: Equipment,
    light: SlideLight,
    *,
    material: str,
    operator: str,
    notify: Callable[[ReadField | ImageError], None],
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> ControlRun:
    """Read a control slide, store it as a slide of its own, judge it, store the verdict.

    Raises
    ------
    ImageError
        Not one field could be read.
    EdgeallError
        What ended the reading early, after what was read had been stored.
    """
    seen = _Seen()
    store, bundle = equipment.store, equipment.bundle
    slide_id = _slide_id(material)

    def both(item: ReadField | ImageError) -> None:
        seen.add(item)
        notify(item)

    smear = read_smear(
        EvenlyLit(source, light),
        bundle,
        equipment.classifier,
        StoreKeeper(store, slide_id=slide_id, operator=operator, source=source.name, bundle=bundle),
        both,
        facts=slide_facts(slide_id, bundle, "find", equipment.settings.reading),
        limits=limits,
        until_stopped=source.is_live and limits == Limits(),
    )
    flags = _flags_of(smear)
    counted = [one for one, counts in zip(seen.fields, smear.counted, strict=True) if counts]
    figures = figures_of(counted)
    past = controls(store, material=material, network=bundle.manifest.identity.network_sha256)
    verdict = judge(
        figures, (*flags, *light.flags()), _past(past), equipment.settings.control.baseline
    )
    run = store.readings(slide_id)[-1].run
    light.judge(store, run)
    add_control(store, run, material, figures, verdict, operator)
    return ControlRun(slide_id, material, figures, verdict, smear.refused)


def charts_of(history: list[StoredControl], wanted: int) -> list[Chart]:
    """Return the charts of the controls of one material and network, the newest last.

    Their limits are those by which the newest was judged: from the controls before it.
    """
    if not history:
        return []
    newest = history[-1].figures
    return [_chart(kind, newest, history, wanted) for kind in KINDS]


def _chart(kind: FigureKind, newest: Figures, history: list[StoredControl], wanted: int) -> Chart:
    baseline = baseline_of(kind, newest, _past(history[:-1]), wanted)
    return Chart(
        name=f"{kind.name}, {newest.diameter_unit}" if kind.key == "diameter" else kind.name,
        values=tuple(value_like(kind, control.figures, newest) for control in history),
        passed=tuple(control.passed for control in history),
        baseline=baseline,
        expected=kind.range_around(baseline.mean, baseline.limit(3)) if baseline else None,
    )


def _past(history: list[StoredControl]) -> list[PastControl]:
    return [PastControl(control.figures, control.passed) for control in history]


def _flags_of(smear: Smear) -> tuple[Flag, ...]:
    if smear.ended.failure is not None:
        raise smear.ended.failure
    if smear.reading is None:
        raise ImageError("The control slide gave no picture that can be read; nothing was stored.")
    return smear.reading.flags


def _measured(read: ReadField) -> ControlField:
    prepared = read.prepared
    frame = prepared.field.frame
    cells = [cell for cell in prepared.cells if cell is not None]
    colours = [_colour(frame.pixels, cell) for cell in cells]
    return ControlField(
        sharpness=prepared.field.sharpness,
        um_per_pixel=frame.um_per_pixel,
        diameters_px=tuple(cell.diameter_px for cell in cells),
        colours=tuple(colour for colour in colours if colour is not None),
        calls=read.calls,
    )


def _colour(pixels: Pixels, cell: Cell) -> Lab | None:
    box = cell.box
    shown = np.ascontiguousarray(pixels[box.top : box.bottom, box.left : box.right])
    return mean_lab(shown, cell.mask)


def _slide_id(material: str) -> str:
    """Name the control's slide by its material and the date, which a wrong clock makes wrong."""
    named = "".join(sign if sign.isalnum() or sign in "-._" else "-" for sign in material)
    return f"control-{named[:_NAMED_SIGNS]}-{datetime.now(UTC):%Y%m%d}"
