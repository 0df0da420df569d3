"""The network on a Raspberry Pi's processor, emulated: the same numbers as on the workstation."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from .root import GUEST, MIRROR, REPOSITORY

EMULATOR = "qemu-aarch64-static"
PROCESSORS = {"cortex-a53": "Zero 2 W and Pi 3", "cortex-a72": "Pi 4", "cortex-a76": "Pi 5"}
PACKAGES = (
    "python3,libstdc++6,libgomp1,zlib1g,libffi8,libexpat1,libsqlite3-0,libbz2-1.0,liblzma5,"
    "libssl3t64,libzstd1,libuuid1"
)


@pytest.fixture(scope="module")
def arm_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return an arm64 root with the device's wheels in /opt/lib; nothing in it was run."""
    if os.geteuid() != 0:
        pytest.skip("a root is made by root")
    for tool in (EMULATOR, "mmdebstrap"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed (apt install qemu-user-static mmdebstrap)")
    folder = tmp_path_factory.mktemp("arm")
    root = folder / "root"
    subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=extract", "--architectures=arm64",
         f"--include={PACKAGES}", "trixie", root, MIRROR],
        check=True, timeout=600,
    )  # fmt: skip
    for name in ("lib", "bin"):
        if not (root / name).exists():
            (root / name).symlink_to(f"usr/{name}")
    _install(folder, root)
    shutil.copy(str(shutil.which(EMULATOR)), root / "usr/bin")
    shutil.copy(GUEST / "golden.py", root / "opt")
    with ExitStack() as mounted:
        # LiteRT asks there for the processors; without an answer it computes with other kernels.
        for name in ("proc", "sys"):
            (root / name).mkdir(exist_ok=True)
            subprocess.run(["mount", "--bind", f"/{name}", root / name], check=True)
            mounted.callback(subprocess.run, ["umount", root / name], check=True)
        yield root


def _install(folder: Path, root: Path) -> None:
    """Put the offline bundle's wheels for aarch64 into the root."""
    subprocess.run(
        ["firmware-config/offline-bundle.sh"], cwd=REPOSITORY, check=True, timeout=1200,
        env=os.environ | {
            "ARCHES": "aarch64", "PYTHONS": "3.13", "SUITES": "", "OUT": str(folder),
            "PYTHON": sys.executable,
        },
    )  # fmt: skip
    (archive,) = folder.glob("*.tar.gz")
    subprocess.run(["tar", "-xzf", archive, "-C", folder], check=True)
    for wheel in folder.glob("*/wheels/*.whl"):
        shutil.unpack_archive(wheel, root / "opt/lib", "zip")


@pytest.mark.parametrize("processor", PROCESSORS)
def test_the_golden_outputs_are_the_same_bit_for_bit(arm_root, figures, processor):
    said = subprocess.run(
        ["chroot", arm_root, f"/usr/bin/{EMULATOR}", "-cpu", processor,
         "/usr/bin/python3", "/opt/golden.py"],
        check=True, capture_output=True, text=True, timeout=600,
    ).stdout  # fmt: skip
    found = json.loads(said.splitlines()[-1])
    figures.append(
        f"golden outputs on {processor} ({PROCESSORS[processor]}), {found['runtime']}: "
        f"{found['steps']} steps of 256 apart"
    )
    assert found["machine"] == "aarch64"
    assert set(found["steps"]) == {0}
