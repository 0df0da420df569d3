"""The shortcut test: what is left of a network when colour tells nothing.

::

    python benchmarks/shortcut.py RUN_FOLDER...

Each bundle reads the test images of its run folder as they are, without
colour, and restained at random. What falls to chance read the stain.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from table import Row, show

from edgeall.camera.decode import decode_image
from edgeall.evaluate.labelled import LabelledImage, find_labelled
from edgeall.model.bundle import open_bundle
from edgeall.model.classifier import Classifier
from edgeall_convert.training.stain import grayscale, jitter, restain

if TYPE_CHECKING:
    from edgeall.camera.frame import Pixels

STRENGTH = 0.35
_NEAR_CHANCE = 0.1
"""Balanced accuracy over that of guessing, under which nothing was left."""


def main() -> None:
    """Measure each run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+")
    for run in parser.parse_args().runs:
        bundle = open_bundle(run / "model.tflite")
        labels = bundle.manifest.output.labels
        images = find_labelled(run / "test", labels)
        classifier = Classifier(bundle)
        rows = []
        for name, change in CHANGES.items():
            measured = _balanced_accuracy(classifier, images, labels, change)
            fallen = measured < 1 / len(labels) + _NEAR_CHANCE
            rows.append(Row(name, f"{measured:.1%}{', chance' if fallen else ''}"))
        show(f"{run.name}, balanced accuracy, int8", rows)


def _balanced_accuracy(
    classifier: Classifier,
    images: list[LabelledImage],
    labels: tuple[str, ...],
    change: Callable[[Pixels, np.random.Generator], Pixels],
) -> float:
    rng = np.random.default_rng(1)
    right: dict[str, list[bool]] = {}
    for image in images:
        said = classifier.probabilities([change(decode_image(image.path), rng)])[0]
        right.setdefault(image.label, []).append(labels[int(said.argmax())] == image.label)
    return float(np.mean([np.mean(own) for own in right.values()]))


def _jittered(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Restain; what is black stays black."""
    return restain(pixels, jitter(rng, STRENGTH)) * (pixels.max(axis=2, keepdims=True) > 0)


CHANGES: dict[str, Callable[[Pixels, np.random.Generator], Pixels]] = {
    "as it is": lambda pixels, rng: pixels,
    "without colour": lambda pixels, rng: grayscale(pixels),
    f"stain jittered by {STRENGTH}": _jittered,
}


if __name__ == "__main__":
    main()
