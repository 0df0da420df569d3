"""An export: a folder or a zip with a slide's reports, complete or absent, and its checksums."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from edgeall.errors import EdgeallError, UsageError
from edgeall.report.csv import SLIDE_COLUMNS, cells_csv, deidentified_cells, slides_csv
from edgeall.report.dicom import dicom_gallery
from edgeall.report.fhir import fhir_json
from edgeall.report.pdf import pdf_report
from edgeall.report.slide_report import deidentified
from edgeall.store.durable import disk_error, make_folder, sync_folder, write_durably

if TYPE_CHECKING:
    from edgeall.report.slide_report import SlideReport
    from edgeall.store.records import CellRow

Kind: TypeAlias = Literal["pdf", "fhir", "dicom", "csv"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

CHECKSUMS = "SHA256SUMS"
"""Name of the file that ``sha256sum -c`` reads."""

_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Contents:
    """What goes into an export.

    Attributes
    ----------
    name
        Of the folder or zip, safe in any file system.
    files
        By name, the checksums among them.
    left_out
        For each kind that could not be made, why.
    """

    name: str
    files: Mapping[str, bytes]
    left_out: Mapping[Kind, str]

    @property
    def sha256(self) -> str:
        """What identifies all of it: the sha256 of its checksums."""
        return hashlib.sha256(self.files[CHECKSUMS]).hexdigest()


def contents(
    report: SlideReport,
    cells: Sequence[CellRow],
    kinds: Sequence[Kind] = (),
    *,
    deidentify: bool = False,
) -> Contents:
    """Make the files of an export.

    Parameters
    ----------
    report
        What is to be told of the slide.
    cells
        Its cells; only those of the report's run are taken.
    kinds
        What to make; empty makes all that can be made and says what could not.
    deidentify
        Take away identities, persons, places and times but the year.

    Raises
    ------
    EdgeallError
        A kind that was asked for cannot be made; the message says why.
    """
    rows = [row for row in cells if row.run == report.run]
    if deidentify:
        report = deidentified(report)
        rows = deidentified_cells(rows, report.code)
    files: dict[str, bytes] = {}
    left_out: dict[Kind, str] = {}
    for kind in kinds or KINDS:
        try:
            files |= _files(kind, report, rows)
        except EdgeallError as error:
            if kinds:
                raise
            left_out[kind] = str(error)
    files[CHECKSUMS] = "".join(
        f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items())
    ).encode()
    return Contents(_name(report), files, left_out)


def _files(kind: Kind, report: SlideReport, rows: Sequence[CellRow]) -> dict[str, bytes]:
    match kind:
        case "pdf":
            return {"report.pdf": pdf_report(report)}
        case "fhir":
            return {"report.fhir.json": fhir_json(report)}
        case "dicom":
            return {"cells.dcm": dicom_gallery(report)}
        case "csv":
            columns = "".join(f"{name}: {means}\n" for name, means in SLIDE_COLUMNS.items())
            return {
                "slide.csv": slides_csv([report]).encode("utf-8", "replace"),
                "slide.columns.txt": f"{columns}n_CLASS: cells of a class\n".encode(),
                "cells.csv": cells_csv(rows, year_only=not report.identified).encode(
                    "utf-8", "replace"
                ),
            }


def _name(report: SlideReport) -> str:
    """Return a name that no slide's identity can turn into a path."""
    slug = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in report.slide_id)
    slug = slug[:_LONGEST_NAME].strip("-")
    version = f"v{report.version}" if report.version else "preliminary"
    parts = [slug, report.code, version] if report.identified and slug else [report.code, version]
    return "-".join(parts)


def write_folder(into: Path, made: Contents, *, replace: bool = False) -> Path:
    """Write an export as a folder of its own under ``into``; return its path.

    Raises
    ------
    UsageError
        There is such an export already, and it is not to be replaced.
    DiskFullError
        There is no room; nothing is left behind.
    StoreError
        It cannot be written there.
    """
    path = into / made.name
    _refuse_existing(path, replace=replace)
    aside = into / f".{made.name}.{secrets.token_hex(8)}"
    former = into / f".{made.name}.{secrets.token_hex(8)}"
    try:
        make_folder(into)
        aside.mkdir()
        for name, data in made.files.items():
            _write(aside / name, data)
        sync_folder(aside)
        if path.exists():
            path.rename(former)
        aside.rename(path)
        sync_folder(into)
    except OSError as error:
        raise disk_error(path, error) from error
    finally:
        if former.exists() and not path.exists():
            former.rename(path)
        for leftover in (aside, former):
            with suppress(OSError):
                shutil.rmtree(leftover)
    return path


def write_zip(into: Path, made: Contents, *, replace: bool = False) -> Path:
    """Write an export as one zip under ``into``; return its path. Raises as `write_folder`."""
    path = into / f"{made.name}.zip"
    _refuse_existing(path, replace=replace)
    try:
        make_folder(into)
    except OSError as error:
        raise disk_error(into, error) from error
    write_durably(path, _zipped(made))
    return path


def _zipped(made: Contents) -> bytes:
    """Return the zip, the same bytes for the same files."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in made.files.items():
            entry = zipfile.ZipInfo(f"{made.name}/{name}")
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return written.getvalue()


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())


def _refuse_existing(path: Path, *, replace: bool) -> None:
    if path.exists() and not replace:
        raise UsageError(f"{path}: there is such an export already; add --force to replace it.")
