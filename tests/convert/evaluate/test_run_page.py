"""The run report: every kind of training renders, and says what was measured."""

from __future__ import annotations

import re

import msgspec
import numpy as np
import pytest

from edgeall.evaluate.scores import score
from edgeall_convert.evaluate.run_page import write_run_report
from edgeall_convert.evaluate.run_report import Epoch, RunReport, Subset

FILES = {
    "report.json",
    "report.html",
    "classification-report.txt",
    "curves.svg",
    "confusion.svg",
    "roc.svg",
    "precision-recall.svg",
    "reliability.svg",
}


def _said(labels: int, images: int, seed: int = 1):
    rng = np.random.default_rng(seed)
    truth = np.arange(images) % labels
    said = rng.dirichlet(np.ones(labels), images)
    said[np.arange(images), truth] += 1
    return said / said.sum(axis=1, keepdims=True), truth


def _write(folder, labels, blasts, *, epochs=3, subjects=(), on_valid=False, **facts):
    said, truth = _said(len(labels), 60)
    scores = score(said, truth, labels, blasts, subjects=subjects)
    report = RunReport(
        **{
            "network": "lenet",
            "recipe": "robust",
            "source": "LeCun et al.",
            "reported": "95.75%",
            "command": ("edgeall", "train", "cells", "--network", "lenet"),
            "versions": {"tensorflow": "2.21.0"},
            "seed": 1,
            "parameters": 61706,
            "input_size": (150, 150),
            "labels": labels,
            "blasts": blasts,
            "unit": "cell",
            "data": ("cells",),
            "split": "subject",
            "near_duplicates": 0.125,
            "subsets": (
                Subset(name="train", by_label=dict.fromkeys(labels, 7), subjects=("H10",)),
            ),
            "skipped": (),
            "epochs": tuple(
                Epoch(
                    epoch=number + 1,
                    seconds=1.0,
                    rate=1e-3,
                    loss=1 / (number + 1),
                    accuracy=0.5,
                    valid_loss=1.0,
                    valid_balanced_accuracy=0.5,
                )
                for number in range(epochs)
            ),
            "best_epoch": 1,
            "seconds": 90.0,
            "devices": ("CPU:0",),
            "precision": "float32",
            "valid": scores if on_valid else None,
            "test": None if on_valid else scores,
        }
        | facts
    )
    write_run_report(report, scores, said, truth, folder)
    return report, (folder / "report.html").read_text()


@pytest.mark.parametrize(
    ("labels", "blasts", "facts"),
    [
        (("normal", "blast"), ("blast",), {}),
        (("Benign", "Early", "Pre", "Pro"), ("Early", "Pre", "Pro"), {"epochs": 1}),
        (("monocyte", "lymphocyte"), (), {"near_duplicates": None}),
        (("a", "b", "c"), ("a", "b", "c"), {"skipped": ("a.png: the file is empty",)}),
        (tuple("abcdefghijklm"), ("a",), {"warnings": ("trained for 3 epochs instead of 40",)}),
        (("normal", "blast"), ("blast",), {"on_valid": True}),
    ],
    ids=["two", "four", "no blasts", "all blasts", "many", "no test"],
)
def test_every_kind_of_training_is_reported_whole(tmp_path, labels, blasts, facts):
    report, page = _write(tmp_path, labels, blasts, **facts)
    assert {path.name for path in tmp_path.iterdir()} == FILES
    assert msgspec.json.decode((tmp_path / "report.json").read_bytes(), type=RunReport) == report
    assert not re.findall(r"(?:src|href)=\"(?!data:)", page)
    assert "does not replace" in page
    for fact in (*facts.get("skipped", ()), *labels):
        assert fact in page


def test_the_page_says_how_to_do_it_again_and_whose_figure_it_is(tmp_path):
    _, page = _write(tmp_path, ("normal", "blast"), ("blast",), subjects=["H10", "30"] * 30)
    for shown in (
        "edgeall train cells --network lenet",
        "tensorflow 2.21.0",
        "which reports 95.75%",
        "12.50% have a near-duplicate",
        "figures are of the test images",
        "61,706",
        "H10",
    ):
        assert shown in page


def test_the_figures_without_a_test_are_called_those_of_the_validation(tmp_path):
    _, page = _write(tmp_path, ("normal", "blast"), ("blast",), on_valid=True)
    assert "figures are of the validation images" in page


def test_what_an_image_is_called_cannot_break_the_page(tmp_path):
    _, page = _write(tmp_path, ("<b>", "blast"), ("blast",), data=("<script>x</script>",))
    assert "<script>" not in page
    assert "<b>" not in page


def test_the_classification_report_is_a_plain_table(tmp_path):
    _write(tmp_path, ("normal", "blast"), ("blast",))
    lines = (tmp_path / "classification-report.txt").read_text().splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["normal", "blast", "macro", "weighted"]
    assert lines[1].split()[-1] == "30"
