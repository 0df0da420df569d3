"""Run on another processor: prints how far the network's golden outputs lie from the expected."""

import json
import platform
import sys
from pathlib import Path

sys.path.insert(0, "/opt/lib")

import numpy as np

from edgeall.model.bundle import open_bundle
from edgeall.model.classifier import Classifier
from edgeall.model.runtime import runtime_name, runtime_version
from edgeall.model.selftest import _image


def main() -> None:
    bundle = open_bundle(Path("/opt/lib/edgeall/samples/blast-normal.tflite"))
    classifier = Classifier(bundle)
    steps = []
    for golden in bundle.manifest.golden:
        computed = classifier.raw_output(_image(bundle, golden)).astype(int)
        steps.append(int(np.abs(computed - np.asarray(golden.output, dtype=int)).max()))
    name = f"{runtime_name()} {runtime_version()}"
    print(json.dumps({"machine": platform.machine(), "runtime": name, "steps": steps}))


main()
