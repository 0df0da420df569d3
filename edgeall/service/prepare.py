"""From a frame to what the network is asked: the checked field, its cells, their crops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from edgeall.camera.frame import Frame, Pixels
from edgeall.cells.crop import CropRule, cell_of_crop, crop_cell
from edgeall.cells.finder import find_cells
from edgeall.field.check import Field, assess, assess_cell
from edgeall.field.colour import colour_distance, mean_lab
from edgeall.field.resize import resize

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.cells.cell import Box, Cell
    from edgeall.model.manifest import ColourStatistics, InputFacts, Manifest

Cropping: TypeAlias = Literal["find", "none"]
"""Find the cells in each picture, or take each picture as one cell."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A checked field with the network's inputs.

    ``inputs`` are ``(height, width, 3)`` uint8 RGB of the bundle's size, one
    for each of ``cells``; a cell is None where the whole frame is one example.
    """

    field: Field
    cells: tuple[Cell | None, ...]
    inputs: tuple[Pixels, ...]
    cut_by_border: tuple[Box, ...]


Preparer: TypeAlias = Callable[[Frame], Prepared]


def make_preparer(
    manifest: Manifest, cropping: Cropping, sharpest: float | None = None
) -> Preparer:
    """Return the function that prepares frames for a bundle, in order of their arrival.

    It remembers the sharpest frame so far, so it belongs to one slide and one thread;
    ``sharpest`` is that of a slide that was begun before.
    """
    look = _chooser(manifest, cropping)
    one_cell = cropping == "none" and manifest.input.unit == "cell"

    def prepare(frame: Frame) -> Prepared:
        nonlocal sharpest
        looked = look(frame)
        distance = _distance(looked.inputs, manifest)
        if one_cell:
            on_black = manifest.input.background == "black"
            field = assess_cell(frame, distance, background_black=on_black)
        else:
            field = assess(frame, sharpest, distance)
            sharpest = max(sharpest or 0.0, field.sharpness)
        return Prepared(field, looked.cells, looked.inputs, looked.cut_by_border)

    return prepare


@dataclass(frozen=True, slots=True, eq=False)
class _Looked:
    """What there is to classify in one frame."""

    cells: tuple[Cell | None, ...]
    inputs: tuple[Pixels, ...]
    cut_by_border: tuple[Box, ...] = ()


_Look: TypeAlias = Callable[[Frame], _Looked]


def _chooser(manifest: Manifest, cropping: Cropping) -> _Look:
    facts = manifest.input
    if facts.unit == "field":
        return lambda frame: _Looked((None,), (_whole(frame, facts),))
    if cropping == "none":
        return lambda frame: _Looked(
            (cell_of_crop(frame.pixels, facts.background),), (_whole(frame, facts),)
        )
    rule = crop_rule(facts)
    return lambda frame: _found(frame, rule)


def crop_rule(facts: InputFacts) -> CropRule:
    """Return how a bundle wants its cells cropped."""
    return CropRule(
        height=facts.height,
        width=facts.width,
        um_per_pixel=facts.um_per_pixel,
        cell_diameter_px=facts.cell_diameter_px,
        background=facts.background,
        resize=facts.resize,
    )


def _whole(frame: Frame, facts: InputFacts) -> Pixels:
    return resize(frame.pixels, facts.height, facts.width, facts.resize)


def _found(frame: Frame, rule: CropRule) -> _Looked:
    found = find_cells(frame.pixels, frame.um_per_pixel)
    crops = tuple(crop_cell(frame.pixels, cell, rule, frame.um_per_pixel) for cell in found.cells)
    return _Looked(found.cells, crops, found.cut_by_border)


def _distance(inputs: tuple[Pixels, ...], manifest: Manifest) -> float | None:
    if manifest.colour is None or not inputs:
        return None
    return _distance_to(inputs, manifest.colour, manifest.input.background == "black")


def _distance_to(
    inputs: tuple[Pixels, ...], colour: ColourStatistics, on_black: bool
) -> float | None:
    """Return the distance of the inputs' mean colour, measured as training measured it."""
    measured = [
        mean
        for pixels in inputs
        if (mean := mean_lab(pixels, _shown(pixels) if on_black else None)) is not None
    ]
    if not measured:
        return None
    lightness, a, b = np.mean(measured, axis=0)
    return colour_distance((lightness, a, b), colour.mean, colour.deviation)


def _shown(pixels: Pixels) -> NDArray[np.bool_]:
    shown: NDArray[np.bool_] = pixels.max(axis=2) > 0
    return shown
