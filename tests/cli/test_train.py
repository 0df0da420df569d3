"""``edgeall train``, run as a person runs it, on the sample cells."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgeall.report.rows import DISCLAIMER
from edgeall.samples.paths import cells_folder

pytestmark = pytest.mark.workstation

SMALL = ("--network", "lenet", "--input-size", 48, "--batch", 4)
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "COLUMNS": "120"}


def _command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "edgeall", *map(str, arguments)]


def _run(*arguments: object) -> subprocess.CompletedProcess[str]:
    ended = subprocess.run(
        _command(*arguments), capture_output=True, text=True, timeout=300, env=ENVIRONMENT
    )
    assert "Traceback" not in ended.stderr
    return ended


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    out = tmp_path_factory.mktemp("runs") / "lenet"
    return out, _run("train", cells_folder(), *SMALL, "--epochs", 2, "-o", out)


def test_the_scores_the_report_and_the_next_command_are_printed(run):
    out, ended = run
    assert ended.returncode == 0, ended.stderr
    for shown in (
        "Confusion matrix",
        "By subject",
        "lenet, published recipe",
        "Its source reports 95.75%",
        f"{out}/report.html",
        f"edgeall convert {out}/model.keras --evaluate {out}/test",
        DISCLAIMER,
    ):
        assert shown in ended.stdout
    assert "warning: trained for 2 epochs instead of 40." in ended.stderr


def test_the_run_folder_holds_everything(run):
    out, _ = run
    names = {path.name for path in out.iterdir()}
    assert {"model.keras", "model.edgeall.json", "split.json", "calibration", "test"} <= names
    assert {"report.json", "report.html", "curves.svg", "confusion.svg"} <= names
    assert "interrupted" not in names
    facts = json.loads((out / "model.edgeall.json").read_text())
    assert facts["labels"] == ["normal", "blast"]
    assert facts["blasts"] == ["blast"]
    assert (facts["unit"], facts["background"], facts["preprocess"]) == ("cell", "black", "none")
    assert facts["cell_diameter_px"] == pytest.approx(48 * 205 / 450, rel=0.1)
    assert facts["metrics"]["test_images"] == 2
    assert all((out / name).is_file() for name in facts["calibration"])
    report = json.loads((out / "report.json").read_text())
    assert report["command"][:2] == ["edgeall", "train"]
    assert report["versions"]["tensorflow"]
    assert [subset["name"] for subset in report["subsets"]] == ["train", "valid", "test"]


def test_the_converter_asks_nothing_more(run):
    out, _ = run
    ended = _run("convert", out / "model.keras")
    assert ended.returncode == 0, ended.stderr
    assert "the training's own sidecar" in ended.stdout
    shown = json.loads(_run("inspect", out / "model.tflite", "--json").stdout)
    assert shown["manifest"]["output"]["blasts"] == ["blast"]


def test_a_finished_training_is_not_overwritten(run):
    out, _ = run
    ended = _run("train", cells_folder(), *SMALL, "-o", out)
    assert ended.returncode == 2
    assert "a finished training lies there; name another folder with -o" in ended.stderr


def test_the_split_can_be_given_back(run, tmp_path):
    out, _ = run
    split = out / "split.json"
    ended = _run(
        "train", cells_folder(), *SMALL, "--epochs", 1, "--split", split, "-o", tmp_path / "again"
    )
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "again" / "split.json").read_text() == split.read_text()


def test_a_stopped_training_goes_on_with_the_same_command(tmp_path):
    out = tmp_path / "run"
    arguments = ("train", cells_folder(), *SMALL, "--epochs", 60, "-o", out)
    running = subprocess.Popen(
        _command(*arguments), stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    )
    state = out / "interrupted" / "state.json"
    began = time.monotonic()
    while not state.exists():
        assert running.poll() is None
        assert time.monotonic() - began < 240
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    said = running.communicate(timeout=60)[1]
    assert running.returncode == 130
    assert "give the same command again to go on" in said
    done = len(json.loads(state.read_text())["epochs"])
    assert 1 <= done < 60
    ended = _run(*arguments)
    assert ended.returncode == 0, ended.stderr
    assert len(json.loads((out / "report.json").read_text())["epochs"]) == 60


def test_an_unreadable_image_is_left_out_and_told_or_stops(tmp_path):
    folder = tmp_path / "cells"
    shutil.copytree(cells_folder(), folder)
    name = "UID_30_99_9_all.png"
    (folder / "blast" / name).write_bytes(b"no image")
    ended = _run("train", folder, *SMALL, "--epochs", 1, "-o", tmp_path / "run")
    assert ended.returncode == 1
    assert name in ended.stderr
    assert "1 image was left out; the figures are of the others." in ended.stderr
    strict = _run("train", folder, *SMALL, "--strict", "-o", tmp_path / "strict")
    assert strict.returncode == 3
    assert name in strict.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("absent", "--network", "lenet"), 3, "there is no such folder"),
        (("--network", "lenet", "--split", "absent.json"), 3, "cannot be read"),
        (("--network", "lenet", "--blasts", "lymphoma"), 2, "no such class, but normal, blast"),
        (("--network", "resnet50"), 3, "--weights none"),
    ],
)
def test_what_cannot_be_trained_is_told_in_a_sentence(tmp_path, arguments, code, sentence):
    data = () if arguments[0] == "absent" else (cells_folder(),)
    ended = _run("train", *data, *arguments, "-o", tmp_path / "run")
    assert ended.returncode == code, ended.stderr
    assert sentence in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
