"""``edgeall inspect``, run as a person runs it."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from edgeall.cli.app import app
from edgeall.errors import BundleError, UsageError

RUN = CliRunner()


def test_the_tables_show_manifest_operators_types_and_files(tiny_bundle):
    shown = RUN.invoke(app, ["inspect", str(tiny_bundle)])
    assert shown.exit_code == 0
    for part in (
        "tiny 1",
        "normal, blast",
        "temperature 0.5",
        "unidentified under",
        "the cell's diameter is 20 px",
        "CONV_2D",
        "uint8 1x32x32x3",
        "golden/00.png",
        "for tests alone",
    ):
        assert part in shown.stdout
    assert shown.stdout.count("passed") == 2


def test_json_holds_the_whole_manifest(tiny_bundle):
    document = json.loads(RUN.invoke(app, ["inspect", str(tiny_bundle), "--json"]).stdout)
    assert document["manifest"]["output"]["labels"] == ["normal", "blast"]
    assert (document["whole"], document["self_test"]) == (True, True)
    assert document["card"] == "# tiny\n"


def test_the_card_alone_is_the_card(tiny_bundle):
    assert RUN.invoke(app, ["inspect", str(tiny_bundle), "--card"]).stdout == "# tiny\n\n"


def test_a_plain_network_says_that_it_has_no_manifest(networks):
    path = str(networks / "tiny_float.tflite")
    shown = RUN.invoke(app, ["inspect", path])
    assert shown.exit_code == 0
    assert "it has no manifest" in shown.stdout
    assert isinstance(RUN.invoke(app, ["inspect", path, "--card"]).exception, BundleError)


def test_a_broken_bundle_is_shown_and_then_refused(tiny_bundle):
    data = tiny_bundle.read_bytes()
    tiny_bundle.write_bytes(data.replace(b"serving_default", b"SERVING_default", 1))
    shown = RUN.invoke(app, ["inspect", str(tiny_bundle)])
    assert "they do not fit" in shown.stdout
    assert isinstance(shown.exception, BundleError)
    as_json = RUN.invoke(app, ["inspect", str(tiny_bundle), "--json"])
    assert json.loads(as_json.stdout)["whole"] is False
    assert isinstance(as_json.exception, BundleError)


def test_two_ways_of_printing_contradict_each_other(tiny_bundle):
    refused = RUN.invoke(app, ["inspect", str(tiny_bundle), "--json", "--card"])
    assert isinstance(refused.exception, UsageError)
