"""A field with its cells boxed and named, for a person to check.

A kind of box is told by its line and its words as well as by its colour, and
the colours are those that colour-blind people tell apart (M. Okabe and K. Ito,
"Color Universal Design", 2008).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from edgeall.cells.cell import Box
from edgeall.report.rows import DISCLAIMER

if TYPE_CHECKING:
    from edgeall.camera.frame import Pixels
    from edgeall.cells.cell import Cell
    from edgeall.model.call import Call

_Colour: TypeAlias = tuple[int, int, int]
_Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont
_Line: TypeAlias = tuple[float, float, float, float]

_WHITE: _Colour = (255, 255, 255)
_BLACK: _Colour = (0, 0, 0)

_REFERENCE_SIDE = 480
"""At this shorter side a line is 2 pixels wide and the text 14 pixels high; both grow with it."""


@dataclass(frozen=True, slots=True)
class _Style:
    """How one kind of box looks: dash and gap in line widths, no dash for a whole line."""

    colour: _Colour
    width: float
    dash: float = 0.0
    gap: float = 0.0


_BLAST = _Style((213, 94, 0), 2.0)
_OTHER = _Style((0, 114, 178), 1.0)
_UNIDENTIFIED = _Style((240, 228, 66), 1.0, dash=5.0, gap=3.0)
_CUT = _Style((230, 230, 230), 1.0, dash=1.0, gap=2.0)


@dataclass(slots=True)
class _Sheet:
    """A picture that is being drawn on, and where its tabs already lie."""

    draw: ImageDraw.ImageDraw
    font: _Font
    line: int
    width: int
    height: int
    tabs: list[Box]


def annotate(
    pixels: Pixels,
    cells: Sequence[tuple[Cell | None, Call]],
    cut_by_border: Sequence[Box] = (),
) -> Pixels:
    """Return a copy of a picture with its cells boxed and named.

    Parameters
    ----------
    pixels
        ``(h, w, 3)`` uint8 RGB.
    cells
        Cells with their calls; without a cell the call is of the whole picture.
    cut_by_border
        Boxes of cells that were seen but not read.

    Returns
    -------
    Pixels
        ``(h + footer, w, 3)``: the picture, and under it one line or more that
        say what it is not.
    """
    height, width = pixels.shape[:2]
    scale = max(1.0, min(height, width) / _REFERENCE_SIDE)
    font = ImageFont.load_default(round(14 * scale))
    picture = Image.fromarray(pixels)
    sheet = _Sheet(ImageDraw.Draw(picture), font, max(1, round(2 * scale)), width, height, [])
    for box in cut_by_border:
        _outline(sheet, box, _CUT)
    for cell, call in cells:
        _outline(sheet, _box(sheet, cell), _style(call))
    for box in cut_by_border:
        _tab(sheet, box, _CUT, "cut by the border")
    for cell, call in cells:
        _tab(sheet, _box(sheet, cell), _style(call), _name(call))
    return np.vstack([np.asarray(picture), np.asarray(_footer(width, font))])


def _style(call: Call) -> _Style:
    if not call.identified:
        return _UNIDENTIFIED
    return _BLAST if call.is_blast else _OTHER


def _name(call: Call) -> str:
    if not call.identified:
        return f"unidentified ({call.label}? {call.confidence:.0%})"
    return f"{call.label} {call.confidence:.0%}"


def _box(sheet: _Sheet, cell: Cell | None) -> Box:
    return cell.box if cell else Box(0, 0, sheet.width, sheet.height)


def _outline(sheet: _Sheet, box: Box, style: _Style) -> None:
    """Draw a box in its colour over a wider dark one, so that it shows on any stain."""
    width = max(1, round(sheet.line * style.width))
    halo = max(1, sheet.line // 2)
    left, top = max(box.left, 0), max(box.top, 0)
    right, bottom = min(box.right, sheet.width) - 1, min(box.bottom, sheet.height) - 1
    for x1, y1, x2, y2 in _sides(left, top, right, bottom, style, width):
        area = (x1, y1, x2 + width - 1, y2 + width - 1)
        sheet.draw.rectangle(_grown(area, halo), _BLACK)
    for x1, y1, x2, y2 in _sides(left, top, right, bottom, style, width):
        sheet.draw.rectangle((x1, y1, x2 + width - 1, y2 + width - 1), style.colour)


def _grown(area: _Line, by: int) -> _Line:
    x1, y1, x2, y2 = area
    return x1 - by, y1 - by, x2 + by, y2 + by


def _sides(
    left: float, top: float, right: float, bottom: float, style: _Style, width: int
) -> Iterator[_Line]:
    """Yield the dashes of a box's four sides, by the pen's upper left corner."""
    right, bottom = max(left, right - width + 1), max(top, bottom - width + 1)
    for x1, x2 in _dashes(left, right, style, width):
        yield x1, top, x2, top
        yield x1, bottom, x2, bottom
    for y1, y2 in _dashes(top, bottom, style, width):
        yield left, y1, left, y2
        yield right, y1, right, y2


def _dashes(start: float, end: float, style: _Style, width: int) -> Iterator[tuple[float, float]]:
    if not style.dash:
        yield start, end
        return
    dash, gap = style.dash * width, style.gap * width
    while start <= end:
        yield start, min(start + dash - width, end)
        start += dash + gap


def _tab(sheet: _Sheet, box: Box, style: _Style, text: str) -> None:
    """Write a name on its own ground, where it hides no other name."""
    pad = round(1.5 * sheet.line)
    left, top, right, bottom = sheet.draw.textbbox((0, 0), text, font=sheet.font)
    width, height = round(right - left) + 2 * pad, round(bottom - top) + 2 * pad
    place = _free_place(sheet, box, width, height)
    sheet.tabs.append(place)
    corners = (place.left, place.top, place.right - 1, place.bottom - 1)
    sheet.draw.rectangle(corners, style.colour, _BLACK, max(1, sheet.line // 2))
    sheet.draw.text(
        (place.left + pad - left, place.top + pad - top),
        text,
        font=sheet.font,
        fill=_readable_on(style.colour),
    )


def _free_place(sheet: _Sheet, box: Box, width: int, height: int) -> Box:
    """Return where a tab goes: above its box, under it, or inside; the first that is free."""
    rows = (box.top - height, box.bottom, box.top, box.bottom - height)
    columns = (box.left, box.right - width)
    places = [
        Box(_within(left, sheet.width - width), _within(top, sheet.height - height), width, height)
        for top in rows
        for left in columns
    ]
    return min(places, key=lambda place: sum(_shared(place, tab) for tab in sheet.tabs))


def _within(value: int, largest: int) -> int:
    return max(0, min(value, largest))


def _shared(one: Box, other: Box) -> int:
    """Return how many pixels two boxes share."""
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    return max(0, across) * max(0, down)


def _readable_on(ground: _Colour) -> _Colour:
    """Return black or white, whichever has the greater contrast (WCAG 2 relative luminance)."""
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in ground)
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return _BLACK if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else _WHITE


def _footer(width: int, font: _Font) -> Image.Image:
    """Return the strip under the picture, as many lines high as the width asks for."""
    pen = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    _, top, _, bottom = pen.textbbox((0, 0), "Ag", font=font)
    pad = max(2, round(bottom - top) // 3)
    lines = _wrapped(f"This {DISCLAIMER}.", width - 2 * pad, font, pen)
    step = round(bottom) + pad
    strip = Image.new("RGB", (width, step * len(lines) + pad), _BLACK)
    draw = ImageDraw.Draw(strip)
    for number, line in enumerate(lines):
        draw.text((pad, pad // 2 + number * step), line, font=font, fill=_WHITE)
    return strip


def _wrapped(text: str, width: int, font: _Font, pen: ImageDraw.ImageDraw) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and pen.textlength(longer, font=font) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
