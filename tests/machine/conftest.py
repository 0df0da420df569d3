"""A Debian 13 with the device installed from the offline bundle, made once for all workers."""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .container import Container

REPOSITORY = Path(__file__).parents[2]
PACKAGES = "systemd-sysv,udev,dbus,kmod,python3,util-linux-extra,ca-certificates"
MIRROR = "http://deb.debian.org/debian"
CAMERA = '[camera]\nsource = "watch:/var/lib/edgeall/incoming"'


@pytest.fixture(scope="session")
def bare_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bare Debian 13; skip where none can be made."""
    if os.geteuid() != 0:
        pytest.skip("a container is booted by root")
    for tool in ("systemd-nspawn", "mmdebstrap", "nsenter"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed (apt install systemd-container mmdebstrap)")
    # A root made before may be given: it saves a minute.
    if given := os.environ.get("EDGEALL_BARE_ROOT"):
        return Path(given)
    folder = _shared(tmp_path_factory) / "bare"
    with _once(folder) as is_first:
        if is_first:
            subprocess.run(
                ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}",
                 "trixie", str(folder), MIRROR],
                check=True, timeout=1200,
            )  # fmt: skip
    return folder


@pytest.fixture(scope="session")
def offline_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an offline bundle for this machine and Debian 13's Python."""
    folder = _shared(tmp_path_factory) / "bundle"
    with _once(folder) as is_first:
        if is_first:
            made = folder.with_name("bundles")
            subprocess.run(
                ["firmware-config/offline-bundle.sh"], cwd=REPOSITORY, check=True, timeout=1200,
                env=os.environ | {
                    "ARCHES": platform.machine(), "PYTHONS": "3.13", "SUITES": "", "OUT": str(made),
                    "PYTHON": sys.executable,
                },
            )  # fmt: skip
            (archive,) = made.glob("*.tar.gz")
            folder.mkdir()
            subprocess.run(
                ["tar", "-xzf", archive, "-C", folder, "--strip-components=1"], check=True
            )
    return folder


@pytest.fixture(scope="session")
def installed_root(
    bare_root: Path, offline_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a Debian 13 on which install.sh was run while it was booted."""
    folder = _shared(tmp_path_factory) / "installed"
    with _once(folder) as is_first:
        if is_first:
            subprocess.run(["cp", "-a", bare_root, folder], check=True)
            subprocess.run(["cp", "-a", offline_bundle, folder / "opt/bundle"], check=True)
            container = Container(folder, folder.with_name("install.log"), volatile=False)
            try:
                said = container.say("/opt/bundle/install.sh --camera none --board other")
                folder.with_name("install.txt").write_text(said)
                container.say(
                    "mkdir -p /var/lib/edgeall/incoming && chown edgeall: /var/lib/edgeall/incoming"
                )
                container.say(f"printf '%s\n' '{CAMERA}' >> /etc/edgeall/edgeall.toml")
            finally:
                container.stop()
    return folder


@pytest.fixture
def machine(installed_root: Path, tmp_path: Path) -> Iterator[Container]:
    """Return a booted device; what is written to it is gone after the test."""
    booted = Container(installed_root, tmp_path / "boot.log", volatile=True)
    yield booted
    booted.stop()


def _shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    (shared / "machine").mkdir(exist_ok=True)
    return shared / "machine"


@contextmanager
def _once(folder: Path) -> Iterator[bool]:
    """Let the first worker make a folder while the others wait; say whether it is this one."""
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder.with_name(f"{folder.name}.done")
        is_first = not done.exists()
        yield is_first
        done.touch()
