"""Makes the shipped model: both networks measured by subject, the better one trained on all.

::

    python -m edgeall_convert.training.ship C-NMC_FOLDER OUT_FOLDER [--test OTHER_FOLDER]
    edgeall convert OUT_FOLDER/blast-normal.keras --evaluate OTHER_FOLDER

Some 15 minutes on two cores. ``OUT_FOLDER`` receives the model, its sidecar,
its calibration images and ``figures.json`` with all that the card states.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from edgeall.evaluate.roc import auroc
from edgeall.evaluate.scores import Scores, score
from edgeall.evaluate.subjects import subject_auroc
from edgeall.field.colour import mean_lab
from edgeall.model.manifest import ColourStatistics
from edgeall_convert.datasets.cnmc import LABELS, CellImage, list_cells, subject_folds
from edgeall_convert.networks.lenet import lenet
from edgeall_convert.networks.qcresnet import qcresnet
from edgeall_convert.sidecar import Sidecar, write_sidecar
from edgeall_convert.training.augment import CELL_SHARE
from edgeall_convert.training.cells import Cells, batches, load_cells, whole
from edgeall_convert.training.fit import Recipe, blast_probability, fit

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

SIZE = 128
BLASTS = ("blast",)
UNIDENTIFIED_BELOW = 0.7
_SEED = 7
_CALIBRATION = 120
_COLOUR_BATCHES = 8

NETWORKS: dict[str, tuple[Callable[[], keras.Model], Recipe]] = {
    "lenet": (lambda: lenet(SIZE, len(LABELS)), Recipe(steps=600, rate=1e-3)),
    "qcresnet": (lambda: qcresnet(SIZE, len(LABELS), width=16), Recipe(steps=600, rate=1.5e-3)),
}


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What one network scored: on held subjects of the training set, and on other subjects."""

    parameters: int
    held_image_auroc: float | None
    held_subject_auroc: float | None
    held: Scores
    other_image_auroc: float | None = None
    other_subject_auroc: float | None = None
    other: Scores | None = None


def main() -> None:
    """Train, choose and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cells", type=Path, help="C-NMC cells to train on")
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--test", type=Path, help="C-NMC cells of other subjects, never trained on")
    given = parser.parse_args()
    images = list_cells(given.cells)
    cells = load_cells(images)
    other = load_cells(list_cells(given.test)) if given.test else None
    trained: dict[str, tuple[keras.Model, Figures]] = {}
    for name, (build, recipe) in NETWORKS.items():
        trained[name] = _train_and_measure(build, recipe, images, cells, other)
        print(name, _merit(trained[name][1]), flush=True)
    best = max(trained, key=lambda name: _merit(trained[name][1]))
    given.out.mkdir(parents=True, exist_ok=True)
    figures = {name: measured for name, (_, measured) in trained.items()} | {"shipped": best}
    (given.out / "figures.json").write_bytes(
        msgspec.json.format(msgspec.json.encode(figures), indent=1)
    )
    write_model(trained[best][0], images, cells, given.out)


def _merit(figures: Figures) -> tuple[float, float]:
    """Order by AUROC over subjects; over images where few subjects leave a tie."""
    by_subject = [v for v in (figures.held_subject_auroc, figures.other_subject_auroc) if v]
    by_image = [v for v in (figures.held_image_auroc, figures.other_image_auroc) if v]
    return float(np.mean(by_subject)), float(np.mean(by_image))


def _train_and_measure(
    build: Callable[[], keras.Model],
    recipe: Recipe,
    images: Sequence[CellImage],
    cells: Cells,
    other: Cells | None,
) -> tuple[keras.Model, Figures]:
    held = _held_probabilities(build, recipe, images, cells)
    model = build()
    fit(model, cells, recipe, seed=_SEED)
    scores = _scores(held, cells)
    figures = Figures(
        parameters=model.count_params(),
        held_image_auroc=auroc(held, cells.targets == 1),
        held_subject_auroc=subject_auroc(scores.subjects, BLASTS),
        held=scores,
    )
    if other is None:
        return model, figures
    said = blast_probability(model, whole(other, SIZE))
    others = _scores(said, other)
    return model, msgspec.structs.replace(
        figures,
        other_image_auroc=auroc(said, other.targets == 1),
        other_subject_auroc=subject_auroc(others.subjects, BLASTS),
        other=others,
    )


def _held_probabilities(
    build: Callable[[], keras.Model], recipe: Recipe, images: Sequence[CellImage], cells: Cells
) -> NDArray[np.float64]:
    """Return each cell's blast probability from a network that never saw its subject."""
    said = np.zeros(len(images))
    for fold in subject_folds(images, 2):
        held = np.isin(cells.subjects, sorted(fold))
        model = build()
        fit(model, cells.where(~held), recipe, seed=_SEED)
        said[held] = blast_probability(model, whole(cells.where(held), SIZE))
    return said


def _scores(blast: NDArray[np.float64], cells: Cells) -> Scores:
    return score(
        np.stack([1 - blast, blast], axis=1),
        cells.targets,
        LABELS,
        BLASTS,
        subjects=[str(subject) for subject in cells.subjects],
        unidentified_below=UNIDENTIFIED_BELOW,
    )


def write_model(model: keras.Model, images: Sequence[CellImage], cells: Cells, out: Path) -> None:
    """Save the model, without its optimizer, and its sidecar and calibration images beside it."""
    size = model.input_shape[1]
    path = out / "blast-normal.keras"
    _without_optimizer(model).save(path)
    write_sidecar(
        path,
        Sidecar(
            name="blast-normal",
            version="1.0.0",
            labels=LABELS,
            blasts=BLASTS,
            unit="cell",
            cell_diameter_px=round(CELL_SHARE * size, 1),
            background="black",
            preprocess="none",
            colour=_colour(cells, size),
            calibration=_calibration(images, out),
            data="C-NMC 2019, 1,961 cells of 6 subjects with ALL and 2 without",
            attribution=(
                "Trained on C-NMC 2019 (A. Gupta, R. Gupta, The Cancer Imaging Archive, "
                "doi 10.7937/tcia.2019.dc64i46r), CC BY 3.0."
            ),
            split="subject",
            limits=LIMITS,
            unidentified_below=UNIDENTIFIED_BELOW,
        ),
    )


def _without_optimizer(model: keras.Model) -> keras.Model:
    """Return the model anew: its optimizer's moments would treble the file."""
    bare: keras.Model = type(model).from_config(model.get_config())
    bare.set_weights(model.get_weights())
    return bare


LIMITS = (
    "Trained on single lymphoid cells of one laboratory, only two subjects of them healthy.",
    "It has never seen granulocytes, monocytes or platelets and calls many of them blasts.",
    "Its calls are no diagnosis and not fit to exclude one.",
)


def _colour(cells: Cells, size: int) -> ColourStatistics:
    """Measure the colours that training showed, augmentation included."""
    stream = batches(cells, size, batch=64, seed=_SEED)
    measured = [
        mean
        for _ in range(_COLOUR_BATCHES)
        for pixels in next(stream)[0]
        if (mean := mean_lab(pixels, pixels.max(axis=2) > 0))
    ]
    mean, deviation = np.mean(measured, axis=0), np.std(measured, axis=0)
    return ColourStatistics(
        mean=(float(mean[0]), float(mean[1]), float(mean[2])),
        deviation=(float(deviation[0]), float(deviation[1]), float(deviation[2])),
        images=len(measured),
    )


def _calibration(images: Sequence[CellImage], out: Path) -> tuple[str, ...]:
    """Copy some cells of every subject beside the model; return their relative paths."""
    chosen = images[:: max(1, len(images) // _CALIBRATION)]
    names = []
    for image in chosen:
        place = out / "calibration" / LABELS[image.target] / image.path.name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(image.path, place)
        names.append(place.relative_to(out).as_posix())
    return tuple(names)


if __name__ == "__main__":
    main()
