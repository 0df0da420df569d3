from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeall.cells.cell import Box
from edgeall.errors import StoreError
from edgeall.model.call import Call
from edgeall.report.csv import cells_csv, harmless, write_cells_csv
from edgeall.store.records import CellRow

ROW = CellRow(
    slide_id="S-1",
    run=2,
    field=3,
    image=Path("/store/images/ab/abcd.jpg"),
    origin="smear/1.jpg",
    taken_at=datetime(2026, 11, 21, 2, 3, 4, tzinfo=UTC),
    box=Box(10, 20, 30, 40),
    call=Call("blast", 0.93, True, True, (0.07, 0.93)),
    labels=("normal", "blast"),
    counted=True,
    bundle="b 1 (abababababab)",
)


def parsed(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_cell_is_one_line_with_all_that_is_known_of_it():
    (line,) = parsed(cells_csv([ROW]))
    assert line == {
        "slide": "S-1",
        "run": "2",
        "field": "3",
        "origin": "smear/1.jpg",
        "image": "/store/images/ab/abcd.jpg",
        "taken_at": "2026-11-21T02:03:04+00:00",
        "left": "10",
        "top": "20",
        "width": "30",
        "height": "40",
        "label": "blast",
        "confidence": "0.9300",
        "identified": "yes",
        "blast": "yes",
        "counted": "yes",
        "bundle": "b 1 (abababababab)",
        "p_normal": "0.0700",
        "p_blast": "0.9300",
    }


def test_lines_end_as_rfc_4180_says():
    text = cells_csv([ROW, ROW])
    assert text.count("\r\n") == 3
    assert "\n" not in text.replace("\r\n", "")


def test_a_whole_field_has_no_box_and_an_unread_run_no_count():
    (line,) = parsed(cells_csv([replace(ROW, box=None, counted=None)]))
    assert [line[name] for name in ("left", "top", "width", "height", "counted")] == [""] * 5


def test_cells_of_two_bundles_share_the_columns_of_both():
    other = replace(
        ROW, labels=("blast", "Pro"), call=replace(ROW.call, probabilities=(0.25, 0.75))
    )
    first, second = parsed(cells_csv([ROW, other]))
    assert (first["p_normal"], first["p_blast"], first["p_Pro"]) == ("0.0700", "0.9300", "")
    assert (second["p_normal"], second["p_blast"], second["p_Pro"]) == ("", "0.2500", "0.7500")


def test_no_cells_make_a_line_of_names_only():
    assert cells_csv([]).startswith("slide,run,field,")
    assert parsed(cells_csv([])) == []


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1", "\N{FULLWIDTH EQUALS SIGN}1"],
)
def test_a_formula_is_made_harmless(text):
    (line,) = parsed(cells_csv([replace(ROW, slide_id=text, origin=text)]))
    assert line["slide"] == f"'{text}"
    assert line["origin"] == f"'{text}"


@pytest.mark.parametrize("text", ["S-1", "a=b", "Müller, Ada", 'the "second"', "1.5", "", "üñ漢"])
def test_ordinary_text_is_left_as_it_is(text):
    assert harmless(text) == text


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")))
def test_any_text_can_be_read_back(text):
    (line,) = parsed(cells_csv([replace(ROW, slide_id=text)]))
    assert line["slide"] in (text, f"'{text}")
    assert line["slide"][:1] not in ("=", "+", "-", "@", "\t", "\r")


def test_a_file_is_written_as_utf8_and_counted(tmp_path):
    path = tmp_path / "cells.csv"
    assert write_cells_csv(path, iter([replace(ROW, slide_id="Öl")])) == 1
    assert "Öl" in path.read_bytes().decode("utf-8")
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_has_the_rights_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    write_cells_csv(tmp_path / "cells.csv", [ROW])
    assert (tmp_path / "cells.csv").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("absent/cells.csv", "its folder does not exist"),
        (".", "no ordinary file"),
        ("file/cells.csv", "a file lies where a folder must be"),
    ],
)
def test_a_place_that_cannot_be_written_is_named(tmp_path, name, said):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=said):
        write_cells_csv(tmp_path / name, [ROW])


def test_a_device_is_not_replaced_by_a_file():
    with pytest.raises(StoreError, match="no ordinary file"):
        write_cells_csv(Path("/dev/null"), [ROW])
    assert Path("/dev/null").is_char_device()


def test_through_a_link_its_target_is_written(tmp_path):
    target = tmp_path / "target.csv"
    target.write_text("former")
    (tmp_path / "link.csv").symlink_to(target)
    write_cells_csv(tmp_path / "link.csv", [ROW])
    assert (tmp_path / "link.csv").is_symlink()
    assert target.read_text().startswith("slide,")
