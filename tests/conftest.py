"""What every test shares: skips that fail in CI, and a tiny bundle."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# A shared machine may be slow for a moment: time is for benchmarks, not for tests.
# CI draws the same examples each time: what is random there is a failure that nobody can repeat.
settings.register_profile(
    "edgeall", deadline=None, derandomize=bool(os.environ.get("EDGEALL_NO_SKIPS"))
)
settings.load_profile("edgeall")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Turn a skip into a failure where CI asks for it: there, everything can run."""
    report = yield
    if os.environ.get("EDGEALL_NO_SKIPS") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def networks() -> Path:
    """Return the folder of the tiny networks; see ``make_networks.py`` in it."""
    return Path(__file__).parent / "networks"


@pytest.fixture
def tiny_bundle(networks: Path, tmp_path: Path) -> Path:
    """Return a bundle of the tiny int8 network: normal and blast cells of 32x32 on black."""
    import hashlib

    from edgeall.model import manifest as m
    from edgeall.model.archive import append_archive
    from edgeall.model.bundle import CARD, LABELS, MANIFEST
    from edgeall.model.classifier import Classifier
    from edgeall.model.plain import PlainFacts, open_plain
    from edgeall.samples.paths import cells_folder

    network = networks / "tiny_int8.tflite"
    plain = open_plain(network, PlainFacts(("normal", "blast"), ("blast",), "field", "none"))
    pixels, golden = _golden_pixels(cells_folder() / "blast" / "UID_32_3_7_all.png")
    manifest = m.Manifest(
        format=m.FORMAT,
        identity=m.Identity(
            name="tiny",
            version="1",
            created="2026-11-21T00:00:00Z",
            network_sha256=plain.manifest.identity.network_sha256,
            network_bytes=network.stat().st_size,
            source_name="tiny.keras",
            source_sha256="0" * 64,
            made_with={"tensorflow": "2.21.0"},
        ),
        input=m.InputFacts(
            height=32, width=32, unit="cell", cell_diameter_px=20, background="black"
        ),
        output=m.OutputFacts(
            labels=("normal", "blast"),
            blasts=("blast",),
            activation="softmax",
            temperature=0.5,
            unidentified_below=0.6,
        ),
        provenance=m.Provenance(data="none: its weights are fixed", limits=("for tests alone",)),
        golden=(
            m.Golden(
                image="golden/00.png",
                sha256=hashlib.sha256(golden).hexdigest(),
                output=tuple(float(step) for step in Classifier(plain).raw_output(pixels)),
            ),
        ),
    )
    files = {
        MANIFEST: m.encode(m.sealed(manifest)),
        LABELS: b"normal\nblast\n",
        CARD: b"# tiny\n",
        "golden/00.png": golden,
    }
    path = tmp_path / "tiny.tflite"
    path.write_bytes(append_archive(network.read_bytes(), files))
    return path


def _golden_pixels(image: Path) -> tuple[Any, bytes]:
    """Return an image at 32x32, and its PNG."""
    import cv2

    from edgeall.camera.decode import decode_image
    from edgeall.field.resize import resize

    pixels = resize(decode_image(image), 32, 32, "area")
    _, encoded = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    return pixels, encoded.tobytes()
