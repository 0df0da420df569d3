"""One training from the data to the run folder."""

from __future__ import annotations

import platform
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import msgspec

from edgeall.errors import InputError, UsageError
from edgeall.evaluate.scores import Scores, score
from edgeall.store.durable import make_folder
from edgeall_convert.datasets.split import SIDES, shares_subjects, write_split
from edgeall_convert.evaluate.run_page import write_run_report
from edgeall_convert.evaluate.run_report import RunReport, Subset
from edgeall_convert.networks.registry import NETWORKS, NetworkSpec
from edgeall_convert.process.messages import Stage
from edgeall_convert.sidecar import Sidecar, write_sidecar
from edgeall_convert.training.collect import Collection, collect
from edgeall_convert.training.deliver import (
    choose_calibration,
    measure_colours,
    measure_diameter,
    write_pictures,
)
from edgeall_convert.training.fit import Fitted, Fitting, fit, predict
from edgeall_convert.training.hardware import Hardware, prepare_hardware
from edgeall_convert.training.pipeline import Feeding
from edgeall_convert.training.recipes import Recipe, choose_recipe
from edgeall_convert.training.saving import save_network

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edgeall_convert.process.serve import Say
    from edgeall_convert.training.gallery import Gallery
    from edgeall_convert.training.request import TrainRequest

_RESUME = "interrupted"
"""Folder of an unfinished training's state, inside the run folder."""

_PACKAGES = ("edgeall", "tensorflow", "keras", "numpy", "opencv-python-headless")


def run(request: TrainRequest, say: Say) -> RunReport:
    """Train as asked and write the run folder; what was interrupted goes on.

    Raises
    ------
    EdgeallError
        The data, the settings, the memory or the disk do not allow it.
    """
    started = time.monotonic()
    out = Path(request.out)
    if (out / "report.json").exists():
        raise UsageError(f"{out}: a finished training lies there; name another folder with -o.")
    spec = _spec(request.network)
    size = request.size or spec.size
    hardware = prepare_hardware()
    collection = collect(request, size, lambda *said: say(_stage(*said)))
    make_folder(out)
    write_split(collection.split, collection.examples, Path(request.data), out / "split.json")
    recipe = _recipe(request, black=collection.black)
    feeding = Feeding(recipe.batch, recipe.augmentation, recipe.balanced, collection.black)
    model, fitted = _train(request, spec, size, recipe, feeding, collection, hardware, say)
    say(Stage(what="measuring the test images"))
    model = _bare(model, spec, size, len(collection.labels))
    report = _report(request, spec, recipe, collection, fitted, hardware, model, started)
    probabilities = predict(model, collection.test.pixels)
    scores = _scores(probabilities, collection.test, collection)
    report = msgspec.structs.replace(report, test=scores)
    say(Stage(what="writing the run folder"))
    _deliver(request, out, model, collection, feeding, report)
    write_run_report(report, scores, probabilities, collection.test.targets, out)
    shutil.rmtree(out / _RESUME, ignore_errors=True)
    return report


def _stage(what: str, done: int, total: int) -> Stage:
    return Stage(what=what, done=done, total=total)


def _spec(name: str) -> NetworkSpec:
    spec = NETWORKS[name]
    if spec.detector:
        raise UsageError(
            f"--network {name}: a detector cannot be trained yet; choose a classifier."
        )
    return spec


def _recipe(request: TrainRequest, *, black: bool) -> Recipe:
    recipe = choose_recipe(request.network, request.recipe, black=black)
    return replace(
        recipe,
        epochs=request.epochs or recipe.epochs,
        batch=request.batch or recipe.batch,
        rate=request.rate or recipe.rate,
    )


def _train(
    request: TrainRequest,
    spec: NetworkSpec,
    size: int,
    recipe: Recipe,
    feeding: Feeding,
    collection: Collection,
    hardware: Hardware,
    say: Say,
) -> tuple[keras.Model, Fitted]:
    def build() -> keras.Model:
        weights = Path(request.weights) if request.weights not in ("imagenet", "none") else None
        given = weights or (None if request.weights == "none" else "imagenet")
        return spec.build(len(collection.labels), size, given)

    def tick(done: int, total: int) -> None:
        epoch = -(-done * recipe.epochs // total)
        say(Stage(what=f"epoch {epoch} of {recipe.epochs}", done=done, total=total))

    fitting = Fitting(
        build=build,
        recipe=recipe,
        feeding=feeding,
        seed=request.seed,
        folder=Path(request.out) / _RESUME,
        settings=_settings(request, recipe),
    )
    with hardware.strategy.scope():
        return fit(fitting, collection.train, collection.valid, tick)


def _settings(request: TrainRequest, recipe: Recipe) -> str:
    """Return all that decides what is trained, in words that two trainings share or not."""
    decisive = msgspec.structs.replace(request, command=(), out="", strict=False)
    return f"{msgspec.json.encode(decisive).decode()} {recipe}"


def _bare(model: keras.Model, spec: NetworkSpec, size: int, classes: int) -> keras.Model:
    """Return the network anew in float32 and without its optimizer, which trebles the file."""
    keras.mixed_precision.set_global_policy("float32")
    bare = spec.build(classes, size, None)
    bare.set_weights(model.get_weights())
    return bare


def _scores(probabilities: NDArray[np.float64], gallery: Gallery, collection: Collection) -> Scores:
    return score(
        probabilities,
        gallery.targets,
        collection.labels,
        collection.blasts,
        subjects=[example.subject for example in gallery.examples],
    )


def _report(
    request: TrainRequest,
    spec: NetworkSpec,
    recipe: Recipe,
    collection: Collection,
    fitted: Fitted,
    hardware: Hardware,
    model: keras.Model,
    started: float,
) -> RunReport:
    valid = predict(model, collection.valid.pixels)
    galleries = {"train": collection.train, "valid": collection.valid, "test": collection.test}
    return RunReport(
        network=spec.name,
        recipe=request.recipe,
        source=spec.source,
        reported=spec.reported,
        command=request.command,
        versions={"python": platform.python_version()}
        | {name: version(name) for name in _PACKAGES},
        seed=request.seed,
        parameters=model.count_params(),
        input_size=(model.input_shape[1], model.input_shape[2]),
        labels=collection.labels,
        blasts=collection.blasts,
        unit=collection.unit,
        data=(request.data, *(folder for folder, _ in request.also)),
        split=collection.split.rule,
        near_duplicates=collection.near_duplicates,
        subsets=tuple(_subset(side, galleries[side], collection.labels) for side in SIDES),
        skipped=collection.skipped,
        epochs=fitted.epochs,
        best_epoch=fitted.best_epoch,
        seconds=time.monotonic() - started,
        devices=hardware.devices,
        precision=hardware.precision,
        valid=_scores(valid, collection.valid, collection),
        test=None,
        warnings=_warnings(request, spec, recipe, collection),
    )


def _subset(side: str, gallery: Gallery, labels: Sequence[str]) -> Subset:
    counts = Counter(labels[int(target)] for target in gallery.targets)
    subjects = {example.subject for example in gallery.examples if example.subject}
    return Subset(name=side, by_label=dict(counts), subjects=tuple(sorted(subjects)))


def _warnings(
    request: TrainRequest, spec: NetworkSpec, recipe: Recipe, collection: Collection
) -> tuple[str, ...]:
    said = []
    shared = shares_subjects(collection.examples, collection.split)
    if shared and collection.split.rule == "subject":
        said.append(
            f"subjects {', '.join(shared)} both train and validate, because their class has two "
            "subjects; no subject of the test trains"
        )
    elif shared:
        said.append("the split parts images of one subject, so the figures flatter the network")
    if request.epochs and request.recipe == "published" and request.epochs < spec.epochs:
        said.append(f"trained for {recipe.epochs} epochs instead of {spec.epochs}")
    if request.weights == "none" and request.network == "resnet50":
        said.append("trained from random weights, not from ImageNet's")
    return tuple(said)


def _deliver(
    request: TrainRequest,
    out: Path,
    model: keras.Model,
    collection: Collection,
    feeding: Feeding,
    report: RunReport,
) -> None:
    """Write the network last: where it lies, everything else does too."""
    calibration = choose_calibration(collection.train, request.seed)
    names = write_pictures(calibration, collection.labels, out / "calibration")
    write_pictures(collection.test, collection.labels, out / "test")
    path = out / "model.keras"
    is_cell, rule = collection.unit == "cell", collection.split.rule
    diameter = measure_diameter(collection.train, black=collection.black) if is_cell else None
    write_sidecar(
        path,
        Sidecar(
            name=f"{report.network}-{Path(request.data).resolve().name}",
            version="1",
            labels=collection.labels,
            blasts=collection.blasts,
            unit=collection.unit,
            cell_diameter_px=round(diameter, 1) if diameter else None,
            background=("black" if collection.black else "as-seen") if is_cell else None,
            preprocess="none",
            colour=measure_colours(collection.train, feeding, request.seed),
            calibration=names,
            data=", ".join(Path(folder).resolve().name for folder in report.data),
            split="unknown" if rule == "given" else rule,
            split_file="split.json",
            metrics=_metrics(report),
        ),
    )
    save_network(model, path)


def _metrics(report: RunReport) -> dict[str, float]:
    scores = report.test
    if scores is None:
        raise InputError("The test side is empty; choose another split.")
    measured = {
        "test_images": float(scores.images),
        "accuracy": scores.accuracy.value,
        "balanced_accuracy": scores.balanced_accuracy,
        "sensitivity": scores.sensitivity.value if scores.sensitivity else None,
        "specificity": scores.specificity.value if scores.specificity else None,
        "auroc": scores.auroc,
    }
    return {name: value for name, value in measured.items() if value is not None}
