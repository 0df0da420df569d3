"""The power fails while slides are read: nothing that was acknowledged may be lost."""

from __future__ import annotations

import json
import os
import random
import shlex
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .disk import SECTORS
from .guest.examine import examine
from .machine import Machine

if TYPE_CHECKING:
    from .disk import DataDisk
    from .machine import Root

CUTS = int(os.environ.get("EDGEALL_VM_CUTS", "60"))
"""Cuts of each kind."""

WEAK_CUTS = 5
"""Enough to be found out: nearly every cut loses something."""

SEED = int(os.environ.get("EDGEALL_VM_SEED", "1"))
FIELDS_A_SLIDE = 10
POWER_ON_EVERY = 15
"""One cut in so many is followed by a whole start; the others wake from the saved memory."""

EARLY_SHARE = 0.15
EARLY_S = 10.0
"""Some cuts come while the service starts, and mends what the cut before left."""

MOST_FIELDS = 7
LATE_S = 2.0
"""The others come after 1 to 7 fields, at any moment within the time of the next two."""


PACKAGE = "/opt/edgeall/current/lib/python3.13/site-packages/edgeall"
WEAKENINGS = {
    "synchronous=NORMAL": ("store/connection.py", "s/synchronous = FULL/synchronous = NORMAL/"),
    "pictures without fsync": ("store/images.py", "/os.fsync(opened/d"),
}
MOUNT = (
    "mount /dev/vdb /mnt && "
    "{ test $(ls /mnt/incoming | wc -l) -ge 60 || mv /mnt/incoming/taken/* /mnt/incoming/; }"
)
KEEPS = f"0 {SECTORS} linear /dev/vdb 0"
DROPS = f"0 {SECTORS} flakey /dev/vdb 0 0 1 1 drop_writes"
# Neither the file system nor the queue is flushed before: it comes as unforeseen as a cut.
CHANGE = (
    "dmsetup suspend --nolockfs --noflush data && dmsetup load data --table '{}' && "
    "dmsetup resume data"
)
STOP = (
    "kill -KILL $(cat /run/technician.pid /run/serve.pid); "
    "while [ -d /proc/$(cat /run/serve.pid) ]; do sleep 0.05; done"
)


@dataclass
class Tally:
    """What was checked over all cuts."""

    cuts: int = 0
    checked: Counter[str] = field(default_factory=Counter)
    losses: list[str] = field(default_factory=list)

    def add(self, found: dict) -> None:
        self.cuts += 1
        self.checked.update(
            {kind: found[kind] for kind in ("fields", "slides", "readings", "images")}
        )
        self.losses += [f"cut {self.cuts}: {loss}" for loss in found["losses"]]

    def sentence(self, what: str) -> str:
        """Return one line; pictures are compared again after every cut."""
        it = self.checked
        return (
            f"{what}: {self.cuts} cuts; acknowledged and checked: {it['fields']} fields, "
            f"{it['slides']} slides begun, {it['readings']} readings; {it['images']} pictures "
            f"compared; {len(self.losses)} losses"
        )


def weaken(machine: Machine, how: str) -> None:
    """Put a program that is not durable over the installed one, in this machine's memory."""
    place, change = WEAKENINGS[how]
    weak = f"/run/{Path(place).name}"
    machine.say(
        f"sed '{change}' {PACKAGE}/{place} >{weak} && ! cmp -s {weak} {PACKAGE}/{place} && "
        f"mount --bind {weak} {PACKAGE}/{place}"
    )


def serve_until_a_moment(machine: Machine, moments: random.Random) -> str:
    """Start the service and return what it had told at a random moment of its work."""
    before = len(machine.told.read_text())
    machine.say(f"/opt/vm/serve {FIELDS_A_SLIDE}")
    if moments.random() < EARLY_SHARE:
        machine.idle(moments.uniform(0, EARLY_S))
    else:
        machine.until_told("event=field_taken", after=before, times=moments.randint(1, MOST_FIELDS))
        machine.idle(moments.uniform(0, LATE_S))
    return machine.told.read_text()[before:]


def goes_on(told: str, left_open: dict[int, int]) -> list[str]:
    """Return the slides that were open at the cut and were not taken up as they were."""
    if "event=ready" not in told:
        return []
    return [
        f"run {run} with {fields} fields did not go on"
        for run, fields in left_open.items()
        if f"event=slide_continued run={run} fields={fields}\n" not in told
    ]


@dataclass(frozen=True)
class Bench:
    """What machines are made from, in a folder of the test's own."""

    root: Root
    memory: Path
    disk: DataDisk
    folder: Path


@pytest.fixture
def bench(root: Root, memory: Path, disk: DataDisk, tmp_path: Path) -> Bench:
    return Bench(root, memory, disk, tmp_path)


def cut_machines(bench: Bench, cuts: int) -> Tally:
    """Cut the power of machine and disk again and again while the device reads on."""
    moments, tally = random.Random(SEED), Tally()
    left_open: dict[int, int] = {}
    for number in range(cuts):
        wake = None if number % POWER_ON_EVERY == POWER_ON_EVERY - 1 else bench.memory
        with Machine(bench.root, bench.folder, bench.disk, wake=wake) as machine:
            machine.say(MOUNT)
            serve_until_a_moment(machine, moments)
        told = machine.told.read_text()
        found = look_into(bench, told)
        found["losses"] += goes_on(told, left_open)
        left_open = found["open"]
        tally.add(found)
    return tally


def cut_weakened_machines(bench: Bench, how: str) -> Tally:
    """Cut the power of machines that are not durable; each begins with a disk of its own."""
    moments, tally = random.Random(SEED), Tally()
    for _ in range(WEAK_CUTS):
        own = replace(bench, disk=bench.disk.copied_to(bench.folder / "own.disk"))
        with Machine(own.root, own.folder, own.disk, wake=own.memory) as machine:
            weaken(machine, how)
            machine.say(MOUNT)
            serve_until_a_moment(machine, moments)
        tally.add(look_into(own, machine.told.read_text()))
    return tally


def look_into(bench: Bench, told: str) -> dict:
    with bench.disk.looked_into(bench.folder / "look") as mounted:
        return examine(mounted / "store", told)


def drop_writes(bench: Bench, cuts: int, how: str | None = None) -> Tally:
    """Let a disk swallow what is written to it from a random moment on, several times a start."""
    moments, tally = random.Random(SEED), Tally()
    left_open: dict[int, int] = {}
    with Machine(bench.root, bench.folder, bench.disk, wake=bench.memory) as machine:
        machine.say(f"modprobe dm-flakey && dmsetup create data --table '{KEEPS}'")
        if how:
            weaken(machine, how)
        for _ in range(cuts):
            machine.say(MOUNT.replace("/dev/vdb", "/dev/dm-0"))
            # What was told before the disk is changed was acknowledged while it kept writes.
            told = serve_until_a_moment(machine, moments)
            machine.say(f"{CHANGE.format(DROPS)}; {STOP} && umount /mnt && {CHANGE.format(KEEPS)}")
            found = examine_inside(machine, told)
            if how is None:
                found["losses"] += goes_on(told, left_open)
            left_open = {int(run): fields for run, fields in found["open"].items()}
            tally.add(found)
    return tally


def examine_inside(machine: Machine, told: str) -> dict:
    """Examine in the guest, so that the machine need not be ended."""
    said = machine.say(
        f"printf %s {shlex.quote(told)} >/run/told && mount /dev/dm-0 /mnt && "
        "python3 /opt/vm/examine.py /mnt/store /run/told && umount /mnt"
    )
    return json.loads(said)


def test_a_cut_of_machine_and_disk_loses_nothing(bench, figures):
    tally = cut_machines(bench, CUTS)
    figures.append(tally.sentence("machine and disk cache killed"))
    assert tally.losses == []
    assert tally.checked["fields"] > CUTS


def test_a_disk_that_drops_writes_loses_nothing_that_was_acknowledged(bench, figures):
    tally = drop_writes(bench, CUTS)
    figures.append(tally.sentence("writes dropped by dm-flakey"))
    assert tally.losses == []
    assert tally.checked["fields"] > CUTS


@pytest.mark.parametrize("how", WEAKENINGS)
def test_a_program_that_is_not_durable_is_found_out_by_a_cut(bench, figures, how):
    tally = cut_weakened_machines(bench, how)
    figures.append(tally.sentence(f"{how}, machine and disk cache killed"))
    assert tally.losses


@pytest.mark.parametrize("how", WEAKENINGS)
def test_a_program_that_is_not_durable_is_found_out_by_dropped_writes(bench, figures, how):
    tally = drop_writes(bench, WEAK_CUTS, how)
    figures.append(tally.sentence(f"{how}, writes dropped by dm-flakey"))
    assert tally.losses
