"""The self-test: this device must compute what the workstation computed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edgeall.errors import SelfTestError
from edgeall.model.runtime import runtime_name, runtime_version

if TYPE_CHECKING:
    from edgeall.camera.frame import Pixels
    from edgeall.model.bundle import Bundle
    from edgeall.model.classifier import Classifier
    from edgeall.model.manifest import Golden

INT8_STEPS = {"ai-edge-litert": 1.0, "tflite-runtime": 8.0}
"""How far an int8 output may lie from the golden one.

LiteRT gave the same numbers on x86 and on emulated Cortex-A53, A72 and A76;
tflite-runtime's reference kernels differed from it by up to 6 of 256 steps.
"""

FLOAT_SHARE = 0.03
"""The same where a rung of the ladder left float operators: share of the output's range."""


def self_test(bundle: Bundle, classifier: Classifier) -> None:
    """Run the golden examples and compare.

    Raises
    ------
    SelfTestError
        There are none, or one comes out differently.
    """
    if not bundle.manifest.golden:
        raise SelfTestError(
            f"{bundle.path}: it has no golden examples to test this device with; convert it again."
        )
    for golden in bundle.manifest.golden:
        _compare(bundle, golden, classifier)


def _compare(bundle: Bundle, golden: Golden, classifier: Classifier) -> None:
    computed = classifier.raw_output(_image(bundle, golden))
    expected = np.asarray(golden.output)
    tolerance = _tolerance(bundle, computed)
    if computed.shape != expected.shape or np.abs(computed - expected).max() > tolerance:
        raise SelfTestError(
            f"{bundle.path}: {golden.image} gives {computed.tolist()} here, the workstation "
            f"computed {list(golden.output)}; this device's {runtime_name()} {runtime_version()} "
            "cannot be trusted with it, so install the runtime the README names."
        )


def _tolerance(bundle: Bundle, computed: np.ndarray) -> float:
    if np.issubdtype(computed.dtype, np.floating):
        return FLOAT_SHARE
    if bundle.manifest.provenance.float_operators or computed.dtype != np.int8:
        return FLOAT_SHARE * (np.iinfo(computed.dtype).max - np.iinfo(computed.dtype).min)
    return INT8_STEPS[runtime_name()]


def _image(bundle: Bundle, golden: Golden) -> Pixels:
    """Return a golden example's pixels; the manifest's hash is of the PNG's bytes."""
    data = np.frombuffer(bundle.archive.read(golden.image), np.uint8)
    pixels = cv2.imdecode(data, cv2.IMREAD_COLOR)
    if pixels is None or hashlib.sha256(data.tobytes()).hexdigest() != golden.sha256:
        raise SelfTestError(
            f"{bundle.path}: {golden.image} inside it is damaged; "
            "take the bundle from its source again."
        )
    rgb: Pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)
    return rgb
