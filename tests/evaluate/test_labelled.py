"""Which label and which subject an image has."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edgeall.errors import InputError
from edgeall.evaluate.labelled import find_labelled, subject_of
from edgeall.samples.paths import cells_folder

LABELS = ("normal", "blast")


@pytest.fixture
def cell() -> Path:
    return cells_folder() / "blast" / "UID_46_3_10_all.png"


def _put(cell: Path, *places: Path) -> None:
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(cell, place)


def test_the_sample_cells_have_their_folders_labels_and_their_subjects():
    found = find_labelled(cells_folder(), LABELS)
    assert [image.label for image in found] == ["normal"] * 6 + ["blast"] * 6
    assert {image.subject for image in found if image.label == "normal"} == {"H10", "H14"}
    assert {image.subject for image in found if image.label == "blast"} == {
        "30",
        "32",
        "33",
        "34",
        "46",
        "51",
    }


def test_cnmc_folders_stand_for_blast_and_normal(cell, tmp_path):
    _put(cell, tmp_path / "fold_0/all/1.png", tmp_path / "fold_1/HEM/2.png")
    assert [(image.path.name, image.label) for image in find_labelled(tmp_path, LABELS)] == [
        ("2.png", "normal"),
        ("1.png", "blast"),
    ]


def test_cnmc_names_say_the_label_without_a_class_folder(cell, tmp_path):
    _put(cell, tmp_path / cell.name, tmp_path / "UID_H10_1_2_hem.png")
    assert [(image.label, image.subject) for image in find_labelled(tmp_path, LABELS)] == [
        ("normal", "H10"),
        ("blast", "46"),
    ]


def test_cnmc_words_mean_nothing_to_other_labels(cell, tmp_path):
    _put(cell, tmp_path / "all" / "1.png")
    with pytest.raises(InputError, match=r"in all \(1\); name the folders Benign, Pro"):
        find_labelled(tmp_path, ("Benign", "Pro"))


def test_the_nearest_class_folder_gives_the_label(cell, tmp_path):
    _put(cell, tmp_path / "normal" / "blast" / "x" / "1.png")
    assert find_labelled(tmp_path, LABELS)[0].label == "blast"


def test_a_folder_that_is_no_label_is_named_and_not_left_out(cell, tmp_path):
    _put(cell, tmp_path / "blast/1.png", tmp_path / "Pro/2.png", tmp_path / "Pro/3.png")
    with pytest.raises(InputError, match=r"2 of its 3 images .* in Pro \(2\)"):
        find_labelled(tmp_path, LABELS)


def test_hidden_files_are_passed_over(cell, tmp_path):
    _put(cell, tmp_path / "blast/1.png", tmp_path / "blast/._1.png", tmp_path / ".trash/2.png")
    assert [image.path.name for image in find_labelled(tmp_path, LABELS)] == ["1.png"]


def test_images_are_in_the_order_a_person_would_put_them(cell, tmp_path):
    _put(cell, *(tmp_path / "blast" / f"{number}.png" for number in (10, 9, 1)))
    names = [image.path.name for image in find_labelled(tmp_path, LABELS)]
    assert names == ["1.png", "9.png", "10.png"]


def test_what_is_no_folder_of_images_is_named(cell, tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        find_labelled(tmp_path / "absent", LABELS)
    with pytest.raises(InputError, match="this is a file"):
        find_labelled(cell, LABELS)
    with pytest.raises(InputError, match="no image under it"):
        find_labelled(tmp_path, LABELS)


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("UID_46_3_10_all.png", "46"),
        ("UID_H10_8_1_hem.jpg", "H10"),
        ("uid_h14_1_10_HEM.png", "H14"),
        ("UID_46_3_10_all_augmented.png", "46"),
        ("WBC-Benign-001.jpg", None),
        ("UID_46_3_all.png", None),
    ],
)
def test_a_subject_is_read_from_cnmc_names_alone(name, subject):
    assert subject_of(Path(name)) == subject
