"""Splits: stratified, seeded, written and read back, and never through a subject."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeall.errors import InputError
from edgeall_convert.datasets.examples import Example
from edgeall_convert.datasets.split import (
    SIDES,
    read_split,
    shares_subjects,
    split_examples,
    write_split,
)

DATA = Path("/data")


def _examples(counts: dict[str, int]) -> list[Example]:
    return [
        Example(DATA / label / f"{number}.jpg", label)
        for label, count in counts.items()
        for number in range(count)
    ]


def _of_subjects(sizes: dict[str, dict[str, int]]) -> list[Example]:
    return [
        Example(DATA / label / f"{subject}_{number}.png", label, subject)
        for label, subjects in sizes.items()
        for subject, count in subjects.items()
        for number in range(count)
    ]


def test_the_published_sizes_come_out():
    """2,279 images train, 651 judge, of the 3,256 of the whole set."""
    split = split_examples(
        _examples({"Benign": 504, "Early": 985, "Pre": 963, "Pro": 804}), "random"
    )
    sizes = Counter(split.sides)
    assert abs(sizes["train"] - 2279) <= 2
    assert abs(sizes["test"] - 651) <= 2
    assert -(-sizes["train"] // 32) == 72


@given(
    counts=st.dictionaries(st.sampled_from("abcd"), st.integers(3, 60), min_size=1),
    rule=st.sampled_from(["random", "block"]),
    seed=st.integers(0, 9),
)
def test_every_label_is_on_every_side_in_about_its_share(counts, rule, seed):
    examples = _examples(counts)
    split = split_examples(examples, rule, seed)
    for label, count in counts.items():
        own = Counter(
            side
            for side, example in zip(split.sides, examples, strict=True)
            if example.label == label
        )
        assert set(own) == set(SIDES)
        assert abs(own["test"] - 0.2 * count) <= 1
    assert split == split_examples(examples, rule, seed)


def test_other_seeds_divide_otherwise():
    examples = _examples({"a": 50, "b": 50})
    for rule in ("random", "block"):
        assert split_examples(examples, rule, 1) != split_examples(examples, rule, 2)


@given(st.integers(3, 200), st.integers(0, 9))
def test_blocks_are_runs_of_numbers(count, seed):
    sides = split_examples(_examples({"a": count}), "block", seed).sides
    seams = sum(one != other for one, other in zip(sides, sides[1:] + sides[:1], strict=True))
    assert seams == 3


@given(
    st.fixed_dictionaries(
        {
            "blast": st.dictionaries(st.sampled_from("123456"), st.integers(3, 40), min_size=2),
            "normal": st.dictionaries(
                st.sampled_from(["H1", "H2", "H3", "H4"]), st.integers(3, 40), min_size=2
            ),
        }
    ),
    st.integers(0, 9),
)
def test_no_subject_of_the_test_trains_or_validates(sizes, seed):
    examples = _of_subjects(sizes)
    split = split_examples(examples, "subject", seed)
    of = {side: {examples[at].subject for at in split.where(side)} for side in SIDES}
    assert not of["test"] & (of["train"] | of["valid"])
    assert {examples[at].label for at in split.where("test")} == {"blast", "normal"}
    assert {examples[at].label for at in split.where("train")} == {"blast", "normal"}
    few = {label for label, subjects in sizes.items() if len(subjects) == 2}
    shared = {
        example.label for example in examples if example.subject in shares_subjects(examples, split)
    }
    assert shared <= few


def test_boxes_of_one_file_stay_together():
    examples = [Example(DATA / f"{n}.jpg", label) for n in range(20) for label in ("a", "b", "a")]
    split = split_examples(examples, "random")
    for start in range(0, 60, 3):
        assert len(set(split.sides[start : start + 3])) == 1


def test_a_split_is_read_back(tmp_path):
    examples = _examples({"a": 10, "b": 12})
    split = split_examples(examples, "block", 3)
    write_split(split, examples, DATA, tmp_path / "split.json")
    assert read_split(tmp_path / "split.json", examples, DATA) == split


def test_a_split_of_other_images_is_refused(tmp_path):
    examples = _examples({"a": 10, "b": 12})
    path = tmp_path / "split.json"
    write_split(split_examples(examples, "random"), examples, DATA, path)
    with pytest.raises(InputError, match=r"1 of its images are not in /data, the first a/0\.jpg"):
        read_split(path, examples[1:], DATA)
    more = [*examples, Example(DATA / "a" / "new.jpg", "a")]
    with pytest.raises(InputError, match=r"leaves out 1 images of /data, the first a/new\.jpg"):
        read_split(path, more, DATA)


@pytest.mark.parametrize("text", ["", "{}", '{"format": 2}', "[]"])
def test_a_file_that_is_no_split_is_refused(tmp_path, text):
    path = tmp_path / "split.json"
    path.write_text(text)
    with pytest.raises(InputError, match="no split that edgeall wrote"):
        read_split(path, [], DATA)
    with pytest.raises(InputError, match="cannot be read"):
        read_split(tmp_path / "absent.json", [], DATA)


def test_an_image_on_two_sides_is_refused(tmp_path):
    examples = _examples({"a": 3})
    path = tmp_path / "split.json"
    write_split(split_examples(examples, "random"), examples, DATA, path)
    path.write_text(
        path.read_text().replace('"test": [', '"test": ["a/0.jpg", "a/1.jpg", "a/2.jpg",')
    )
    with pytest.raises(InputError, match="on two sides"):
        read_split(path, examples, DATA)


def test_what_cannot_be_divided_is_named():
    with pytest.raises(InputError, match="a has 2 images, fewer than the 3 sides"):
        split_examples(_examples({"a": 2}), "random")
    with pytest.raises(InputError, match="tells no subject"):
        split_examples(_examples({"a": 9}), "subject")
    with pytest.raises(InputError, match="blast has images of 1 subject"):
        split_examples(_of_subjects({"blast": {"1": 9}, "normal": {"H1": 5, "H2": 5}}), "subject")
    with pytest.raises(InputError, match="Subject 1 has images of a and of b"):
        split_examples(_of_subjects({"a": {"1": 2, "2": 2}, "b": {"1": 2}}), "subject")


def test_folders_that_are_divided_already_are_kept():
    examples = [
        Example(DATA / side / label / f"{n}.png", label, None, side)
        for side in ("train", "test")
        for label in ("a", "b")
        for n in range(20)
    ]
    split = split_examples(examples, "given")
    assert [example.subset == "test" for example in examples] == [s == "test" for s in split.sides]
    assert Counter(split.sides)["valid"] == 4
    with pytest.raises(InputError, match="labels differ: train has a, b, test has a"):
        split_examples([e for e in examples if (e.subset, e.label) != ("test", "b")], "given")
