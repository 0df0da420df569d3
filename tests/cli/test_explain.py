"""``edgeall explain``, run as a person runs it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edgeall.camera.decode import decode_image
from edgeall.samples.paths import cells_folder

CELL = sorted(cells_folder().rglob("*_all.png"))[0]


def test_a_bundle_is_explained_by_occlusion(edgeall, tiny_bundle, tmp_path):
    out = tmp_path / "why.png"
    ended = edgeall("explain", tiny_bundle, CELL, "-o", out)
    assert ended.code == 0, ended.stderr
    assert f"Written: {out}" in ended.stdout
    assert "Occlusion" in ended.stdout
    picture = decode_image(out)
    assert picture.shape[1] == 720


def test_the_picture_lies_in_the_current_folder_by_itself(
    edgeall, tiny_bundle, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert edgeall("explain", tiny_bundle, CELL, "--label", "normal").code == 0
    assert (tmp_path / f"{CELL.stem}.explained.png").exists()


@pytest.mark.workstation
def test_a_float_model_is_explained_by_grad_cam(edgeall, tmp_path):
    out = tmp_path / "run"
    train = ("--network", "lenet", "--input-size", 48, "--epochs", 1, "--batch", 4, "-o", out)
    assert edgeall("train", cells_folder(), *train).code == 0
    ended = edgeall("explain", out / "model.keras", CELL, "-o", tmp_path / "why.png")
    assert ended.code == 0, ended.stderr
    assert "Grad-CAM of max_pooling2d" in ended.stdout
    assert decode_image(tmp_path / "why.png").shape[1] == 720
    alone = shutil.copy(out / "model.keras", tmp_path / "alone.keras")
    ended = edgeall("explain", alone, CELL, "-o", tmp_path / "other.png")
    assert ended.code == 2
    assert "no sidecar lies beside it" in ended.stderr


def test_what_cannot_be_explained_is_told(edgeall, tiny_bundle, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    cases = [
        ((tiny_bundle, broken), 3, "broken.png"),
        ((tiny_bundle, CELL, "--label", "lymphoma"), 2, "no such label"),
        ((broken, CELL), 3, "broken.png"),
        ((tiny_bundle, CELL, "-o", CELL), 2, "this is the image itself"),
        ((tiny_bundle, CELL, "-o", tmp_path / "why.jpg"), 2, "end its name with .png"),
    ]
    for arguments, code, sentence in cases:
        ended = edgeall("explain", *arguments)
        assert (ended.code, sentence in ended.stderr) == (code, True), ended.stderr
    assert not list(Path().glob("*.explained.png"))
