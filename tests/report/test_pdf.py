from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from edgeall.errors import InputError, MissingExtraError
from edgeall.report import pdf_sheet
from edgeall.report.pdf import pdf_report
from edgeall.report.slide_report import CellOfInterest, Counts, deidentified


def pages(report) -> list[str]:
    """Return each page's text; a Hindi syllable's further glyphs have none."""
    read = PdfReader(io.BytesIO(pdf_report(report))).pages
    return [
        "".join(sign for sign in page.extract_text().replace("\n", " ") if sign.isprintable())
        for page in read
    ]


def test_one_page_says_all_and_an_appendix_shows_the_cells(make_report):
    first, second = pages(make_report(reviewed=True, signed_version=1))
    for said in (
        "Hospital Güemes",
        "S-1",
        "P-77",
        "Ada",
        "2026-11-21 02:03 UTC",
        "clock not synchronised",
        "15.8%",
        "by the network 21.1% (8 of 38)",
        "monocyte",
        "unidentified",
        "not a cell",
        "out of focus, too few cells",
        "b 1 (abababababab)",
        "Trained on nothing. No good.",
        "Signed by Dr. Priya, 2026-11-22 09:00 UTC, version 1",
        "0123456789abcdef",
        "supports, and does not replace, a skilled morphologist",
    ):
        assert said in first
    assert "blast 93%" in second
    assert "→ normal" in second
    assert "picture no longer stored" in second
    assert "3 further cells are not shown" in second
    assert "0123456789abcdef" in second


def test_an_unsigned_report_says_preliminary_on_every_page(make_report):
    assert all("PRELIMINARY" in page for page in pages(make_report()))
    assert "Not signed" in pages(make_report())[0]


def test_a_signed_report_is_final_and_a_second_version_amended_with_its_reason(make_report):
    final, amended = (
        pages(make_report(signed_version=1))[0],
        pages(make_report(signed_version=2))[0],
    )
    assert "FINAL" in final
    assert "AMENDED" in amended
    assert "wrong class" in amended
    assert "PRELIMINARY" not in final + amended


def test_the_same_report_gives_the_same_bytes(make_report):
    assert pdf_report(make_report()) == pdf_report(make_report())


def test_another_code_gives_other_bytes(make_report):
    assert pdf_report(make_report()) != pdf_report(make_report(code="f" * 16))


@pytest.mark.parametrize(
    "name", ["José Ñandú", "Zoë Brûlée", "João Conceição", "Mwanza", "प्रिया शर्मा"]
)
def test_names_of_our_languages_can_be_read_and_selected(make_report, name):
    assert name in pages(make_report(operator=name))[0]


def test_a_character_without_a_font_is_written_as_its_number(make_report):
    assert "[U+4E2D]" in pages(make_report(slide_id="S-中"))[0]


def test_an_identity_cannot_turn_the_direction_of_writing(make_report):
    text = pages(make_report(slide_id="S\u202e1\x1b2"))[0]
    assert "S\N{REPLACEMENT CHARACTER}1\N{REPLACEMENT CHARACTER}2" in text


@settings(max_examples=5)
@example(text="=" * 5000)
@example(text="שלום عليكم 12-ab")
@example(text="\0\x7f\u2066\ufffe\U0010ffff")
@given(text=st.text(max_size=80))
def test_any_text_fits_one_page(make_report, text):
    report = make_report(slide_id=text, patient_id=text, operator=text, clinic=text, cells=())
    assert len(PdfReader(io.BytesIO(pdf_report(report))).pages) == 1


def test_many_classes_fit_one_page_and_none_is_lost(make_report):
    classes = tuple((f"class {number:02d}", 1) for number in range(40))
    report = make_report(reviewed=True, signed_version=2)
    reading = replace(report.reading, differential=classes, counted=42)
    (first,) = pages(replace(report, reading=reading, cells=()))
    assert "class 23" in first
    assert "19 further classes" in first
    assert "counted 42" in first


def test_many_cells_go_on_further_pages(make_report):
    picture = np.zeros((8, 8, 3), np.uint8)
    cells = (CellOfInterest(picture, "a very long name of a class", 0.5, False, "other"),) * 37
    assert len(pages(make_report(cells=cells))) == 3


def test_nothing_counted_is_said_to_be_not_known(make_report):
    report = make_report(reviewed=False)
    empty = replace(report.reading, counted=0, blasts=None, differential=(), unidentified=0)
    assert "not known" in pages(replace(report, reading=empty))[0]


def test_a_review_of_nothing_but_dirt_has_no_fraction(make_report):
    nothing = Counts(0, (("normal", 0),), 0, None, not_cells=40)
    assert "not known" in pages(replace(make_report(), reviewed=nothing))[0]


def test_a_deidentified_report_names_nobody_and_no_day(make_report):
    text = " ".join(pages(deidentified(make_report(reviewed=True, signed_version=2))))
    for hidden in (
        "S-1",
        "P-77",
        "Ada",
        "Priya",
        "Güemes",
        "3f2a9c1188",
        "11-21",
        "11-22",
        "02:03",
    ):
        assert hidden not in text
    assert "wrong class" not in text
    assert "see marrow" not in text
    assert "2026" in text
    assert "0123456789abcdef" in text


def test_without_its_fonts_the_package_to_install_is_named(make_report, monkeypatch, tmp_path):
    monkeypatch.setattr(pdf_sheet, "_REGULAR", (tmp_path / "none.ttf",))
    with pytest.raises(InputError, match="fonts-dejavu-core"):
        pdf_report(make_report())


def test_without_a_font_for_hindi_its_characters_are_numbers(make_report, monkeypatch, tmp_path):
    monkeypatch.setattr(pdf_sheet, "_DEVANAGARI", (tmp_path / "none.ttf",))
    assert "[U+092A]" in pages(make_report(operator="प"))[0]


def test_without_the_library_the_extra_is_named(make_report, monkeypatch):
    monkeypatch.setattr(pdf_sheet, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"edgeall\[pdf\]"):
        pdf_report(make_report())
