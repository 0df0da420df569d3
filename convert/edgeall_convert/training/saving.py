"""Saving a network whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeall.store.durable import disk_error

if TYPE_CHECKING:
    from pathlib import Path

    import keras


def save_network(model: keras.Model, path: Path) -> None:
    """Save a network; a former file of that name is intact where that fails.

    Raises
    ------
    StoreError
        It cannot be written there.
    """
    aside = path.with_name(f".{path.stem}.part.keras")
    try:
        model.save(aside)
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise disk_error(path, error) from error
