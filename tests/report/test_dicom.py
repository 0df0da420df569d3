from __future__ import annotations

import io
import shutil
import subprocess

import numpy as np
import pydicom
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydicom.uid import UID

from edgeall.errors import MissingExtraError, UsageError
from edgeall.report import dicom
from edgeall.report.dicom import VL_MICROSCOPIC_IMAGE, dicom_gallery
from edgeall.report.slide_report import CellOfInterest, deidentified


def read(report) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(dicom_gallery(report)))


def complaints(report, tmp_path) -> list[str]:
    """Return what dciodvfy (dicom3tools) has against a file."""
    path = tmp_path / "image.dcm"
    path.write_bytes(dicom_gallery(report))
    said = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=False)
    return [line for line in (said.stdout + said.stderr).splitlines() if line.startswith("Error")]


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="needs apt install dicom3tools")
@pytest.mark.parametrize("identified", [True, False])
def test_a_validator_has_nothing_against_it(make_report, tmp_path, identified):
    report = make_report(reviewed=True, signed_version=1)
    assert complaints(report if identified else deidentified(report), tmp_path) == []


def test_it_is_a_microscopic_image_of_the_specimen(make_report):
    image = read(make_report())
    assert image.SOPClassUID == VL_MICROSCOPIC_IMAGE
    assert (image.Modality, image.PatientID, image.ContainerIdentifier) == ("GM", "P-77", "S-1")
    assert image.SpecimenDescriptionSequence[0].SpecimenIdentifier == "S-1"
    assert (image.StudyDate, image.StudyTime) == ("20261121", "020304")
    assert "PRELIMINARY. Blasts: 21.1% (8 of 38" in image.ImageComments
    assert "supports, and does not replace" in image.ImageComments
    assert image.pixel_array.shape == (image.Rows, image.Columns, 3)
    assert image.pixel_array.std() > 1


def test_uids_are_of_the_record_and_the_picture(make_report):
    one, same = read(make_report()), read(make_report())
    signed, other = read(make_report(signed_version=1)), read(make_report(code="f" * 16))
    assert one.SOPInstanceUID == same.SOPInstanceUID
    assert one.StudyInstanceUID == signed.StudyInstanceUID != other.StudyInstanceUID
    assert one.SOPInstanceUID != signed.SOPInstanceUID
    assert all(
        UID(uid).is_valid
        for uid in (one.SOPInstanceUID, one.StudyInstanceUID, one.SeriesInstanceUID)
    )
    assert dicom_gallery(make_report()) == dicom_gallery(make_report())


def test_a_deidentified_image_names_nobody_and_no_day(make_report):
    report = make_report(reviewed=True, signed_version=2)
    image, former = read(deidentified(report)), read(report)
    written = str(image)
    for hidden in ("S-1", "P-77", "Ada", "Priya", "Güemes", "3f2a9c1188", "20261121"):
        assert hidden not in written
    assert image.PatientIdentityRemoved == "YES"
    assert (image.PatientID, image.StudyDate) == ("", "")
    assert image.StudyInstanceUID != former.StudyInstanceUID


def test_many_cells_make_rows(make_report):
    picture = np.zeros((20, 20, 3), np.uint8)
    few, many = (
        read(make_report(cells=(CellOfInterest(picture, "blast", 0.9, True, None),) * number))
        for number in (1, 13)
    )
    assert few.Columns == many.Columns
    assert many.Rows > 2 * few.Rows


def test_without_pictures_there_is_nothing_for_dicom(make_report):
    with pytest.raises(UsageError, match="export it as PDF or FHIR"):
        dicom_gallery(make_report(cells=(CellOfInterest(None, "blast", 0.9, True, None),)))


def test_without_the_library_the_extra_is_named(make_report, monkeypatch):
    monkeypatch.setattr(dicom, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"edgeall\[dicom\]"):
        dicom_gallery(make_report())


@settings(max_examples=25)
@example(text="a\\b\0\x1b")
@example(text="x" * 500)
@example(text="שלום")
@example(text=" ")
@given(text=st.text(max_size=80))
def test_any_text_can_be_read_back(make_report, text):
    image = read(make_report(slide_id=text, patient_id=text, clinic=text, bundle=text))
    assert len(image.PatientID or "") <= 64
    assert 0 < len(image.ContainerIdentifier) <= 64
