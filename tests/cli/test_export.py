from __future__ import annotations

import csv
import io
import subprocess
import zipfile


def test_a_slides_cells_are_written(edgeall, store_folder, tmp_path):
    path = tmp_path / "cells.csv"
    done = edgeall("export", "S-0001", "--csv", path, "--store", store_folder)
    assert (done.code, done.stdout) == (0, "")
    assert done.stderr == f"2 cells written to {path}\n"
    with path.open(encoding="utf-8", newline="") as opened:
        lines = list(csv.DictReader(opened))
    assert [line["slide"] for line in lines] == ["S-0001", "S-0001"]
    assert [line["counted"] for line in lines] == ["yes", "no"]


def test_a_dash_writes_the_table_alone_to_stdout(edgeall, store_folder):
    done = edgeall("export", "=cut", "--csv", "-", "--store", store_folder)
    assert (done.code, done.stderr) == (0, "")
    lines = list(csv.DictReader(io.StringIO(done.stdout, newline="")))
    assert [line["slide"] for line in lines] == ["'=cut", "'=cut"]


def test_a_file_is_not_replaced_without_force(edgeall, store_folder, tmp_path):
    path = tmp_path / "cells.csv"
    path.write_text("mine")
    refused = edgeall("export", "S-0001", "--csv", path, "--store", store_folder)
    assert refused.code == 2
    assert "--force" in refused.stderr
    assert path.read_text() == "mine"
    assert edgeall("export", "S-0001", "--csv", path, "--force", "--store", store_folder).code == 0
    assert path.read_text().startswith("slide,")


def test_an_unknown_slide_writes_nothing(edgeall, store_folder, tmp_path):
    path = tmp_path / "cells.csv"
    refused = edgeall("export", "S-001", "--csv", path, "--store", store_folder)
    assert refused.code == 2
    assert "did you mean S-0001" in refused.stderr
    assert not path.exists()


def test_a_folder_that_is_absent_is_named(edgeall, store_folder, tmp_path):
    path = tmp_path / "absent" / "cells.csv"
    refused = edgeall("export", "S-0001", "--csv", path, "--store", store_folder)
    assert refused.code == 5
    assert "its folder does not exist" in refused.stderr


def test_without_a_path_the_flag_is_asked_for(edgeall, store_folder):
    refused = edgeall("export", "S-0001", "--store", store_folder)
    assert refused.code == 2
    assert "--csv" in refused.stderr


def test_the_reports_are_written_as_a_folder_with_checksums(edgeall, store_folder, tmp_path):
    done = edgeall("export", "S-0001", "--to", tmp_path / "out", "--store", store_folder)
    assert (done.code, done.stdout) == (0, "")
    (folder,) = (tmp_path / "out").iterdir()
    assert folder.name.startswith("S-0001-")
    assert folder.name.endswith("-preliminary")
    assert f"7 files written to {folder}" in done.stderr
    subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=folder, check=True)
    assert (folder / "report.pdf").read_bytes().startswith(b"%PDF")


def test_only_what_was_asked_for_is_written(edgeall, store_folder, tmp_path):
    arguments = ("--fhir", "--tables", "--zip", "--clinic", "Kliniki", "--patient", "P-7")
    done = edgeall(
        "export", "S-0001", "--to", tmp_path / "out", *arguments, "--store", store_folder
    )
    assert done.code == 0
    (path,) = (tmp_path / "out").iterdir()
    with zipfile.ZipFile(path) as archive:
        names = {name.rsplit("/", 1)[-1] for name in archive.namelist()}
        (report,) = (name for name in archive.namelist() if name.endswith(".json"))
        written = archive.read(report).decode()
    assert names == {
        "report.fhir.json",
        "slide.csv",
        "slide.columns.txt",
        "cells.csv",
        "SHA256SUMS",
    }
    assert "Kliniki" in written
    assert "P-7" in written


def test_a_deidentified_export_does_not_say_the_slides_name(edgeall, store_folder, tmp_path):
    arguments = ("--deidentify", "--fhir", "--tables")
    done = edgeall(
        "export", "Jürgen 7", "--to", tmp_path / "out", *arguments, "--store", store_folder
    )
    assert done.code == 0
    (folder,) = (tmp_path / "out").iterdir()
    for text in (folder.name, *(path.read_text("utf-8") for path in folder.iterdir())):
        assert "rgen" not in text
        assert "ada" not in text.split()


def test_an_export_that_is_there_is_replaced_with_force_alone(edgeall, store_folder, tmp_path):
    arguments = ("export", "S-0001", "--to", tmp_path / "out", "--tables", "--store", store_folder)
    assert edgeall(*arguments).code == 0
    refused = edgeall(*arguments)
    assert refused.code == 2
    assert "--force" in refused.stderr
    assert edgeall(*arguments, "--force").code == 0


def test_a_slide_without_a_reading_has_no_report(edgeall, store_folder, tmp_path):
    refused = edgeall("export", "=cut", "--to", tmp_path / "out", "--store", store_folder)
    assert refused.code == 2
    assert "no reading yet" in refused.stderr
    assert not (tmp_path / "out").exists()


def test_a_table_takes_no_flag_of_the_reports_and_one_target_is_enough(
    edgeall, store_folder, tmp_path
):
    path = tmp_path / "cells.csv"
    stray = edgeall(
        "export", "S-0001", "--csv", path, "--deidentify", "--pdf", "--store", store_folder
    )
    assert stray.code == 2
    assert "--pdf, --deidentify" in stray.stderr
    both = edgeall("export", "S-0001", "--csv", path, "--to", tmp_path, "--store", store_folder)
    assert both.code == 2
    assert "one of the two" in both.stderr
    assert not path.exists()
