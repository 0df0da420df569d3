"""``edgeall benchmark``, run as a person runs it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from edgeall.cli.app import app
from edgeall.errors import UsageError
from edgeall.samples.paths import cells_folder

RUN = CliRunner()


def test_times_memory_and_the_networks_share_are_shown(tiny_bundle):
    shown = RUN.invoke(app, ["benchmark", str(tiny_bundle), "--runs", "5"])
    assert shown.exit_code == 0
    for part in ("the network's invoke", "from file to calls", "cold start", "peak memory", "%"):
        assert part in shown.stdout


def test_json_is_one_document(tiny_bundle):
    image = cells_folder() / "normal" / "UID_H10_8_1_hem.png"
    shown = RUN.invoke(
        app,
        [
            "benchmark",
            str(tiny_bundle),
            "--runs",
            "5",
            "--threads",
            "2,1,2",
            "--json",
            "--crop",
            "none",
            "--image",
            str(image),
        ],
    )
    document = json.loads(shown.stdout)
    assert [invocation["threads"] for invocation in document["invocations"]] == [2, 1]
    assert document["path"]["image"] == str(image)
    assert document["path"]["examples"] == 1


def test_a_plain_network_says_what_was_not_timed(networks):
    path = str(networks / "tiny_float.tflite")
    shown = RUN.invoke(app, ["benchmark", path, "--runs", "5", "--threads", "1"])
    assert "There is no manifest" in shown.stdout
    refused = RUN.invoke(app, ["benchmark", path, "--crop", "none", "--image", path])
    assert isinstance(refused.exception, UsageError)


@pytest.mark.parametrize("threads", ["", "0", "1,x", "1,,2", "-1", "65"])
def test_thread_numbers_that_are_none_are_refused(tiny_bundle, threads):
    refused = RUN.invoke(app, ["benchmark", str(tiny_bundle), "--threads", threads])
    assert isinstance(refused.exception, UsageError)
