"""What the commands that look into the store share."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from edgeall.errors import UsageError

if TYPE_CHECKING:
    from edgeall.store.records import SlideSummary
    from edgeall.store.store import Store

HOW_TO_BEGIN = "edgeall capture --classify --source samples --slide DEMO"
"""The command that puts something into an empty store without a microscope."""


def store_folder(store: Path | None, settings: Path | None) -> Path:
    """Return the store's folder: the flag's, else the settings'."""
    if store is not None:
        return store
    from edgeall.settings.load import load_settings

    return load_settings(settings).store.folder


def find_slide(store: Store, slide_id: str) -> SlideSummary:
    """Return a slide by its identity.

    Raises
    ------
    UsageError
        There is no such slide; the message names those nearest to it.
    """
    from edgeall.report.rows import printable
    from edgeall.store.writing import as_text

    known = {summary.slide_id: summary for summary in store.slides()}
    wanted = as_text(slide_id)
    if wanted in known:
        return known[wanted]
    remedy = _remedy(wanted, known)
    raise UsageError(f"{store.path.parent}: no slide is called {printable(wanted)}; {remedy}")


def _remedy(wanted: str, known: Iterable[str]) -> str:
    import difflib

    from edgeall.report.rows import printable

    folded = {slide_id.casefold(): slide_id for slide_id in known}
    if near := difflib.get_close_matches(wanted.casefold(), folded, 3):
        return f"did you mean {' or '.join(printable(folded[match]) for match in near)}?"
    return "edgeall results lists the slides." if folded else f"{HOW_TO_BEGIN} reads one."
