"""``edgeall evaluate``, run as a person runs it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edgeall.report.rows import DISCLAIMER
from edgeall.samples.paths import cells_folder


def _run(*arguments: object, width: int = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edgeall", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": str(width)},
    )


def test_the_tables_show_every_kind_of_score(tiny_bundle):
    ended = _run("evaluate", tiny_bundle, cells_folder())
    assert (ended.returncode, ended.stderr) == (0, "")
    for shown in (
        "tiny 1",
        "91.67%",
        "64.6 to 98.5%",
        "sensitivity to blasts",
        "Classification report",
        "Confusion matrix",
        "Calibration",
        "By subject",
        "H14",
        DISCLAIMER,
    ):
        assert shown in ended.stdout


def test_json_is_one_document(tiny_bundle):
    document = json.loads(_run("evaluate", tiny_bundle, cells_folder(), "--json").stdout)
    assert document["scores"]["accuracy"]["count"] == 11
    assert document["skipped"] == []
    assert DISCLAIMER in document["disclaimer"]


def test_a_bad_image_is_named_and_the_others_are_shown(tiny_bundle, tmp_path):
    folder = tmp_path / "cells"
    shutil.copytree(cells_folder(), folder)
    (folder / "blast" / "bad.png").write_bytes(b"")
    ended = _run("evaluate", tiny_bundle, folder, "--json")
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["scores"]["images"] == 12
    assert "bad.png: the file is empty" in ended.stderr
    assert "1 of 13 images were skipped" in ended.stderr


def test_the_csv_is_written_beside_the_tables(tiny_bundle, tmp_path):
    csv = tmp_path / "images.csv"
    assert _run("evaluate", tiny_bundle, cells_folder(), "--csv", csv).returncode == 0
    assert len(csv.read_text().splitlines()) == 13
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_plain_network_asks_for_all_its_facts_at_once(networks):
    ended = _run("evaluate", networks / "tiny_int8.tflite", cells_folder())
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert "--labels, --blasts, --preprocess" in ended.stderr


def test_a_plain_network_is_measured_with_facts_typed_in(networks):
    facts = ("--labels", "normal,blast", "--blasts", "blast", "--preprocess", "none")
    for name in ("tiny_int8", "tiny_float"):
        ended = _run("evaluate", networks / f"{name}.tflite", cells_folder(), *facts, "--json")
        assert json.loads(ended.stdout)["scores"]["accuracy"]["count"] == 11


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--labels", "normal,blast", "--blasts", "x", "--preprocess", "none"), "names x"),
        (("--labels", "a,b,c", "--blasts", "", "--preprocess", "none"), "takes 2 labels"),
    ],
)
def test_facts_that_do_not_fit_are_refused(networks, flags, sentence):
    ended = _run("evaluate", networks / "tiny_int8.tflite", cells_folder(), *flags)
    assert ended.returncode == 2
    assert sentence in ended.stderr


def test_facts_beside_a_manifest_are_refused(tiny_bundle):
    ended = _run("evaluate", tiny_bundle, cells_folder(), "--labels", "a,b")
    assert ended.returncode == 2
    assert "its manifest says what --labels would" in ended.stderr


@pytest.mark.parametrize(
    ("model", "folder", "sentence"),
    [
        ("absent.tflite", ".", "there is no such file"),
        (__file__, ".", "this is no TFLite file"),
    ],
)
def test_a_model_that_is_none_is_one_sentence(model, folder, sentence):
    ended = _run("evaluate", model, folder)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert sentence in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_folder_without_labels_is_one_sentence(tiny_bundle):
    ended = _run("evaluate", tiny_bundle, Path(cells_folder()).parent / "fields")
    assert ended.returncode == 3
    assert "name the folders normal, blast" in ended.stderr
