"""The published networks by name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edgeall.errors import UsageError
from edgeall_convert.networks.registry import NETWORKS

pytestmark = [pytest.mark.workstation, pytest.mark.filterwarnings("ignore")]


def test_the_names_are_known_without_keras():
    code = (
        "import sys; from edgeall_convert.networks.registry import NETWORKS; "
        "print(*NETWORKS); assert not {'keras', 'tensorflow'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == list(NETWORKS)


def test_the_command_offers_the_classifiers():
    from edgeall.cli.train import NetworkChoice

    classifiers = [name for name, spec in NETWORKS.items() if not spec.detector]
    assert [choice.value for choice in NetworkChoice] == classifiers


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_named_as_it_is_asked_for_and_tells_its_source(name):
    spec = NETWORKS[name]
    assert spec.name == name
    assert spec.source
    assert spec.reported


@pytest.mark.parametrize("name", [name for name, spec in NETWORKS.items() if not spec.detector])
@pytest.mark.parametrize("classes", [2, 4])
def test_a_classifier_is_built_for_any_number_of_classes_and_any_side(name, classes):
    model = NETWORKS[name].build(classes, 64, None)
    assert model.input_shape == (None, 64, 64, 3)
    one_sigmoid = name == "cnn4" and classes == 2
    assert model.output_shape == (None, 1 if one_sigmoid else classes)


@pytest.mark.parametrize(
    ("name", "batch", "epochs"),
    [("resnet50", 32, 3), ("vggnet", 128, 10), ("lenet", 32, 40), ("qcresnet", 0, 0)],
)
def test_what_the_source_says_of_the_training_is_known(name, batch, epochs):
    assert (NETWORKS[name].batch, NETWORKS[name].epochs) == (batch, epochs)


@pytest.mark.parametrize(("name", "size"), [("lenet", 150), ("sequential", 150)])
def test_without_a_side_the_published_one_is_built(name, size):
    assert NETWORKS[name].build(2).input_shape == (None, size, size, 3)
    assert NETWORKS[name].size == size


def test_a_file_of_weights_is_refused_by_a_network_that_starts_at_random():
    with pytest.raises(UsageError, match="lenet starts at random; only resnet50 takes weights"):
        NETWORKS["lenet"].build(2, 64, Path("weights.h5"))
