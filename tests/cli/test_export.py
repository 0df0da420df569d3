from __future__ import annotations

import csv
import io


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
