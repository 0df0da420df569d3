from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def secret(tmp_path) -> Path:
    path = tmp_path / "passphrase"
    path.write_text("secret\n")
    return path


@pytest.fixture
def usb(tmp_path) -> Path:
    (tmp_path / "usb").mkdir()
    return tmp_path / "usb"


def test_a_backup_is_written_checked_and_restored(edgeall, store_folder, secret, usb, tmp_path):
    given = ("--passphrase-file", secret)
    done = edgeall("backup", "--to", usb, "--store", store_folder, *given)
    assert (done.code, done.stderr) == (0, "")
    assert "Backup 1 in" in done.stdout
    assert "All of it was read back." in done.stdout
    checked = edgeall("backup", "--verify", "--to", usb, *given)
    assert (checked.code, checked.stdout.split(":")[0]) == (0, "1 backup (1) of 3 objects")
    restored = edgeall("restore", usb, "--into", tmp_path / "back", *given)
    assert restored.code == 0
    listed = edgeall("results", "--store", tmp_path / "back", "--json")
    assert listed.stdout == edgeall("results", "--store", store_folder, "--json").stdout


def test_settings_name_the_passphrase(edgeall, store_folder, secret, usb, tmp_path):
    settings = tmp_path / "edgeall.toml"
    settings.write_text(
        f'[backup]\npassphrase_file = "{secret.name}"\n[store]\nfolder = "{store_folder}"\n'
    )
    assert edgeall("backup", "--to", usb, "--settings", settings).code == 0


def test_without_a_passphrase_nothing_is_written(edgeall, store_folder, usb):
    refused = edgeall("backup", "--to", usb, "--store", store_folder)
    assert refused.code == 2
    assert "no passphrase is set" in refused.stderr
    assert "backup.passphrase_file" in refused.stderr
    assert list(usb.iterdir()) == []


def test_without_a_stick_it_says_how_one_is_made(edgeall, store_folder, secret, monkeypatch):
    monkeypatch.setattr("edgeall.store.stick._PLACES", ())
    refused = edgeall("backup", "--store", store_folder, "--passphrase-file", secret)
    assert refused.code == 5
    assert "no USB stick is in; put one in that carries an empty file named" in refused.stderr


def test_a_folder_that_is_absent_is_not_made(edgeall, store_folder, secret, tmp_path):
    refused = edgeall(
        "backup", "--to", tmp_path / "absent", "--store", store_folder, "--passphrase-file", secret
    )
    assert refused.code == 2
    assert not (tmp_path / "absent").exists()


def test_what_was_lost_is_told(edgeall, store_folder, secret, usb):
    (lost, _) = sorted((store_folder / "images").glob("??/*"))
    lost.unlink()
    done = edgeall("backup", "--to", usb, "--store", store_folder, "--passphrase-file", secret)
    assert done.code == 1
    assert f"images/{lost.parent.name}/{lost.name}: this picture is damaged or gone" in done.stderr
    assert "Backup 1 in" in done.stdout


def test_a_damaged_stick_is_told(edgeall, store_folder, secret, usb):
    given = ("--to", usb, "--passphrase-file", secret)
    edgeall("backup", "--store", store_folder, *given)
    damaged = next((usb / "edgeall-backups" / "objects").glob("??/*"))
    damaged.write_bytes(b"rotten")
    checked = edgeall("backup", "--verify", *given)
    assert checked.code == 1
    assert damaged.name[:12] in checked.stderr
    assert "1 of 3 objects are damaged" in checked.stdout


def test_retention_says_what_it_would_do_and_does_it(edgeall, store_folder):
    orphan = store_folder / "images" / "ab" / f"{'ab' * 32}.jpg"
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"orphan")
    os.utime(orphan, (1, 1))
    name = str(orphan.relative_to(store_folder))
    looked = edgeall("retention", "--dry-run", "--store", store_folder)
    assert (looked.code, looked.stdout) == (0, f"{name}\n")
    assert "would be removed" in looked.stderr
    assert orphan.exists()
    assert edgeall("retention", "--store", store_folder).stdout == f"{name}\n"
    assert not orphan.exists()
    again = edgeall("retention", "--store", store_folder)
    assert (again.code, again.stdout) == (0, "")


def test_too_little_room_is_told(edgeall, store_folder, tmp_path):
    settings = tmp_path / "edgeall.toml"
    settings.write_text("[retention]\nfree_gb = 10000\n")
    done = edgeall("retention", "--store", store_folder, "--settings", settings)
    assert done.code == 0
    assert "less than 10000 GB are free and nothing more may be removed" in done.stderr
