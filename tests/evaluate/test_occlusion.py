"""Occlusion: the heat lies where covering changes the call."""

from __future__ import annotations

import numpy as np
import pytest

from edgeall.errors import UsageError
from edgeall.evaluate.occlusion import occlude
from edgeall.model.bundle import open_bundle
from edgeall.model.classifier import Classifier


class _QuadrantClassifier:
    """Says its second label by the brightness of the upper left quadrant."""

    def probabilities(self, batch):
        (pixels,) = batch
        blast = 0.05 + 0.9 * pixels[:16, :16].mean() / 255
        return np.array([[1 - blast, blast]])


def test_the_heat_lies_where_the_network_looks(tiny_bundle):
    bundle = open_bundle(tiny_bundle)
    pixels = np.full((32, 32, 3), 220, np.uint8)
    found = occlude(bundle, _QuadrantClassifier(), pixels)
    assert found.label == "blast"
    assert found.heat.shape == (32, 32)
    assert found.heat.max() == 1
    assert found.heat[:16, :16].sum() / found.heat.sum() > 0.7
    assert found.heat[24:, 24:].max() == 0


def test_a_real_bundle_is_explained_by_what_is_in_its_cell(tiny_bundle):
    from edgeall.camera.decode import decode_image
    from edgeall.field.resize import resize
    from edgeall.samples.paths import cells_folder

    bundle = open_bundle(tiny_bundle)
    pixels = resize(decode_image(sorted(cells_folder().rglob("*_all.png"))[0]), 32, 32)
    classifier = Classifier(bundle)
    found = occlude(bundle, classifier, pixels)
    assert found.probability == pytest.approx(
        float(classifier.classify([pixels])[0].confidence), abs=1e-6
    )
    assert 0 <= found.heat.min() <= found.heat.max() <= 1


def test_an_unknown_label_is_told(tiny_bundle):
    bundle = open_bundle(tiny_bundle)
    with pytest.raises(UsageError, match="no such label, but normal, blast"):
        occlude(bundle, Classifier(bundle), np.zeros((32, 32, 3), np.uint8), "lymphoma")
