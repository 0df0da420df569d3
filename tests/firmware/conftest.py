"""Recorded Raspberry Pi OS trees, and bundles whose program is a stub with a known self-test."""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pip
import pytest

REPO = Path(__file__).parents[2]
TREES = Path(__file__).parent / "trees"
RELEASES = {"3.11": "bookworm", "3.13": "trixie"}


@dataclass(frozen=True)
class Done:
    """What a run of install.sh said and how it ended."""

    code: int
    out: str
    err: str


def install(*arguments: object, script: Path = REPO / "firmware-config/install.sh") -> Done:
    done = subprocess.run(
        [script, *map(str, arguments)], capture_output=True, text=True, timeout=120, cwd="/"
    )
    return Done(done.returncode, done.stdout, done.stderr)


def snapshot(root: Path) -> dict[str, object]:
    """Return every path with its mode and what it holds."""
    found: dict[str, object] = {}
    for path in sorted(root.rglob("*")):
        if path.is_symlink():
            holds: object = path.readlink()
        elif path.is_file():
            holds = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            holds = None
        found[str(path.relative_to(root))] = (path.lstat().st_mode, holds)
    return found


@pytest.fixture(scope="session")
def host_release() -> str:
    """Return the recorded tree for which this machine's own Python can install."""
    asked = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run(["/usr/bin/python3", "-c", asked], capture_output=True, text=True)
        release = RELEASES[done.stdout.strip()]
    except (OSError, KeyError):
        pytest.skip("the system's Python is that of neither Debian 12 nor Debian 13")
    if not shutil.which("dpkg"):
        pytest.skip("this is no Debian: dpkg is not there")
    return release


def tree(release: str, folder: Path, architecture: str = "arm64") -> Path:
    shutil.copytree(TREES / release, folder)
    # Here, not among the recorded files: some systems cannot store a name with a colon.
    info = folder / "var/lib/dpkg/info"
    info.mkdir(parents=True)
    (info / f"libc6:{architecture}.list").touch()
    return folder


@pytest.fixture(scope="session")
def host_architecture() -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "unknown")


@pytest.fixture(scope="session")
def make_bundle(tmp_path_factory) -> Callable[..., Path]:
    """Return what makes an offline bundle: a stub of edgeall with this version and exit code."""
    pip_wheel = tmp_path_factory.mktemp("pip") / "pip-0-py3-none-any.whl"
    _zip_pip(pip_wheel)

    def make(version: str, self_test: int = 0, serves: tuple[str, ...] = ALL) -> Path:
        bundle = tmp_path_factory.mktemp(f"bundle-{version}")
        (bundle / "wheels").mkdir()
        shutil.copy(pip_wheel, bundle / "wheels")
        _stub_wheel(bundle / "wheels", version, self_test)
        shutil.copytree(REPO / "firmware-config", bundle / "firmware-config")
        shutil.copytree(REPO / "systemd", bundle / "systemd")
        (bundle / "install.sh").symlink_to("firmware-config/install.sh")
        (bundle / "SERVES").write_text("".join(f"{line}\n" for line in serves))
        seal(bundle)
        return bundle

    return make


ALL = ("3.11 aarch64", "3.11 x86_64", "3.13 aarch64", "3.13 x86_64")


def seal(bundle: Path) -> None:
    files = [each for each in sorted(bundle.rglob("*")) if each.is_file()]
    lines = [
        f"{hashlib.sha256(each.read_bytes()).hexdigest()}  ./{each.relative_to(bundle)}\n"
        for each in files
        if each.name != "SHA256SUMS" and not each.is_symlink()
    ]
    (bundle / "SHA256SUMS").write_text("".join(lines))


def _zip_pip(wheel: Path) -> None:
    package = Path(pip.__file__).parent
    with zipfile.ZipFile(wheel, "w") as archive:
        for each in package.rglob("*"):
            if each.is_file() and each.suffix != ".pyc":
                archive.write(each, Path("pip") / each.relative_to(package))


def _stub_wheel(folder: Path, version: str, self_test: int) -> None:
    info = f"edgeall-{version}.dist-info"
    program = (
        "import sys\n"
        "def main():\n"
        f"    print('stub {version}', *sys.argv[1:])\n"
        f"    return {self_test} if sys.argv[1:] == ['doctor', '--self-test'] else 0\n"
    )
    with zipfile.ZipFile(folder / f"edgeall-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr("edgeall_stub.py", program)
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: edgeall\nVersion: {version}\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(
            f"{info}/entry_points.txt", "[console_scripts]\nedgeall = edgeall_stub:main\n"
        )
        archive.writestr(f"{info}/RECORD", "")
