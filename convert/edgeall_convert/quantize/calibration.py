"""The calibration set: the images whose ranges become int8 scales."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgeall.camera.folder import SUFFIXES, natural_key
from edgeall.errors import ImageError, InputError
from edgeall.evaluate.inputs import read_inputs
from edgeall.samples import paths
from edgeall_convert.evaluate.report import CalibrationSet
from edgeall_convert.sidecar import sidecar_path

if TYPE_CHECKING:
    from edgeall.camera.frame import Pixels
    from edgeall.model.manifest import InputFacts
    from edgeall_convert.quantize.request import Request
    from edgeall_convert.sidecar import Sidecar

FIRST_RUNG_IMAGES = 100
"""Ten images calibrate as well as two hundred where they are good ones; a hundred is safe."""

_DARK = 8.0
_LEAST_SPREAD = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Images of the network's size, balanced over class folders, in a fixed random order.

    ``images`` are for calibrating, ``held`` are those left over: nobody has
    seen them. ``are_samples`` tells that the shipped samples had to do.
    """

    images: tuple[Pixels, ...]
    held: tuple[Pixels, ...]
    facts: CalibrationSet
    are_samples: bool


def gather(request: Request, sidecar: Sidecar, taken: InputFacts) -> Calibration:
    """Read the calibration images.

    Raises
    ------
    InputError
        The folder holds no readable image, or images that cannot calibrate:
        black, scaled to 0 and 1, or without any contrast.
    """
    files, source, are_samples = _files(request, sidecar, taken)
    order = balanced(files, request.seed)
    chosen = order[: 2 * request.calibration_size]
    read, warnings = _read(chosen, taken)
    if not read:
        raise InputError(f"{source}: none of its images can be read, the first: {warnings[0]}")
    check_range([pixels for _, pixels in read], source)
    if are_samples:
        warnings.append(
            "calibrated on the shipped samples, which are not what this network was trained on: "
            "its int8 ranges may clip or waste steps on your images, so give --calibration DIR"
        )
    size = min(request.calibration_size, max(1, len(read) - len(read) // 3))
    by_label = Counter(path.parent.name for path, _ in read[:size])
    return Calibration(
        tuple(pixels for _, pixels in read[:size]),
        tuple(pixels for _, pixels in read[size:]),
        CalibrationSet(
            source=source, images=size, by_label=dict(by_label), warnings=tuple(warnings)
        ),
        are_samples,
    )


def _files(request: Request, sidecar: Sidecar, taken: InputFacts) -> tuple[list[Path], str, bool]:
    if request.calibration is not None:
        return images_under(Path(request.calibration)), request.calibration, False
    if sidecar.calibration:
        home = sidecar_path(Path(request.model)).parent
        return [home / name for name in sidecar.calibration], "the training's own sidecar", False
    folder = paths.cells_folder() if taken.unit == "cell" else paths.fields_folder()
    return images_under(folder), "the shipped samples", True


def images_under(folder: Path) -> list[Path]:
    """Return the images in a folder and its class folders.

    Raises
    ------
    InputError
        It is absent or holds none.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; check --calibration.")
    found = [
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
    ]
    if not found:
        raise InputError(f"{folder}: there is no image in it; name a folder of training images.")
    return sorted(found, key=natural_key)


def balanced(files: Sequence[Path], seed: int) -> list[Path]:
    """Return the files in random order, one of each class folder in turn."""
    rng = np.random.default_rng(seed)
    classes: dict[Path, list[Path]] = {}
    for path in files:
        classes.setdefault(path.parent, []).append(path)
    shuffled = [[group[i] for i in rng.permutation(len(group))] for group in classes.values()]
    longest = max(len(group) for group in shuffled)
    return [group[turn] for turn in range(longest) for group in shuffled if turn < len(group)]


def _read(files: Sequence[Path], taken: InputFacts) -> tuple[list[tuple[Path, Pixels]], list[str]]:
    read, refused = [], []
    inputs = read_inputs(files, taken, grayscale_allowed=True)
    for path, pixels in zip(files, inputs, strict=True):
        if isinstance(pixels, ImageError):
            refused.append(f"left out: {pixels}")
        else:
            read.append((path, pixels))
    return read, refused


def check_range(images: Sequence[Pixels], source: str) -> None:
    """Refuse images that would set wrong ranges without anybody noticing.

    Raises
    ------
    InputError
        They are black or were saved with values of 0 to 1, or have no contrast.
    """
    brightest = float(np.percentile([np.percentile(image, 99.5) for image in images], 75))
    if brightest < _DARK:
        raise InputError(
            f"{source}: the calibration images are black or were saved with values of 0 to 1 "
            f"(their brightest pixels reach {brightest:.0f} of 255); give the images themselves, "
            "unscaled, with --calibration."
        )
    spread = float(np.median([image.std() for image in images]))
    if spread < _LEAST_SPREAD:
        raise InputError(
            f"{source}: the calibration images show nothing (every pixel is about the same); "
            "give images like those of the training with --calibration."
        )
