"""The script that makes the shipped model: what it writes beside the network."""

from __future__ import annotations

import pytest

from edgeall.samples.paths import cells_folder
from edgeall_convert.datasets.cnmc import list_cells
from edgeall_convert.sidecar import read_sidecar
from edgeall_convert.training.cells import load_cells

pytestmark = [pytest.mark.workstation, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    import keras

    from edgeall_convert.networks.lenet import lenet
    from edgeall_convert.training.fit import Recipe, fit
    from edgeall_convert.training.ship import write_model

    images = list_cells(cells_folder())
    cells = load_cells(images)
    model = lenet(32, 2)
    fit(model, cells, Recipe(steps=2, batch=4), seed=1)
    out = tmp_path_factory.mktemp("shipped")
    write_model(model, images, cells, out)
    saved = out / "blast-normal.keras"
    return saved, model, keras.models.load_model(saved)


def test_the_sidecar_tells_the_converter_every_fact(written):
    saved, _, _ = written
    facts = read_sidecar(saved)
    assert (facts.labels, facts.blasts) == (("normal", "blast"), ("blast",))
    assert (facts.unit, facts.background, facts.preprocess) == ("cell", "black", "none")
    assert facts.cell_diameter_px == pytest.approx(32 * 205 / 450, abs=0.1)
    assert facts.split == "subject"
    assert "CC BY 3.0" in facts.attribution
    assert facts.colour is not None
    assert 0 < facts.colour.mean[0] < 100


def test_the_calibration_images_lie_beside_the_model(written):
    saved, _, _ = written
    named = [saved.parent / name for name in read_sidecar(saved).calibration]
    assert len(named) == 12
    assert all(image.is_file() for image in named)


def test_the_network_is_saved_whole_and_without_its_optimizer(written):
    saved, model, loaded = written
    assert [v.shape for v in loaded.variables] == [v.shape for v in model.variables]
    weights = 4 * model.count_params()
    assert saved.stat().st_size < 1.2 * weights + 50_000
