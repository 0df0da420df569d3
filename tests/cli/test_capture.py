"""``edgeall capture``, run as a person runs it, on the samples and with the shipped model."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgeall.samples.paths import cells_folder, fields_folder
from edgeall.store.store import Store


def test_the_samples_are_read_cell_by_cell_and_stored(edgeall, tmp_path):
    store = tmp_path / "store"
    ended = edgeall(
        "capture", "--classify", "--source", "samples", "--slide", "S-7", "--store", store
    )
    assert ended.code == 0
    for field in fields_folder().glob("*.jpg"):
        assert field.name in ended.stdout
    for shown in ("Reading of slide S-7", "blast", "unidentified", "flags", "does not replace"):
        assert shown in ended.stdout
    with Store.open(store, read_only=True) as opened:
        (stored,) = opened.readings("S-7")
        cells = list(opened.cells("S-7"))
        images = {field.image for field in opened.fields("S-7")}
    assert len(cells) >= stored.reading.counted > 5
    assert len(images) == 8
    assert {image.read_bytes() for image in images} == {
        field.read_bytes() for field in fields_folder().glob("*.jpg")
    }


def test_json_is_one_document_and_agrees_with_the_csv(edgeall, tmp_path):
    table = tmp_path / "cells.csv"
    ended = edgeall(
        "capture", "--classify", "--source", "samples", "--no-store", "--json", "--csv", table
    )
    document = json.loads(ended.stdout)
    listed = [cell for field in document["fields"] for cell in field["cells"]]
    with table.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) == len(listed) >= document["reading"]["counted"]
    assert [row["label"] for row in rows] == [cell["call"]["label"] for cell in listed]
    assert document["store"] is None


def test_annotated_pictures_are_written_one_a_field(edgeall, tmp_path):
    folder = tmp_path / "boxed"
    edgeall(
        "capture", "--classify", "--source", "samples", "--no-store", "--annotate", folder,
        "--frames", 2,
    )  # fmt: skip
    written = sorted(folder.iterdir())
    assert [cv2.imread(str(path)) is not None for path in written] == [True, True]


def test_single_cells_are_read_as_cells(edgeall, tmp_path):
    ended = edgeall(
        "capture", "--classify", "--source", cells_folder() / "blast", "--unit", "cell",
        "--crop", "none", "--no-store", "--json",
    )  # fmt: skip
    reading = json.loads(ended.stdout)["reading"]
    assert (reading["unit"], reading["counted"], reading["cut_by_border"]) == ("cell", 6, 0)


def test_a_count_of_cells_ends_the_slide(edgeall):
    ended = edgeall(
        "capture", "--classify", "--source", "samples", "--no-store", "--json", "--count", 3
    )
    reading = json.loads(ended.stdout)["reading"]
    assert 3 <= reading["counted"] < 8


def test_without_classify_frames_are_saved_with_their_metadata(edgeall, tmp_path):
    folder = tmp_path / "frames"
    ended = edgeall("capture", "--source", "samples", "--frames", 3, "--save", folder)
    assert ended.code == 0
    pictures = sorted(folder.glob("*.jpg"))
    facts = [json.loads(path.with_suffix(".json").read_text()) for path in pictures]
    assert [fact["number"] for fact in facts] == [0, 1, 2]
    assert all(fact["um_per_pixel"] == pytest.approx(0.072) for fact in facts)


@pytest.fixture
def mixed(tmp_path) -> Path:
    """Return a folder of good fields with bad files between them."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    good = sorted(fields_folder().glob("*.jpg"))[:2]
    (folder / "a.jpg").write_bytes(good[0].read_bytes())
    (folder / "b.jpg").write_bytes(good[0].read_bytes()[:9000])
    (folder / "c.png").write_bytes(b"")
    (folder / "d.png").write_text("not an image")
    (folder / "e.jpg").write_bytes(good[1].read_bytes())
    return folder


def test_bad_files_are_named_and_counted_and_the_good_ones_kept(edgeall, mixed, tmp_path):
    ended = edgeall(
        "capture", "--classify", "--source", mixed, "--slide", "M", "--store", tmp_path / "s"
    )
    assert ended.code == 1
    for name in ("b.jpg", "c.png", "d.png"):
        assert f"{name}: " in ended.stderr
    with Store.open(tmp_path / "s", read_only=True) as store:
        (stored,) = store.readings("M")
    assert stored.reading.fields == 2


BAD_COMMANDS = {
    "an absent file": (["--source", "no/such.png"], 3, "no/such.png"),
    "no source": (["--source", "nonsense"], 2, "nonsense"),
    "an absent camera": (["--source", "v4l2:/dev/video97"], 4, "/dev/video97"),
    "an absent model": (["--model", "absent.tflite"], 3, "absent.tflite"),
    "a wrong unit": (["--unit", "field"], 2, "--unit field"),
    "a wrong size": (["--size", "12", "--source", "samples"], 2, "--size 12"),
    "absent settings": (["--settings", "absent.toml"], 2, "absent.toml"),
}


@pytest.mark.parametrize(("flags", "code", "named"), BAD_COMMANDS.values(), ids=BAD_COMMANDS)
def test_what_cannot_be_done_is_one_sentence(edgeall, tmp_path, flags, code, named):
    ended = edgeall("capture", "--classify", "--store", tmp_path / "s", *flags)
    assert ended.code == code
    assert ended.stderr.startswith("edgeall: ")
    assert named in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_folder_without_images_is_said(edgeall, tmp_path):
    (tmp_path / "empty").mkdir()
    ended = edgeall("capture", "--classify", "--no-store", "--source", tmp_path / "empty")
    assert (ended.code, "there is no image in it" in ended.stderr) == (3, True)


@pytest.mark.parametrize("cut", [0, 7, 1500, 3500, -400])
def test_a_damaged_bundle_is_refused(edgeall, tiny_bundle, cut):
    data = tiny_bundle.read_bytes()
    tiny_bundle.write_bytes(data[:cut])
    ended = edgeall("capture", "--classify", "--source", "samples", "--model", tiny_bundle)
    assert ended.code == 3
    assert str(tiny_bundle) in ended.stderr


def test_a_flipped_byte_in_the_network_is_refused(edgeall, tiny_bundle):
    data = bytearray(tiny_bundle.read_bytes())
    data[600] ^= 1
    tiny_bundle.write_bytes(data)
    ended = edgeall("capture", "--classify", "--source", "samples", "--model", tiny_bundle)
    assert ended.code == 3
    assert "not the one that its manifest was sealed for" in ended.stderr


def test_golden_outputs_that_do_not_fit_are_refused(edgeall, tiny_bundle):
    import msgspec

    from edgeall.model.archive import append_archive, read_archive
    from edgeall.model.manifest import decode, encode, sealed

    archive = read_archive(tiny_bundle)
    assert archive is not None
    files = {name: archive.read(name) for name in archive.names}
    manifest = decode(files["manifest.json"], "x")
    wrong = msgspec.structs.replace(manifest.golden[0], output=(100.0, -100.0))
    files["manifest.json"] = encode(sealed(msgspec.structs.replace(manifest, golden=(wrong,))))
    network = tiny_bundle.read_bytes()[: archive.network_bytes]
    tiny_bundle.write_bytes(append_archive(network, files))
    ended = edgeall("capture", "--classify", "--source", "samples", "--model", tiny_bundle)
    assert ended.code == 3
    assert "cannot be trusted" in ended.stderr


def test_a_plain_network_without_facts_names_the_flags(edgeall, networks):
    ended = edgeall(
        "capture", "--classify", "--source", "samples", "--model", networks / "tiny_int8.tflite"
    )
    assert ended.code == 2
    for flag in ("--labels", "--blasts", "--preprocess"):
        assert flag in ended.stderr


def test_ctrl_c_keeps_what_was_read_and_says_so(tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    picture = cv2.imread(str(next(fields_folder().glob("*.jpg"))))
    for number in range(400):
        picture[0, 0] = np.frombuffer(number.to_bytes(3, "big"), np.uint8)
        cv2.imwrite(str(folder / f"{number:03d}.png"), picture)
    command = [
        "capture",
        "--classify",
        "--source",
        folder,
        "--slide",
        "C",
        "--store",
        tmp_path / "s",
    ]
    running = subprocess.Popen(
        [sys.executable, "-u", "-m", "edgeall", *map(str, command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert running.stdout is not None
    running.stdout.readline()
    time.sleep(0.2)
    running.send_signal(signal.SIGINT)
    rest, errors = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in errors
    assert "interrupted" in rest
    with Store.open(tmp_path / "s", read_only=True) as store:
        (stored,) = store.readings("C")
        kept = len(list(store.fields("C")))
    assert 1 <= stored.reading.fields == kept < 400
