"""The flags that stand for a manifest where a network has none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgeall.errors import MissingFactError, UsageError
from edgeall.model.archive import read_archive
from edgeall.model.bundle import MANIFEST, Bundle, check_is_network, open_bundle
from edgeall.model.operators import check_is_whole
from edgeall.model.plain import PlainFacts, open_plain

if TYPE_CHECKING:
    from edgeall.model.feed import Preprocess
    from edgeall.model.manifest import Unit


@dataclass(frozen=True, slots=True)
class PlainFlags:
    """What was typed, each None where it was not; labels are separated by commas."""

    labels: str | None
    blasts: str | None
    preprocess: Preprocess | None


def has_manifest(model: Path) -> bool:
    """Tell a bundle from a plain network.

    Raises
    ------
    BundleError
        The file is no TFLite file.
    """
    check_is_network(model)
    archive = read_archive(model)
    return archive is not None and MANIFEST in archive.names


def open_whole_images(
    model: Path, flags: PlainFlags, unit: Unit = "field"
) -> tuple[Bundle, Preprocess]:
    """Open a bundle, or a plain network with the facts typed in, for images read whole.

    ``unit`` is what an image shows, for a plain network; a bundle knows it.

    Raises
    ------
    BundleError
        The file cannot be used.
    MissingFactError
        It has no manifest and a fact was not typed.
    UsageError
        It has a manifest, which a typed fact would contradict or repeat.
    """
    typed = {
        "--labels": flags.labels,
        "--blasts": flags.blasts,
        "--preprocess": flags.preprocess,
    }
    if has_manifest(model):
        if given := [flag for flag, value in typed.items() if value is not None]:
            raise UsageError(
                f"{model}: its manifest says what {' and '.join(given)} would; "
                "leave such flags to networks without a manifest."
            )
        return open_bundle(model), "none"
    check_is_whole(model.read_bytes(), str(model))
    missing = [flag for flag, value in typed.items() if value is None]
    if flags.labels is None or flags.blasts is None or flags.preprocess is None:
        raise MissingFactError(
            f"{model}: it carries no manifest, so {', '.join(missing)} must say what it was "
            "trained with; or make a bundle of the trained model with edgeall convert."
        )
    labels, blasts = _split(flags.labels), _split(flags.blasts)
    if strangers := [blast for blast in blasts if blast not in labels]:
        raise UsageError(f"--blasts names {', '.join(strangers)}, which --labels does not.")
    facts = PlainFacts(labels, blasts, unit=unit, preprocess=flags.preprocess)
    return open_plain(model, facts), flags.preprocess


def _split(listed: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in listed.split(",") if name.strip())
