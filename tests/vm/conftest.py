"""Whole machines under qemu. Only with EDGEALL_VM=1 (`make test-vm`): they take half an hour."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .disk import DataDisk
from .fields import write_fields
from .machine import Machine
from .root import make_root, reason_against

if TYPE_CHECKING:
    from .machine import Root

collect_ignore_glob = [] if os.environ.get("EDGEALL_VM") else ["test_*.py"]

FIELDS = 560
_FIGURES: list[str] = []


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Root:
    """Return the root of all machines; EDGEALL_VM_CACHE names a folder that keeps its Debian."""
    if (why := reason_against()) is not None:
        pytest.skip(why)
    cache = os.environ.get("EDGEALL_VM_CACHE")
    return make_root(Path(cache) if cache else tmp_path_factory.mktemp("root"))


@pytest.fixture(scope="session")
def filled_disk(root: Root, tmp_path_factory: pytest.TempPathFactory) -> DataDisk:
    """Return a disk with pictures that wait to be read; copy it."""
    folder = tmp_path_factory.mktemp("disk")
    write_fields(folder / "data/incoming", FIELDS)
    (folder / "data/store").mkdir()
    return DataDisk.made_of(folder / "data", folder / "filled.disk")


@pytest.fixture
def disk(filled_disk: DataDisk, tmp_path: Path) -> DataDisk:
    """Return a disk of this test's own."""
    return filled_disk.copied_to(tmp_path / "data.disk")


@pytest.fixture(scope="session")
def memory(root: Root, filled_disk: DataDisk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the saved memory of a machine that has started; its data disk was never mounted."""
    folder = tmp_path_factory.mktemp("memory")
    with Machine(root, folder, filled_disk) as machine:
        # What it read of its root stays in its memory, so that the service starts sooner.
        machine.say("edgeall doctor --self-test && python3 -c 'import json, socket'")
        machine.say("blockdev --flushbufs /dev/vdb")
        machine.sleep_into(folder / "memory")
    return folder / "memory"


@pytest.fixture
def figures() -> list[str]:
    """Return the lines that are printed at the end of the run."""
    return _FIGURES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was counted."""
    if _FIGURES:
        terminalreporter.section("figures")
        for line in _FIGURES:
            terminalreporter.line(line)
