"""Examples: labels, subjects and sides, from folders, names and annotations."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edgeall.cells.cell import Box
from edgeall.errors import InputError
from edgeall.samples.paths import cells_folder
from edgeall_convert.datasets.examples import labels_of, list_examples
from edgeall_convert.datasets.voc import read_voc

VOC = """<annotation><filename>a.jpg</filename><object><name>{name}</name><bndbox>
<xmin>{left}</xmin><ymin>117</ymin><xmax>336</xmax><ymax>340</ymax></bndbox></object></annotation>"""


def _touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_the_folder_names_the_class(tmp_path):
    _touch(
        tmp_path / "Early" / "2.jpg", tmp_path / "Early" / "10.jpg", tmp_path / "Benign" / "1.png"
    )
    found = list_examples(tmp_path)
    assert [(one.path.name, one.label) for one in found] == [
        ("1.png", "Benign"),
        ("2.jpg", "Early"),
        ("10.jpg", "Early"),
    ]
    assert labels_of(found) == ("Benign", "Early")


def test_cnmc_names_tell_class_and_subject():
    found = list_examples(cells_folder())
    assert labels_of(found) == ("normal", "blast")
    assert {one.subject for one in found if one.label == "normal"} <= {"H10", "H14"}
    assert all(one.subject for one in found)


def test_folders_named_after_sides_divide(tmp_path):
    _touch(tmp_path / "train" / "a" / "1.png", tmp_path / "Validation" / "a" / "2.png")
    _touch(tmp_path / "test" / "b" / "3.png")
    assert [(one.label, one.subset) for one in list_examples(tmp_path)] == [
        ("b", "test"),
        ("a", "train"),
        ("a", "valid"),
    ]


def test_annotations_give_one_example_a_box(tmp_path):
    _touch(tmp_path / "images" / "a.jpg")
    notes = tmp_path / "annotations"
    notes.mkdir()
    (notes / "a.xml").write_text(VOC.format(name="ALL", left=95))
    (one,) = list_examples(tmp_path)
    assert (one.label, one.box) == ("blast", Box(94, 116, 242, 224))


@pytest.mark.parametrize(
    "text",
    [
        "no xml",
        VOC.format(name="", left=95),
        VOC.format(name="ALL", left=900),
        VOC.format(name="ALL", left="x"),
        '<!DOCTYPE a [<!ENTITY b "c">]>' + VOC.format(name="ALL", left=95),
    ],
)
def test_a_broken_annotation_is_named(tmp_path, text):
    path = tmp_path / "a.xml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"a\.xml"):
        read_voc(path)


def test_an_image_without_annotation_is_named(tmp_path):
    _touch(tmp_path / "a.jpg", tmp_path / "b.jpg")
    (tmp_path / "a.xml").write_text(VOC.format(name="ALL", left=95))
    with pytest.raises(InputError, match=r"1 of its 2 images have no annotation, the first b\.jpg"):
        list_examples(tmp_path)


def test_images_without_a_class_folder_are_refused(tmp_path):
    shutil.copy(next(cells_folder().rglob("*.png")), tmp_path / "cell.png")
    with pytest.raises(InputError, match=r"have no label, the first cell\.png"):
        list_examples(tmp_path)


@pytest.mark.parametrize("what", ["absent", "file", "empty"])
def test_a_folder_that_is_none_is_refused(tmp_path, what):
    place = tmp_path / "place"
    if what == "file":
        place.touch()
    if what == "empty":
        place.mkdir()
    with pytest.raises(InputError, match="place"):
        list_examples(place)
