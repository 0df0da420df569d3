"""The explanation's process apart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgeall.camera.decode import decode_image
from edgeall.errors import MissingFactError, NetworkError, UsageError
from edgeall.field.resize import resize
from edgeall.model.feed import make_feed
from edgeall_convert.explain.request import ExplainRequest, Explanation
from edgeall_convert.process.serve import Say, serve
from edgeall_convert.quantize.safety import refuse_unsafe
from edgeall_convert.quantize.source import identify
from edgeall_convert.sidecar import Sidecar, read_sidecar

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_MEMORY = "There is not enough memory to run this network; use a larger machine."


def _work(request: ExplainRequest, say: Say) -> Explanation:
    path = Path(request.model)
    facts = read_sidecar(path)
    if facts.labels is None or facts.preprocess is None:
        raise MissingFactError(
            f"{path}: no sidecar lies beside it, so its labels and its preprocessing are not "
            "known; train it with edgeall train, or explain the converted bundle."
        )
    label = _position(request.label, facts)
    source = identify(path)
    refuse_unsafe(source, trust_model=request.trust_model)
    if source.kind == "SavedModel":
        raise NetworkError(
            f"{path}: a SavedModel hides its layers; convert it and explain the bundle."
        )
    from edgeall_convert.explain.gradcam import grad_cam
    from edgeall_convert.quantize.load import load_keras

    model = load_keras(source, request.trust_model)
    image = _input(Path(request.image), model, facts)
    heat, chosen, probabilities, layer = grad_cam(model, image, label)
    return Explanation(
        label=facts.labels[chosen],
        probability=float(probabilities[chosen]),
        layer=layer,
        heat=tuple(tuple(map(float, row)) for row in heat),
    )


def _position(label: str | None, facts: Sidecar) -> int | None:
    labels = facts.labels or ()
    if label is None:
        return None
    if label not in labels:
        raise UsageError(
            f"--label {label}: the network has no such label, but {', '.join(labels)}."
        )
    return labels.index(label)


def _input(image: Path, model: Any, facts: Sidecar) -> NDArray[np.float32]:
    _, height, width, channels = model.input_shape
    if not height or not width or channels != 3:
        raise NetworkError(
            "This network takes no colour image of one size; convert it and explain the bundle."
        )
    feed = make_feed(
        {"dtype": np.float32, "quantization": (0.0, 0)}, facts.preprocess or "none", str(image)
    )
    return feed(resize(decode_image(image), height, width)).astype(np.float32)


if __name__ == "__main__":
    serve(ExplainRequest, _work, lambda _: NO_MEMORY)
