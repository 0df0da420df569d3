"""``edgeall data``, run as a person runs it."""

from __future__ import annotations

import json
import shutil

import pytest

from edgeall.samples.paths import cells_folder

pytestmark = pytest.mark.workstation


@pytest.fixture
def folder(tmp_path):
    """Return two classes with a copy across the sides, a cut file and a mislabelled copy."""
    cells = sorted(cells_folder().rglob("*.png"))
    for number, path in enumerate(cells[:8]):
        side = "train" if number < 6 else "test"
        place = tmp_path / side / ("a" if number % 2 else "b") / f"{number}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    shutil.copy(cells[0], tmp_path / "test" / "b" / "copy.png")
    shutil.copy(cells[1], tmp_path / "train" / "b" / "mislabelled.png")
    (tmp_path / "train" / "a" / "cut.png").write_bytes(cells[9].read_bytes()[:500])
    return tmp_path


def test_counts_sizes_duplicates_and_broken_files_are_shown(edgeall, folder):
    ended = edgeall("data", folder)
    assert ended.code == 1
    for shown in (
        "11 images",
        "450x450",
        "4 images are equal byte by byte, in 2 groups.",
        "4 images are near-duplicates, in 2 groups.",
        "33.3% of the test images have a near-duplicate in training.",
        "1 file cannot be read.",
    ):
        assert shown in ended.stdout
    assert "show the same but are labelled a and b" in ended.stderr
    assert "cut.png" in ended.stderr


def test_json_is_one_document(edgeall, folder):
    found = json.loads(edgeall("data", folder, "--json").stdout)
    assert found["subsets"] == {"train": {"a": 4, "b": 4}, "test": {"a": 1, "b": 2}}
    assert found["sizes"] == {"450x450": 10}


def test_subjects_are_told_where_names_tell_them(edgeall):
    ended = edgeall("data", cells_folder())
    assert ended.code == 0
    assert ended.stderr == ""
    assert "H14" in ended.stdout
    assert "No images are near-duplicates." in ended.stdout


def test_the_plots_are_drawn(edgeall, folder, tmp_path):
    plots = tmp_path / "plots"
    assert str(plots / "subset-pie.svg") in edgeall("data", folder, "--plots", plots).stderr
    drawn = {path.name: path.read_text() for path in plots.iterdir()}
    assert set(drawn) == {"subset-bars.svg", "subset-pie.svg", "class-by-subset.svg"}
    assert all(text.lstrip().startswith("<?xml") for text in drawn.values())


def test_labels_that_differ_between_sides_are_a_problem(edgeall, folder):
    shutil.rmtree(folder / "test" / "a")
    assert (
        "train and test have different labels: a is in one only." in edgeall("data", folder).stderr
    )


def test_a_folder_that_is_none_is_told(edgeall, tmp_path):
    ended = edgeall("data", tmp_path / "absent")
    assert ended.code == 3
    assert "there is no such folder" in ended.stderr


def test_many_problems_are_cut_short_on_the_screen_and_whole_in_json(edgeall, tmp_path):
    for number, path in enumerate(sorted(cells_folder().rglob("*.png"))):
        for side in ("train", "test"):
            place = tmp_path / side / "a" / f"{number}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, place)
    ended = edgeall("data", tmp_path)
    assert ended.stderr.count("divided into test and train") == 8
    assert "4 more problems: --json lists all." in ended.stderr
    assert len(json.loads(edgeall("data", tmp_path, "--json").stdout)["problems"]) == 12


def test_one_group_is_told_as_one(edgeall, tmp_path):
    for name in ("a/1.png", "a/2.png"):
        (tmp_path / "a").mkdir(exist_ok=True)
        shutil.copy(next(cells_folder().rglob("*.png")), tmp_path / name)
    assert "2 images are near-duplicates, in 1 group." in edgeall("data", tmp_path).stdout
