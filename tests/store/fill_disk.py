"""Fill a small disk again and again, each time from another point; a script, run by the tests.

It mounts a file system of 2 MB on the folder it is given, so it needs a mount
namespace of its own (``unshare --mount``). It prints what each filling ended with.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from write_fields import write

from edgeall.errors import DiskFullError
from edgeall.store import store as store_module
from edgeall.store.images import INCOMING
from edgeall.store.store import Store

PAGE = 4096
PAGES = 512


def fill(disk: Path, free_pages: int) -> tuple[list[tuple[object, ...]], str]:
    """Write fields until the disk is full; return what was acknowledged, and the error."""
    filler = disk / "filler"
    filler.write_bytes(bytes((PAGES - free_pages) * PAGE))
    acknowledged: list[tuple[object, ...]] = []
    try:
        write(disk / "store", free_pages, 48, lambda *words: acknowledged.append(words))
    except DiskFullError as error:
        return acknowledged, str(error)
    finally:
        filler.unlink()
    raise AssertionError("the disk never filled up")


def check(folder: Path, acknowledged: list[tuple[object, ...]]) -> None:
    """Hold the store against what was acknowledged, and write one more run."""
    with Store.open(folder) as store, closing(sqlite3.connect(store.path)) as rows:
        assert rows.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        images = dict(
            rows.execute("SELECT field.id, sha256 FROM field JOIN image ON image.id = field.image")
        )
        assert images == {words[1]: words[2] for words in acknowledged if words[0] == "field"}
        for digest in images.values():
            data = (store.images / digest[:2] / f"{digest}.jpg").read_bytes()
            assert hashlib.sha256(data).hexdigest() == digest
        incoming = store.images / INCOMING
        assert not incoming.is_dir() or list(incoming.iterdir()) == []


if __name__ == "__main__":
    small = Path(sys.argv[1])
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={PAGES * PAGE}", "tmpfs", small], check=True
    )
    store_module.ROOM_FOR_A_SLIDE = 0
    for pages in range(3, 400, 3):
        stored, ended = fill(small, pages)
        check(small / "store", stored)
        shutil.rmtree(small / "store")
        print(len(stored), ended)
