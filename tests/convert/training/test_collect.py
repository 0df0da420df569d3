"""Collecting: which labels are blasts, what an image shows, and data that cannot train."""

from __future__ import annotations

import shutil

import pytest

from edgeall.errors import InputError, MissingFactError, UsageError
from edgeall.samples.paths import cells_folder, fields_folder
from edgeall_convert.training.collect import choose_blasts, collect
from edgeall_convert.training.request import TrainRequest


def _request(**asked) -> TrainRequest:
    facts = {"data": str(cells_folder()), "network": "lenet", "out": "out", "split": "random"}
    return TrainRequest(**(facts | asked))


def _collect(**asked):
    return collect(_request(**asked), 48, lambda what, done, total: None)


def test_blasts_are_known_by_the_names_of_the_data_sets():
    assert choose_blasts(("Benign", "Early", "Pre", "Pro"), None) == ("Early", "Pre", "Pro")
    assert choose_blasts(("normal", "blast"), None) == ("blast",)
    assert choose_blasts(("a", "b"), ("b",)) == ("b",)
    assert choose_blasts(("a", "b"), ()) == ()


def test_unknown_blasts_are_asked_for():
    with pytest.raises(MissingFactError, match="name them with --blasts"):
        choose_blasts(("lymphocyte", "monocyte"), None)
    with pytest.raises(UsageError, match="no such class, but a, b"):
        choose_blasts(("a", "b"), ("c",))


def test_pictures_of_cells_are_cells_on_black():
    for recipe in ("published", "robust"):
        collected = _collect(recipe=recipe)
        assert (collected.unit, collected.black) == ("cell", True)


def test_another_data_set_trains_and_never_judges():
    alone = _collect(recipe="robust")
    more = _collect(recipe="robust", also=((str(fields_folder()), "normal"),))
    assert len(more.train.targets) > len(alone.train.targets)
    assert more.test.examples == alone.test.examples
    assert more.valid.examples == alone.valid.examples


def test_another_data_set_must_have_the_same_labels():
    with pytest.raises(InputError, match="have no label"):
        _collect(also=((str(fields_folder()), ""),))
    with pytest.raises(UsageError, match="none of normal, blast"):
        _collect(also=((str(fields_folder()), "healthy"),))


def test_fields_are_fields_unless_their_cells_are_asked_for(tmp_path):
    fields = sorted(fields_folder().glob("*.jpg"))
    for number, path in enumerate(fields):
        place = tmp_path / ("normal" if number % 2 else "blast") / path.name
        place.parent.mkdir(exist_ok=True)
        shutil.copy(path, place)
    whole, found = _collect(data=str(tmp_path)), _collect(data=str(tmp_path), unit="found")
    assert (whole.unit, whole.black) == ("field", False)
    assert (found.unit, found.black) == ("cell", True)


def test_one_class_is_no_data_for_a_classifier(tmp_path):
    for path in cells_folder().rglob("*_all.png"):
        shutil.copy(path, tmp_path)
    with pytest.raises(InputError, match="all images are blast; a classifier needs two classes"):
        _collect(data=str(tmp_path))


def test_folders_named_train_and_test_divide_by_themselves(tmp_path):
    for number, path in enumerate(sorted(cells_folder().rglob("*.png"))):
        place = tmp_path / ("test" if number % 4 == 0 else "train") / path.parent.name / path.name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    collected = _collect(data=str(tmp_path), split=None)
    assert collected.split.rule == "given"
    assert {example.subset for example in collected.test.examples} == {"test"}
    assert _collect(split=None).split.rule == "random"
