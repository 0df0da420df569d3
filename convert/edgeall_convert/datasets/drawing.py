"""Plots of a data set: how large its sides are, and what they are made of.

The first source shows these of its data: subset sizes as bars and as a pie,
and the classes of each subset as grouped bars.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from edgeall.store.durable import make_folder, write_durably
from edgeall_convert.evaluate.plots import COLOURS, SOFT, STYLE, as_svg

if TYPE_CHECKING:
    from edgeall_convert.datasets.inspection import DataInspection


def write_plots(inspection: DataInspection, folder: Path) -> tuple[Path, ...]:
    """Write the plots as SVG and return their paths.

    Raises
    ------
    StoreError
        One cannot be written there.
    """
    make_folder(folder)
    drawn = {
        "subset-bars.svg": draw_subset_bars(inspection),
        "subset-pie.svg": draw_subset_pie(inspection),
        "class-by-subset.svg": draw_classes(inspection),
    }
    for name, svg in drawn.items():
        write_durably(folder / name, svg.encode())
    return tuple(folder / name for name in drawn)


def draw_subset_bars(inspection: DataInspection) -> str:
    """Draw how many examples each side has."""
    sizes = _sizes(inspection)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(1.6 + 1.2 * len(sizes), 3.2), layout="constrained")
        axes = figure.subplots()
        bars = axes.bar(list(sizes), list(sizes.values()), color=COLOURS[0], width=0.6)
        axes.bar_label(bars, padding=2, color=SOFT)
        what = "Images" if inspection.examples == inspection.files else "Labelled boxes"
        axes.set(title=f"{what} by subset")
        axes.margins(y=0.12)
        return as_svg(figure)


def draw_subset_pie(inspection: DataInspection) -> str:
    """Draw which share of the examples each side has."""
    sizes = _sizes(inspection)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.6, 3.2), layout="constrained")
        axes = figure.subplots()
        *_, shares = axes.pie(
            list(sizes.values()),
            labels=list(sizes),
            autopct="%.1f%%",
            colors=COLOURS[: len(sizes)],
            textprops={"fontsize": 9},
            wedgeprops={"edgecolor": "white"},
        )
        for share in shares:
            share.set_color("white")
        axes.set(title="Share of each subset")
        return as_svg(figure)


def draw_classes(inspection: DataInspection) -> str:
    """Draw how many examples of each label each side has."""
    subsets, labels = inspection.subsets, inspection.labels
    width = 0.8 / max(1, len(subsets))
    places = np.arange(len(labels))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2.4 + 1.0 * len(labels), 3.4), layout="constrained")
        axes = figure.subplots()
        for number, (side, counts) in enumerate(subsets.items()):
            offset = (number - (len(subsets) - 1) / 2) * width
            heights = [counts[label] for label in labels]
            colour = COLOURS[number % len(COLOURS)]
            bars = axes.bar(places + offset, heights, width * 0.92, color=colour, label=side)
            axes.bar_label(bars, padding=2, color=SOFT, fontsize=7)
        axes.set_xticks(places, labels)
        axes.set(title="Classes of each subset")
        axes.margins(y=0.12)
        if len(subsets) > 1:
            axes.legend()
        return as_svg(figure)


def _sizes(inspection: DataInspection) -> dict[str, int]:
    return {side: sum(counts.values()) for side, counts in inspection.subsets.items()}
