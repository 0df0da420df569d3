"""Break a stick in every way while it is written to; a script, run by the tests.

It mounts small file systems on the folder it is given, so it needs a mount
namespace of its own (``unshare --mount``). It prints what each way ended with.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from write_fields import BUNDLE, field

from edgeall.errors import StoreError
from edgeall.store.backup import back_up
from edgeall.store.repository import FOLDER, Repository
from edgeall.store.restore import restore, verify
from edgeall.store.store import Store

SECRET = b"secret"
RANDOM = np.random.default_rng(0)


def mount(*arguments: object) -> None:
    """Mount, or mount again."""
    subprocess.run(["mount", *map(str, arguments)], check=True)


def add_fields(folder: Path, count: int) -> None:
    """Read some more fields."""
    with Store.open(folder) as store:
        run = store.begin_run("S", "", "made", BUNDLE)
        store.add_fields(run, [field(RANDOM, 64) for _ in range(count)])


def failure(act: Callable[[], object]) -> str:
    """Return the sentence that something ends with."""
    try:
        act()
    except StoreError as error:
        return f"{type(error).__name__} {error}"
    raise AssertionError("it did not fail")


def check(stick: Path, number: int, scratch: Path) -> None:
    """Hold the stick to one complete backup, which can be restored."""
    found = verify(stick, SECRET)
    assert (found.backups[-1], found.damaged) == (number, ())
    assert restore(stick, scratch, SECRET).number == number
    shutil.rmtree(scratch)


def fill(store: Path, stick: Path, scratch: Path) -> None:
    """Let the stick fill up at many points of a backup."""
    for pages in range(1, 120, 7):
        mount("-t", "tmpfs", "-o", "size=4M", "tmpfs", stick)
        back_up(store, stick, SECRET, 7)
        add_fields(store, 2)
        free = shutil.disk_usage(stick).free
        (stick / "filler").write_bytes(bytes(max(0, free - pages * 4096)))
        try:
            back_up(store, stick, SECRET, 7)
        except StoreError as error:
            print(type(error).__name__, error)
            check(stick, 1, scratch)
        else:
            check(stick, 2, scratch)
        (stick / "filler").unlink()
        assert back_up(store, stick, SECRET, 7).number in (2, 3)
        subprocess.run(["umount", stick], check=True)


def pull_out(store: Path, stick: Path) -> None:
    """Pull the stick out in the middle: nothing may be written where it was."""
    mount("-t", "tmpfs", "tmpfs", stick)
    put = Repository.put

    def put_and_pull(self: Repository, *given: object) -> None:
        put(self, *given)  # type: ignore[arg-type]
        subprocess.run(["umount", "-l", stick], check=False, stderr=subprocess.DEVNULL)

    Repository.put = put_and_pull  # type: ignore[assignment,method-assign]
    print(failure(lambda: back_up(store, stick, SECRET, 7)))
    Repository.put = put  # type: ignore[method-assign]
    assert not (stick / FOLDER).exists()


def write_protect(store: Path, stick: Path, scratch: Path) -> None:
    """Slide the stick's switch: backups can be read, and none is written."""
    mount("-t", "tmpfs", "tmpfs", stick)
    back_up(store, stick, SECRET, 7)
    mount("-o", "remount,ro", stick)
    print(failure(lambda: back_up(store, stick, SECRET, 7)))
    check(stick, 1, scratch)


if __name__ == "__main__":
    here = Path(sys.argv[1])
    for name in ("store", "stick"):
        (here / name).mkdir()
    add_fields(here / "store", 8)
    fill(here / "store", here / "stick", here / "restored")
    pull_out(here / "store", here / "stick")
    write_protect(here / "store", here / "stick", here / "restored")
