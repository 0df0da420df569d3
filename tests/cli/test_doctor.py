from __future__ import annotations

import json
import shutil
import sqlite3
import tarfile
from contextlib import closing

import pytest

from edgeall.samples.paths import model_path
from edgeall.store.store import DATABASE


@pytest.fixture
def settings(tmp_path):
    """Return the settings of a device that reads the samples into a store of this test."""
    path = tmp_path / "edgeall.toml"
    path.write_text(
        f'[camera]\nsource = "samples"\n[store]\nfolder = "{tmp_path}/store"\n'
        f'[service]\ncontrol = "{tmp_path}/control.sock"\n'
    )
    return path


@pytest.fixture
def checks(edgeall, settings):
    """Run the doctor; return its exit code and what it found by name."""

    def run(*flags: object) -> tuple[int, dict[str, dict[str, str]]]:
        ended = edgeall("doctor", "--json", "--settings", settings, *flags)
        return ended.code, {check["name"]: check for check in json.loads(ended.stdout)}

    return run


@pytest.fixture
def stored(edgeall, settings, tmp_path):
    """Return the folder of a store that holds the samples."""
    done = edgeall("capture", "--classify", "--slide", "GEHEIM-7", "--settings", settings)
    assert done.code == 0
    return tmp_path / "store"


def test_a_well_device_passes(checks, stored):
    code, found = checks()
    assert code == 0
    assert {name for name, check in found.items() if check["verdict"] == "failed"} == set()
    assert found["network"]["found"].startswith("blast-normal")
    assert "8 images looked at and whole" in found["store"]["found"]
    assert found["camera"]["found"] == "samples: 640x480"
    assert found["service"]["verdict"] == "warning"


def test_each_thing_that_is_not_good_has_a_remedy(checks):
    _, found = checks()
    assert all(check["remedy"] for check in found.values() if check["verdict"] != "good")


def test_a_damaged_database_fails(checks, stored):
    with (stored / DATABASE).open("r+b") as opened:
        opened.seek(8192)
        opened.write(b"\xff" * 4096)
    code, found = checks()
    assert code == 1
    assert found["store"]["verdict"] == "failed"


def test_a_damaged_image_is_named(checks, stored):
    image = next((stored / "images").glob("??/*"))
    image.write_bytes(image.read_bytes()[:-1] + b"x")
    code, found = checks()
    assert code == 1
    assert image.name in found["store"]["found"]


def test_a_damaged_network_fails_also_the_self_test(checks, settings, tmp_path):
    broken = shutil.copy(model_path(), tmp_path / "broken.tflite")
    with open(broken, "r+b") as opened:
        opened.seek(300_000)
        opened.write(bytes(64))
    settings.write_text(settings.read_text() + f'[model]\npath = "{broken}"\n')
    code, found = checks("--self-test")
    assert code == 1
    assert found["network"]["verdict"] == "failed"
    assert set(found) == {"settings", "network", "store"}


def test_wrong_settings_are_found_and_the_rest_is_still_looked_at(checks, settings):
    settings.write_text("[camera]\nsource = 7\n")
    code, found = checks()
    assert code == 1
    assert "camera.source" in found["settings"]["found"]
    assert found["network"]["verdict"] == "good"


def test_a_clock_before_the_newest_finding_fails(checks, stored):
    with closing(sqlite3.connect(stored / DATABASE)) as database:
        database.execute(
            "INSERT INTO moment (boot_id, monotonic_ns, wall_clock, synchronised) "
            "VALUES ('b', 1, '2039-01-01T00:00:00+00:00', 1)"
        )
        database.commit()
    code, found = checks()
    assert code == 1
    assert "before the newest finding (2039-01-01)" in found["clock"]["found"]


def test_the_archive_for_support_names_no_slide(edgeall, settings, stored, tmp_path):
    path = tmp_path / "support.tar.gz"
    ended = edgeall("doctor", "--settings", settings, "--bundle", path)
    assert ended.code == 0
    with tarfile.open(path) as archive:
        held = {entry.name: archive.extractfile(entry).read() for entry in archive}
    assert all(b"GEHEIM" not in data for data in held.values())
    assert json.loads(held["edgeall-support/store.json"])["field"] == 8
    assert json.loads(held["edgeall-support/versions.json"])["edgeall"]
    assert len(json.loads(held["edgeall-support/checks.json"])) >= 8
