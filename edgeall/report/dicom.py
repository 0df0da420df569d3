"""The cells of interest as DICOM: one VL Microscopic Image, for a picture archive.

It is a gallery of the stored cells with the network's and the persons' words under
them. Identity stands in the attributes, never in the picture. All UIDs are
derived from the record's code and the picture, under 2.25, the root for UUIDs.
"""

from __future__ import annotations

import hashlib
import io
import unicodedata
import uuid
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from edgeall.errors import MissingExtraError, UsageError
from edgeall.report.interest import SIDE
from edgeall.report.rows import DISCLAIMER

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from edgeall.camera.frame import Pixels
    from edgeall.report.slide_report import CellOfInterest, SlideReport, When

VL_MICROSCOPIC_IMAGE: Final = "1.2.840.10008.5.1.4.1.1.77.1.2"
_EXPLICIT_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1"

_OURS: Final = uuid.UUID("0d8f2f0c-9a57-4c0e-8d53-5b2b8f6c7e42")
_COLUMNS = 6
_GAP = 8
_CAPTION = 40
_FOOTER = 30
_LONGEST = 64
"""Characters of a DICOM long string (LO)."""


def dicom_gallery(report: SlideReport) -> bytes:
    """Return a DICOM file with a slide's cells of interest.

    Raises
    ------
    MissingExtraError
        pydicom is not installed.
    UsageError
        There is no picture of any cell of interest.
    """
    if find_spec("pydicom") is None:
        raise MissingExtraError(
            "A DICOM file needs pydicom, which is not installed; run pip install 'edgeall[dicom]'."
        )
    import pydicom
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID

    pixels = gallery(report)
    image = Dataset()
    image.SpecificCharacterSet = "ISO_IR 192"
    image.TimezoneOffsetFromUTC = "+0000"
    _identify(image, report, pixels)
    _describe(image, report)
    _picture(image, pixels)
    image.file_meta = FileMetaDataset()
    image.file_meta.MediaStorageSOPClassUID = UID(VL_MICROSCOPIC_IMAGE)
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    image.file_meta.TransferSyntaxUID = UID(_EXPLICIT_LITTLE_ENDIAN)
    image.file_meta.ImplementationClassUID = UID(_uid("implementation"))
    written = io.BytesIO()
    pydicom.dcmwrite(written, image, enforce_file_format=True)
    return written.getvalue()


def gallery(report: SlideReport) -> Pixels:
    """Return the cells of interest in rows, ``(h, w, 3)``, with words under each.

    Raises
    ------
    UsageError
        There is no picture of any of them.
    """
    shown = [cell for cell in report.cells if cell.pixels is not None]
    if not shown:
        raise UsageError(
            "This slide has no picture of a cell of interest that is still stored, so there is "
            "nothing for DICOM; export it as PDF or FHIR."
        )
    rows = -(-len(shown) // _COLUMNS)
    step = SIDE + _GAP
    width, height = _COLUMNS * step + _GAP, rows * (step + _CAPTION) + _GAP + _FOOTER
    sheet = Image.new("RGB", (width, height), (255, 255, 255))
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=14)
    for number, cell in enumerate(shown):
        left = _GAP + number % _COLUMNS * step
        top = _GAP + number // _COLUMNS * (step + _CAPTION)
        _place(sheet, draw, cell, left, top, font)
    footer = f"This {DISCLAIMER}."
    if report.signed is None:
        footer = f"PRELIMINARY, not signed. {footer}"
    draw.text((_GAP, height - _FOOTER + 4), footer, font=font, fill=(0, 0, 0))
    return np.asarray(sheet, np.uint8)


def _place(
    sheet: Image.Image,
    draw: ImageDraw.ImageDraw,
    cell: CellOfInterest,
    left: int,
    top: int,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    assert cell.pixels is not None
    sheet.paste(Image.fromarray(cell.pixels).resize((SIDE, SIDE)), (left, top))
    thick = 4 if cell.is_blast else 1
    draw.rectangle((left, top, left + SIDE - 1, top + SIDE - 1), outline=(0, 0, 0), width=thick)
    words = [f"{_plain(cell.call)} {cell.confidence:.0%}"]
    if cell.reviewed is not None:
        words.append(f"> {_plain(cell.reviewed)}")
    for number, line in enumerate(words):
        draw.text((left, top + SIDE + 3 + 17 * number), line[:24], font=font, fill=(0, 0, 0))


def _plain(text: str) -> str:
    """Return text in the letters of the built-in font, others as their numbers."""
    return text.encode("ascii", "backslashreplace").decode("ascii")


def _identify(image: Dataset, report: SlideReport, pixels: Pixels) -> None:
    """Set patient, study, series, equipment and instance."""
    whose = f"{report.code}/{'identified' if report.identified else 'deidentified'}"
    drawn = hashlib.sha256(pixels.tobytes()).hexdigest()
    image.PatientName = ""
    image.PatientID = _long(report.patient_id or "")
    image.PatientBirthDate = image.PatientSex = ""
    if not report.identified:
        image.PatientIdentityRemoved = "YES"
        image.DeidentificationMethod = "Identities, persons, places and times taken away"
    image.StudyInstanceUID = _uid(f"{whose}/study")
    image.StudyDate, image.StudyTime = _date_and_time(report.begun)
    image.ReferringPhysicianName = image.AccessionNumber = ""
    image.StudyID = report.code
    image.Modality = "GM"
    image.SeriesInstanceUID = _uid(f"{whose}/series")
    image.SeriesNumber = 1
    image.SeriesDescription = "Cells of interest"
    image.Manufacturer = "edgeall"
    image.InstitutionName = _long(report.clinic)
    image.DeviceSerialNumber = _long(report.device_id)
    image.SoftwareVersions = _long(report.software)
    image.SOPClassUID = VL_MICROSCOPIC_IMAGE
    image.SOPInstanceUID = _uid(f"{whose}/{report.version}/{drawn}")
    image.InstanceNumber = report.version + 1
    if not report.read.year_only:
        image.ContentDate, image.ContentTime = _date_and_time(report.read)


def _describe(image: Dataset, report: SlideReport) -> None:
    """Set what the picture is of, and what was found."""
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    image.ImageType = ["DERIVED", "SECONDARY"]
    image.DerivationDescription = "Cells cut out of the stored fields, scaled and captioned"
    image.BurnedInAnnotation = "NO"
    image.PatientOrientation = ""
    image.AcquisitionContextSequence = Sequence()
    image.ContainerIdentifier = _long(report.slide_id) or report.code
    image.IssuerOfTheContainerIdentifierSequence = Sequence()
    image.ContainerTypeCodeSequence = Sequence()
    specimen = Dataset()
    specimen.SpecimenIdentifier = image.ContainerIdentifier
    specimen.IssuerOfTheSpecimenIdentifierSequence = Sequence()
    specimen.SpecimenUID = _uid(f"{report.code}/specimen")
    specimen.SpecimenShortDescription = "Blood smear"
    specimen.SpecimenPreparationSequence = Sequence()
    image.SpecimenDescriptionSequence = Sequence([specimen])
    image.ImageComments = _comment(report)


def _comment(report: SlideReport) -> str:
    blasts = report.counts.blasts
    found = "Blasts: not known."
    if blasts:
        found = (
            f"Blasts: {blasts.value:.1%} ({blasts.count} of {blasts.total}; 95% interval "
            f"{blasts.low:.1%} to {blasts.high:.1%})."
        )
    flags = ", ".join(report.flags) or "none"
    return (
        f"{report.status.upper()}. {found} Flags: {flags}. Network: {_held(report.bundle)}. "
        f"Stored record {report.code}. This {DISCLAIMER}."
    )


def _picture(image: Dataset, pixels: Pixels) -> None:
    """Set the pixels, RGB without further compression."""
    image.Rows, image.Columns = pixels.shape[:2]
    image.SamplesPerPixel = 3
    image.PhotometricInterpretation = "RGB"
    image.PlanarConfiguration = 0
    image.BitsAllocated = image.BitsStored = 8
    image.HighBit = 7
    image.PixelRepresentation = 0
    # Some cameras give JPEG: whether and how far the fields were compressed is not known here.
    image.LossyImageCompression = ""
    data = pixels.tobytes()
    image.PixelData = data + b"\0" * (len(data) % 2)


def _date_and_time(when: When) -> tuple[str, str]:
    if when.year_only:
        return "", ""
    return f"{when.at:%Y%m%d}", f"{when.at:%H%M%S}"


def _long(text: str) -> str:
    """Return what a long string can hold, cut with an ellipsis where it is too long."""
    held = _held(text)
    return held if len(held) <= _LONGEST else f"{held[: _LONGEST - 1]}…"


def _held(text: str) -> str:
    """Return text without control characters and the backslash, which parts values."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}"
        if sign == "\\" or unicodedata.category(sign) in ("Cc", "Cs")
        else sign
        for sign in text
    ).strip()


def _uid(name: str) -> str:
    return f"2.25.{uuid.uuid5(_OURS, name).int}"
