"""A sheet of paper: fonts that hold the reader's script, text that fits its place.

DejaVu Sans covers Latin, Greek, Cyrillic, Hebrew and Arabic; Lohit Devanagari
adds Hindi. Both are free, and Debian's. A character that neither holds is
written as its Unicode number, never as an empty box.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgeall.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from fpdf import FPDF

    from edgeall.camera.frame import Pixels

MARGIN: Final = 15.0
WIDTH: Final = 210.0 - 2 * MARGIN
"""All lengths are millimetres, sizes of type points; the paper is A4."""

_FONTS = Path("/usr/share/fonts/truetype")
_REGULAR = (_FONTS / "dejavu/DejaVuSans.ttf", _FONTS / "ttf-dejavu/DejaVuSans.ttf")
_BOLD = (_FONTS / "dejavu/DejaVuSans-Bold.ttf", _FONTS / "ttf-dejavu/DejaVuSans-Bold.ttf")
_DEVANAGARI = (
    _FONTS / "lohit-devanagari/Lohit-Devanagari.ttf",
    _FONTS / "noto/NotoSansDevanagari-Regular.ttf",
)

_LONGEST = 1000
"""Characters of one text that are looked at; none of ours has room for more."""

_JOINERS = "\u200c\u200d"
"""Not printable, and yet Hindi and Arabic need them between letters."""

_LINE = 0.47
"""Height of a line in mm for each point of its type."""


class Sheet:
    """Pages that are being written on, top to bottom, by a cursor in millimetres."""

    def __init__(self, title: str, created: datetime) -> None:
        self.pdf = _paper(created)
        self._held = _characters(self.pdf)
        self.pdf.set_title(self._printable(title))

    def page(self) -> None:
        """Begin a page."""
        self.pdf.add_page()

    def text(
        self,
        left: float,
        top: float,
        width: float,
        text: str,
        *,
        size: float = 9,
        bold: bool = False,
        align: str = "L",
        lines: int = 1,
    ) -> float:
        """Write text into a place of so many lines; return where it ends.

        What is too long ends with an ellipsis.
        """
        pdf = self.pdf
        pdf.set_font("text", "B" if bold else "", size)
        shown = self._fitting(self._printable(text), width, lines)
        for number, line in enumerate(shown):
            pdf.set_xy(left, top + number * size * _LINE)
            pdf.cell(width, size * _LINE, line, align=align)
        return top + max(1, len(shown)) * size * _LINE

    def line(self, left: float, top: float, width: float, *, thick: float = 0.2) -> None:
        """Draw a line across."""
        self.pdf.set_line_width(thick)
        self.pdf.line(left, top, left + width, top)

    def box(self, left: float, top: float, width: float, height: float, thick: float = 0.3) -> None:
        """Draw a box."""
        self.pdf.set_line_width(thick)
        self.pdf.rect(left, top, width, height)

    def picture(self, left: float, top: float, side: float, pixels: Pixels) -> None:
        """Place a square picture, ``(h, w, 3)``, without loss."""
        from PIL import Image

        self.pdf.image(Image.fromarray(pixels), left, top, side, side)

    def across(self, word: str) -> None:
        """Write a word in pale grey from corner to corner; what follows lies over it."""
        pdf = self.pdf
        pdf.set_font("text", "B", 84)
        width = pdf.get_string_width(word)
        pdf.set_text_color(228)
        with pdf.rotation(55, 105, 148):
            pdf.text(105 - width / 2, 160, word)
        pdf.set_text_color(0)

    def bytes(self) -> bytes:
        """Return the document."""
        return bytes(self.pdf.output())

    def _fitting(self, text: str, width: float, lines: int) -> list[str]:
        """Return a text's lines, at most ``lines``, the last with an ellipsis if it was cut."""
        wrapped = self._wrapped(text[:_LONGEST], width)
        if len(wrapped) <= lines and len(text) <= _LONGEST:
            return wrapped
        shown = wrapped[:lines]
        last = shown[-1].rstrip()
        while last and self.pdf.get_string_width(f"{last}…") > width - 2 * self.pdf.c_margin:
            last = last[:-1]
        return [*shown[:-1], f"{last}…"]

    def _wrapped(self, text: str, width: float) -> list[str]:
        lines = self.pdf.multi_cell(width, 4, text, align="L", dry_run=True, output="LINES")
        assert isinstance(lines, list)
        return lines

    def _printable(self, text: str) -> str:
        """Return text of which every character can be printed."""
        return "".join(self._shown(sign) for sign in text[: _LONGEST + 1])

    def _shown(self, sign: str) -> str:
        # Characters that turn the direction of writing are not printable either.
        if not sign.isprintable() and sign not in _JOINERS:
            return "\N{REPLACEMENT CHARACTER}"
        return sign if ord(sign) in self._held else f"[U+{ord(sign):04X}]"


def _paper(created: datetime) -> FPDF:
    # fpdf shapes Hindi and Arabic with uharfbuzz, which it does not ask for by itself.
    if not (find_spec("fpdf") and find_spec("uharfbuzz")):
        raise MissingExtraError(
            "A PDF report needs fpdf2 and uharfbuzz, which are not installed; "
            "run pip install 'edgeall[pdf]'."
        )
    from fpdf import FPDF

    pdf = FPDF(format="A4")
    pdf.set_auto_page_break(False)
    pdf.set_margins(MARGIN, MARGIN)
    pdf.c_margin = 0
    pdf.set_creation_date(created)
    pdf.set_lang("en")
    for style, places in (("", _REGULAR), ("B", _BOLD)):
        pdf.add_font("text", style, _font(places))
    if devanagari := _found(_DEVANAGARI):
        pdf.add_font("deva", "", devanagari)
        pdf.set_fallback_fonts(["deva"], exact_match=False)
    # Ligatures of Latin letters gain nothing in a table and lose in a search.
    pdf.set_text_shaping(True, features={"liga": False})
    return pdf


def _font(places: Sequence[Path]) -> Path:
    found = _found(places)
    if found is None:
        raise InputError(
            f"{places[0]}: this font is not installed and a PDF report needs it; "
            "run apt install fonts-dejavu-core fonts-lohit-deva."
        )
    return found


def _found(places: Sequence[Path]) -> Path | None:
    return next((place for place in places if place.is_file()), None)


def _characters(pdf: FPDF) -> frozenset[int]:
    """Return what the fonts hold: regular and bold alike, or the one for Hindi."""
    from fpdf.fonts import TTFFont

    held = {name: set(font.cmap) for name, font in pdf.fonts.items() if isinstance(font, TTFFont)}
    return frozenset((held["text"] & held["textB"]) | held.get("deva", set()))
