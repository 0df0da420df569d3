"""``edgeall export``: a slide's cells as a table, or its reports as a package."""

# No postponed annotations here: typer would evaluate each of them again, which --help waits for.

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgeall.cli.stored import find_slide, store_folder
from edgeall.errors import UsageError

if TYPE_CHECKING:
    from edgeall.report.package import Contents, Kind
    from edgeall.store.records import SlideSummary
    from edgeall.store.store import Store


def export(
    slide: Annotated[str, typer.Argument(metavar="SLIDE", help="The slide's identity.")],
    csv: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Write one line a cell to this file; - for stdout."),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Write the newest reading's reports as a folder in this one."
        ),
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="With --to: the report as PDF.")] = False,
    fhir: Annotated[bool, typer.Option("--fhir", help="With --to: as a FHIR R4 Bundle.")] = False,
    dicom: Annotated[
        bool, typer.Option("--dicom", help="With --to: the cells of interest as DICOM.")
    ] = False,
    tables: Annotated[
        bool, typer.Option("--tables", help="With --to: the slide and its cells as CSV.")
    ] = False,
    deidentify: Annotated[
        bool,
        typer.Option("--deidentify", help="With --to: no identity, person, place, or day."),
    ] = False,
    as_zip: Annotated[
        bool, typer.Option("--zip", help="With --to: one zip instead of a folder.")
    ] = False,
    clinic: Annotated[
        str, typer.Option(metavar="NAME", help="With --to: the clinic that reports.")
    ] = "",
    patient: Annotated[
        str | None, typer.Option(metavar="ID", help="With --to: the patient or specimen.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    store: Annotated[
        Path | None, typer.Option(help="The folder of the database. [default: from the settings]")
    ] = None,
    settings: Annotated[Path | None, typer.Option(help="The settings file (TOML).")] = None,
) -> None:
    """Write every cell of a slide with its call, or the slide's reports with checksums.

    It supports a skilled morphologist and does not replace one.
    """
    wanted = {"--pdf": pdf, "--fhir": fhir, "--dicom": dicom, "--tables": tables}
    only_to = {**wanted, "--deidentify": deidentify, "--zip": as_zip}
    only_to |= {"--clinic": bool(clinic), "--patient": patient is not None}
    if csv is not None and to is None:
        _refuse_without_to(only_to)
        _write_cells(slide, csv, force=force, store=store, settings=settings)
        return
    if to is None or csv is not None:
        raise UsageError(
            "Say where to: --csv PATH writes the table of cells, --to DIR the reports; "
            "give one of the two."
        )
    from edgeall.report.package import write_folder, write_zip

    made = _contents(
        slide,
        [_KINDS[flag] for flag, given in wanted.items() if given],
        (clinic, patient),
        deidentify=deidentify,
        store=store,
        settings=settings,
    )
    written = (write_zip if as_zip else write_folder)(to, made, replace=force)
    for kind, why in made.left_out.items():
        typer.echo(f"edgeall: {kind} left out: {why}", err=True)
    typer.echo(f"{len(made.files)} files written to {written}", err=True)


_KINDS: "dict[str, Kind]" = {
    "--pdf": "pdf",
    "--fhir": "fhir",
    "--dicom": "dicom",
    "--tables": "csv",
}


def _refuse_without_to(given: dict[str, bool]) -> None:
    stray = [flag for flag, was in given.items() if was]
    if stray:
        raise UsageError(f"{', '.join(stray)} needs --to DIR instead of --csv PATH.")


def _write_cells(
    slide: str, csv: Path, *, force: bool, store: Path | None, settings: Path | None
) -> None:
    from edgeall.report.csv import cells_csv, write_cells_csv
    from edgeall.store.store import Store

    to_stdout = str(csv) == "-"
    if csv.is_file() and not force and not to_stdout:
        raise UsageError(f"{csv}: there is such a file already; add --force to replace it.")
    with Store.open(store_folder(store, settings), read_only=True) as opened:
        summary = find_slide(opened, slide)
        _refuse_drifted(opened, summary, settings)
        rows = list(opened.cells(summary.slide_id))
    if to_stdout:
        typer.echo(cells_csv(rows).encode("utf-8", "replace"), nl=False)
    else:
        count = write_cells_csv(csv, rows)
        typer.echo(f"{count} {'cell' if count == 1 else 'cells'} written to {csv}", err=True)


def _contents(
    slide: str,
    kinds: "list[Kind]",
    known: tuple[str, str | None],
    *,
    deidentify: bool,
    store: Path | None,
    settings: Path | None,
) -> "Contents":
    from edgeall.report.device import device_id
    from edgeall.report.from_store import Sender, slide_report
    from edgeall.report.package import contents
    from edgeall.store.store import Store

    clinic, patient = known
    with Store.open(store_folder(store, settings), read_only=True) as opened:
        summary = find_slide(opened, slide)
        _refuse_drifted(opened, summary, settings)
        sender = Sender(clinic, device_id())
        report = slide_report(opened, summary.slide_id, sender, patient_id=patient)
        return contents(report, list(opened.cells(summary.slide_id)), kinds, deidentify=deidentify)


def _refuse_drifted(store: "Store", summary: "SlideSummary", settings: Path | None) -> None:
    """Refuse a slide that was read under a light that has moved and that nobody accepted."""
    from edgeall.camera.lock import camera_name
    from edgeall.service.calibrated import reporting_stopped
    from edgeall.settings.load import load_settings

    latest = summary.latest
    if latest is None or "illumination drift" not in latest.reading.flags:
        return
    why = reporting_stopped(store, camera_name(latest.source), load_settings(settings).drift)
    if why is not None:
        raise UsageError(why)
