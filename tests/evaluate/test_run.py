"""A bundle run over real cells."""

from __future__ import annotations

import csv
import io
import shutil

import numpy as np
import pytest

from edgeall.camera.decode import decode_image
from edgeall.errors import InputError
from edgeall.evaluate.inputs import read_inputs
from edgeall.evaluate.labelled import LabelledImage, find_labelled
from edgeall.evaluate.rows import as_csv
from edgeall.evaluate.run import evaluate_bundle
from edgeall.field.resize import resize
from edgeall.model.bundle import open_bundle
from edgeall.model.classifier import Classifier
from edgeall.samples.paths import cells_folder

LABELS = ("normal", "blast")


@pytest.fixture
def images():
    return find_labelled(cells_folder(), LABELS)


def test_the_calls_are_those_the_device_would_make(tiny_bundle, images):
    bundle = open_bundle(tiny_bundle)
    evaluation = evaluate_bundle(bundle, images)
    inputs = [resize(decode_image(image.path), 32, 32, "area") for image in images]
    calls = Classifier(bundle).classify(inputs)
    assert evaluation.calibrated == pytest.approx(np.array([call.probabilities for call in calls]))
    right = sum(call.label == image.label for call, image in zip(calls, images, strict=True))
    assert evaluation.scores.accuracy.count == right == 11
    unidentified = sum(not call.identified for call in calls)
    assert evaluation.scores.identification.unidentified.count == unidentified > 0


def test_a_truncated_image_is_named_and_skipped(tiny_bundle, images, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(images[0].path.read_bytes()[:500])
    with_broken = [images[0], LabelledImage(broken, "blast", None), *images[1:]]
    seen = []
    evaluation = evaluate_bundle(
        open_bundle(tiny_bundle),
        with_broken,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert len(evaluation.measurement.skipped) == 1
    assert "broken.png" in evaluation.measurement.skipped[0]
    assert evaluation.scores == evaluate_bundle(open_bundle(tiny_bundle), images).scores
    assert seen == [(done, 13) for done in range(1, 14)]


def test_nothing_readable_is_an_error(tiny_bundle, tmp_path):
    empty = tmp_path / "empty.png"
    empty.touch()
    with pytest.raises(InputError, match=r"None of the 1 images .*empty\.png"):
        evaluate_bundle(open_bundle(tiny_bundle), [LabelledImage(empty, "blast", None)])
    with pytest.raises(InputError, match="no image to evaluate"):
        evaluate_bundle(open_bundle(tiny_bundle), [])


def test_inputs_come_in_order_however_many_decode(tiny_bundle, images, tmp_path):
    facts = open_bundle(tiny_bundle).manifest.input
    paths = [image.path for image in images] * 3
    one, many = (list(read_inputs(paths, facts, decoders=count)) for count in (1, 4))
    assert all(np.array_equal(a, b) for a, b in zip(one, many, strict=True))
    assert {pixels.shape for pixels in one} == {(32, 32, 3)}


def test_reading_may_stop_early(tiny_bundle, images):
    inputs = read_inputs([image.path for image in images], open_bundle(tiny_bundle).manifest.input)
    assert next(inputs).shape == (32, 32, 3)
    inputs.close()


def test_the_csv_has_a_line_an_image(tiny_bundle, images, tmp_path):
    named = tmp_path / 'a, "quoted".png'
    shutil.copy(images[0].path, named)
    bundle = open_bundle(tiny_bundle)
    evaluation = evaluate_bundle(bundle, [LabelledImage(named, "normal", None), *images])
    rows = list(csv.DictReader(io.StringIO(as_csv(evaluation, bundle.manifest.output).decode())))
    assert len(rows) == 13
    assert rows[0]["file"] == str(named)
    assert {row["identified"] for row in rows} == {"yes", "no"}
    for row in rows:
        assert float(row["p(normal)"]) + float(row["p(blast)"]) == pytest.approx(1, abs=1e-5)
        assert (row["call"] == row["label"]) == (row["correct"] == "yes")
