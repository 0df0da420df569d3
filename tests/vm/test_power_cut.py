"""The power fails while slides are read: nothing that was acknowledged may be lost."""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .guest.examine import examine
from .machine import Machine

if TYPE_CHECKING:
    from .disk import DataDisk
    from .machine import Root

CUTS = int(os.environ.get("EDGEALL_VM_CUTS", "60"))
"""Cuts of each kind."""

WEAK_CUTS = 8
SEED = int(os.environ.get("EDGEALL_VM_SEED", "1"))
FIELDS_A_SLIDE = 10
POWER_ON_EVERY = 15
"""One cut in so many is followed by a whole start; the others wake from the saved memory."""

EARLY_SHARE = 0.15
EARLY_S = (0.0, 8.0)
READING_S = (0.3, 7.0)

PACKAGE = "/opt/edgeall/current/lib/python3.13/site-packages/edgeall"
WEAKENINGS = {
    "synchronous=NORMAL": ("store/connection.py", "s/synchronous = FULL/synchronous = NORMAL/"),
    "pictures without fsync": ("store/images.py", "/os.fsync(opened/d"),
}
REFILL = "test $(ls /mnt/incoming | wc -l) -ge 60 || mv /mnt/incoming/taken/* /mnt/incoming/"


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


def serve_until_a_moment(machine: Machine, moments: random.Random, device: str) -> str:
    """Start the service and return what it had told at a random moment of its work."""
    machine.say(f"mount {device} /mnt && ({REFILL}) && /opt/vm/serve {FIELDS_A_SLIDE}")
    before = len(machine.told.read_text())
    if moments.random() < EARLY_SHARE:
        machine.idle(moments.uniform(*EARLY_S))
    else:
        machine.until_told("event=ready", after=before)
        machine.idle(moments.uniform(*READING_S))
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


def cut_machines(root: Root, memory: Path, disk: DataDisk, folder: Path, cuts: int) -> Tally:
    """Cut the power of machine and disk again and again while the device reads on."""
    moments, tally = random.Random(SEED), Tally()
    left_open: dict[int, int] = {}
    for number in range(cuts):
        wake = None if number % POWER_ON_EVERY == POWER_ON_EVERY - 1 else memory
        machine = Machine(root, folder, disk, wake=wake)
        serve_until_a_moment(machine, moments, "/dev/vdb")
        machine.cut_power()
        told = machine.told.read_text()
        with disk.looked_into(folder / "look") as mounted:
            found = examine(mounted / "store", told)
        found["losses"] += goes_on(told, left_open)
        left_open = found["open"]
        tally.add(found)
    return tally


def test_a_cut_of_machine_and_disk_loses_nothing(root, memory, disk, tmp_path, figures):
    tally = cut_machines(root, memory, disk, tmp_path, CUTS)
    figures.append(tally.sentence("machine and disk cache killed"))
    assert tally.losses == []
    assert tally.checked["fields"] > CUTS
