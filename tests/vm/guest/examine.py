"""Compares a store with what was acknowledged; the standard library only.

    examine.py STORE TOLD

Run on the host or in the guest; prints what was checked and everything that is not as it should be.
"""

import hashlib
import json
import re
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

EVENT = re.compile(r"event=(field_taken|slide_begin|slide_ended) run=(\d+)(.*)")


def acknowledged(told: str) -> dict[str, dict]:
    """Return the fields, slides and readings that the service told of as stored."""
    found: dict[str, dict] = {"field_taken": {}, "slide_begin": {}, "slide_ended": {}}
    # The cut may have cut the last line short: it does not count.
    for line in told.rpartition("\n")[0].splitlines():
        if event := EVENT.search(line):
            kind, run, rest = event.groups()
            facts = dict(re.findall(r"(\w+)=(\S+)", rest))
            key = (int(run), int(facts["field"])) if kind == "field_taken" else int(run)
            found[kind][key] = facts
    return found


def examine(store: Path, told: str) -> dict:
    """Return the counts of what was checked, the open run and the losses."""
    acks = acknowledged(told)
    database = store / "edgeall.sqlite3"
    if not database.exists():
        return summary(acks, 0, {}, everything(acks))
    # A copy: what the service finds at its next start must be what the cut left.
    with TemporaryDirectory() as aside:
        for path in store.glob("edgeall.sqlite3*"):
            shutil.copy(path, aside)
        return compared(Path(aside) / database.name, store / "images", acks)


def compared(database: Path, pictures: Path, acks: dict[str, dict]) -> dict:
    losses: list[str] = []
    with closing(sqlite3.connect(database)) as rows:
        try:
            losses += whole(rows) + tables(rows, acks) + images(rows, pictures)
            unfinished = dict(rows.execute(
                "SELECT run.id, (SELECT count(*) FROM field WHERE run = run.id) FROM run "
                "WHERE id NOT IN (SELECT run FROM reading)"
            ))  # fmt: skip
            (named,) = rows.execute("SELECT count(*) FROM image").fetchone()
        except sqlite3.Error as error:
            losses += [f"the database cannot be read: {error}", *everything(acks)]
            unfinished, named = {}, 0
    return summary(acks, named, unfinished, losses)


def summary(acks: dict[str, dict], named: int, unfinished: dict, losses: list[str]) -> dict:
    return {
        "fields": len(acks["field_taken"]),
        "slides": len(acks["slide_begin"]),
        "readings": len(acks["slide_ended"]),
        "images": named,
        "open": unfinished,
        "losses": losses,
    }


def everything(acks: dict[str, dict]) -> list[str]:
    return [f"{kind} {key}" for kind in acks for key in acks[kind]]


def whole(rows: sqlite3.Connection) -> list[str]:
    damage = [text for (text,) in rows.execute("PRAGMA integrity_check") if text != "ok"]
    return damage + [f"foreign key {row}" for row in rows.execute("PRAGMA foreign_key_check")]


def tables(rows: sqlite3.Connection, acks: dict[str, dict]) -> list[str]:
    """Return what was acknowledged and is not in the rows as it was told."""
    fields = {
        (run, number + 1): str(cells)
        for run, number, cells in rows.execute(
            "SELECT run, number, (SELECT count(*) FROM cell WHERE cell.field = field.id) FROM field"
        )
    }
    readings = {run: str(count) for run, count in rows.execute("SELECT run, fields FROM reading")}
    begun = {run for (run,) in rows.execute("SELECT run FROM slide_event WHERE event = 'begun'")}
    lost = [
        f"field {key}: told {facts['cells']} cells, stored {fields.get(key)}"
        for key, facts in acks["field_taken"].items()
        if fields.get(key) != facts["cells"]
    ]
    lost += [
        f"reading of run {run}: told {facts['fields']} fields, stored {readings.get(run)}"
        for run, facts in acks["slide_ended"].items()
        if readings.get(run) != facts["fields"]
    ]
    return lost + [
        f"run {run} was begun and is not stored" for run in acks["slide_begin"].keys() - begun
    ]


def images(rows: sqlite3.Connection, folder: Path) -> list[str]:
    """Return the rows whose picture is absent or not what it was."""
    lost = []
    for digest, suffix, size in rows.execute("SELECT sha256, suffix, bytes FROM image"):
        path = folder / digest[:2] / f"{digest}{suffix}"
        data = path.read_bytes() if path.exists() else None
        if data is None or len(data) != size or hashlib.sha256(data).hexdigest() != digest:
            state = "absent" if data is None else f"{len(data)} bytes of {size}"
            lost.append(f"image {digest[:8]}: {state}")
    return lost


if __name__ == "__main__":
    print(json.dumps(examine(Path(sys.argv[1]), Path(sys.argv[2]).read_text())))
