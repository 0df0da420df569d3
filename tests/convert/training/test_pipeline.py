"""The pipeline: which images a batch holds, and that it follows from seed and epoch alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgeall_convert.training.augment import Augmentation
from edgeall_convert.training.gallery import Gallery

pytestmark = [pytest.mark.workstation, pytest.mark.filterwarnings("ignore")]

VARIED = Augmentation(scale=0.1, stain=0.2, transfer=0.5, camera=0.5, outline=True)


def _epoch(gallery, *, balanced=False, augmentation=None, seed=1, epoch=0, batch=5):
    from edgeall_convert.training.pipeline import Feeding, feed

    feeding = Feeding(batch, augmentation, balanced, black=True)
    stream = feed(gallery, feeding, seed=seed, epoch=epoch, classes=2)
    pairs = [(pixels.numpy(), targets.numpy()) for pixels, targets in stream]
    return np.concatenate([p for p, _ in pairs]), np.concatenate([t for _, t in pairs])


def test_an_epoch_shows_each_image_once_with_its_own_target(cells):
    pixels, targets = _epoch(cells)
    assert pixels.dtype == np.float32
    shown = {
        image.astype(np.uint8).tobytes(): target
        for image, target in zip(pixels, targets, strict=True)
    }
    assert len(shown) == len(cells.targets)
    for image, target in zip(cells.pixels, cells.targets, strict=True):
        assert shown[image.tobytes()].tolist() == [target == 0, target == 1]


def test_equal_seeds_and_epochs_give_equal_batches_and_others_do_not(cells):
    first = _epoch(cells, augmentation=VARIED, balanced=True)
    again = _epoch(cells, augmentation=VARIED, balanced=True)
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    for other in ({"seed": 2}, {"epoch": 1}):
        assert not np.array_equal(
            first[0], _epoch(cells, augmentation=VARIED, balanced=True, **other)[0]
        )


def test_balanced_epochs_show_labels_alike(cells):
    few = cells.at(
        [*np.flatnonzero(cells.targets == 0), int(np.flatnonzero(cells.targets == 1)[0])]
    )
    targets = np.concatenate([_epoch(few, balanced=True, epoch=n)[1] for n in range(60)])
    assert targets.mean(axis=0) == pytest.approx([0.5, 0.5], abs=0.08)
    plain = _epoch(few)[1]
    assert plain[:, 1].sum() == 1


def test_subjects_of_a_class_weigh_by_the_root_of_their_images(cells):
    from edgeall_convert.training.pipeline import sampling_weights

    weights = sampling_weights(cells)
    assert weights.sum() == pytest.approx(1)
    for target in (0, 1):
        assert weights[cells.targets == target].sum() == pytest.approx(0.5)
    of = {}
    for example, target, weight in zip(cells.examples, cells.targets, weights, strict=True):
        of.setdefault((target, example.subject), []).append(weight)
    for target in (0, 1):
        rows = [row for (label, _), row in of.items() if label == target]
        shares = [sum(row) / np.sqrt(len(row)) for row in rows]
        assert shares == pytest.approx([shares[0]] * len(shares))


def test_a_data_set_of_one_label_gets_a_quarter_and_leaves_the_others_balanced(cells):
    from edgeall_convert.training.pipeline import sampling_weights

    normal = cells.at(np.flatnonzero(cells.targets == 0))
    further = replace(
        normal, examples=tuple(replace(one, data_set="other") for one in normal.examples)
    )
    both = Gallery(
        np.concatenate([cells.pixels, further.pixels]),
        np.concatenate([cells.targets, further.targets]),
        (*cells.examples, *further.examples),
    )
    weights = sampling_weights(both)
    first, rest = weights[: len(cells.targets)], weights[len(cells.targets) :]
    assert rest.sum() == pytest.approx(0.25)
    assert first[cells.targets == 0].sum() == pytest.approx(first[cells.targets == 1].sum())
    assert sampling_weights(further).sum() == pytest.approx(1)
