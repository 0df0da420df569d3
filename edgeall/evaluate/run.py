"""The evaluation: a bundle run over labelled images, as the device would run it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from edgeall.errors import ImageError, InputError
from edgeall.evaluate.calibration import apply_temperature
from edgeall.evaluate.inputs import read_inputs
from edgeall.evaluate.scores import Scores, score
from edgeall.model.classifier import Classifier

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeall.evaluate.labelled import LabelledImage
    from edgeall.model.bundle import Bundle
    from edgeall.model.feed import Preprocess

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the images done and the images in all."""


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """What a network said about the images that could be read.

    Attributes
    ----------
    images
        Those that were read, ``n`` of them.
    probabilities
        ``(n, k)`` float, before the temperature.
    truth
        ``(n,)`` int, the position of each image's label among the bundle's.
    skipped
        One sentence for each image that could not be read.
    """

    images: tuple[LabelledImage, ...]
    probabilities: NDArray[np.float64]
    truth: NDArray[np.int64]
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """A measurement and its scores; ``calibrated`` is ``(n, k)``, after the temperature."""

    measurement: Measurement
    calibrated: NDArray[np.float64]
    scores: Scores


def evaluate_bundle(
    bundle: Bundle,
    images: Sequence[LabelledImage],
    *,
    threads: int = 1,
    preprocess: Preprocess = "none",
    progress: Progress | None = None,
) -> Evaluation:
    """Run the bundle over the images and score its calls; see `measure`."""
    measured = measure(bundle, images, threads=threads, preprocess=preprocess, progress=progress)
    output = bundle.manifest.output
    calibrated = apply_temperature(measured.probabilities, output.temperature)
    scores = score(
        calibrated,
        measured.truth,
        output.labels,
        output.blasts,
        subjects=[image.subject for image in measured.images],
        unidentified_below=output.unidentified_below,
    )
    return Evaluation(measured, calibrated, scores)


def measure(
    bundle: Bundle,
    images: Sequence[LabelledImage],
    *,
    threads: int = 1,
    preprocess: Preprocess = "none",
    progress: Progress | None = None,
) -> Measurement:
    """Run the bundle over each image whole, as ``capture --crop none`` does.

    An image that cannot be read is skipped and its sentence kept. Decoding
    overlaps with the network.

    Raises
    ------
    InputError
        None of the images can be read.
    BundleError
        The bundle does not run here, or its outputs are no probabilities.
    """
    classifier = Classifier(bundle, threads=threads, preprocess=preprocess)
    read: list[LabelledImage] = []
    rows: list[NDArray[np.float64]] = []
    skipped: list[str] = []
    inputs = read_inputs([image.path for image in images], bundle.manifest.input)
    for done, (image, pixels) in enumerate(zip(images, inputs, strict=True), start=1):
        if isinstance(pixels, ImageError):
            skipped.append(str(pixels))
        else:
            read.append(image)
            rows.append(classifier.probabilities([pixels])[0])
        if progress:
            progress(done, len(images))
    if not read:
        raise InputError(
            f"None of the {len(images)} images can be read, the first because: {skipped[0]}"
            if skipped
            else "There is no image to evaluate; name a folder with one folder a label."
        )
    labels = bundle.manifest.output.labels
    truth = np.array([labels.index(image.label) for image in read], np.int64)
    return Measurement(tuple(read), np.stack(rows), truth, tuple(skipped))
