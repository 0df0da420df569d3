from __future__ import annotations

import csv
import errno
import hashlib
import io
import os
import subprocess
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edgeall.cells.cell import Box
from edgeall.errors import DiskFullError, MissingExtraError, StoreError, UsageError
from edgeall.model.call import Call
from edgeall.report import device, dicom
from edgeall.report.csv import SLIDE_COLUMNS, slides_csv
from edgeall.report.package import CHECKSUMS, contents, write_folder, write_zip
from edgeall.store.records import CellRow

CELL = CellRow(
    slide_id="S-1",
    run=1,
    field=3,
    image=Path("/store/images/ab/abcd.jpg"),
    origin="/home/ada/S-1/1.jpg",
    taken_at=datetime(2026, 11, 21, 2, 3, 4, tzinfo=UTC),
    box=Box(10, 20, 30, 40),
    call=Call("blast", 0.93, True, True, (0.07, 0.93)),
    labels=("normal", "blast"),
    counted=True,
    bundle="b 1 (abababababab)",
)
ALL = {
    "report.pdf",
    "report.fhir.json",
    "cells.dcm",
    "slide.csv",
    "slide.columns.txt",
    "cells.csv",
    CHECKSUMS,
}


def slide_line(*reports) -> dict[str, str]:
    return next(csv.DictReader(io.StringIO(slides_csv(reports), newline="")))


def test_an_export_holds_every_kind_and_its_checksums_fit(make_report, tmp_path):
    made = contents(make_report(), [CELL])
    path = write_folder(tmp_path / "stick", made)
    assert path.name == "S-1-0123456789abcdef-preliminary"
    assert {file.name for file in path.iterdir()} == ALL
    assert made.left_out == {}
    subprocess.run(["sha256sum", "-c", "--strict", CHECKSUMS], cwd=path, check=True)
    assert made.sha256 == hashlib.sha256((path / CHECKSUMS).read_bytes()).hexdigest()


def test_the_same_slide_gives_the_same_zip(make_report, tmp_path):
    first, second = (
        write_zip(tmp_path / name, contents(make_report(), [CELL])) for name in ("a", "b")
    )
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert archive.testzip() is None
        assert {Path(name).name for name in archive.namelist()} == ALL


def test_only_cells_of_the_reported_run_are_taken(make_report):
    made = contents(make_report(), [CELL, replace(CELL, run=2)], ["csv"])
    assert made.files["cells.csv"].count(b"\r\n") == 2


def test_a_kind_that_cannot_be_made_is_left_out_unless_it_was_asked_for(make_report, monkeypatch):
    monkeypatch.setattr(dicom, "find_spec", lambda name: None)
    made = contents(make_report(), [CELL])
    assert "edgeall[dicom]" in made.left_out["dicom"]
    assert set(made.files) == ALL - {"cells.dcm"}
    with pytest.raises(MissingExtraError):
        contents(make_report(), [CELL], ["dicom"])


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_full_disk_leaves_nothing_behind(make_report, tmp_path, monkeypatch, after):
    made = contents(make_report(), [CELL], ["csv", "fhir"])
    synced = []

    def fsync(descriptor: int) -> None:
        synced.append(descriptor)
        if len(synced) > after:
            raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(DiskFullError):
        write_folder(tmp_path, made)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_replacement_leaves_the_former_export(make_report, tmp_path, monkeypatch):
    path = write_folder(tmp_path, contents(make_report(), [CELL], ["csv"]))
    renamed = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if target == path and len(list(tmp_path.glob(".*"))) == 2:
            monkeypatch.setattr(Path, "rename", renamed)
            raise OSError(errno.EIO, "broken")
        return renamed(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(StoreError):
        write_folder(tmp_path, contents(make_report(), [CELL], ["fhir"]), replace=True)
    assert list(tmp_path.iterdir()) == [path]
    assert (path / "slide.csv").exists()


@pytest.mark.parametrize("write", [write_folder, write_zip])
def test_an_export_is_replaced_only_where_that_was_asked_for(make_report, tmp_path, write):
    path = write(tmp_path, contents(make_report(), [CELL], ["csv"]))
    other = contents(make_report(), [CELL], ["fhir"])
    with pytest.raises(UsageError, match="--force"):
        write(tmp_path, other)
    assert write(tmp_path, other, replace=True) == path
    assert list(tmp_path.iterdir()) == [path]


def test_a_deidentified_export_names_nobody_and_no_day_in_any_file(make_report):
    report = make_report(reviewed=True, signed_version=2)
    made = contents(report, [CELL], deidentify=True)
    assert made.name == "0123456789abcdef-v2"
    assert set(made.files) == ALL
    for name, data in made.files.items():
        if name in ("report.pdf", "cells.dcm"):  # read in their own tests
            continue
        for hidden in ("S-1", "P-77", "Ada", "Priya", "Güemes", "3f2a9c1188", "-11-2", "/"):
            if hidden != "/" or name == "cells.csv":
                assert hidden.encode() not in data, (name, hidden)
    assert b",2026," in made.files["cells.csv"]


@example(text="../../etc/passwd")
@example(text="..")
@example(text="CON:\\aux\n")
@example(text="é" * 300)
@given(text=st.text())
def test_no_identity_leads_out_of_the_folder(make_report, text):
    name = contents(make_report(slide_id=text), [], ["csv"]).name
    assert Path(name).name == name
    assert name.isascii()
    assert not name.startswith((".", "-"))
    assert len(name) < 100


def test_a_slide_is_one_line_that_says_what_counts(make_report):
    line = slide_line(make_report(reviewed=True, signed_version=2))
    assert list(line)[: len(SLIDE_COLUMNS)] == list(SLIDE_COLUMNS)
    assert {
        "slide": "S-1",
        "status": "amended",
        "version": "2",
        "signer": "Dr. Priya",
        "clock_synchronised": "no",
        "blasts": "6",
        "identified": "38",
        "blasts_percent": "15.79",
        "network_blasts_percent": "21.05",
        "flags": "out of focus; too few cells",
        "not_cells": "1",
        "n_monocyte": "1",
    }.items() <= line.items()


@given(text=st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")))
def test_no_text_of_a_slide_is_a_formula(make_report, text):
    report = make_report(
        signed_version=1, slide_id=text, patient_id=text, operator=text, clinic=text, bundle=text
    )
    line = slide_line(report)
    for name in ("slide", "patient", "operator", "clinic", "bundle"):
        assert line[name] in (text, f"'{text}")
        assert line[name].lstrip()[:1] not in ("=", "+", "-", "@")


def test_the_device_is_told_by_a_hash_of_its_id(tmp_path, monkeypatch):
    monkeypatch.setattr(device, "_MACHINE_ID", tmp_path / "machine-id")
    assert device.device_id() == ""
    (tmp_path / "machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    assert len(device.device_id()) == 12
    assert device.device_id() not in "0123456789abcdef0123456789abcdef"
