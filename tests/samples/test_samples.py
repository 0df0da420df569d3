"""What ships beside the code: sample images, the model, their card and their licences."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgeall.camera.decode import decode_image
from edgeall.camera.folder import list_images
from edgeall.evaluate.labelled import find_labelled
from edgeall.model.archive import read_archive
from edgeall.model.bundle import open_bundle
from edgeall.samples import paths

HERE = Path(paths.__file__).parent
ATTRIBUTION = (HERE / "ATTRIBUTION.md").read_text()


def test_the_fields_are_whole_bccd_pictures():
    fields = list_images(paths.fields_folder())
    assert 6 <= len(fields) <= 10
    assert {decode_image(field).shape for field in fields} == {(480, 640, 3)}


def test_the_cells_are_of_both_classes_and_several_subjects():
    cells = find_labelled(paths.cells_folder(), ["normal", "blast"])
    subjects = {
        label: {c.subject for c in cells if c.label == label} for label in ("normal", "blast")
    }
    assert subjects == {"normal": {"H10", "H14"}, "blast": {"30", "32", "33", "34", "46", "51"}}
    assert {decode_image(cell.path).shape for cell in cells} == {(450, 450, 3)}


def test_the_scale_makes_a_red_cell_seven_and_a_half_micrometres():
    red_cell_px = 104  # median over BCCD's annotated boxes that no border cuts
    assert red_cell_px * paths.um_per_pixel() == pytest.approx(7.5, rel=0.01)


def test_all_that_ships_is_under_three_megabytes():
    shipped = [path for path in HERE.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert sum(path.stat().st_size for path in shipped) < 3_000_000


@pytest.mark.parametrize(
    "said",
    [
        "BCCD",
        "Copyright (c) 2017 shenggan",
        "The above copyright notice and this permission notice shall be included",
        "10.7937/tcia.2019.dc64i46r",
        "CC BY 3.0",
    ],
)
def test_the_sources_are_attributed_as_their_licences_ask(said):
    assert said in ATTRIBUTION


def test_the_card_inside_the_bundle_is_the_card_beside_it():
    sealed = read_archive(paths.model_path())
    assert sealed.read("card.md").decode() == (HERE / "card.md").read_text()


def test_the_model_is_for_cells_on_black_and_small():
    facts = open_bundle(paths.model_path()).manifest
    assert (facts.input.unit, facts.input.background) == ("cell", "black")
    assert facts.output.blasts == ("blast",)
    assert facts.provenance.split == "subject"
    assert paths.model_path().stat().st_size < 5_000_000
