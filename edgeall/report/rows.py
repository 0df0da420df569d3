"""A reading as lines of a name and a value: the same for the terminal and every report."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeall.slide.reading import Proportion, Reading

DISCLAIMER = "supports, and does not replace, a skilled morphologist"
"""What every picture and report of ours says of itself."""


def reading_rows(reading: Reading) -> list[tuple[str, str]]:
    """Return a reading's lines, top to bottom, as (name, value)."""
    rows = [
        ("slide", printable(reading.slide_id)),
        (_frames_name(reading), _frames(reading)),
        (f"{reading.unit}s counted", str(reading.counted)),
    ]
    rows += [
        (f"  {label}", _share(count, reading.counted)) for label, count in reading.differential
    ]
    rows.append(("  unidentified", _share(reading.unidentified, reading.counted)))
    if reading.unit == "cell":
        rows.append(("cut by the border, not read", str(reading.cut_by_border)))
    if reading.repeated:
        rows.append(("seen twice, counted once", str(reading.repeated)))
    rows += [
        ("blasts among the identified", _blasts(reading.blasts)),
        ("still needed", _more(reading)),
        ("flags", ", ".join(reading.flags) or "none"),
        ("bundle", reading.bundle),
    ]
    return rows


def printable(text: str) -> str:
    """Return text that cannot steer a terminal: free text may hold control characters."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def _frames_name(reading: Reading) -> str:
    return "frames" if reading.unit == "field" else "fields"


def _frames(reading: Reading) -> str:
    lost = reading.fields_not_counted
    return f"{reading.fields}, {lost} of them not counted" if lost else str(reading.fields)


def _share(count: int, total: int) -> str:
    return f"{count} ({count / total:.1%})" if total else str(count)


def _blasts(blasts: Proportion | None) -> str:
    if blasts is None:
        return "not known"
    return (
        f"{blasts.count} of {blasts.total}: {blasts.value:.1%} "
        f"(95% interval {blasts.low:.1%} to {blasts.high:.1%})"
    )


def _more(reading: Reading) -> str:
    width = f"{reading.target_width * 100:g} points"
    if reading.more_needed is None:
        return "not known"
    if reading.more_needed == 0:
        return f"none, the interval is within {width}"
    unit = reading.unit if reading.more_needed == 1 else f"{reading.unit}s"
    return f"{reading.more_needed} identified {unit}, for an interval of {width}"
