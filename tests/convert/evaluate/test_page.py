"""The report as JSON and as a page that needs nothing from outside."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec
import numpy as np
import pytest

from edgeall.errors import StoreError
from edgeall.model.manifest import Identity, InputFacts, OutputFacts
from edgeall.report.rows import DISCLAIMER
from edgeall_convert.evaluate.assess import assess
from edgeall_convert.evaluate.page import render_page, write_report
from edgeall_convert.evaluate.report import (
    CalibrationSet,
    ConversionReport,
    FloatProof,
    Held,
    Latency,
    RungResult,
    Source,
    TensorScale,
)

LABELS = ("normal", "blast")


def _assessment(labels=LABELS, blasts=("blast",), subjects=True):
    rng = np.random.default_rng(3)
    truth = np.arange(120) % len(labels)
    probabilities = 0.6 * np.eye(len(labels))[truth] + 0.4 * rng.dirichlet(
        np.ones(len(labels)), 120
    )
    noisy = np.abs(probabilities + rng.normal(0, 0.05, probabilities.shape)) + 1e-3
    noisy /= noisy.sum(axis=1, keepdims=True)
    named = [f"H{i % 2}" if t == 0 else str(i % 4) for i, t in enumerate(truth)]
    return assess(
        probabilities,
        noisy,
        truth,
        labels,
        blasts,
        subjects=named if subjects else (),
        unidentified_below=0.6,
    )


@pytest.fixture
def report() -> ConversionReport:
    return ConversionReport(
        sealed=True,
        identity=Identity(
            name="cells",
            version="1.2",
            created="2026-11-21T02:00:00Z",
            network_sha256="a" * 64,
            network_bytes=1_000_000,
            source_name="cells.keras",
            source_sha256="b" * 64,
            made_with={"tensorflow": "2.21.0"},
        ),
        source=Source(kind="Keras 3", bytes=12_400_000, parameters=1_030_221, preprocess="unit"),
        input=InputFacts(height=128, width=128, unit="cell", cell_diameter_px=96.0),
        output=OutputFacts(labels=LABELS, blasts=("blast",), activation="softmax"),
        calibration=CalibrationSet(
            source="the sidecar's", images=200, by_label={"normal": 100, "blast": 100}
        ),
        input_scale=TensorScale(name="image", type="uint8", scale=1.0, zero_point=0),
        output_scale=TensorScale(name="output_0", type="int8", scale=1 / 256, zero_point=-128),
        float_proof=FloatProof(images=200, largest_difference=3e-6, same_top_label=200),
        rung="more calibration",
        rungs=(
            RungResult(name="default", passed=False, refused_because="it loses 1.17 points"),
            RungResult(name="more calibration", passed=True, accuracy=0.9, bytes=10**6),
        ),
        max_drop=0.005,
        held=Held(folder="held", images=120, by_label={}, skipped=("x.png: it is empty.",)),
        assessment=_assessment(),
        float_bytes=4_000_000,
        int8_bytes=1_000_000,
        latency=Latency(
            threads=1, runs=50, float_p50=9.8, float_p95=11.2, int8_p50=3.1, int8_p95=3.6
        ),
        operators={"CONV_2D": 21},
        limits=("Only tried on one microscope.",),
    )


class _Page(HTMLParser):
    """Collects what a page would load, its images' words, and whether its tags close."""

    VOID = frozenset({"meta", "img", "br", "link"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.words: list[str | None] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        facts = dict(attrs)
        self.tags.append(tag)
        self.addresses += [facts[name] for name in ("src", "href") if name in facts]
        if tag == "img":
            self.words.append(facts.get("alt"))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_loads_nothing_and_every_plot_has_words(report):
    page = _Page(render_page(report))
    assert page.open == []
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert len(page.words) == 5
    assert all(page.words)
    assert all(address.startswith("data:image/svg+xml;base64,") for address in page.addresses)


def test_the_page_says_what_it_supports_and_shows_the_figures(report):
    text = render_page(report)
    for shown in (
        DISCLAIMER,
        "Sealed.",
        "more calibration",
        "it loses 1.17 points",
        "Only tried on one microscope.",
        "x.png: it is empty.",
        f"{report.assessment.int8_scores.accuracy.value:.2%}",
        "McNemar",
        "By subject",
        "1.00 MB",
        "3.10 ms",
    ):
        assert shown in text
    assert "None" not in re.sub(r"base64,[^\"]*", "", text)


def test_names_from_outside_are_escaped(report):
    hostile = msgspec.structs.replace(report, attribution="<script>alert(1)</script>")
    assert "<script>" not in render_page(hostile)


def test_a_refusal_says_why(report):
    refused = msgspec.structs.replace(
        report, sealed=False, refused_because="int8 lost 2 points", rungs=report.rungs[:1]
    )
    text = render_page(refused)
    assert "Refused." in text
    assert "int8 lost 2 points" in text


def test_a_conversion_that_was_not_measured_has_a_page_too(report):
    bare = msgspec.structs.replace(
        report, assessment=None, held=None, latency=None, float_proof=None, max_drop=None
    )
    assert "without labelled images to measure it on" in render_page(bare)
    assert "Float against int8" not in render_page(bare)


def test_many_labels_and_no_blasts_have_a_page_too(report):
    labels = tuple(f"kind {number}" for number in range(15))
    assessment = _assessment(labels, (), subjects=False)
    many = msgspec.structs.replace(
        report,
        assessment=assessment,
        output=OutputFacts(labels=labels, blasts=(), activation="softmax"),
    )
    assert "kind 14" in render_page(many)
    assert "AUROC" not in render_page(many)


def test_equal_reports_give_equal_pages(report):
    assert render_page(report) == render_page(report)


def test_both_files_are_written_and_the_json_reads_back(report, tmp_path):
    write_report(report, tmp_path / "cells.report.json", tmp_path / "cells.report.html")
    written = (tmp_path / "cells.report.json").read_bytes()
    assert msgspec.json.decode(written, type=ConversionReport) == report
    assert (tmp_path / "cells.report.html").read_text() == render_page(report)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_is_not_there_is_one_sentence(report, tmp_path):
    with pytest.raises(StoreError, match="does not exist"):
        write_report(report, tmp_path / "no" / "a.json", tmp_path / "no" / "a.html")
