"""Networks, data and augmentation of the shipped model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeall.errors import InputError
from edgeall.samples.paths import cells_folder
from edgeall_convert.datasets.cnmc import CellImage, list_cells, subject_folds
from edgeall_convert.training.augment import augment
from edgeall_convert.training.cells import batches, load_cells, sampling_weights, whole

CELLS = list_cells(cells_folder())

images = st.lists(
    st.builds(
        lambda subject, target: CellImage(Path("x"), f"{'H' * (1 - target)}{subject}", target),
        st.integers(1, 9),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=60,
)


@given(images, st.integers(2, 4))
def test_no_subject_is_in_two_folds(cells, folds):
    dealt = subject_folds(cells, folds)
    assert sorted(name for fold in dealt for name in fold) == sorted({c.subject for c in cells})


def test_the_names_tell_subject_and_class():
    found = {(cell.subject, cell.target) for cell in CELLS}
    assert {("H10", 0), ("H14", 0), ("46", 1)} <= found
    assert len(CELLS) == 12


def test_a_folder_of_something_else_is_said(tmp_path):
    with pytest.raises(InputError, match="no file is named UID_"):
        list_cells(tmp_path)


def test_classes_and_subjects_are_drawn_alike():
    cells = load_cells(CELLS)
    weights = sampling_weights(cells)
    assert weights[cells.targets == 1].sum() == pytest.approx(0.5)
    assert weights.sum() == pytest.approx(1)


@given(st.integers(0, 10_000))
def test_augmentation_keeps_black_around_the_cell(seed):
    cells = CACHED
    pixels = augment(cells.pixels[seed % 12], 64, np.random.default_rng(seed))
    assert (pixels.shape, pixels.dtype) == ((64, 64, 3), np.uint8)
    assert all(pixels[row, column].max() == 0 for row in (0, -1) for column in (0, -1))
    assert pixels[24:40, 24:40].max() > 0


CACHED = load_cells(CELLS)


def test_equal_seeds_give_equal_batches():
    one, other = (next(batches(CACHED, 32, batch=4, seed=3)) for _ in range(2))
    assert np.array_equal(one[0], other[0])
    assert np.array_equal(one[1], other[1])


@pytest.mark.workstation
@pytest.mark.filterwarnings("ignore")
def test_a_training_learns_the_sample_cells():
    from edgeall_convert.networks.lenet import lenet
    from edgeall_convert.training.fit import Recipe, blast_probability, fit

    model = lenet(48, 2)
    fit(model, CACHED, Recipe(steps=60, batch=16), seed=1)
    said = blast_probability(model, whole(CACHED, 48))
    blasts = CACHED.targets == 1
    assert said[blasts].mean() > said[~blasts].mean() + 0.1


@pytest.mark.workstation
@pytest.mark.filterwarnings("ignore")
def test_the_networks_have_the_parts_their_sources_print():
    from edgeall_convert.networks.lenet import lenet
    from edgeall_convert.networks.qcresnet import qcresnet
    from edgeall_convert.networks.resnet50 import resnet50

    small = lenet(32, 10, channels=1)
    assert small.count_params() == 61_706, "LeNet-5 on 32x32 grayscale"
    base = resnet50(4, weights=None)
    assert base.layers[1].count_params() == 23_587_712
    assert base.layers[-1].count_params() == 401_412
    convolutions = [
        layer for layer in qcresnet(64).layers
        if type(layer).__name__ == "Conv2D" and layer.kernel_size != (1, 1)
    ]  # fmt: skip
    assert len(convolutions) == 17
