"""The inspection: counts are true, and each problem names the files that have it."""

from __future__ import annotations

import shutil

import cv2
import numpy as np
import pytest

from edgeall.errors import InputError
from edgeall.samples.paths import cells_folder, fields_folder
from edgeall_convert.datasets.drawing import draw_subset_bars
from edgeall_convert.datasets.examples import list_examples
from edgeall_convert.datasets.inspection import inspect_data
from edgeall_convert.datasets.split import Split, write_split

CELLS = sorted(cells_folder().rglob("*.png"))
FIELDS = sorted(fields_folder().glob("*.jpg"))


def _put(source, *place):
    target = place[0].joinpath(*place[1:])
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def _put_voc(source, folder, name, labels):
    _put(source, folder, "images", f"{name}.jpg")
    objects = "".join(
        f"<object><name>{label}</name><bndbox><xmin>10</xmin><ymin>10</ymin>"
        "<xmax>90</xmax><ymax>90</ymax></bndbox></object>"
        for label in labels
    )
    (folder / "annotations").mkdir(exist_ok=True)
    (folder / "annotations" / f"{name}.xml").write_text(
        f"<annotation><filename>{name}.jpg</filename><size><width>640</width>"
        f"<height>480</height><depth>3</depth></size>{objects}</annotation>"
    )


def test_sample_cells_are_counted_by_label_size_and_subject():
    found = inspect_data(cells_folder())
    assert found.subsets == {"all": {"normal": 6, "blast": 6}}
    assert found.sizes == {"450x450": 12}
    assert {one.subject: one.by_label for one in found.subjects}["H14"] == {"normal": 3}
    assert (found.near, found.exact, found.broken, found.problems) == ((), (), (), ())
    assert found.held_near_duplicates is None


def test_the_most_frequent_size_comes_first(tmp_path):
    _put(CELLS[0], tmp_path, "a", "1.png")
    for number, field in enumerate(FIELDS[:2]):
        _put(field, tmp_path, "b", f"{number}.jpg")
    assert list(inspect_data(tmp_path).sizes.items()) == [("640x480", 2), ("450x450", 1)]


def test_a_mislabelled_copy_is_named_with_a_file_of_the_other_label(tmp_path):
    for place in ("a/1.png", "a/2.png", "b/3.png"):
        _put(CELLS[0], tmp_path, *place.split("/"))
    problems = inspect_data(tmp_path).problems
    assert problems == ("a/1.png and b/3.png show the same but are labelled a and b.",)


def test_a_copy_on_another_side_is_named_with_its_sides(tmp_path):
    for number, side in enumerate(("train", "train", "test", "test")):
        _put(CELLS[number], tmp_path, side, "a", f"{number}.png")
    _put(CELLS[0], tmp_path, "test", "a", "copy.png")
    found = inspect_data(tmp_path)
    assert found.problems == (
        "test/a/copy.png and train/a/0.png show the same but are divided into test and train.",
    )
    assert found.held_near_duplicates == pytest.approx(1 / 3)


def test_equal_files_are_told_though_they_show_nothing(tmp_path):
    for name in ("1", "2"):
        (tmp_path / "a").mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / "a" / f"{name}.png"), np.full((64, 64, 3), 90, np.uint8))
    _put(CELLS[0], tmp_path, "b", "1.png")
    found = inspect_data(tmp_path)
    assert found.exact == (("a/1.png", "a/2.png"),)
    assert found.near == ()


def test_a_copy_saved_again_is_near_and_not_equal(tmp_path):
    _put(CELLS[0], tmp_path, "a", "1.png")
    _put(CELLS[1], tmp_path, "b", "2.png")
    small = cv2.resize(cv2.imread(str(CELLS[0])), (400, 400), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(tmp_path / "a" / "again.jpg"), small)
    found = inspect_data(tmp_path)
    assert found.exact == ()
    assert [set(group) for group in found.near] == [{"a/1.png", "a/again.jpg"}]


def test_boxes_in_another_order_are_no_problem_and_a_missing_label_is(tmp_path):
    _put_voc(FIELDS[0], tmp_path, "one", ["RBC", "WBC"])
    _put_voc(FIELDS[0], tmp_path, "same", ["WBC", "RBC"])
    found = inspect_data(tmp_path)
    assert (found.files, found.examples, found.problems) == (2, 4, ())
    _put_voc(FIELDS[0], tmp_path, "poorer", ["RBC"])
    (problem,) = inspect_data(tmp_path).problems
    assert "labelled RBC/WBC and RBC." in problem


def test_the_plot_of_boxes_calls_them_boxes(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "edgeall_convert.datasets.drawing.STYLE", {"svg.fonttype": "none", "svg.hashsalt": "x"}
    )
    assert ">Images by subset<" in draw_subset_bars(inspect_data(cells_folder()))
    _put_voc(FIELDS[0], tmp_path, "one", ["RBC", "WBC"])
    assert ">Labelled boxes by subset<" in draw_subset_bars(inspect_data(tmp_path))


def test_a_subject_in_two_classes_is_a_problem(tmp_path):
    _put(CELLS[0], tmp_path, "a", "UID_7_1_1_all.png")
    _put(CELLS[1], tmp_path, "b", "UID_7_1_2_hem.png")
    assert inspect_data(tmp_path).problems == ("Subject 7 has images of blast and of normal.",)


def test_a_broken_file_has_a_sentence_and_stays_counted(tmp_path):
    _put(CELLS[0], tmp_path, "a", "1.png")
    (tmp_path / "a" / "cut.png").write_bytes(CELLS[1].read_bytes()[:900])
    found = inspect_data(tmp_path)
    assert (found.files, found.sizes) == (2, {"450x450": 1})
    assert len(found.broken) == 1
    assert "cut.png: the image is truncated or damaged" in found.broken[0]


def test_a_split_file_divides_a_folder_that_is_not(tmp_path):
    examples = list_examples(cells_folder())
    sides = tuple(("train", "valid", "test")[number % 3] for number in range(len(examples)))
    write_split(Split("random", 0, sides), examples, cells_folder(), tmp_path / "split.json")
    found = inspect_data(cells_folder(), tmp_path / "split.json")
    assert {side: sum(own.values()) for side, own in found.subsets.items()} == {
        "train": 4,
        "valid": 4,
        "test": 4,
    }
    assert found.held_near_duplicates == 0


def test_a_split_of_another_folder_is_refused(tmp_path):
    examples = list_examples(cells_folder())
    write_split(
        Split("random", 0, ("train",) * 12), examples, cells_folder(), tmp_path / "split.json"
    )
    _put(CELLS[0], tmp_path, "data", "a", "1.png")
    with pytest.raises(InputError, match="are not in"):
        inspect_data(tmp_path / "data", tmp_path / "split.json")


def test_progress_reaches_the_number_of_files():
    seen = []
    inspect_data(cells_folder(), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 12) for done in range(1, 13)]
