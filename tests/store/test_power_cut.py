"""What was acknowledged survives: a killed process here, a lost write cache in tests/vm."""

from __future__ import annotations

import hashlib
import os
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from edgeall.store import connection as database
from edgeall.store.images import INCOMING
from edgeall.store.store import Store

WRITER = Path(__file__).with_name("write_fields.py")
CUTS = 8


def write_and_kill(folder: Path, seed: int, after_s: float) -> list[list[str]]:
    """Run the writer, kill it while it writes, and return what it acknowledged."""
    command = [sys.executable, str(WRITER), str(folder), str(seed), "64"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        first = writer.stdout.readline()
        time.sleep(after_s)
        writer.kill()
        rest = writer.stdout.read()
    # The kill may cut the last line short: that one was not acknowledged.
    whole = (first + rest).rpartition("\n")[0]
    return [line.split() for line in whole.splitlines()]


def test_a_killed_writer_loses_nothing_that_it_acknowledged(tmp_path):
    folder = tmp_path / "store"
    acknowledged: list[list[str]] = []
    delays = random.Random(1)
    for seed in range(CUTS):
        acknowledged += write_and_kill(folder, seed, delays.uniform(0, 0.15))
        with Store.open(folder) as store:
            check(store, acknowledged)
    assert sum(line[0] == "field" for line in acknowledged) > CUTS


def check(store: Store, acknowledged: list[list[str]]) -> None:
    with closing(sqlite3.connect(store.path)) as rows:
        assert rows.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert rows.execute("PRAGMA foreign_key_check").fetchall() == []
        runs = {str(run) for (run,) in rows.execute("SELECT id FROM run")}
        images = {
            str(field): digest
            for field, digest in rows.execute(
                "SELECT field.id, sha256 FROM field JOIN image ON image.id = field.image"
            )
        }
        halves = rows.execute(
            "SELECT field.id FROM field LEFT JOIN cell ON cell.field = field.id "
            "GROUP BY field.id HAVING count(cell.id) != 3"
        ).fetchall()
    assert halves == []
    assert {line[1] for line in acknowledged if line[0] == "run"} <= runs
    for line in acknowledged:
        if line[0] == "field":
            assert images[line[1]] == line[2]
    for digest in images.values():
        data = (store.images / digest[:2] / f"{digest}.jpg").read_bytes()
        assert hashlib.sha256(data).hexdigest() == digest
    assert list((store.images / INCOMING).iterdir()) == []


def test_a_picture_is_durable_before_the_row_that_names_it(
    tmp_path, bundle, make_field, monkeypatch
):
    events: list[str] = []
    real_fsync, real_replace, real_connect = os.fsync, Path.replace, database.connect

    def fsync(descriptor: int) -> None:
        real_fsync(descriptor)
        place = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        events.append("folder synced" if place.is_dir() else "picture synced")

    def replace(source: Path, target: Path) -> Path:
        events.append("renamed")
        return real_replace(source, target)

    def connect(path: Path) -> sqlite3.Connection:
        opened = real_connect(path)
        opened.set_trace_callback(lambda statement: events.append(statement.split("(")[0].strip()))
        return opened

    monkeypatch.setattr(database, "connect", connect)
    with Store.open(tmp_path / "store") as store:
        run = store.begin_run("S-1", "", "samples", bundle)
        monkeypatch.setattr(os, "fsync", fsync)
        monkeypatch.setattr(Path, "replace", replace)
        events.clear()
        store.add_fields(run, [make_field()])
    told = [event for event in events if event[:4] in ("pict", "rena", "fold", "BEGI", "COMM")]
    end = told.index("BEGIN IMMEDIATE")
    assert told[end - 3 :] == [
        "picture synced",
        "renamed",
        "folder synced",
        "BEGIN IMMEDIATE",
        "COMMIT",
    ]
