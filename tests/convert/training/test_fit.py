"""Fitting: it learns, keeps the best epoch, and an interruption loses nothing."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from edgeall.errors import DiskFullError, EdgeallError, InputError
from edgeall_convert.training.recipes import Recipe

pytestmark = [pytest.mark.workstation, pytest.mark.filterwarnings("ignore")]

RECIPE = Recipe(epochs=4, batch=4, rate=2e-3)


def _fitting(folder, recipe=RECIPE, outputs=2, settings="as asked"):
    from edgeall_convert.networks.cnn4 import cnn4
    from edgeall_convert.networks.lenet import lenet
    from edgeall_convert.training.fit import Fitting
    from edgeall_convert.training.pipeline import Feeding

    def build():
        return cnn4(48, 2) if outputs == 1 else lenet(48, 2)

    feeding = Feeding(recipe.batch, recipe.augmentation, recipe.balanced, black=True)
    return Fitting(build, recipe, feeding, 3, folder, settings)


def _weights(model):
    return np.concatenate([np.ravel(one) for one in model.get_weights()])


def test_a_network_learns_a_few_cells_by_heart(cells, tmp_path):
    from edgeall_convert.training.fit import balanced_accuracy, fit, predict

    model, fitted = fit(_fitting(tmp_path, replace(RECIPE, epochs=30)), cells, cells)
    assert fitted.epochs[-1].loss < 0.5 * fitted.epochs[0].loss
    best = max(epoch.valid_balanced_accuracy for epoch in fitted.epochs)
    assert best >= 0.9
    assert balanced_accuracy(predict(model, cells.pixels), cells.targets) == pytest.approx(best)


def test_one_sigmoid_is_trained_and_read_as_two_probabilities(cells, tmp_path):
    from edgeall_convert.training.fit import fit, predict

    model, _ = fit(_fitting(tmp_path, replace(RECIPE, epochs=1), outputs=1), cells, cells)
    said = predict(model, cells.pixels)
    assert said.shape == (len(cells.targets), 2)
    assert said.sum(axis=1) == pytest.approx(1)


def test_an_interrupted_training_ends_where_it_would_have_ended(cells, tmp_path):
    from edgeall_convert.training.fit import fit

    whole, fitted = fit(_fitting(tmp_path / "whole"), cells, cells)
    stopped = _fitting(tmp_path / "stopped")

    def stop(done, total):
        if done > total * 0.6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(stopped, cells, cells, stop)
    resumed, again = fit(stopped, cells, cells)
    assert [epoch.loss for epoch in again.epochs] == pytest.approx(
        [epoch.loss for epoch in fitted.epochs], rel=1e-3
    )
    assert again.best_epoch == fitted.best_epoch
    assert _weights(resumed) == pytest.approx(_weights(whole), abs=1e-3)


def test_a_finished_training_is_not_done_again(cells, tmp_path):
    from edgeall_convert.training.fit import fit

    first, fitted = fit(_fitting(tmp_path), cells, cells)

    def never(done, total):
        raise AssertionError("it trained")

    again, same = fit(_fitting(tmp_path), cells, cells, never)
    assert same == fitted
    assert np.array_equal(_weights(again), _weights(first))


def test_training_stops_when_it_has_not_become_better(cells, tmp_path):
    from edgeall_convert.training.fit import fit

    still = replace(RECIPE, epochs=50, rate=1e-12, patience=2)
    _, fitted = fit(_fitting(tmp_path, still), cells, cells)
    assert len(fitted.epochs) < 50
    assert len(fitted.epochs) - fitted.best_epoch == 2


def test_the_state_of_other_settings_is_not_gone_on_with(cells, tmp_path):
    from edgeall_convert.training.fit import fit

    fit(_fitting(tmp_path), cells, cells)
    with pytest.raises(InputError, match="other settings"):
        fit(_fitting(tmp_path, settings="others"), cells, cells)


@pytest.mark.parametrize("damage", ["state", "network"])
def test_a_damaged_state_is_named(cells, tmp_path, damage):
    from edgeall_convert.training.fit import State, fit

    fit(_fitting(tmp_path), cells, cells)
    state = msgspec.json.decode((tmp_path / "state.json").read_bytes(), type=State)
    broken = tmp_path / ("state.json" if damage == "state" else state.best)
    broken.write_bytes(broken.read_bytes()[:50])
    with pytest.raises(InputError, match="cannot be read"):
        fit(_fitting(tmp_path, replace(RECIPE, epochs=5)), cells, cells)


def test_a_loss_that_runs_away_is_told(cells, tmp_path):
    from edgeall_convert.training.fit import fit

    with pytest.raises(EdgeallError, match="lower the learning rate with --rate"):
        fit(_fitting(tmp_path, replace(RECIPE, rate=1e30)), cells, cells)


def test_a_full_disk_is_told_and_the_epoch_before_kept(cells, tmp_path):
    import keras

    from edgeall_convert.training.fit import State, fit

    fitting = _fitting(tmp_path)
    real = keras.Model.save
    calls = []

    def save(self, path, *rest, **more):
        calls.append(path)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        return real(self, path, *rest, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "save", save)
        with pytest.raises(DiskFullError, match="disk is full"):
            fit(fitting, cells, cells)
    state = msgspec.json.decode((tmp_path / "state.json").read_bytes(), type=State)
    assert len(state.epochs) == 2
    _, fitted = fit(fitting, cells, cells)
    assert len(fitted.epochs) == 4


def test_a_batch_too_large_for_the_memory_is_told():
    from edgeall_convert.training.fit import no_memory

    assert "--batch 16" in no_memory(32)
    assert "larger machine" in no_memory(1)


def test_several_devices_train_one_network(cells, tmp_path):
    """Two logical processors stand for two GPUs."""
    import subprocess
    import sys

    code = """
import sys
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from pathlib import Path
from edgeall.samples.paths import cells_folder
from edgeall_convert.datasets.examples import list_examples
from edgeall_convert.networks.lenet import lenet
from edgeall_convert.training.fit import Fitting, fit
from edgeall_convert.training.gallery import open_gallery, show_whole
from edgeall_convert.training.hardware import strategy_of
from edgeall_convert.training.pipeline import Feeding
from edgeall_convert.training.recipes import Recipe
cells = open_gallery(list_examples(cells_folder()), ("normal", "blast"), 48, show_whole)
recipe = Recipe(epochs=2, batch=4)
feeding = Feeding(4, None, False, True)
fitting = Fitting(lambda: lenet(48, 2), recipe, feeding, 1, Path(sys.argv[1]), "")
strategy = strategy_of(2, ["CPU:0", "CPU:1"])
with strategy.scope():
    model, fitted = fit(fitting, cells, cells)
print(strategy.num_replicas_in_sync, len(fitted.epochs))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["2", "2"], done.stderr[-800:]
