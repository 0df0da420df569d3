"""One table for every benchmark: what, how much, the bar, and whether it was met."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A measured figure; ``met`` is None where there is no bar."""

    what: str
    figure: str
    bar: str = ""
    met: bool | None = None


def show(title: str, rows: list[Row]) -> None:
    """Print a Markdown table, and the machine under it."""
    print(f"\n### {title}\n\n| what | measured | bar | |\n|---|---|---|---|")
    for row in rows:
        verdict = "" if row.met is None else "met" if row.met else "MISSED"
        print(f"| {row.what} | {row.figure} | {row.bar} | {verdict} |")
    print(f"\n{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}")
