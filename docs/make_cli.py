"""Writes ``docs/cli.md`` from the commands' own help: ``make docs``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parent / "cli.md"
COMMANDS = (
    "capture",
    "results",
    "export",
    "serve",
    "status",
    "slide",
    "slide begin",
    "slide end",
    "slide pause",
    "slide resume",
    "slide take",
    "calibrate",
    "qc",
    "doctor",
    "config",
    "backup",
    "restore",
    "retention",
    "audit",
    "audit verify",
    "audit show",
    "data",
    "train",
    "convert",
    "inspect",
    "evaluate",
    "explain",
    "benchmark",
)
_HEAD = """# The command line

Generated from the help of each command by `make docs`; a test keeps it true.
"""


def render() -> str:
    """Return the page."""
    parts = [_HEAD, _section("edgeall")]
    parts += [_section("edgeall", *command.split()) for command in COMMANDS]
    return "\n".join(parts)


def _section(*command: str) -> str:
    shown = subprocess.run(
        [sys.executable, "-m", *command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "100", "TERMINAL_WIDTH": "100"},
    ).stdout
    return f"## `{' '.join(command)}`\n\n```text\n{shown.strip()}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(render())
