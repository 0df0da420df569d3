"""The README's commands run, and show what it says they show."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BLOCKS = re.findall(
    r"```console\n\$ (edgeall [^\n]*)\n(.*?)```", (ROOT / "README.md").read_text(), re.S
)
READING = [block for block in BLOCKS if "convert" not in block[0]]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("readme")


def test_the_readme_shows_the_commands_of_a_first_day():
    shown = {command.split()[1] for command, _ in BLOCKS}
    assert {"capture", "results", "export", "convert", "inspect", "evaluate", "benchmark"} <= shown


@pytest.mark.parametrize(("command", "shown"), READING, ids=[block[0][:60] for block in READING])
def test_a_command_of_the_readme_prints_what_the_readme_shows(command, shown, place):
    """Figures vary with the machine and the hour; every line without one must be there."""
    arguments = command.replace("demo/", f"{place}/demo/").split()[1:]
    done = subprocess.run(
        [sys.executable, "-m", "edgeall", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "100"},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    told = done.stdout.replace(f"{place}/demo/", "demo/").splitlines()
    wordy = [
        line for line in shown.splitlines() if line.strip() and not re.search(r"\d|[━─]", line)
    ]
    missing = [line for line in wordy if line.rstrip() not in {other.rstrip() for other in told}]
    assert missing == []
