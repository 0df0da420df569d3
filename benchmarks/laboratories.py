"""Crossing laboratories: a bundle on cells of data sets that it was not trained on.

::

    python benchmarks/laboratories.py MODEL.tflite... --cells DIR --normal DIR

``--cells`` folders hold both kinds, by class folders or C-NMC's names: their
cells, found and cropped as the device does it, give AUROC, sensitivity and
specificity. ``--normal`` folders hold normal blood: every call of a blast is
false. Each class folder there has a figure of its own.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from table import Row, show

from edgeall.evaluate.roc import auroc
from edgeall.evaluate.scores import blast_probabilities
from edgeall.model.bundle import Bundle, open_bundle
from edgeall.model.classifier import Classifier
from edgeall.slide.interval import wilson
from edgeall_convert.datasets.examples import Example, labels_of, list_examples
from edgeall_convert.training.collect import choose_blasts
from edgeall_convert.training.gallery import Gallery, open_gallery, show_cells

if TYPE_CHECKING:
    from numpy.typing import NDArray


def main() -> None:
    """Measure each bundle on each data set and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", type=Path, nargs="+", help="bundles of cells on black")
    parser.add_argument("--cells", type=Path, action="append", default=[])
    parser.add_argument("--normal", type=Path, action="append", default=[])
    parser.add_argument("--most", type=int, default=3000, help="cells of a data set, at most")
    given = parser.parse_args()
    bundles = [open_bundle(path) for path in given.models]
    galleries: dict[tuple[Path, int], tuple[tuple[str, ...], Gallery]] = {}
    for path, bundle in zip(given.models, bundles, strict=True):
        size = bundle.manifest.input.height
        rows: list[Row] = []
        for folder in (*given.cells, *given.normal):
            if (folder, size) not in galleries:
                galleries[folder, size] = _read(folder, size, given.most)
            labels, gallery = galleries[folder, size]
            blast = _blast_probability(bundle, gallery)
            if folder in given.normal:
                rows += _false_blasts(folder, labels, gallery, blast)
            else:
                rows.append(_both_kinds(folder, labels, gallery, blast))
        show(f"{path}", rows)


def _read(folder: Path, size: int, most: int) -> tuple[tuple[str, ...], Gallery]:
    """Return up to ``most`` cells of a data set, every so many one, and their labels."""
    examples = _once(list_examples(folder))
    labels = labels_of(examples)
    gallery = open_gallery(examples, labels, size, show_cells)
    step = -(-len(gallery.targets) // most)
    return labels, gallery.at(range(0, len(gallery.targets), step))


def _once(examples: Sequence[Example]) -> list[Example]:
    """Return each image once: boxes tell where cells are, and here the device finds them."""
    first = {example.path: example for example in reversed(examples)}
    boxed = any(example.box for example in examples)
    named = all(example.subject for example in examples)
    label = "white cell"
    return [
        replace(example, box=None, label=example.label if named or not boxed else label)
        for example in sorted(first.values(), key=lambda one: str(one.path))
    ]


def _blast_probability(bundle: Bundle, gallery: Gallery) -> NDArray[np.float64]:
    classifier = Classifier(bundle)
    said = np.concatenate([classifier.probabilities([pixels]) for pixels in gallery.pixels])
    output = bundle.manifest.output
    return blast_probabilities(said, output.labels, output.blasts)


def _both_kinds(
    folder: Path, labels: Sequence[str], gallery: Gallery, blast: NDArray[np.float64]
) -> Row:
    blasts = choose_blasts(labels, None)
    is_blast = np.isin(gallery.targets, [labels.index(label) for label in blasts])
    area = auroc(blast, is_blast)
    found, kept = (blast[is_blast] > 0.5).mean(), (blast[~is_blast] <= 0.5).mean()
    return Row(
        f"{folder.name}, {len(blast)} cells",
        f"AUROC {area:.3f}, sensitivity {found:.1%}, specificity {kept:.1%}",
    )


def _false_blasts(
    folder: Path, labels: Sequence[str], gallery: Gallery, blast: NDArray[np.float64]
) -> list[Row]:
    """Return false blasts per 100 cells, of all and of each class."""
    rows = [_rate(f"{folder.name}, false blasts", blast > 0.5)]
    if len(labels) > 1:
        for position, label in enumerate(labels):
            rows.append(_rate(f"{folder.name}, {label}", blast[gallery.targets == position] > 0.5))
    return rows


def _rate(name: str, called: NDArray[np.bool_]) -> Row:
    low, high = wilson(int(called.sum()), len(called))
    return Row(
        f"{name}, {len(called)} cells",
        f"{100 * called.mean():.1f} per 100 ({100 * low:.1f} to {100 * high:.1f})",
    )


if __name__ == "__main__":
    main()
