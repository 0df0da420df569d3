"""Levey-Jennings charts: each figure of the controls over time, with its limits.

Source: S. Levey and E. R. Jennings, "The use of control charts in the clinical
laboratory", American Journal of Clinical Pathology 20, 1950. Drawn as plain
SVG text, without scripts or fonts of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, TypeAlias

from edgeall.report.rows import DISCLAIMER, printable

if TYPE_CHECKING:
    from edgeall.slide.westgard import Baseline

_Down: TypeAlias = Callable[[float], float]
"""From a value to its place in the chart, pixels from the top."""

_BARS = "▁▂▃▄▅▆▇█"

_WIDTH, _HEIGHT = 760, 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 110, 34, 26
_TITLE = 46

_STYLE = (
    "text{font:12px sans-serif;fill:#23202b}.t{font-weight:bold}.s{fill:#5a5566}"
    ".m{stroke:#23202b}.w{stroke:#0072b2;stroke-dasharray:6 4}.r{stroke:#d55e00}"
    "path{fill:none;stroke:#8a8594}.p{fill:#0072b2}.f{fill:none;stroke:#d55e00;stroke-width:2}"
)
"""The limits differ by dash and word as well as by colour; a failed control is a ring."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One figure over time.

    Attributes
    ----------
    name
        What it is, with its unit.
    values, passed
        Of each control, the newest last; a value is None where the run has none.
    baseline
        What is expected, or None while there are too few controls.
    expected
        The values within three deviations, lowest and highest; None without a baseline.
    """

    name: str
    values: tuple[float | None, ...]
    passed: tuple[bool, ...]
    baseline: Baseline | None
    expected: tuple[float, float] | None


def levey_jennings(title: str, charts: Sequence[Chart]) -> str:
    """Return an SVG document with one chart under another."""
    height = _TITLE + _HEIGHT * len(charts) + 24
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}">',
        f"<title>{_text(title)}</title><style>{_STYLE}</style>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
        f'<text class="t" x="12" y="26">{_text(title)}</text>',
    ]
    for place, chart in enumerate(charts):
        parts.append(f'<g transform="translate(0 {_TITLE + place * _HEIGHT})">')
        parts += [*_drawn(chart), "</g>"]
    parts.append(f'<text class="s" x="12" y="{height - 10}">edgeall {DISCLAIMER}.</text></svg>\n')
    return "\n".join(parts)


def sparkline(values: Sequence[float | None], newest: int = 30) -> str:
    """Return the newest values as a line of bars for a terminal, a space for none."""
    shown = list(values)[-newest:]
    known = [value for value in shown if value is not None]
    if not known:
        return ""
    low, span = min(known), max(known) - min(known)
    top = len(_BARS) - 1
    return "".join(
        " " if value is None else _BARS[round((value - low) / span * top) if span else top // 2]
        for value in shown
    )


def _drawn(chart: Chart) -> list[str]:
    known = [value for value in chart.values if value is not None]
    parts = [f'<text class="t" x="12" y="20">{_text(chart.name)}</text>']
    if not known:
        return [*parts, f'<text class="s" x="{_LEFT}" y="60">no values</text>']
    low, high = _range(known, chart.baseline)

    def down(value: float) -> float:
        return _TOP + (high - value) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    if chart.baseline:
        parts += _limits(chart.baseline, down)
    else:
        parts.append(
            f'<text class="s" x="{_WIDTH - _RIGHT + 12}" y="{_TOP + 12}">no limits yet</text>'
        )
    for value in (low, high):
        parts.append(
            f'<text class="s" x="{_LEFT - 8}" y="{down(value) + 4:.1f}" text-anchor="end">'
            f"{value:.3g}</text>"
        )
    return [*parts, *_points(chart, down)]


def _range(known: Sequence[float], baseline: Baseline | None) -> tuple[float, float]:
    shown = list(known)
    if baseline:
        reach = baseline.limit(3)
        shown += [baseline.mean - reach, baseline.mean + reach]
    low, high = min(shown), max(shown)
    margin = 0.06 * (high - low) or max(abs(high), 1.0) * 0.1
    return low - margin, high + margin


def _limits(baseline: Baseline, down: _Down) -> list[str]:
    parts = []
    for z, kind, name in (
        (0, "m", "mean"), (2, "w", "+2s"), (-2, "w", "-2s"), (3, "r", "+3s"), (-3, "r", "-3s"),
    ):  # fmt: skip
        reach = baseline.limit(abs(z)) if z else 0.0
        y = down(baseline.mean + (reach if z > 0 else -reach))
        parts.append(
            f'<line class="{kind}" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="s" x="{_WIDTH - _RIGHT + 12}" y="{y + 4:.1f}">{name}</text>'
        )
    return parts


def _points(chart: Chart, down: _Down) -> list[str]:
    step = (_WIDTH - _LEFT - _RIGHT) / max(1, len(chart.values) - 1)
    places = [
        (_LEFT + step * number, down(value), passed)
        for number, (value, passed) in enumerate(zip(chart.values, chart.passed, strict=True))
        if value is not None
    ]
    line = " L".join(f"{x:.1f} {y:.1f}" for x, y, _ in places)
    dots = [
        f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>'
        for x, y, passed in places
        for kind, radius in [("p", 3) if passed else ("f", 5)]
    ]
    return [f'<path d="M{line}"/>', *dots]


def _text(text: str) -> str:
    return escape(printable(text))
