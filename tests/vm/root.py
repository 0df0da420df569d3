"""The machine's root: a Debian 13 with its own kernel, the device installed, and our scripts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .machine import Root

REPOSITORY = Path(__file__).parents[2]
GUEST = Path(__file__).with_name("guest")
MIRROR = "http://deb.debian.org/debian"
# The full kernel: the cloud's has neither the camera vivid nor dm-flakey.
PACKAGES = (
    "systemd-sysv,udev,dbus,kmod,python3,linux-image-amd64,initramfs-tools,e2fsprogs,iproute2,"
    "util-linux-extra,ca-certificates,dmsetup,v4l-utils"
)
INITRAMFS = "MODULES=list\n"
MODULES = "virtio_pci\nvirtio_blk\nvirtio_console\next4\n"
TOOLS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "nbdkit": "nbdkit",
    "mmdebstrap": "mmdebstrap",
    "mkfs.ext4": "e2fsprogs",
}
OLDEST_QEMU = 10
"""7.2, of Debian 12, crashes Linux 6.12 when it emulates; backports have a newer one."""


def reason_against() -> str | None:
    """Return why no machine can be booted here, or None."""
    if os.geteuid() != 0:
        return "a root is made by root"
    for tool, package in TOOLS.items():
        if shutil.which(tool) is None:
            return f"{tool} is not installed (apt install {package})"
    said = subprocess.run(
        ["qemu-system-x86_64", "--version"], capture_output=True, text=True, check=True
    ).stdout
    version = said.split("version ")[1].split()[0]
    if int(version.split(".")[0]) < OLDEST_QEMU:
        return f"qemu {version} crashes Linux 6.12; install {OLDEST_QEMU} (Debian 12: backports)"
    return None


def make_root(folder: Path) -> Root:
    """Make a root with the device as it is in this checkout; what Debian gives is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    base = folder / "debian"
    if not base.exists():
        _make_debian(base)
    tree, image = folder / "device", folder / "device.ext4"
    _remove(tree)
    subprocess.run(["cp", "-a", base, tree], check=True)
    _install(tree, folder)
    shutil.copytree(GUEST, tree / "opt/vm")
    subprocess.run(["systemctl", "--root", tree, "enable", "/opt/vm/orders.service"], check=True)
    image.unlink(missing_ok=True)
    subprocess.run(
        ["mkfs.ext4", "-q", "-E", "lazy_itable_init=1", "-d", tree, image, "3G"], check=True
    )
    (kernel,), (initrd,) = base.glob("boot/vmlinuz-*"), base.glob("boot/initrd.img-*")
    return Root(image, kernel, initrd)


def _make_debian(base: Path) -> None:
    part = base.with_suffix(".part")
    _remove(part)
    settings = part.with_suffix(".initramfs")
    settings.write_text(INITRAMFS)
    subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}",
         # A small initramfs: emulated, the usual one takes ten seconds to unpack.
         f"--customize-hook=copy-in {settings} /etc/initramfs-tools/conf.d",
         f"--customize-hook=printf '{MODULES}' >>\"$1/etc/initramfs-tools/modules\"",
         '--customize-hook=chroot "$1" update-initramfs -u',
         '--customize-hook=chroot "$1" passwd --delete root',
         '--customize-hook=echo "/dev/vda / ext4 errors=remount-ro 0 1" >"$1/etc/fstab"',
         "trixie", part, MIRROR],
        check=True, timeout=1800,
    )  # fmt: skip
    part.rename(base)


def _install(tree: Path, folder: Path) -> None:
    """Install the device from its offline bundle, as an image is made."""
    bundles = folder / "bundles"
    _remove(bundles)
    subprocess.run(
        ["firmware-config/offline-bundle.sh"], cwd=REPOSITORY, check=True, timeout=1200,
        env=os.environ | {
            "ARCHES": "x86_64", "PYTHONS": "3.13", "SUITES": "", "OUT": str(bundles),
            "PYTHON": sys.executable,
        },
    )  # fmt: skip
    (archive,) = bundles.glob("*.tar.gz")
    bundle = tree / "opt/bundle"
    bundle.mkdir()
    subprocess.run(["tar", "-xzf", archive, "-C", bundle, "--strip-components=1"], check=True)
    with _mounted(tree):
        subprocess.run(
            ["chroot", tree, "/opt/bundle/install.sh", "--board", "other", "--camera", "usb"],
            check=True, stdout=subprocess.DEVNULL, timeout=600,
        )  # fmt: skip
    _remove(bundle)


@contextmanager
def _mounted(tree: Path) -> Iterator[None]:
    subprocess.run(["mount", "-t", "proc", "proc", tree / "proc"], check=True)
    subprocess.run(["mount", "--bind", "/dev", tree / "dev"], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", tree / "dev", tree / "proc"], check=True)


def _remove(folder: Path) -> None:
    # Never through a mount that an interrupted run left: that would empty the host's /dev.
    for place in ("dev", "proc"):
        assert not (folder / place).is_mount(), f"{folder / place} is mounted; umount it"
    shutil.rmtree(folder, ignore_errors=True)
